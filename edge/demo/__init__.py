"""The whole house in one go, on one machine, with nothing to set up: for eyes, ears and scripts."""

from edge.demo.run import DemoOptions, run_demo

__all__ = ["DemoOptions", "run_demo"]

"""A whole township's or city's villages on one machine: load, chaos, and what became of it."""

from __future__ import annotations

from edge.simulate.run import SimulateOptions, run_simulation

__all__ = ["SimulateOptions", "run_simulation"]

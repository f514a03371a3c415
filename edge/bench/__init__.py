"""What this machine can carry: figures as ratios to a bare counterpart measured in the same run."""

from edge.bench.run import BenchOptions, run_bench

__all__ = ["BenchOptions", "run_bench"]

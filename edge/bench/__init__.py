"""What this machine can carry: figures as ratios to a bare counterpart measured in the same run."""

from edge.bench.run import BenchOptions, run_bench
from edge.bench.seeing import SeeingOptions, run_seeing

__all__ = ["BenchOptions", "SeeingOptions", "run_bench", "run_seeing"]

"""How well the box sees: its pipeline on recordings of which the truth is known."""

from __future__ import annotations

from vision.evaluate.run import Question, evaluate

__all__ = ["Question", "evaluate"]

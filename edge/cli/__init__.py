"""What people type: one command, a file for each of its sub-commands, in Chinese and English."""

from __future__ import annotations

from edge.cli.main import run

__all__ = ["run"]

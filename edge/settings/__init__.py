"""What the owner of a box or console may set: one schema, checked whole, with helpful words."""

from __future__ import annotations

from edge.settings.load import OVERRIDE, load_any, load_hub, load_township
from edge.settings.override import write_override

__all__ = ["OVERRIDE", "load_any", "load_hub", "load_township", "write_override"]

"""What people found out about an incident, on its way back to the hub that saw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What people found out about an incident; its hub learns from it.

    Attributes:
        verdict: `false_alarm`, `confirmed` or `withdrawn` (the case was opened again).
        at: Unix seconds.
    """

    hub: str
    incident: str
    verdict: Literal["false_alarm", "confirmed", "withdrawn"]
    reason: str
    by: str
    at: float

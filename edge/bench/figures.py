"""One measured figure, and the bound that the design gives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its meaning.

    Attributes:
        key: Name in the JSON.
        value: None where it could not be measured; `note` says why.
        unit: `×` for a ratio, else ms, s, MB.
        bare: The bare counterpart, of the same run, in words.
        budget: The design's bound; a smaller value is better. None where there is none yet.
    """

    key: str
    value: float | None
    unit: str
    bare: str = ""
    budget: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the budget holds; None where there is none or nothing was measured."""
        if self.value is None or self.budget is None:
            return None
        return self.value <= self.budget

"""One measured figure, and the bound that the design gives it."""

from __future__ import annotations

from dataclasses import dataclass

from edge.words import Words


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

    def line(self, words: Words) -> str:
        """One line for people."""
        name = words(f"figure.{self.key}")
        if self.value is None:
            return f"  -  {name}: {words('unmeasured')} {self.note}"
        mark = {True: "✔", False: "✘", None: " "}[self.kept]
        budget = f" (≤ {self.budget:g})" if self.budget is not None else ""
        about = "; ".join(part for part in (self.bare, self.note) if part)
        return f"  {mark}  {name}: {self.value:g} {self.unit}{budget}" + (
            f"  [{about}]" if about else ""
        )

"""Until when the next step is due: targets by severity, exceptions by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.township.cases.states import ENDED, State

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each step may take, in seconds.

    Attributes:
        accept_s: From the alert's arrival until somebody has it.
        start_s: From being given to somebody until he is on his way.
        report_s: From being accepted until the result is reported.
        close_s: From being reported until somebody has called back and closed it.
    """

    accept_s: float
    start_s: float
    report_s: float
    close_s: float

    def of(self, state: State) -> float | None:
        """The limit that runs in a state; None where nothing is due any more."""
        match state:
            case State.RECEIVED:
                return self.accept_s
            case State.ACCEPTED | State.ASSIGNED:
                return self.start_s
            case State.HANDLING:
                return self.report_s
            case State.REPORTED | State.FOLLOW_UP:
                return self.close_s
        return None


DEFAULTS: Mapping[str, Limits] = {
    "life_safety": Limits(MINUTE_S, 5 * MINUTE_S, 30 * MINUTE_S, DAY_S),
    "urgent": Limits(5 * MINUTE_S, 15 * MINUTE_S, 2 * HOUR_S, 3 * DAY_S),
    "notice": Limits(30 * MINUTE_S, 4 * HOUR_S, DAY_S, 7 * DAY_S),
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The township's targets.

    Attributes:
        by_severity: For each severity.
        by_kind: Exceptions; the fields that are named replace those of the severity.
        again_s: After an escalation nobody acted for so long again: the next person is told.
        merge_s: A new alert of the same camera and kind joins a case that somebody has taken
            only within this time after the last one; later it is a new case.
    """

    by_severity: Mapping[str, Limits] = field(default_factory=lambda: DEFAULTS)
    by_kind: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    again_s: float = 10 * MINUTE_S
    merge_s: float = 10 * MINUTE_S

    def limits(self, kind: str, severity: str) -> Limits:
        """The targets of one case; an unknown severity is treated as urgent."""
        basis = self.by_severity.get(severity) or DEFAULTS["urgent"]
        return replace(basis, **self.by_kind.get(kind, {}))

    def due(self, kind: str, severity: str, state: State, since: float) -> float | None:
        """Unix seconds at which the step that begins `since` should be done."""
        limit = None if state in ENDED else self.limits(kind, severity).of(state)
        return None if limit is None else since + limit

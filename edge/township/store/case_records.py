"""What the pages see of a case, as plain records. Times are Unix seconds in UTC."""

from __future__ import annotations

from dataclasses import dataclass

from edge.township.store.sight import EVERYTHING, Sight

QUEUE_ENDED, QUEUE_OPEN, QUEUE_NEW = 0, 1, 2
"""Parts of the wall: what is over, what somebody has, what nobody has; the higher comes first."""


@dataclass(frozen=True, slots=True)
class Case:
    """One matter for the township: the alerts of one camera and kind that belong together.

    Attributes:
        id: Its number, as people say it on the telephone.
        gravity: 2 life safety, 1 urgent, 0 notice.
        version: Grows with every change that a page would show.
        incident: The first alert's id.
        count: How many alerts were merged into it.
        first_at, newest_at: When the first and the newest of them were stored here.
        opened_at: When it happened, by the hub's clock; believe it if `clock_trusted`.
        over: Every incident of it has ended at the place.
        state: One of `edge.township.cases.states.State`.
        owner: The monitor who took it, empty while nobody did.
        assignee: Who was sent.
        told: Who was told last because nobody acted in time; empty if nobody.
        level: How often it was escalated.
        due_at: When the step that runs now should be done.
        next_at: When the next person is told if nobody acts; None when nobody is left to tell.
        since_at: When that step began.
        picture: `incident/sha256` of the newest picture, empty if none came yet.
    """

    id: int
    version: int
    hub: str
    incident: str
    village: str
    grid: str
    camera: str
    camera_name: str
    zone_name: str
    kind: str
    severity: str
    gravity: int
    drill: bool
    clock_trusted: bool
    count: int
    first_at: float
    newest_at: float
    opened_at: float
    over: bool
    state: str
    queue: int
    owner: str
    assignee: str
    told: str
    level: int
    due_at: float | None
    next_at: float | None
    since_at: float
    accepted_at: float | None
    assigned_at: float | None
    handling_at: float | None
    reported_at: float | None
    ended_at: float | None
    picture: str


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One line in the story of a case; never changed, never removed.

    Attributes:
        state: In which the case was afterwards.
        to: Whom it was given to, or who was told.
        photo: SHA-256 of a photo that came with it.
    """

    at: float
    who: str
    action: str
    state: str
    words: str
    to: str
    photo: str


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases somebody looks at; empty means all.

    Attributes:
        queues: Parts of the wall, see `QUEUE_NEW`.
        assignee: Only what is given to this person.
        late_at: Only what was due by then and is not done.
        mine: Only what this person owns, was sent to, or was told of.
        sight: What the person may see at all.
    """

    queues: tuple[int, ...] = ()
    state: str = ""
    severity: str = ""
    kind: str = ""
    hub: str = ""
    grid: str = ""
    assignee: str = ""
    owner: str = ""
    late_at: float | None = None
    mine: str = ""
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ended; the next one begins after it."""

    queue: int
    gravity: int
    newest_at: float
    id: int

    def text(self) -> str:
        return f"{self.queue}_{self.gravity}_{self.newest_at!r}_{self.id}"

    @staticmethod
    def of(case: Case) -> Place:
        return Place(case.queue, case.gravity, case.newest_at, case.id)

    @staticmethod
    def read(text: str) -> Place | None:
        """The place a page's address names; None when it names none."""
        try:
            queue, gravity, newest_at, number = text.split("_")
            return Place(int(queue), int(gravity), float(newest_at), int(number))
        except ValueError:
            return None

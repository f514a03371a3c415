"""What the box learns from verdicts: it proposes, a person decides, cameras obey at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from edge.clock import Clock
from edge.errors import AccessRefused, StoreError
from edge.ids import NewId
from edge.sighting import SightBoard
from edge.store.records import Incident, TuningRecord
from edge.tuning import MOTION, SCORE, Proposal, proposals, restless_piece
from vision.tuning import Ignored, Tuning

log = logging.getLogger(__name__)

LOOKED_AT = 400
"""Incidents of a camera that are looked back at."""

ACCEPTED, REFUSED, UNDONE, PROPOSED = "accepted", "refused", "undone", "proposed"
BEFORE = {ACCEPTED: PROPOSED, REFUSED: PROPOSED, UNDONE: ACCEPTED}
"""What can be decided, and in which state."""

QUIET_S = 30 * 86400.0
"""What was refused or undone is not proposed again for so long."""

GONE = "This suggestion has been decided already, or is not there any more. Load the page again."


class TuningMemory(Protocol):
    """What the desk needs of the store."""

    def tunings(self, camera: str | None = None) -> list[TuningRecord]: ...

    def propose_tuning(self, record: TuningRecord) -> None: ...

    def withdraw_tuning(self, camera: str, kind: str, what: str) -> None: ...

    def decide_tuning(self, tuning: str, was: str, state: str, who: str) -> bool: ...

    def incidents(
        self,
        limit: int,
        before: str | None = None,
        camera: str | None = None,
        *,
        open_only: bool = False,
    ) -> list[Incident]: ...


class LearningDesk:
    """Keeps the proposals of all cameras.

    Args:
        store: Where they and the verdicts are.
        sights: What cameras reported of lasting motion.
        apply: Gives a camera's tuning to the worker that watches it; returns at once.
    """

    def __init__(
        self,
        store: TuningMemory,
        sights: SightBoard,
        *,
        clock: Clock,
        new_id: NewId,
        apply: Callable[[str, Tuning], None],
    ) -> None:
        self._store = store
        self._sights = sights
        self._clock = clock
        self._new_id = new_id
        self._apply = apply
        self._turn = 0

    def keep_house(self) -> None:
        """Once in a while: consider one camera after the other, and ask the next what it learnt."""
        cameras = self._sights.cameras
        if not cameras:
            return
        try:
            self.consider(cameras[self._turn % len(cameras)])
        except StoreError as error:
            log.warning("tuning not considered reason=%s", error)
        self._turn += 1
        self._sights.ask(cameras[self._turn % len(cameras)], picture=False)

    def tuning(self, camera: str) -> Tuning:
        """What people accepted for a camera and did not undo."""
        return tuning_of(self._store.tunings(camera))

    def consider(self, camera: str) -> None:
        """Work out anew what could be proposed, after a verdict or some hours of watching.

        Raises:
            StoreError: The disk is full or broken.
        """
        found = proposals(self._store.incidents(LOOKED_AT, None, camera))
        sight = self._sights.latest(camera)
        if sight is not None:
            report = sight.report
            piece = restless_piece(camera, report.shares, report.columns, report.watched_s)
            found += [piece] if piece is not None else []
        known = self._store.tunings(camera)
        wanted = {(p.kind, p.what): p for p in found if not self._settled(p, known)}
        waiting = {(t.kind, t.what): t for t in known if t.state == PROPOSED}
        for kind, what in waiting.keys() - wanted.keys():
            if what != MOTION:  # what moved all day is not over because the box was restarted
                self._store.withdraw_tuning(camera, kind, what)
        for key, proposal in wanted.items():
            old = waiting.get(key)
            if old is None or _content(old) != _content(proposal):
                self._store.propose_tuning(self._record(proposal))
                log.info("tuning proposed camera=%s kind=%s what=%s", camera, *key)

    def decide(self, camera: str, tuning: str, decision: str, who: str) -> None:
        """Accept, refuse or undo one; the camera obeys from its next look on. Audited.

        Raises:
            AccessRefused: It is not there, or somebody was faster.
            StoreError: It could not be written, and nothing changed.
        """
        known = {t.id for t in self._store.tunings(camera)}
        if (
            tuning not in known
            or decision not in BEFORE
            or not self._store.decide_tuning(tuning, BEFORE[decision], decision, who)
        ):
            raise AccessRefused(GONE)
        log.info("tuning %s camera=%s tuning=%s", decision, camera, tuning)
        self._apply(camera, self.tuning(camera))

    def _settled(self, proposal: Proposal, known: list[TuningRecord]) -> bool:
        """Whether somebody decided about the same thing, and nothing new speaks for it."""
        now_s = self._clock.wall()
        for old in known:
            if (old.kind, old.what) != (proposal.kind, proposal.what):
                continue
            if old.state == ACCEPTED and (
                proposal.score <= old.score if proposal.what == SCORE else _same(old, proposal)
            ):
                return True
            if old.state in {REFUSED, UNDONE} and now_s - old.changed.wall_s < QUIET_S:
                return True
        return False

    def _record(self, proposal: Proposal) -> TuningRecord:
        now = self._clock.stamp()
        return TuningRecord(
            id=self._new_id(),
            camera=proposal.camera,
            kind=proposal.kind,
            what=proposal.what,
            score=proposal.score,
            polygon=proposal.polygon,
            evidence=proposal.evidence,
            state=PROPOSED,
            who="",
            made=now,
            changed=now,
        )


def tuning_of(records: list[TuningRecord]) -> Tuning:
    """The accepted ones together; of several scores for a kind the highest."""
    accepted = [t for t in records if t.state == ACCEPTED]
    scores: dict[str, float] = {}
    for one in accepted:
        if one.what == SCORE:
            scores[one.kind] = max(one.score, scores.get(one.kind, 0.0))
    pieces = tuple(Ignored(t.kind, t.polygon) for t in accepted if t.what != SCORE)
    return Tuning(tuple(sorted(scores.items())), pieces)


def _content(of: TuningRecord | Proposal) -> tuple[object, ...]:
    return of.score, tuple(of.polygon), dict(of.evidence)


def _same(old: TuningRecord, new: Proposal) -> bool:
    """Whether the middle of a piece lies in one that is ignored already."""
    xs, ys = [x for x, _ in old.polygon], [y for _, y in old.polygon]
    x = sum(x for x, _ in new.polygon) / max(1, len(new.polygon))
    y = sum(y for _, y in new.polygon) / max(1, len(new.polygon))
    return min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)

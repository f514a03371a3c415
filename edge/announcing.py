"""Who may say what, when; and the receipt for each loudspeaker, remembered and sent on.

Everything that sounds goes through here: the warning at the place of an incident, the order of
the township, the words of the village staff. Receipts come from the player's own threads; the
desk hands them to one thread that may block on the disk.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, cast

from broadcast.announcements import FINAL_STATES, Announcement, PlayState, Priority, Receipt
from edge.clock import Clock, Stamp
from edge.errors import StoreError
from edge.ids import NewId
from edge.link.messages import AnnounceOrder, SpeakerEvent
from edge.store.records import Incident, Lane, OutboxEntry, PlayRecord

log = logging.getLogger(__name__)

WireState = Literal["queued", "started", "finished", "interrupted", "cancelled", "missed", "failed"]
Source = Literal["talkdown", "township", "staff", "calendar"]

REMEMBERED = 256
"""Announcements whose words are kept at hand while receipts may still come."""

PRIORITIES = {
    "official_emergency": Priority.OFFICIAL_EMERGENCY,
    "upper_level": Priority.UPPER_LEVEL,
    "notice": Priority.NOTICE,
    "test": Priority.TEST,
}
DRILL = "演练，演练。"
"""A drill is unmistakably spoken as one."""


class Player(Protocol):
    """What the desk needs of broadcast."""

    def say(self, announcement: Announcement) -> PlayState: ...

    def stop(self, announcement_id: str | None, reason: str = ...) -> None: ...


class PlayMemory(Protocol):
    """What the desk needs of the store."""

    def save_play(self, record: PlayRecord, entries: Sequence[OutboxEntry]) -> object: ...

    def play_seen(self, announcement: str) -> bool: ...

    def unfinished_plays(self) -> list[PlayRecord]: ...


@dataclass(frozen=True, slots=True)
class _Said:
    """What the receipts of one announcement have in common."""

    announcement: Announcement
    source: Source
    requested: Stamp
    incident: str = ""
    command: str = ""
    drill: bool = False


class AnnouncingDesk:
    """Says things, and writes down what became of them."""

    def __init__(
        self,
        player: Player,
        store: PlayMemory,
        *,
        clock: Clock,
        new_id: NewId,
        on_change: Callable[[PlayRecord], None],
        on_final: Callable[[str, PlayRecord], None] = lambda _command, _record: None,
    ) -> None:
        """Args: `on_final` is told of the final state of what a command (its id) asked for."""
        self._player = player
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._on_change = on_change
        self._on_final = on_final
        self._said: dict[str, _Said] = {}
        self._unwritten: deque[Receipt] = deque(maxlen=REMEMBERED)
        self._writing = threading.Lock()

    def warn(self, incident: Incident, text: str, *, late_s: float, zone: str = "") -> str:
        """Speak a warning at the place of an incident; returns the announcement's id.

        It is not spoken when it could not start within `late_s` seconds.
        """
        life = incident.severity == "life_safety"
        announcement = Announcement(
            id=self._new_id(),
            text=text,
            priority=Priority.LIFE_SAFETY if life else Priority.TALK_DOWN,
            zone=zone,
            expires_mono_s=self._clock.monotonic() + late_s,
        )
        self._say(announcement, "talkdown", incident=incident.id)
        return announcement.id

    def warn_unremembered(self, text: str, *, late_s: float, zone: str = "") -> None:
        """Speak a warning although its incident could not be written to the disk."""
        announcement = Announcement(
            id=self._new_id(),
            text=text,
            priority=Priority.TALK_DOWN,
            zone=zone,
            expires_mono_s=self._clock.monotonic() + late_s,
        )
        self._say(announcement, "talkdown")

    def staff_says(self, text: str, *, repeat: int, chime: bool) -> str:
        """Speak what a person of the village wrote; returns the announcement's id."""
        announcement = Announcement(
            id=self._new_id(), text=text, priority=Priority.NOTICE, chime=chime, repeat=repeat
        )
        self._say(announcement, "staff")
        return announcement.id

    def township_says(self, command: str, order: AnnounceOrder, *, expires_in_s: float) -> bool:
        """Speak an accepted order of the township; its command id is the announcement's id.

        Returns:
            False if it was said before: a replay never sounds twice, also after a power cut.
        """
        if command in self._said or self._store.play_seen(command):
            return False
        announcement = Announcement(
            id=command,
            text=(DRILL if order.drill else "") + order.text,
            priority=PRIORITIES[order.priority],
            zone=order.zone,
            chime=order.chime,
            repeat=order.repeat,
            expires_mono_s=self._clock.monotonic() + max(0.0, expires_in_s),
        )
        self._say(announcement, "township", command=command, drill=order.drill)
        return True

    def calendar_says(self, announcement: Announcement) -> None:
        """Speak an occurrence of the calendar; its id is the announcement's id."""
        self._say(announcement, "calendar")

    def cut(self, announcement: str, reason: str) -> None:
        """Stop one announcement for another that may not wait any longer."""
        self._player.stop(announcement, reason)

    def stop(self, announcement: str | None) -> None:
        """Stop one announcement, or everything."""
        self._player.stop(announcement)

    def _say(
        self,
        announcement: Announcement,
        source: Source,
        *,
        incident: str = "",
        command: str = "",
        drill: bool = False,
    ) -> None:
        while len(self._said) >= REMEMBERED:
            self._said.pop(next(iter(self._said)))
        stamp = self._clock.stamp()
        self._said[announcement.id] = _Said(announcement, source, stamp, incident, command, drill)
        self._player.say(announcement)

    def note(self, receipt: Receipt) -> None:
        """Write down what became of an announcement on one speaker; blocks on the disk.

        What the disk refuses is kept, in order, and written by `tick` when there is room.
        """
        with self._writing:
            self._unwritten.append(receipt)
            self._write_what_waits()

    def tick(self) -> None:
        """Try again to write what the disk refused."""
        if self._unwritten:
            with self._writing:
                self._write_what_waits()

    def _write_what_waits(self) -> None:
        while self._unwritten:
            receipt = self._unwritten[0]
            try:
                self._write_receipt(receipt)
            except StoreError as error:
                log.error(
                    "receipt not written announcement=%s state=%s waiting=%d reason=%s",
                    receipt.announcement, receipt.state.value, len(self._unwritten), error,
                )  # fmt: skip
                return
            self._unwritten.popleft()

    def _write_receipt(self, receipt: Receipt) -> None:
        said = self._said.get(receipt.announcement)
        if said is None:
            log.warning("receipt without announcement id=%s", receipt.announcement)
            return
        now = self._clock.stamp()
        changed = replace(
            now,
            mono_s=receipt.at_mono_s,
            wall_s=now.wall_s - (now.mono_s - receipt.at_mono_s),
        )
        record = PlayRecord(
            announcement=receipt.announcement,
            speaker=receipt.speaker,
            text=said.announcement.text,
            priority=int(said.announcement.priority),
            source=said.source,
            state=receipt.state.value,
            requested=said.requested,
            changed=changed,
            incident=said.incident,
            command=said.command,
            seconds=receipt.seconds,
            reason=receipt.reason,
            proof=receipt.proof,
        )
        self._write(record, drill=said.drill)
        if receipt.state in FINAL_STATES and said.command:
            self._on_final(said.command, record)

    def report_interrupted_by_power(self, reason: str) -> int:
        """Report what was queued or playing when the box died; nothing is played late.

        Returns:
            How many there were.
        """
        lost = self._store.unfinished_plays()
        for record in lost:
            state = PlayState.MISSED if record.state == PlayState.QUEUED else PlayState.FAILED
            self._write(
                replace(record, state=state.value, reason=reason, changed=self._clock.stamp()),
                drill=False,
            )
        return len(lost)

    def _write(self, record: PlayRecord, *, drill: bool) -> None:
        event = SpeakerEvent(
            announcement=record.announcement,
            incident=record.incident or None,
            command=record.command or None,
            speaker=record.speaker,
            state=cast("WireState", record.state),
            text=record.text[:200],
            seconds=round(record.seconds, 2),
            reason=record.reason[:200],
            proof=record.proof.split(":", 1)[0],
            drill=drill,
        )
        urgent = record.priority <= Priority.TALK_DOWN
        entry = OutboxEntry(
            id=self._new_id(),
            type="cn.village.speaker.v1",
            data=event.to_bytes(),
            lane=Lane.EMERGENCY_RECEIPT if urgent else Lane.RECEIPT,
        )
        self._store.save_play(record, [entry])
        self._on_change(record)

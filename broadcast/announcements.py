"""What is to be said, where, how urgent; and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """The ladder: the smaller number speaks first and interrupts the larger.

    Equal priority never interrupts; it queues.
    """

    LIFE_SAFETY = 0
    OFFICIAL_EMERGENCY = 1
    TALK_DOWN = 2
    LIVE_TALK = 3
    UPPER_LEVEL = 4
    NOTICE = 5
    RELAY = 6
    TEST = 7


class PlayState(StrEnum):
    """What became of an announcement on one speaker."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    MISSED = "missed"
    FAILED = "failed"


FINAL_STATES = frozenset(PlayState) - {PlayState.QUEUED, PlayState.STARTED}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to be said.

    Attributes:
        id: Unique; a second announcement of the same id is not played again.
        text: The words, in the language of `voice`.
        zone: The loudspeaker zone, or a group of zones; empty means every speaker.
        chime: Sound a chime first.
        repeat: How many times the words are spoken.
        volume: Fraction of the usual loudness, above 0 and at most 1; for this one alone.
        expires_mono_s: `time.monotonic()` after which it must not start; it is then missed.
    """

    id: str
    text: str
    priority: Priority
    zone: str = ""
    chime: bool = True
    repeat: int = 1
    expires_mono_s: float | None = None
    volume: float = 1.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an announcement on one speaker, at one moment.

    Attributes:
        announcement: Id of the announcement.
        speaker: Id of the speaker.
        at_mono_s: `time.monotonic()` of this state.
        seconds: Seconds of sound the sink has accepted so far.
        reason: Why, when it did not finish; a complete sentence in plain words.
        proof: What was proven: `none`, `bytes` (the sink accepted the samples), or a file path
            for the file speaker after `file:`.
    """

    announcement: str
    speaker: str
    state: PlayState
    at_mono_s: float
    seconds: float = 0.0
    reason: str = ""
    proof: str = "none"

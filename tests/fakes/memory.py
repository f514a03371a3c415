"""A store that forgets: the simplest thing that keeps its word to the desks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from edge.errors import StoreFull
from edge.store.records import Incident, OutboxEntry, PlayRecord


class Memory:
    """Incidents, plays and outbox entries in dictionaries; `full` makes every write fail."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.plays: dict[tuple[str, str], PlayRecord] = {}
        self.outbox: list[OutboxEntry] = []
        self.full = False

    def save_incident(self, incident: Incident, entries: Sequence[OutboxEntry]) -> list[int]:
        self._room()
        self.incidents[incident.id] = incident
        self.outbox += entries
        return list(range(len(self.outbox) - len(entries) + 1, len(self.outbox) + 1))

    def incident(self, incident_id: str) -> Incident | None:
        return self.incidents.get(incident_id)

    def open_incidents(self) -> list[Incident]:
        return [i for i in self.incidents.values() if i.closed is None]

    def save_play(self, record: PlayRecord, entries: Sequence[OutboxEntry]) -> None:
        self._room()
        self.plays[record.announcement, record.speaker] = record
        self.outbox += entries

    def play_seen(self, announcement: str) -> bool:
        return any(key[0] == announcement for key in self.plays)

    def unfinished_plays(self) -> list[PlayRecord]:
        return [p for p in self.plays.values() if p.state in {"queued", "started"}]

    def _room(self) -> None:
        if self.full:
            raise StoreFull("磁盘已满。")


class Album:
    """Evidence in a dictionary."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.pictures[name] = data
        return name

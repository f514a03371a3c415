"""Announcements and what became of them, and the township's orders with their answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge.store.outbox import OutboxTable
from edge.store.records import CommandRecord, Lane, OutboxEntry, PlayRecord
from edge.store.rows import insert, stamp_columns, stamp_of, upsert

_PLAIN = (
    *("announcement", "speaker", "text", "priority", "source", "state"),
    *("incident", "command", "seconds", "reason", "proof"),
)
_REQUESTED = frozenset(stamp_columns("requested", None))
ACCEPTED = "accepted"
ANSWER_TYPE = "cn.village.answer.v1"


class PlayTable(OutboxTable):
    """What was said, and what was ordered."""

    def save_play(self, record: PlayRecord, entries: Sequence[OutboxEntry] = ()) -> list[int]:
        """Add or replace the newest state of an announcement on a speaker, with its receipts.

        The moment it was requested stays the first one.

        Returns:
            The sequence numbers of the entries.

        Raises:
            StoreFull: The disk is full or read-only; neither state nor receipt was kept.
        """

        def job(writer: sqlite3.Connection) -> list[int]:
            self._put_play(writer, record)
            return self._append(writer, entries)

        return self._database.write(job)

    def _put_play(self, writer: sqlite3.Connection, record: PlayRecord) -> None:
        columns: dict[str, object] = {
            **{name: getattr(record, name) for name in _PLAIN},
            **stamp_columns("requested", record.requested),
            **stamp_columns("changed", record.changed),
        }
        statement = upsert("plays", columns, "announcement, speaker", _REQUESTED)
        writer.execute(statement, columns)

    def plays(self, limit: int, incident: str | None = None) -> list[PlayRecord]:
        """Newest first; only those of one incident if it is given."""
        return self._plays(":incident IS NULL OR incident = :incident", incident, limit)

    def plays_of(self, announcement: str) -> list[PlayRecord]:
        """The newest state of an announcement on each speaker."""
        return self._plays("announcement = :incident", announcement, -1)

    def unfinished_plays(self) -> list[PlayRecord]:
        """What was queued or sounding when the power went; the hub reports it as failed."""
        return self._plays("state IN ('queued', 'started')", None, -1)

    def play_seen(self, announcement: str) -> bool:
        """Whether an announcement of this id was ever taken up."""
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT 1 FROM plays WHERE announcement = ? LIMIT 1", (announcement,)
            ).fetchone()
        )
        return found is not None

    def take_command(self, command_id: str, name: str, issuer: str) -> CommandRecord | None:
        """Take an order up once: None when it is new, else the record with the old answer.

        A new order is remembered as `accepted` until `answer_command`.
        """
        columns: dict[str, object] = {
            "id": command_id,
            "name": name,
            "issuer": issuer,
            "outcome": ACCEPTED,
            "sentence": "",
            **stamp_columns("received", self._clock.stamp()),
        }

        def job(writer: sqlite3.Connection) -> CommandRecord | None:
            known = writer.execute("SELECT * FROM commands WHERE id = ?", (command_id,)).fetchone()
            if known is not None:
                return _command(known)
            writer.execute(insert("commands", columns), columns)
            return None

        return self._database.write(job)

    def answer_command(
        self,
        command_id: str,
        outcome: str,
        sentence: str,
        entries: Sequence[OutboxEntry] = (),
        *,
        reply: bytes = b"",
    ) -> None:
        """Remember the answer of an order, and queue what the township must learn with it.

        Args:
            command_id: The order.
            outcome: How it ended.
            sentence: Why, for people.
            entries: What else the township must learn.
            reply: The answer as it goes on the wire; it is queued with the rest.
        """
        if reply:
            entries = [*entries, OutboxEntry(self._new_id(), ANSWER_TYPE, reply, Lane.RECEIPT)]

        def job(writer: sqlite3.Connection) -> None:
            writer.execute(
                "UPDATE commands SET outcome = ?, sentence = ? WHERE id = ?",
                (outcome, sentence, command_id),
            )
            self._append(writer, entries)

        self._database.write(job)

    def unfinished_commands(self) -> list[CommandRecord]:
        """Orders that were accepted and never answered, oldest first."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM commands WHERE outcome = ? ORDER BY received_wall", (ACCEPTED,)
            ).fetchall()
        )
        return [_command(row) for row in rows]

    def _plays(self, condition: str, incident: str | None, limit: int) -> list[PlayRecord]:
        statement = f"SELECT * FROM plays WHERE {condition} ORDER BY number DESC LIMIT :limit"  # noqa: S608
        values = {"incident": incident, "limit": limit}
        rows = self._database.read(lambda reader: reader.execute(statement, values).fetchall())
        return [
            PlayRecord(
                **{name: row[name] for name in _PLAIN},
                requested=stamp_of(row, "requested"),
                changed=stamp_of(row, "changed"),
            )
            for row in rows
        ]


def _command(row: sqlite3.Row) -> CommandRecord:
    return CommandRecord(
        row["id"],
        row["name"],
        row["issuer"],
        stamp_of(row, "received"),
        row["outcome"],
        row["sentence"],
    )

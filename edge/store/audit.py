"""Who did what to what, and when."""

from __future__ import annotations

import json
import sqlite3

from edge.chain import Content, Head, Line, Verdict, begin, link, verify
from edge.store.records import AuditEntry
from edge.store.rows import insert, stamp_columns, stamp_of
from edge.store.table import Table

_SAID = ("written_wall", "at_mono", "at_boot", "who", "action", "target", "detail")
"""Columns that a line's hash covers."""


class AuditTable(Table):
    """The audit log; entries are only ever added."""

    def audit(self, who: str, action: str, target: str = "") -> None:
        """Write down who did what."""
        self._database.write(lambda writer: self._write_audit(writer, who, action, target))

    def audit_log(self, limit: int) -> list[AuditEntry]:
        """The newest entries, newest first."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT * FROM audit ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return [
            AuditEntry(
                stamp_of(row, "at"),
                row["who"],
                row["action"],
                row["target"],
                json.loads(row["detail"]),
            )
            for row in rows
        ]

    def check_audit(self, noted: str = "") -> Verdict:
        """Whether every line is as it was written; walks the whole log.

        Args:
            noted: A hash that somebody wrote down earlier; it must still be in the chain.
        """

        def walk(reader: sqlite3.Connection) -> Verdict:
            kept = reader.execute("SELECT * FROM audit_head").fetchone()
            if kept is None:
                return verify((), Head(-1, ""))
            offsets = {
                row["boot_id"]: row["offset_s"] for row in reader.execute("SELECT * FROM boots")
            }
            rows = reader.execute("SELECT * FROM audit ORDER BY number")
            return verify(
                (Line(row["chain"], _found(row, offsets), row["hash"]) for row in rows),
                Head(kept["count"], kept["hash"]),
                noted=noted,
                given_up=Head(kept["given_up_count"], kept["given_up_hash"]),
            )

        return self._database.read(walk)

    def _write_audit(
        self,
        writer: sqlite3.Connection,
        who: str,
        action: str,
        target: str,
        detail: dict[str, str] | None = None,
    ) -> None:
        columns: dict[str, object] = {
            "who": who,
            "action": action,
            "target": target,
            "detail": json.dumps(detail or {}, ensure_ascii=False),
            **stamp_columns("at", self._clock.stamp()),
        }
        columns["written_wall"] = columns["at_wall"]
        head = writer.execute("SELECT count, hash FROM audit_head").fetchone()
        before, number = head["hash"] or _begin(writer), head["count"] + 1
        columns |= {"chain": number, "hash": link(before, number, _content(columns))}
        writer.execute(insert("audit", columns), columns)
        writer.execute("UPDATE audit_head SET count = ?, hash = ?", (number, columns["hash"]))


def _begin(writer: sqlite3.Connection) -> str:
    rows = writer.execute("SELECT * FROM audit WHERE chain = 0 ORDER BY number")
    return begin(_content(row) for row in rows)


def give_up(writer: sqlite3.Connection, until_wall_s: float) -> int:
    """Forget the lines up to the last one that is older than this; returns how many went.

    The log stays a chain: the head remembers the hash of the last line that went.
    """
    last = writer.execute(
        "SELECT number, chain, hash FROM audit WHERE chain > 0 AND at_trusted AND at_wall < ? "
        "ORDER BY number DESC LIMIT 1",
        (until_wall_s,),
    ).fetchone()
    if last is None:
        return 0
    writer.execute(
        "UPDATE audit_head SET given_up = ?, given_up_count = ?, given_up_hash = ?", tuple(last)
    )
    gone = writer.execute("DELETE FROM audit WHERE number <= ?", (last["number"],))
    return gone.rowcount


def _found(row: sqlite3.Row, offsets: dict[str, float]) -> Content:
    """What a line says now; a time that is neither as written nor put right breaks its hash."""
    said = _content(row)
    right = offsets.get(row["at_boot"])
    moved = row["at_wall"] != row["written_wall"]
    if row["chain"] and moved and (right is None or row["at_wall"] != row["at_mono"] + right):
        return (row["at_wall"], *said[1:])
    return said


def _content(row: sqlite3.Row | dict[str, object]) -> Content:
    return tuple(row[name] for name in _SAID)

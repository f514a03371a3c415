"""Who did what to what, and when."""

from __future__ import annotations

import json
import sqlite3

from edge.store.records import AuditEntry
from edge.store.rows import insert, stamp_columns, stamp_of
from edge.store.table import Table


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
        writer.execute(insert("audit", columns), columns)

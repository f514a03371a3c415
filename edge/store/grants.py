"""Which pictures the township may fetch, by the order that allowed it."""

from __future__ import annotations

from edge.store.table import Table


class GrantTable(Table):
    """A grant survives a power cut, so that a long transfer goes on where it was."""

    def grant(self, order: str, sha256: str) -> None:
        """Let the pieces of one picture be fetched under the id of this order."""
        now_s = self._clock.wall()
        self._database.write(
            lambda writer: writer.execute(
                "INSERT OR REPLACE INTO grants (id, sha256, granted_wall) VALUES (?, ?, ?)",
                (order, sha256, now_s),
            )
        )

    def granted(self, order: str) -> str | None:
        """SHA-256 of the picture that may be fetched; None if there is no such grant."""
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT sha256 FROM grants WHERE id = ?", (order,)
            ).fetchone()
        )
        return None if found is None else str(found[0])

    def is_evidence(self, incident: str, sha256: str) -> bool:
        """Whether a picture belongs to an incident, so that nothing else can be asked for."""
        found = self._database.read(
            lambda reader: reader.execute(
                "SELECT 1 FROM incidents WHERE id = ? AND evidence = ?", (incident, sha256)
            ).fetchone()
        )
        return found is not None

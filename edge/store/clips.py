"""What became of the recording of each incident."""

from __future__ import annotations

from edge.store.records import ClipRecord
from edge.store.table import Table


class ClipTable(Table):
    """One line for each incident that was recorded, or should have been."""

    def save_clip(self, clip: ClipRecord) -> None:
        """Keep the first recording of an incident; a later one replaces only a problem."""
        self._database.write(
            lambda writer: writer.execute(
                "INSERT INTO clips (incident, sha256, size, seconds, masked, problem) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (incident) DO UPDATE SET "
                "sha256 = excluded.sha256, size = excluded.size, seconds = excluded.seconds, "
                "masked = excluded.masked, problem = excluded.problem WHERE clips.sha256 = ''",
                (
                    *(clip.incident, clip.sha256, clip.size),
                    *(clip.seconds, int(clip.masked), clip.problem),
                ),
            )
        )

    def clip(self, incident: str) -> ClipRecord | None:
        """Of one incident; None if none was made or is being made."""
        row = self._database.read(
            lambda reader: reader.execute(
                "SELECT sha256, size, seconds, masked, problem FROM clips WHERE incident = ?",
                (incident,),
            ).fetchone()
        )
        if row is None:
            return None
        return ClipRecord(
            incident,
            row["sha256"],
            row["size"],
            row["seconds"],
            bool(row["masked"]),
            row["problem"],
        )

    def clips_in_use(self) -> frozenset[str]:
        """SHA-256 of the recordings of incidents that are still open."""
        rows = self._database.read(
            lambda reader: reader.execute(
                "SELECT DISTINCT sha256 FROM clips JOIN incidents ON incidents.id = clips.incident "
                "WHERE sha256 <> '' AND closed_wall IS NULL"
            ).fetchall()
        )
        return frozenset(row[0] for row in rows)

    def forget_clips(self) -> int:
        """Forget the lines of incidents that are forgotten; returns how many."""
        return self._database.write(
            lambda writer: int(
                writer.execute(
                    "DELETE FROM clips WHERE NOT EXISTS "
                    "(SELECT 1 FROM incidents WHERE incidents.id = clips.incident)"
                ).rowcount
            )
        )

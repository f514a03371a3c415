"""The recordings of incidents: from the worker's report to the record, and given out in pieces."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path

from edge.clock import Clock
from edge.errors import StoreError
from edge.events import Bus, Change
from edge.settings.schema import RecordingSection
from edge.store.evidence import EvidenceStore
from edge.store.hub import HubStore
from edge.store.limits import DAY_S, MEGABYTE
from edge.store.records import ClipRecord, Incident
from vision.recording.recorder import LATE_S, LONGEST_S
from vision.reports import ClipReport, IncidentReport
from vision.settings import ClipSpec

log = logging.getLogger(__name__)

FOLDER = "clips"
MOST_KEYS = 512
NOT_YET_S = LONGEST_S + LATE_S + 60.0
"""So long after an incident began its recording may still be under way."""

NONE = "There is no recording of this incident."
NOT_YET = "The recording of this incident is not finished yet. Ask again in a minute."
GONE = "The recording is no longer kept on the box of the village."


def clip_spec(section: RecordingSection, folder: Path) -> ClipSpec:
    """What the workers are told; `folder` is that of the state."""
    if not section.clips:
        return ClipSpec()
    return ClipSpec(str(folder / FOLDER), section.before_s, section.after_s)


class ClipBook:
    """Knows the recordings of this box; every method may be called from any thread.

    Args:
        folder: Of the state.
    """

    def __init__(
        self, section: RecordingSection, store: HubStore, folder: Path, *, clock: Clock, bus: Bus
    ) -> None:
        self._section = section
        self._store = store
        self._files = EvidenceStore(folder / FOLDER, ".mp4")
        self._clock = clock
        self._bus = bus
        self._incidents: OrderedDict[str, str] = OrderedDict()
        """Id of the incident by the worker's key; a worker that begins anew overwrites its own."""

    def note(self, report: IncidentReport, incident: Incident) -> None:
        """This is how the worker calls this incident; called on the desk's thread."""
        self._incidents[report.key] = incident.id
        self._incidents.move_to_end(report.key)
        while len(self._incidents) > MOST_KEYS:
            self._incidents.popitem(last=False)

    def take(self, report: ClipReport) -> None:
        """Write down what became of a recording; called on the desk's thread.

        Raises:
            StoreError: It could not be written.
        """
        for key in report.keys:
            incident = self._incidents.get(key)
            if incident is None:
                log.warning("clip of an unknown incident key=%s", key)
                continue
            self._store.save_clip(
                ClipRecord(
                    *(incident, report.sha256, report.size),
                    *(report.seconds, report.masked, report.problem),
                )
            )
            self._bus.publish(Change("evidence", incident))

    def state(self, incident: str) -> tuple[ClipRecord | None, str]:
        """The recording of an incident, or why it cannot be seen.

        Raises:
            StoreError: The store failed.
        """
        record = self._store.clip(incident)
        if record is None:
            return None, NOT_YET if self._may_come(incident) else NONE
        if not record.sha256:
            return None, record.problem or NONE
        return (record, "") if self.path(record.sha256) else (None, GONE)

    def path(self, sha256: str) -> Path | None:
        """The file; None if it is not kept any more."""
        path = self._files.path(sha256)
        return path if path.is_file() else None

    def find(self, incident: str) -> tuple[str, str]:
        """For the link: SHA-256, or empty and a sentence; errors as `state`."""
        record, problem = self.state(incident)
        return (record.sha256 if record else ""), problem

    def piece(self, sha256: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """For the link: size of the whole and a piece of it; None if it is not kept."""
        return self._files.piece(sha256, offset, length)

    def keep_house(self) -> None:
        """Keep the files within their budget and age; blocks on the disk."""
        now = self._clock.stamp()
        until_s = now.wall_s - self._section.keep_days * DAY_S if now.trusted else None
        try:
            gone = self._files.prune(
                self._section.clips_mb * MEGABYTE,
                keep=self._store.clips_in_use(),
                older_than_wall_s=until_s,
            )
            self._store.forget_clips()
        except StoreError as error:
            log.warning("clips not tidied reason=%s", error)
            return
        if gone:
            log.info("clips forgot=%d", gone)

    def _may_come(self, incident: str) -> bool:
        known = self._store.incident(incident)
        if known is None or not self._section.clips or known.camera == "hub":
            return False
        return self._clock.wall() - known.opened.wall_s < NOT_YET_S

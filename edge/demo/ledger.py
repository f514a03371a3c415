"""What happened in a demonstration, in numbers that a script can judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any, Protocol

from edge.store.records import Incident, PlayRecord
from vision.reports import CameraReport, Heartbeat, Report, WorkerFault


class StoredAlert(Protocol):
    """An alert as the township stored it."""

    @property
    def id(self) -> str: ...
    @property
    def stored_at(self) -> float: ...


@dataclass(slots=True)
class Ledger:
    """Listens while the demonstration runs; `summary` puts it together at the end.

    Attributes:
        started: Announcements when their first sample was taken, by (announcement, speaker).
        ended: … when they ended, however.
    """

    cameras: dict[str, CameraReport] = field(default_factory=dict)
    looked_before: dict[str, int] = field(default_factory=dict)
    started: dict[tuple[str, str], PlayRecord] = field(default_factory=dict)
    ended: dict[tuple[str, str], PlayRecord] = field(default_factory=dict)
    model_fault: str = ""

    def take(self, report: Report) -> None:
        """Note what a worker reports."""
        match report:
            case Heartbeat():
                for camera in report.cameras:
                    self._camera(camera)
            case CameraReport():
                self._camera(report)
            case WorkerFault(what="model"):
                self.model_fault = report.sentence
            case _:
                pass

    def note(self, record: PlayRecord) -> None:
        """Note what became of an announcement."""
        key = (record.announcement, record.speaker)
        if record.state == "started":
            self.started[key] = record
        elif record.state != "queued":
            self.ended[key] = record

    @property
    def frames_analysed(self) -> int:
        return sum(self.looked_before.values()) + sum(c.looked for c in self.cameras.values())

    @property
    def only_begun(self) -> bool:
        """Whether a warning sounds and none has been heard to its end yet."""
        heard = any(play.state == "finished" for play in self.ended.values())
        return bool(self.started.keys() - self.ended.keys()) and not heard

    def _camera(self, report: CameraReport) -> None:
        known = self.cameras.get(report.camera)
        if known is not None and report.looked < known.looked:  # a new worker counts from zero
            self.looked_before[report.camera] = (
                self.looked_before.get(report.camera, 0) + known.looked
            )
        self.cameras[report.camera] = report

    def summary(
        self,
        *,
        incidents: Sequence[Incident],
        plays: Sequence[PlayRecord],
        alerts: Sequence[StoredAlert],
        errors: Sequence[str],
    ) -> dict[str, Any]:
        """The summary of `--json`; times are RFC 3339 in UTC, latencies milliseconds."""
        stored = {alert.id: alert.stored_at for alert in alerts}
        by_id = {incident.id: incident for incident in incidents}
        return {
            "frames_analysed": self.frames_analysed,
            "cameras": [
                {
                    "id": c.camera,
                    "fps_in": round(c.fps_in, 2),
                    "looked_at_fps": round(c.looked_at_fps, 2),
                    "state": c.state.value,
                }
                for c in self.cameras.values()
            ],
            "incidents": [
                {"id": i.id, "kind": i.kind, "camera": i.camera, "opened_at": i.opened.iso()}
                for i in incidents
            ],
            "alerts_received": [
                {"id": name, "stored_at": _iso(wall_s)} for name, wall_s in stored.items()
            ],
            "acknowledged": sum(i.sent for i in incidents),
            "announcements": [self._announcement(play) for play in plays],
            "latency_ms": self._latencies(by_id, stored),
            "errors": list(errors),
        }

    def _announcement(self, play: PlayRecord) -> dict[str, Any]:
        begun = self.started.get((play.announcement, play.speaker))
        return {
            "id": play.announcement,
            "state": play.state,
            "speaker": play.speaker,
            "started_at": begun.changed.iso() if begun else None,
            "seconds": round(play.seconds, 2),
            "file": play.proof.removeprefix("file:") if play.proof.startswith("file:") else None,
        }

    def _found_it_quiet(self, key: tuple[str, str]) -> bool:
        """Whether nothing else sounded on that speaker between asking and beginning.

        Warnings of equal urgency wait for each other by design; that is not latency.
        """
        mine = self.started[key]
        return not any(
            other != key
            and other[1] == key[1]
            and theirs.changed.mono_s < mine.changed.mono_s
            and (
                other not in self.ended or self.ended[other].changed.mono_s > mine.requested.mono_s
            )
            for other, theirs in self.started.items()
        )

    def _latencies(
        self, incidents: Mapping[str, Incident], stored: Mapping[str, float]
    ) -> dict[str, float | None]:
        seen = [i for i in incidents.values() if i.box is not None]
        to_alert = [(stored[i.id] - i.opened.wall_s) * 1000 for i in seen if i.id in stored]
        to_speech = [
            (play.changed.mono_s - incidents[play.incident].opened.mono_s) * 1000
            for key, play in self.started.items()
            if play.incident in incidents and self._found_it_quiet(key)
        ]
        return {
            "frame_to_alert_p50": percentile(to_alert, 50),
            "frame_to_alert_p95": percentile(to_alert, 95),
            "incident_to_speech_p50": percentile(to_speech, 50),
        }


def _iso(wall_s: float) -> str:
    moment = datetime.fromtimestamp(wall_s, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The given percentile by linear interpolation, rounded to 0.1; None of nothing."""
    if not values:
        return None
    if len(values) == 1:
        return round(values[0], 1)
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def succeeded(summary: Mapping[str, Any]) -> bool:
    """Whether the house did its work: an alert stored by the township, a warning played."""
    played = [a for a in summary["announcements"] if a["state"] == "finished"]
    return bool(summary["alerts_received"]) and bool(played)

"""The box's state and an incident's numbers, in sentences a villager reads."""

from __future__ import annotations

from dataclasses import dataclass

from edge.site.words import Words
from edge.store.records import Incident
from edge.web.house import CameraView, Overview

WAITING_S = 120.0
"""Something that waits for the township for longer than this deserves a word."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the status: how it is, of what, and what to do.

    Attributes:
        tone: `good`, `warn`, `bad` or `idle`.
    """

    tone: str
    title: str
    sentence: str


def findings(overview: Overview, words: Words) -> list[Finding]:
    """The state of cameras, loudspeakers, uplink and the box itself, in this order."""
    return [
        _cameras(overview, words),
        _speakers(overview, words),
        _link(overview, words),
        _box(overview, words),
    ]


def worst(lines: list[Finding]) -> str:
    """The tone of the whole: the worst of all lines."""
    tones = {line.tone for line in lines}
    return next((tone for tone in ("bad", "warn") if tone in tones), "good")


def explain(incident: Incident, words: Words) -> str:
    """For example "人 0.82 在 水库东岸 停留 4.2 秒"; a fault names its detail."""
    place = incident.zone_name or incident.camera_name
    if not incident.label:
        return place
    if incident.score <= 0:  # seen by nobody: a fault, and the label says which
        return f"{place}{_colon(words)}{words.name('fault', incident.label)}"
    label = words.name("label", incident.label)
    if incident.count > 1:
        label = words.t("detail.several", label=label, n=incident.count)
    score = f"{incident.score:.2f}"
    if incident.dwell_s <= 0:
        return words.t("incident.seen", label=label, score=score, place=place)
    dwell = f"{incident.dwell_s:.1f}"
    return words.t("incident.sentence", label=label, score=score, place=place, dwell=dwell)


def looks(camera: CameraView, words: Words) -> str:
    """How often the detector looks at it, honestly."""
    if camera.looked_at_fps <= 0:
        return words.t("device.looks_never")
    if camera.looked_at_fps >= 1:
        return words.t("device.looks_often", n=f"{camera.looked_at_fps:.0f}")
    return words.t("device.looks_seldom", n=f"{1 / camera.looked_at_fps:.0f}")


def camera_tone(state: str) -> str:
    return {"watching": "good", "starting": "idle", "degraded": "warn"}.get(state, "bad")


def duration(seconds: float, words: Words) -> str:
    """Seconds as "40 秒", "5 分钟" or "3 小时"."""
    if seconds < 60:
        return words.t("duration.seconds", n=round(seconds))
    if seconds < 5400:
        return words.t("duration.minutes", n=round(seconds / 60))
    return words.t("duration.hours", n=round(seconds / 3600))


def _cameras(overview: Overview, words: Words) -> Finding:
    title, cameras = words.t("status.cameras"), overview.cameras
    if not cameras:
        return Finding("warn", title, words.t("status.cameras_none"))
    ill = [c for c in cameras if c.state not in {"watching", "starting"}]
    if ill:
        comma = "、" if words.language == "zh" else ", "
        names = comma.join(c.name for c in ill[:3])
        lost = all(c.state == "lost" for c in cameras)
        sentence = words.t("status.cameras_ill", n=len(ill), of=len(cameras), names=names)
        return Finding("bad" if lost else "warn", title, sentence)
    if any(c.state == "starting" for c in cameras):
        return Finding("idle", title, words.t("status.cameras_starting", of=len(cameras)))
    return Finding("good", title, words.t("status.cameras_good", of=len(cameras)))


def _speakers(overview: Overview, words: Words) -> Finding:
    title, speakers = words.t("status.speakers"), overview.speakers
    if not speakers:
        return Finding("warn", title, words.t("status.speakers_none"))
    for speaker in speakers:
        if not speaker.healthy:
            reason = words.plain(speaker.fault) or words.t("status.speaker_silent")
            return Finding("bad", title, f"{speaker.id}{_colon(words)}{reason}")
    return Finding("good", title, words.t("status.speakers_good", of=len(speakers)))


def _link(overview: Overview, words: Words) -> Finding:
    title, link = words.t("status.township"), overview.link
    if not link.connected:
        sentence = words.t("status.link_down", n=link.queued)
        return Finding("bad", title, _together([sentence, words.plain(link.fault)], words))
    if link.queued and link.oldest_age_s > WAITING_S:
        waits = duration(link.oldest_age_s, words)
        return Finding("warn", title, words.t("status.link_slow", n=link.queued, waits=waits))
    return Finding("good", title, words.t("status.link_good"))


def _box(overview: Overview, words: Words) -> Finding:
    title = words.t("status.box")
    if overview.faults or overview.quarantined:
        said = [*overview.faults, overview.quarantined]
        return Finding("bad", title, _together([words.plain(one) for one in said], words))
    if not overview.clock_trusted:
        return Finding("warn", title, words.t("status.clock"))
    return Finding("good", title, words.t("status.box_good"))


def _colon(words: Words) -> str:
    return "：" if words.language == "zh" else ": "


def _together(sentences: list[str], words: Words) -> str:
    """One after the other; Chinese sentences stand without a space between them."""
    return ("" if words.language == "zh" else " ").join(one for one in sentences if one)

"""Hand the owner's settings to vision: which worker watches which camera, and what it must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from edge.clips import clip_spec
from edge.errors import StartError
from edge.incidents import RuleFacts, Surroundings
from edge.settings.places import BUILT_IN, CAPACITY
from edge.settings.schema import CameraSection, HubSettings, RuleSection, Severity
from vision.rules.kinds import KINDS
from vision.settings import CameraSpec, RuleSpec, WorkerSpec, ZoneSpec


def worker_specs(settings: HubSettings) -> tuple[WorkerSpec, ...]:
    """Share the enabled cameras out among the workers, one after the other.

    Raises:
        StartError: A password file cannot be read.
    """
    cameras = [camera_spec(c) for c in settings.camera if c.enabled]
    workers = min(settings.vision.workers, max(1, len(cameras)))
    return tuple(
        WorkerSpec(
            worker=f"vision-{number + 1}",
            cameras=tuple(cameras[number::workers]),
            model=str(settings.vision.model or ""),
            threads=settings.vision.threads,
            extra_models=extra_models(settings),
            capacity=str(settings.state.folder / CAPACITY),
            clips=clip_spec(settings.recording, settings.state.folder),
        )
        for number in range(workers)
        if cameras
    )


def extra_models(settings: HubSettings) -> tuple[str, ...]:
    """The further detectors as vision wants them: a path, or nothing for the built-in one."""
    return tuple("" if path == BUILT_IN else str(path) for path in settings.vision.extra_models)


def camera_spec(camera: CameraSection) -> CameraSpec:
    """One camera as vision wants it; the password is read from its file here and nowhere else."""
    return CameraSpec(
        id=camera.id,
        name=camera.name,
        url=_with_password(camera),
        transport=camera.transport,
        loop=camera.loop,
        looks_per_s=camera.looks_per_s,
        score=camera.score,
        privacy_masks=tuple(tuple(mask) for mask in camera.privacy_masks),
        zones=tuple(ZoneSpec(z.id, z.name, tuple(z.polygon), z.priority) for z in camera.zone),
        rules=tuple(replace(rule_spec(r), id=name) for r, name in named_rules(camera)),
        health=camera.health,
        priority=camera.priority,
    )


def rule_spec(rule: RuleSection) -> RuleSpec:
    """One rule as vision wants it; what the owner left out is what its kind usually means."""
    kind = KINDS.get(rule.kind)
    usual = RuleSpec(rule.kind) if kind is None else RuleSpec(rule.kind, "", kind.labels)
    dwell_s = usual.dwell_s if kind is None else kind.dwell_s
    return RuleSpec(
        kind=rule.kind,
        zone=rule.zone,
        labels=usual.labels if rule.labels is None else tuple(rule.labels),
        dwell_s=dwell_s if rule.dwell_s is None else rule.dwell_s,
        clear_s=rule.clear_s,
        line=None if rule.line is None else (rule.line[0], rule.line[1]),
        direction=rule.direction,
        limit=rule.limit or 0,
        direction_deg=rule.direction_deg,
    )


def named_rules(camera: CameraSection) -> Iterator[tuple[RuleSection, str]]:
    """Each rule with its name among those of its kind on its zone: none, `2`, `3`, …"""
    seen: Counter[tuple[str, str]] = Counter()
    for rule in camera.rule:
        seen[rule.kind, rule.zone] += 1
        number = seen[rule.kind, rule.zone]
        yield rule, "" if number == 1 else str(number)


def severity_of(rule: RuleSection) -> Severity:
    """How bad an incident of the rule is: what the owner said, else what its kind usually is."""
    if rule.severity is not None:
        return rule.severity
    kind = KINDS.get(rule.kind)
    return "urgent" if kind is None else kind.severity


def surroundings(settings: HubSettings) -> Surroundings:
    """What every incident says about where it is."""
    return Surroundings(
        village=settings.hub.village,
        grid=settings.hub.grid,
        cameras={c.id: c.name for c in settings.camera},
        rules={
            (c.id, r.kind, r.zone, name): RuleFacts(severity_of(r), r.speak)
            for c in settings.camera
            for r, name in named_rules(c)
        },
    )


def read_secret(path: Path) -> str:
    """Read a secret from its file, without the line end.

    Raises:
        StartError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"The secret in {path} cannot be read: {error}. "
            "Check that the file is there and belongs to the user of the program."
        ) from error


def _with_password(camera: CameraSection) -> str:
    if not camera.username:
        return camera.url
    secret = read_secret(camera.password_file) if camera.password_file else ""
    parts = urlsplit(camera.url)
    who = f"{quote(camera.username, safe='')}:{quote(secret, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{who}@{parts.netloc.rpartition('@')[2]}"))

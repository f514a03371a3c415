"""`village-hub check`: is the configuration right, what will run, and what is missing."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Iterator
from pathlib import Path

from edge.cli.command import OK, Call, Command, add_config
from edge.cli.settings import any_settings
from edge.logs import without_secrets
from edge.settings.schema import CameraSection, HubSettings, LinkSection, TownshipSettings
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add_config(parser, words)


def run(call: Call) -> int:
    settings = any_settings(call)
    call.say("check.good", file=call.arguments.config)
    for line in explain(settings, call.words):
        call.tell(line)
    for line in missing(settings, call.words):
        call.tell(f"! {line}")
    return OK


def explain(settings: HubSettings | TownshipSettings, words: Words) -> Iterator[str]:
    """What will run, line by line."""
    if isinstance(settings, TownshipSettings):
        me = settings.township
        yield words("check.township", name=me.name, id=me.id)
        yield words("check.database_own" if not settings.database.url else "check.database")
    else:
        me_here = settings.hub
        yield words("check.hub", village=me_here.village, id=me_here.id, township=me_here.township)
        yield from _hub(settings, words)
    link = settings.link
    kind = "check.link_tls" if link.ca else "check.link"
    yield words(kind, host=link.host, port=link.port, protocol=link.protocol)
    web = settings.web
    scheme = "https" if web.certificate else "http"
    yield words("check.pages", scheme=scheme, host=web.host, port=web.port)
    yield words("check.state", folder=settings.state.folder)


def _hub(settings: HubSettings, words: Words) -> Iterator[str]:
    model = settings.vision.model
    yield words("check.model", model=model) if model else words("check.model_own")
    for extra in settings.vision.extra_models:
        yield words("check.model", model=extra)
    for camera in settings.camera:
        yield from _camera(camera, words)
    for speaker in settings.speaker:
        yield words("check.speaker", id=speaker.id, kind=speaker.kind)


def _camera(camera: CameraSection, words: Words) -> Iterator[str]:
    if not camera.enabled:
        yield words("check.camera_off", name=camera.name, id=camera.id)
        return
    url = without_secrets(camera.url)
    yield words("check.camera", name=camera.name, id=camera.id, url=url)
    # A console has no vision libraries and never asks.
    from edge.cameras import rule_spec, severity_of  # noqa: PLC0415

    zones = {zone.id: zone.name for zone in camera.zone}
    for rule in camera.rule:
        spec = rule_spec(rule)
        place = zones.get(rule.zone) or words("check.whole_picture")
        labels = words("check.comma").join(words(f"label.{label}") for label in spec.labels)
        yield words(
            "check.rule",
            kind=rule.kind,
            place=place,
            labels=labels,
            dwell=spec.dwell_s,
            severity=words(f"severity.{severity_of(rule)}"),
        )


def missing(settings: HubSettings | TownshipSettings, words: Words) -> Iterator[str]:
    """What is allowed, but probably not meant."""
    if isinstance(settings, HubSettings):
        yield from _missing_in_hub(settings, words)
    elif not settings.link.command_key_file:
        yield words("check.no_signing_key")
    if not settings.link.ca and not _is_here(settings.link):
        yield words("check.no_tls", host=settings.link.host)
    if not settings.web.certificate and settings.web.host not in {"127.0.0.1", "::1", "localhost"}:
        yield words("check.no_https")


def _missing_in_hub(settings: HubSettings, words: Words) -> Iterator[str]:
    watching = [camera for camera in settings.camera if camera.enabled]
    if not watching:
        yield words("check.no_camera")
    for model in (settings.vision.model, *settings.vision.extra_models):
        if model is not None and not model.is_file():
            yield words("check.no_model", path=model)
    for camera in watching:
        if not camera.rule:
            yield words("check.no_rule", name=camera.name, id=camera.id)
        is_file = "://" not in camera.url and camera.url != "synthetic:"
        if is_file and not Path(camera.url).is_file():
            yield words("check.no_video", name=camera.name, path=camera.url)
        if camera.username and camera.password_file is None:
            yield words("check.no_password", name=camera.name, id=camera.id)
    if not settings.speaker:
        yield words("check.no_speaker")
    if not settings.link.command_keys:
        yield words("check.no_command_key")


def _is_here(link: LinkSection) -> bool:
    try:
        return ipaddress.ip_address(link.host).is_loopback
    except ValueError:
        return link.host == "localhost"


COMMAND = Command("check", add_arguments, run)

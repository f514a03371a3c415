"""`village-hub model`: the operator's own detectors, brought on a stick and checked."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.command import FAILED, OK, Call, Command, add_config
from edge.cli.settings import hub_settings
from edge.errors import SettingsError
from edge.files import write_durably
from edge.settings import OVERRIDE, write_override
from edge.settings.layers import Layer, Tree, read_file
from edge.settings.load import HUB_VARIABLES
from edge.settings.places import BUILT_IN, CAPACITY, MODELS, Presence, presence
from edge.settings.problems import sentence
from edge.settings.schema import HubSettings
from edge.words import Words

if TYPE_CHECKING:
    from vision.detectors import Detector
    from vision.models.store import ModelStore, StoredModel

OWN = str(BUILT_IN)
MODEL_VARIABLE = f"{HUB_VARIABLES}VISION__MODEL"
NOTHING = "–"
ACTIONS = {
    "list": "model.list",
    "add": "model.add",
    "verify": "model.verify",
    "bench": "model.bench",
    "default": "model.default",
}
"""What may be typed, and the sentence that says what it does."""


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    below = parser.add_subparsers(
        title=words("model.actions"), dest="action", required=True, metavar=words("model.action")
    )
    for name, key in ACTIONS.items():
        about = words(key)
        sub = below.add_parser(name, words=words, help=about, description=about)
        add_config(sub, words)
        if name == "add":
            sub.add_argument("file", metavar="FILE.onnx", type=Path, help=words("model.file"))
            sub.add_argument("--name", default="", help=words("model.other_name"))
        elif name != "list":
            optional = None if name == "default" else "?"
            sub.add_argument("name", nargs=optional, metavar="NAME", help=words("model.name"))


def run(call: Call) -> int:
    settings = _settings(call)
    store = _store(settings)
    match call.arguments.action:
        case "add":
            return _add(call, settings, store)
        case "verify":
            return _verify(call, settings, store)
        case "bench":
            return _bench(call, settings, store)
        case "default":
            return _default(call, settings, store)
        case _:
            return _list(call, settings, store)


def _settings(call: Call) -> HubSettings:
    """The settings, also where the chosen model is gone: choosing another must still work.

    Raises:
        SettingsError: Something else is wrong.
    """
    try:
        return hub_settings(call)
    except SettingsError as error:
        without = replace(call, environ={**call.environ, MODEL_VARIABLE: OWN})
        settings = hub_settings(without)
        for problem in error.problems:
            call.tell(f"! {problem}")
        return settings


def _store(settings: HubSettings) -> ModelStore:
    from vision.models.catalogue import read_catalogue  # noqa: PLC0415 - loads the libraries
    from vision.models.store import ModelStore  # noqa: PLC0415

    return ModelStore(settings.state.folder / MODELS, read_catalogue())


def _list(call: Call, settings: HubSettings, store: ModelStore) -> int:
    from vision.models.catalogue import read_catalogue  # noqa: PLC0415 - loads the libraries

    chosen = settings.vision.model
    models = store.models()
    call.say("model.here")
    mark = NOTHING if chosen else call.words("model.in_use")
    call.say("model.own_line", name=OWN, mark=mark)
    for model in models:
        _show(call, model, chosen)
    if chosen and all(model.path != chosen for model in models):
        call.say("model.elsewhere", path=chosen)
    have = {model.manifest.sha256 for model in models}
    call.say("model.catalogue")
    for entry in read_catalogue():
        if entry.sha256 not in have:
            call.say(
                "model.entry_line" if entry.light else "model.heavy_line",
                name=entry.name,
                file=entry.file,
                mb=_mb(entry.bytes),
                licence=entry.licence,
                source=entry.source,
            )
    return OK


def _show(call: Call, model: StoredModel, chosen: Path | None) -> None:
    manifest = model.manifest
    call.say(
        "model.line",
        name=model.name,
        mark=call.words("model.in_use") if model.path == chosen else NOTHING,
        mb=_mb(model.path.stat().st_size),
        licence=_licence(call, model),
        format=manifest.format or NOTHING,
        sizes=" ".join(f"{width}×{height}" for width, height in manifest.sizes) or NOTHING,
        labels=_labels(call, model.labels),
    )
    if model.problem:
        call.tell(f"    ! {call.words.plain(model.problem)}")


def _add(call: Call, settings: HubSettings, store: ModelStore) -> int:
    typed = call.arguments
    folder = settings.state.folder
    for made in (folder, folder / MODELS):
        made.mkdir(parents=True, exist_ok=True)
        _hand_over(made, settings)

    def write(path: Path, content: bytes) -> None:
        write_durably(path, content, mode=0o644)
        _hand_over(path, settings)

    model = store.add(typed.file, name=typed.name, write=write)
    manifest = model.manifest
    call.say(
        "model.added",
        name=model.name,
        format=manifest.format,
        labels=_labels(call, model.labels),
        threshold=manifest.threshold,
        sha256=manifest.sha256,
    )
    call.say("model.licence", licence=_licence(call, model), source=manifest.source or NOTHING)
    if not manifest.licence:
        call.say("model.licence_unknown")
    elif "GPL" in manifest.licence.upper():
        call.say("model.licence_strict")
    call.say("model.next", name=model.name)
    return OK


def _verify(call: Call, settings: HubSettings, store: ModelStore) -> int:
    from vision.errors import ModelError  # noqa: PLC0415 - loads the libraries

    wanted = call.arguments.name
    names = [wanted] if wanted else [OWN, *(model.name for model in store.models())]
    wrong = 0
    for name in names:
        try:
            detector = _open(settings, store, name)
        except ModelError as error:
            wrong += 1
            call.say("model.bad", name=name, reason=call.words.plain(error))
        else:
            call.say("model.good", name=name, detector=detector.name)
    return FAILED if wrong else OK


def _bench(call: Call, settings: HubSettings, store: ModelStore) -> int:
    import cv2  # noqa: PLC0415 - loads everything

    from vision.errors import ModelError  # noqa: PLC0415
    from vision.models.speed import measure  # noqa: PLC0415

    cv2.setNumThreads(1)
    _measure_box(call, settings)
    wanted = call.arguments.name
    names = [wanted] if wanted else [OWN, *(model.name for model in store.models())]
    wrong = 0
    call.say("model.bench_about")
    for name in names:
        try:
            speed = measure(_open(settings, store, name))
        except ModelError as error:
            wrong += 1
            call.say("model.bad", name=name, reason=call.words.plain(error))
            continue
        call.say(
            "model.bench_line",
            name=name,
            ms=f"{speed.ms:.1f}",
            slow=f"{speed.slow_ms:.1f}",
            per_s=f"{speed.looks_per_s:.1f}",
        )
    return FAILED if wrong else OK


def _measure_box(call: Call, settings: HubSettings) -> None:
    """What the box can do with its own settings: measured afresh and kept for the next start."""
    from edge.cameras import extra_models  # noqa: PLC0415 - loads the libraries
    from vision.errors import ModelError  # noqa: PLC0415
    from vision.models.capacity import fitted_detector, forget  # noqa: PLC0415

    kept = settings.state.folder / CAPACITY
    model, extra = str(settings.vision.model or ""), extra_models(settings)
    if not settings.state.folder.is_dir():
        return
    try:
        forget(kept)
        _, found = fitted_detector(model, extra, settings.vision.threads, kept)
    except ModelError:
        return  # said below, by name
    if kept.exists():
        _hand_over(kept, settings)
    call.say(
        "model.capacity",
        per_s=f"{found.looks_per_s * settings.vision.workers:.0f}",
        threads=found.threads,
        cameras=sum(camera.enabled for camera in settings.camera),
    )


def _default(call: Call, settings: HubSettings, store: ModelStore) -> int:
    name = call.arguments.name
    detector = _open(settings, store, name)
    settings.state.folder.mkdir(parents=True, exist_ok=True)
    path = settings.state.folder / OVERRIDE
    tree = _override(path, call.words)
    vision = tree.get("vision")
    tree["vision"] = {**(vision if isinstance(vision, dict) else {}), "model": name}
    write_override(path, tree)
    _hand_over(path, settings)
    call.say("model.chosen", name=name, detector=detector.name)
    return OK


def _open(settings: HubSettings, store: ModelStore, name: str) -> Detector:
    """A detector by its name, whole and tried out."""
    from vision.detectors import open_detector  # noqa: PLC0415 - loads the libraries

    if name == OWN:
        return open_detector("", 1)
    if settings.vision.model and name == str(settings.vision.model):
        return open_detector(name, 1)
    return store.verify(name)


def _override(path: Path, words: Words) -> Tree:
    """What is in the file that the pages write, which may not be there yet."""
    if presence(path) is Presence.ABSENT:
        return {}
    found = read_file(path)
    if isinstance(found, Layer):
        return found.tree
    raise SettingsError([sentence(found, {}, Words.load("edge.settings", words.language))])


def _hand_over(path: Path, settings: HubSettings) -> None:
    """Give what the administrator wrote to whoever owns the state folder: the hub must read it."""
    owner = settings.state.folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _licence(call: Call, model: StoredModel) -> str:
    return model.manifest.licence or call.words("model.unknown")


def _labels(call: Call, labels: tuple[str, ...]) -> str:
    return call.words("check.comma").join(call.words(f"label.{x}") for x in labels) or NOTHING


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"


COMMAND = Command("model", add_arguments, run)

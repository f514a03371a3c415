"""Where relative paths of a configuration point to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self, TypeVar

from edge.settings.problems import Loc
from edge.settings.schema import CameraSection, Section, StateSection, VisionSection
from edge.settings.shapes import holds_path, section_of

S = TypeVar("S", bound=Section)

STATE_DEFAULT = StateSection().folder

MODELS = "models"
CAPACITY = "capacity.json"
"""Folder of the operator's detectors in the state folder."""
BUILT_IN = Path("built-in")
"""The detector that needs no file."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that relative paths may mean.

    Attributes:
        config: Folder of the configuration file; the rule.
        state: What systemd gave as `StateDirectory`; holds the folders nobody configured.
        credentials: What systemd gave as `LoadCredential`; searched first for files.
        models: The operator's detectors, each called `NAME.onnx`.
    """

    config: Path
    state: Path | None = None
    credentials: Path | None = None
    models: Path | None = None

    @classmethod
    def of(cls, config_file: Path, environ: Mapping[str, str]) -> Self:
        state = environ.get("STATE_DIRECTORY", "").split(":")[0]
        credentials = environ.get("CREDENTIALS_DIRECTORY", "")
        return cls(
            config_file.absolute().parent,
            Path(state) if state else None,
            Path(credentials) if credentials else None,
        )

    def file(self, path: Path) -> Path:
        """A file: a credential of that name if systemd gave one, else beside the configuration."""
        if path.is_absolute():
            return path
        if self.credentials is not None:
            credential = self.credentials / path
            if presence(credential) is Presence.THERE:
                return credential
        return self.config / path

    def detector(self, path: Path) -> Path:
        """A detector: a file, or one of the operator's by its name alone."""
        if path == BUILT_IN:
            return path
        if self.models is not None and path.name == str(path) and path.suffix != ".onnx":
            return self.models / f"{path}.onnx"
        return self.file(path)

    def state_folder(self, configured: Path | None) -> Path:
        if configured is not None:
            return self.config / configured
        return self.state if self.state is not None else self.config / STATE_DEFAULT


class Presence(Enum):
    """What can be known about a file without opening it."""

    THERE = "there"
    ABSENT = "absent"
    FORBIDDEN = "forbidden"


def presence(path: Path) -> Presence:
    """Whether a file is there; a path that cannot be one is absent."""
    try:
        path.stat()
    except PermissionError:
        return Presence.FORBIDDEN
    except (OSError, ValueError):
        return Presence.ABSENT
    return Presence.THERE


def anchored(section: S, places: Places) -> S:
    """The same settings with every path absolute."""
    changes: dict[str, object] = {}
    for name, value in section:
        fixed = _anchored(section, name, value, places)
        if fixed is not value:
            changes[name] = fixed
    return section.model_copy(update=changes) if changes else section


def _anchored(  # noqa: PLR0911 - one line per kind of value
    section: Section, name: str, value: object, places: Places
) -> object:
    match value:
        case Section():
            return anchored(value, places)
        case [*items] if any(isinstance(item, Section) for item in items):
            return [_anchored(section, name, item, places) for item in items]
        case dict() if any(isinstance(item, Path) for item in value.values()):
            return {key: places.file(item) for key, item in value.items()}
        case Path() if name == "folder":
            return _folder(section, value, places)
        case Path() if isinstance(section, VisionSection):
            return None if value == BUILT_IN else places.detector(value)
        case [*items] if isinstance(section, VisionSection):
            return [places.detector(item) for item in items if isinstance(item, Path)]
        case Path():
            return places.file(value)
        case str() if name == "url" and isinstance(section, CameraSection):
            return _video(value, places)
    return value


def _folder(section: Section, value: Path, places: Places) -> Path:
    configured = "folder" in section.model_fields_set
    if isinstance(section, StateSection):
        return places.state_folder(value if configured else None)
    if not configured and places.state is not None:
        return places.state / value
    return places.config / value


def _video(url: str, places: Places) -> str:
    is_file = "://" not in url and url != "synthetic:"
    return str(places.config / url) if is_file else url


def needed_files(model: type[Section], tree: object, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Every file the tables name that must exist, as written there.

    Folders are made at need and are left out.
    """
    if not isinstance(tree, dict):
        return
    for name, field in model.model_fields.items():
        value, here = tree.get(name), (*loc, name)
        inner = section_of(field.annotation)
        if inner is not None and isinstance(value, list):
            for index, item in enumerate(value):
                yield from needed_files(inner, item, (*here, index))
        elif inner is not None:
            yield from needed_files(inner, value, here)
        elif holds_path(field) and name != "folder":
            yield from _texts(value, here)


def _texts(value: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, list):
        yield from (((*loc, i), v) for i, v in enumerate(value) if isinstance(v, str))
    elif isinstance(value, dict):
        yield from (((*loc, str(k)), v) for k, v in value.items() if isinstance(v, str))

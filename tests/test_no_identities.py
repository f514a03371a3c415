"""Incidents, not identities: no part of this house can tell who somebody is."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from edge.link.messages import Birth, HubHeartbeat, Message
from tests.requirements import REPOSITORY
from vision.detections import LABELS

FORBIDDEN = re.compile(
    r"face|facial|gait|licen[cs]e_?plate|number_?plate|anpr|alpr|biometr|embedding|watch_?list|"
    r"blacklist|whitelist|person_?id|identity_|reidentif"
)
"""Names that such a feature could not do without."""

ALLOWED = frozenset({"interface", "surface"})
KNOWN_LIBRARIES = {"insightface", "dlib", "deepface", "torchreid", "easyocr", "paddleocr"}


def _sources() -> Iterator[Path]:
    """Every module of the product; the samples' renderer draws faces of boxes and stays out."""
    for package in ("edge", "vision", "broadcast"):
        for path in (REPOSITORY / package).rglob("*.py"):
            if REPOSITORY / "vision" / "samples" not in path.parents:
                yield path


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name) | ast.arg(arg=name):
                yield name
            case ast.Attribute(attr=name) | ast.alias(name=name):
                yield name
            case _:
                pass


def test_no_name_in_the_code_speaks_of_recognising_people() -> None:
    """No function, class, variable, argument or import is about faces, gaits, plates or lists."""
    found = [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in _sources()
        for name in _names(ast.parse(path.read_text(encoding="utf-8")))
        if FORBIDDEN.search(name.lower()) and not any(word in name.lower() for word in ALLOWED)
    ]
    assert found == []


def test_the_check_itself_would_notice() -> None:
    """A function about faces is found by the same walk that found none above."""
    tree = ast.parse("def match_face(picture): return known_faces[picture]")
    assert [n for n in _names(tree) if FORBIDDEN.search(n)] == ["match_face", "known_faces"]


def test_the_detector_names_things_not_people() -> None:
    """What can be seen is a closed list of kinds."""
    assert set(LABELS) <= {"person", "vehicle", "two-wheeler", "fire", "smoke", "background"}


def test_the_built_in_model_has_only_those_kinds() -> None:
    """The committed weights cannot say anything else."""
    manifest = json.loads((REPOSITORY / "vision/weights/patch.json").read_text(encoding="utf-8"))
    names = set(manifest["classes"])
    assert names <= {"person", "vehicle", "two-wheeler", "fire", "smoke", "background"}


def test_no_message_carries_a_person() -> None:
    """Nothing on the wire has a field for who was seen."""
    models = [Birth, HubHeartbeat, *Message.__subclasses__()]
    fields = {name for model in models for name in model.model_fields}
    assert not {name for name in fields if FORBIDDEN.search(name)}
    assert not fields & {"person", "who", "name_of_person", "subject"}


def test_no_library_for_it_is_a_dependency() -> None:
    """Neither the ranges nor the lock file bring one in."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = (REPOSITORY / "firmware_configs/requirements.lock").read_text(encoding="utf-8")
    wanted = [
        *project["dependencies"],
        *chain.from_iterable(project["optional-dependencies"].values()),
    ]
    names = {re.split(r"[^a-z0-9-]", line.lower())[0] for line in [*wanted, *locked.splitlines()]}
    assert "numpy" in names
    assert not names & KNOWN_LIBRARIES

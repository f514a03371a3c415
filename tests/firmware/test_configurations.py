"""The configurations that are shipped: loadable, complete, and honest about the defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from edge.cli import run
from edge.settings import load_any
from edge.settings.schema import HubSettings, Section, TownshipSettings
from edge.settings.shapes import section_of, tables
from tests.requirements import REPOSITORY

ETC = REPOSITORY / "firmware_configs" / "rootfs" / "etc"
FILES = {"hub.toml": HubSettings, "township.toml": TownshipSettings}
EXAMPLES = {
    *(
        "certificate",
        "key",
        "ca",
        "metrics_token_file",
        "password_file",
        "key_file",
        "s3_secret_file",
        "model",
    ),
    *("command_keys", "command_key_file", "volume", "minutes_a_day"),
    *("labels", "dwell_s", "severity", "line", "limit", "direction_deg"),
}
"""Settings without a default show an example instead."""


@pytest.fixture(params=sorted(FILES))
def shipped(request: pytest.FixtureRequest) -> Path:
    return ETC / "villagehub" / str(request.param)


def all_switched_on(path: Path) -> dict[str, Any]:
    """The file with every setting that is commented out switched on."""
    text = path.read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?m)^#(?=\S)", "", text))


def test_the_file_can_be_used_as_it_is(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check` accepts what is shipped; its state folder is the one of the unit."""
    assert run(["check", "--config", str(shipped), "--lang", "zh"], {}) == 0
    assert "可以使用" in capsys.readouterr().out
    unit = {"hub.toml": "villagehub", "township.toml": "villagehub-township"}[shipped.name]
    service = (ETC / "systemd" / "system" / f"{unit}.service").read_text()
    assert f"\nStateDirectory={unit}\n" in service
    assert load_any(shipped).state.folder == Path("/var/lib") / unit


def test_every_setting_is_there_with_its_default(shipped: Path) -> None:
    """Each table and key of the schema is shown, and what is commented out is the default."""
    tree = all_switched_on(shipped)
    for table in tables(FILES[shipped.name]):
        shown = at(tree, table.head)
        keys = {
            n for n, f in table.section.model_fields.items() if section_of(f.annotation) is None
        }
        assert keys == {key for key in shown if key in keys}, (table.head, keys - set(shown))
        for key, default in defaults(FILES[shipped.name], table.head, table.section).items():
            example = key in EXAMPLES or table.head.endswith(".NAME]")
            if not example and (table.head, key) != ("[state]", "folder"):
                assert shown[key] == default, (table.head, key)


def at(tree: dict[str, Any], head: str) -> dict[str, Any]:
    found: Any = tree
    for part in head.strip("[]").split("."):
        if part == "NAME":
            found = list(found.values())
        elif part:
            found = found[part]
        found = found[0] if isinstance(found, list) else found
    assert isinstance(found, dict)
    return found


def defaults(
    model: type[HubSettings | TownshipSettings], head: str, section: type[Section]
) -> dict[str, Any]:
    """What holds where the file says nothing; a table may have defaults of its own in its place."""
    here = placed(model, head)
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, field in section.model_fields.items()
        if not field.is_required() and section_of(field.annotation) is None
        for value in [getattr(here, name, field.get_default(call_default_factory=True))]
    }


def placed(model: type[HubSettings | TownshipSettings], head: str) -> BaseModel | None:
    """The table as its parents set it up, if they do."""
    fields, found = model.model_fields, None
    for part in head.strip("[]").split("."):
        field = fields.get(part)
        value = field.get_default(call_default_factory=True) if field is not None else None
        if not isinstance(value, BaseModel):
            return None
        found, fields = value, type(value).model_fields
    return found


def test_what_is_switched_on_is_valid(shipped: Path) -> None:
    """Every commented line is a setting the schema knows, with a value it takes."""
    FILES[shipped.name].model_validate(all_switched_on(shipped))


def test_every_setting_is_explained_in_chinese(shipped: Path) -> None:
    """Above each setting, or a group of them, stands a line of Chinese."""
    explained = False
    for line in shipped.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            explained = explained or bool(re.search("[一-鿿]", line))
        elif not line.strip():
            explained = False
        elif "[" not in line.split("=")[0]:
            assert explained, line

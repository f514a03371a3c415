"""Whatever people can set, send or type is written down somewhere."""

from __future__ import annotations

import re

import pytest

from edge.cli.commands import COMMANDS
from edge.link.messages import EVENT_TYPES, ORDERS
from edge.link.schema import CHANNELS
from edge.settings.schema import HubSettings, TownshipSettings
from edge.settings.shapes import section_of, tables
from tests.requirements import REPOSITORY


@pytest.fixture(scope="module")
def documents() -> str:
    """Everything that is written for people, as one text."""
    files = [REPOSITORY / "README.md", *REPOSITORY.glob("edge/design/*.md")]
    for part in ("edge", "vision", "broadcast", "firmware_configs"):
        files += REPOSITORY.glob(f"{part}/**/README.md")
    texts = [file.read_text(encoding="utf-8") for file in sorted(set(files)) if file.is_file()]
    assert texts
    return "\n".join(texts)


def section(documents: str, head: str) -> str:
    """The part of the reference below the head of one table of the configuration."""
    wanted = f"### `{head}`" if head else "### At the top"
    parts = documents.split(wanted)
    assert len(parts) > 1, f"no document has a section {wanted}"
    return "\n".join(part.split("\n### ")[0] for part in parts[1:])


@pytest.mark.parametrize("model", [HubSettings, TownshipSettings])
def test_every_setting_is_documented(
    documents: str, model: type[HubSettings | TownshipSettings]
) -> None:
    """Each key of each table is explained in the section of its table."""
    for table in tables(model):
        for name, field in table.section.model_fields.items():
            if section_of(field.annotation) is None:
                row = rf"\| `{name}` \|.*\|.*\| .+ \|"
                assert re.search(row, section(documents, table.head)), (table.head, name)


def test_every_topic_and_message_is_documented(documents: str) -> None:
    """Each channel of the contract stands in a document with its topic and its message."""
    for channel in CHANNELS:
        assert f"`{channel.address}`" in documents, channel.address
        assert f"`{channel.message.__name__}`" in documents, channel.message


def test_every_event_type_is_documented(documents: str) -> None:
    """Each type of an event, with its major version."""
    for name in EVENT_TYPES:
        assert f"`{name}`" in documents, name


def test_every_order_is_documented(documents: str) -> None:
    """Each order to a hub, with its topic and what it carries."""
    for name, model in ORDERS.items():
        assert f"`vh1/c/{{hub}}/cmd/{name}`" in documents, name
        assert f"`{model.__name__}`" in documents, model


def test_every_command_is_documented(documents: str) -> None:
    """Each sub-command is written as people type it."""
    for command in COMMANDS:
        assert f"village-hub {command.name}" in documents, command.name


def test_documents_speak_of_no_command_that_is_not_there(documents: str) -> None:
    """What a document tells people to type exists."""
    known = {command.name for command in COMMANDS}
    typed = set(re.findall(r"(?:bin/|`|^ {4})village-hub ([a-z]+)", documents, re.MULTILINE))
    assert typed
    assert typed <= known, typed - known

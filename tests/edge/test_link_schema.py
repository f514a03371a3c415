"""The committed contract is the contract."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edge.link import topics
from edge.link.messages import EVENT_TOPICS
from edge.link.schema import CHANNELS, asyncapi, committed, documents, json_schemas, write


def test_the_committed_copy_is_equal() -> None:
    """Renew it with `edge.link.schema.write(Path("edge/link/contract"))` after a change."""
    assert committed() == documents()


def test_every_reference_leads_somewhere() -> None:
    """No `$ref` of either document points at nothing."""
    for document in (json_schemas(), asyncapi()):
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
            found = document
            for part in reference.split("/"):
                assert part in found, reference
                found = found[part]


def test_every_event_has_its_channel() -> None:
    """Topics of the document are those the program uses, events in their envelope."""
    by_name = {channel.name: channel for channel in CHANNELS}
    for type_, name in EVENT_TOPICS.items():
        channel = by_name[type_.split(".")[2]]
        assert channel.address.format(hub="lin-jia-cun") == topics.from_hub("lin-jia-cun", name)
        assert channel.enveloped


@pytest.mark.parametrize(
    ("name", "qos", "retain"),
    [("state", 1, True), ("heartbeat", 0, False), ("incident", 1, False), ("ack", 1, False)],
)
def test_bindings_say_how_a_message_travels(name: str, qos: int, *, retain: bool) -> None:
    """QoS and retain are part of the contract."""
    operations = asyncapi()["operations"]
    (operation,) = [op for key, op in operations.items() if key.endswith(f".{name}")]
    assert operation["bindings"]["mqtt"] == {
        "qos": qos,
        "retain": retain,
        "bindingVersion": "0.2.0",
    }


def test_the_copy_can_be_written(tmp_path: Path) -> None:
    """What is written is what is committed."""
    write(tmp_path)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert written == committed()

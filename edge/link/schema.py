"""The contract as documents: JSON Schema and AsyncAPI 3.0, made from the models themselves.

`edge/link/contract/` holds the committed copies; `write` renews them, and a test keeps them equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from edge.files import write_durably
from edge.link import topics
from edge.link.messages import (
    EVENT_TYPES,
    ORDERS,
    Ack,
    Birth,
    Chunk,
    ClockEvent,
    Command,
    DigestEvent,
    Envelope,
    EvidenceEvent,
    ExpiredEvent,
    HubHeartbeat,
    HubState,
    IncidentEvent,
    Message,
    Pull,
    Reply,
    SpeakerEvent,
    TimeOffer,
    TownshipState,
)

Json = dict[str, Any]
CONTRACT_VERSION = "1.1.0"
SCHEMAS_FILE = "messages.schema.json"
ASYNCAPI_FILE = "asyncapi.json"


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of the contract.

    Attributes:
        address: The topic with its parameters in braces.
        message: What is sent there; the body of the envelope for an event.
        sender: Which end sends.
        enveloped: Whether the message travels as `data` of an `Envelope`, by outbox.
    """

    name: str
    address: str
    message: type[Message]
    sender: Literal["hub", "township"]
    qos: int = 1
    retain: bool = False
    enveloped: bool = False


_H = f"{topics.ROOT}/h/{{hub}}"
_C = f"{topics.ROOT}/c/{{hub}}"

CHANNELS = (
    Channel("state", f"{_H}/{topics.STATE}", HubState, "hub", retain=True),
    Channel("birth", f"{_H}/{topics.BIRTH}", Birth, "hub"),
    Channel("heartbeat", f"{_H}/{topics.HEARTBEAT}", HubHeartbeat, "hub", qos=0),
    Channel("incident", f"{_H}/{topics.INCIDENT}", IncidentEvent, "hub", enveloped=True),
    Channel("speaker", f"{_H}/{topics.SPEAKER}", SpeakerEvent, "hub", enveloped=True),
    Channel("evidence", f"{_H}/{topics.EVIDENCE}", EvidenceEvent, "hub", enveloped=True),
    Channel("expired", f"{_H}/{topics.EXPIRED}", ExpiredEvent, "hub", enveloped=True),
    Channel("digest", f"{_H}/{topics.DIGEST}", DigestEvent, "hub", enveloped=True),
    Channel("clock", f"{_H}/{topics.CLOCK}", ClockEvent, "hub", enveloped=True),
    Channel("answer", f"{_H}/{topics.ANSWER}", Reply, "hub", enveloped=True),
    Channel("chunk", f"{_H}/{topics.CHUNK}{{transfer}}", Chunk, "hub"),
    Channel("reply", f"{_H}/rsp/{{command}}", Reply, "hub"),
    Channel("ack", f"{_C}/ack", Ack, "township"),
    Channel("command", f"{_C}/cmd/{{name}}", Command, "township"),
    Channel("pull", f"{_C}/pull", Pull, "township"),
    Channel("time", f"{_C}/time", TimeOffer, "township", qos=0),
    Channel(
        "townshipState",
        f"{topics.ROOT}/t/{{township}}/state",
        TownshipState,
        "township",
        retain=True,
    ),
)

_PARAMETERS = {
    "hub": "Id of the village's box.",
    "township": "Id of the township's console.",
    "command": "Id of the order that is answered.",
    "name": "Name of the order.",
    "transfer": "Id of the order that let a picture be fetched.",
}


def json_schemas() -> Json:
    """Every message of the contract as one JSON Schema document, under `$defs`."""
    models: set[type[Message]] = {Envelope, *EVENT_TYPES.values(), *ORDERS.values()}
    models |= {channel.message for channel in CHANNELS}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, document = models_json_schema(
        [(model, "validation") for model in ordered],
        ref_template="#/$defs/{model}",
        title="Village Hub: messages between hub and township",
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}


def asyncapi() -> Json:
    """The contract as an AsyncAPI 3.0 document with MQTT bindings."""
    definitions = json_schemas()["$defs"]
    text = json.dumps(definitions).replace("#/$defs/", "#/components/schemas/")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Village Hub: the wire between hub and township",
            "version": CONTRACT_VERSION,
            "description": (
                "Events travel in a CloudEvents envelope and stay in the hub's outbox until the "
                "township acknowledges on `ack` that it has committed them. PUBACK is not "
                "delivery. The key of an event is (hub, stream, seq)."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "township": {
                "host": "broker.example:8883",
                "protocol": "secure-mqtt",
                "protocolVersion": "5",
            }
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {
            f"{channel.sender}.{channel.name}": _operation(channel) for channel in CHANNELS
        },
        "components": {
            "schemas": json.loads(text),
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
        },
    }


def documents() -> dict[str, str]:
    """The committed files by name, as text."""
    return {name: _text(made) for name, made in _made().items()}


def committed() -> dict[str, str]:
    """The copies that came with the program."""
    folder = resources.files("edge.link") / "contract"
    return {name: (folder / name).read_text(encoding="utf-8") for name in _made()}


def write(folder: Path) -> None:
    """Renew the copies in a folder."""
    for name, text in documents().items():
        write_durably(folder / name, text.encode(), mode=0o644)


def _made() -> dict[str, Json]:
    return {SCHEMAS_FILE: json_schemas(), ASYNCAPI_FILE: asyncapi()}


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _channel(channel: Channel) -> Json:
    used = {name: text for name, text in _PARAMETERS.items() if f"{{{name}}}" in channel.address}
    return {
        "address": channel.address,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
        "parameters": {name: {"description": text} for name, text in used.items()},
    }


def _operation(channel: Channel) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": f"Sent by the {channel.sender}.",
        "bindings": {
            "mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}
        },
    }


def _message(channel: Channel) -> Json:
    body: Json = {"$ref": f"#/components/schemas/{channel.message.__name__}"}
    if channel.enveloped:
        types = [name for name, model in EVENT_TYPES.items() if model is channel.message]
        envelope = {"$ref": "#/components/schemas/Envelope"}
        event = {"properties": {"type": {"enum": types}, "data": body}}
        body = {"allOf": [envelope, event]}
    return {
        "name": channel.message.__name__,
        "summary": (channel.message.__doc__ or "").strip().splitlines()[0],
        "contentType": _content_type(channel),
        "payload": body,
    }


def _content_type(channel: Channel) -> str:
    return "application/octet-stream" if channel.message is Chunk else "application/json"

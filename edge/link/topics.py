"""Names on the wire: two trees, so that one ACL line per hub is enough and nobody hears himself."""

from __future__ import annotations

import re
from typing import Final

from edge.errors import MessageRefused

ROOT: Final = "vh1"
"""The major version of the contract is part of every topic."""

_SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_HUB_TOPIC = re.compile(rf"{ROOT}/h/(?P<hub>[a-z0-9-]{{1,48}})/(?P<rest>.+)")

STATE: Final = "state"
BIRTH: Final = "birth"
HEARTBEAT: Final = "hb"
INCIDENT: Final = "evt/incident"
SPEAKER: Final = "evt/speaker"
EVIDENCE: Final = "evt/evidence"
EXPIRED: Final = "evt/expired"
DIGEST: Final = "evt/digest"
CLOCK: Final = "evt/clock"
ANSWER: Final = "evt/answer"
CHUNK: Final = "chunk/"
PING: Final = "ping"
"""A hub's own round trip to the broker; nobody needs to listen."""
EVENTS: Final = (INCIDENT, SPEAKER, EVIDENCE, EXPIRED, DIGEST, CLOCK, ANSWER)
COMMANDS: Final = (
    *("announce", "stop", "resync", "repair"),
    *("evidence", "config", "talk", "feedback"),
)


def safe_id(text: str) -> str:
    """Check an id that becomes a level of a topic.

    Raises:
        MessageRefused: It could escape its level or is too long.
    """
    if not _SAFE.fullmatch(text):
        raise MessageRefused(
            f"{text!r} is no id: use 1 to 48 lower-case letters, digits and hyphens."
        )
    return text


def from_hub(hub: str, name: str) -> str:
    """Topic on which a hub speaks, for example `vh1/h/lin-jia-cun/evt/incident`."""
    return f"{ROOT}/h/{safe_id(hub)}/{name}"


def reply(hub: str, correlation: str) -> str:
    return from_hub(hub, f"rsp/{correlation}")


def chunk(hub: str, transfer: str) -> str:
    """Topic on which a hub sends a piece of a picture."""
    return from_hub(hub, f"{CHUNK}{transfer}")


def to_hub(hub: str, name: str) -> str:
    """Topic on which a hub listens, for example `vh1/c/lin-jia-cun/cmd/announce`."""
    return f"{ROOT}/c/{safe_id(hub)}/{name}"


def ack(hub: str) -> str:
    return to_hub(hub, "ack")


def command(hub: str, name: str) -> str:
    return to_hub(hub, f"cmd/{name}")


def pull(hub: str) -> str:
    return to_hub(hub, "pull")


def time(hub: str) -> str:
    return to_hub(hub, "time")


def everything_for(hub: str) -> str:
    """Filter a hub subscribes to."""
    return f"{ROOT}/c/{safe_id(hub)}/#"


def everything_from_hubs() -> str:
    """Filter the township subscribes to."""
    return f"{ROOT}/h/+/#"


def shared_events() -> str:
    """Filter of a worker: each event goes to one of them (MQTT 5 shared subscription)."""
    return f"$share/ingest/{ROOT}/h/+/evt/#"


def but_events() -> tuple[str, ...]:
    """Filters of a console whose workers store the events."""
    names = (STATE, BIRTH, HEARTBEAT, "rsp/#", f"{CHUNK}#")
    return tuple(f"{ROOT}/h/+/{name}" for name in names)


def township_state(township: str) -> str:
    return f"{ROOT}/t/{safe_id(township)}/state"


def worker_state(township: str, worker: str) -> str:
    """Whether a worker that stores events is there; hubs do not listen."""
    return f"{ROOT}/t/{safe_id(township)}/worker/{safe_id(worker)}"


def worker_news(township: str) -> str:
    """What workers have stored, told to the console so that open pages see it."""
    return f"{ROOT}/t/{safe_id(township)}/news"


def township_ping(township: str) -> str:
    """The console's own round trip to the broker; nobody needs to listen."""
    return f"{ROOT}/t/{safe_id(township)}/ping"


def split_from_hub(topic: str) -> tuple[str, str]:
    """Hub id and name of a topic below `vh1/h/`.

    Raises:
        MessageRefused: It is no topic of a hub.
    """
    match = _HUB_TOPIC.fullmatch(topic)
    if match is None:
        raise MessageRefused(f"Topic {topic!r} does not belong to a hub.")
    return safe_id(match["hub"]), match["rest"]

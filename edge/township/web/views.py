"""What the pages show of a record: tones, words and ages, decided once and tested without HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from edge.township.store.records import Gap, Hub, Order, Receipt

SILENT_BEATS = 3
BACKLOG_S = 120.0
PROBLEM_S = 86_400.0
LOSS_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class HubView:
    """A village's box with what it means for safety.

    Attributes:
        tone: `good`, `warn`, `bad` or `idle`.
        word: Key of the word below `hub_state.`.
        missing: Rows that were lost in the last week.
        problem: What it sent wrong in the last day.
    """

    hub: Hub
    tone: str
    word: str
    watched: int
    lost: int
    missing: int
    problem: str

    @property
    def name(self) -> str:
        return self.hub.village or self.hub.id

    @property
    def blind(self) -> bool:
        """Nothing is known of the village at this moment."""
        return self.word in {"offline", "silent", "never"}

    @property
    def backlog(self) -> bool:
        """Alerts wait on the box for longer than a hiccup."""
        return self.hub.queued > 0 and self.hub.oldest_age_s > BACKLOG_S


def view_hub(hub: Hub, gaps: list[Gap], *, now: float, heartbeat_s: float) -> HubView:
    """Judge a hub; whoever is silent is never called safe."""
    lost = sum(camera.state == "lost" for camera in hub.cameras)
    watched = sum(camera.state in {"watching", "degraded"} for camera in hub.cameras)
    missing = sum(
        gap.count
        for gap in gaps
        if gap.hub == hub.id and gap.state == "missing" and now - gap.noticed_at < LOSS_S
    )
    problem = hub.problem if now - (hub.problem_at or 0.0) < PROBLEM_S else ""
    silent = hub.last_seen is None or now - hub.last_seen > SILENT_BEATS * heartbeat_s + 10
    if not hub.state and hub.last_seen is None:
        tone, word = "idle", "never"
    elif hub.state == "offline":
        tone, word = "bad", "offline"
    elif silent:
        tone, word = "bad", "silent"
    elif hub.state == "degraded" or lost or hub.faults or missing or problem:
        tone, word = "warn", "degraded"
    else:
        tone, word = "good", "online"
    return HubView(hub, tone, word, watched, lost, missing, problem)


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order to speak with what the village says became of it."""

    order: Order
    village: str
    receipts: tuple[Receipt, ...]

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.order.data))

    @property
    def text(self) -> str:
        return str(self.data.get("text", ""))

    @property
    def emergency(self) -> bool:
        return self.data.get("priority") == "official_emergency"

    @property
    def step(self) -> str:
        """How far it is: the loudspeaker's own word counts more than the answer to the order."""
        if self.order.state in {"refused", "expired", "failed"} and not self.receipts:
            return self.order.state
        for state in ("started", "finished", "failed", "interrupted", "cancelled", "missed"):
            if any(receipt.state == state for receipt in self.receipts):
                return state
        return self.order.state

    @property
    def ended(self) -> bool:
        return self.step not in {"queued", "sent", "accepted", "started"}

    @property
    def tone(self) -> str:
        if self.step in {"finished", "done"}:
            return "good"
        if self.step in {"queued", "sent", "accepted"}:
            return "idle"
        return "notice" if self.step == "started" else "bad"

    @property
    def seconds(self) -> float:
        return max((receipt.seconds for receipt in self.receipts), default=0.0)

    @property
    def sentence(self) -> str:
        reasons = [receipt.reason for receipt in self.receipts if receipt.reason]
        return reasons[0] if reasons else self.order.sentence

"""The township's figures: the rates people report, and everything for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from edge.township.ingest import Counts
from edge.township.rates import CameraFact, PlaceFact, Rates, cameras_of, rates, rates_by
from edge.township.store.records import Hub

__all__ = [
    "CameraFact",
    "PlaceFact",
    "Rates",
    "cameras_of",
    "rates",
    "rates_by",
    "write_figures",
]


def write_figures(
    counts: Counts, hubs: list[Hub], *, open_alerts: int, now: float, connected: bool
) -> str:
    """Text exposition format 0.0.4."""
    lines: list[str] = []

    def say(name: str, kind: str, values: Mapping[str, float]) -> None:
        lines.append(f"# TYPE village_township_{name} {kind}")
        lines.extend(f"village_township_{name}{label} {value:g}" for label, value in values.items())

    say(
        "messages_total",
        "counter",
        {f'{{outcome="{name}"}}': getattr(counts, name) for name in Counts.__slots__},
    )
    say("alerts_open", "gauge", {"": open_alerts})
    say("broker_connected", "gauge", {"": int(connected)})
    say("hub_up", "gauge", {_of(hub): int(hub.state in {"online", "degraded"}) for hub in hubs})
    seen = {_of(hub): now - hub.last_seen for hub in hubs if hub.last_seen is not None}
    say("hub_silent_seconds", "gauge", seen)
    say("hub_outbox_rows", "gauge", {_of(hub): hub.queued for hub in hubs})
    return "\n".join(lines) + "\n"


def _of(hub: Hub) -> str:
    return f'{{hub="{hub.id}"}}'

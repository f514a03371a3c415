"""Mutual TLS at the township's broker: who you are is what your certificate says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SystemClock
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_certificates import Authority
from tests.fakes.broker_ends import KEY, TOWNSHIP, Hub, Township, an_order
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto

CONSOLE = f"township-{TOWNSHIP}"
ACL = f"""
user {CONSOLE}
topic readwrite vh1/#
pattern write vh1/h/%u/#
pattern read vh1/c/%u/#
pattern read vh1/t/+/state
"""


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(synchronised=lambda: True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path, acl=ACL, identity=authority.issue("broker"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def township(broker: Mosquitto, authority: Authority, clock: SystemClock) -> Iterator[Township]:
    made = Township(broker.port, "5", clock, identity=authority.issue(CONSOLE))
    made.link.start()
    wait_for(lambda: made.link.status().connected, what="the township")
    yield made
    made.close()


def test_a_certificate_is_enough_for_alerts_and_orders(
    tmp_path: Path,
    broker: Mosquitto,
    township: Township,
    authority: Authority,
    clock: SystemClock,
) -> None:
    """With the access list of one pattern per direction, both ends work whole."""
    hub = Hub(tmp_path / "hub", broker.port, "5", clock, identity=authority.issue("lin-jia-cun"))
    try:
        reported = hub.report(3)
        hub.link.start()
        wait_for(lambda: hub.link.status().queued == 0, what="an empty outbox")
        assert township.incidents == reported
        order = KEY.sign(an_order(clock))
        township.link.send(order)
        wait_for(lambda: township.outcomes(order) == ["accepted", "done"], what="the answers")
        assert hub.link.status().township is True
        assert hub.link.status().fault == township.link.status().fault == ""
    finally:
        hub.close()


def test_a_hub_cannot_speak_for_another(
    tmp_path: Path,
    broker: Mosquitto,
    township: Township,
    authority: Authority,
    clock: SystemClock,
) -> None:
    """A hub with another's name in its settings is refused by the broker and says so."""
    forged = Hub(
        tmp_path / "hub",
        broker.port,
        "5",
        clock,
        hub="another",
        identity=authority.issue("lin-jia-cun"),
    )
    try:
        forged.report()
        forged.link.start()
        wait_for(lambda: "publish" in forged.link.status().fault, what="the refusal")
        assert forged.link.status().queued == 1
        assert township.stored == {}
    finally:
        forged.close()


def test_strangers_and_false_brokers_are_refused_with_a_sentence(
    tmp_path: Path, broker: Mosquitto, authority: Authority, clock: SystemClock
) -> None:
    """A certificate of another authority opens nothing, in either direction."""
    other = Authority(tmp_path, "other").issue("lin-jia-cun")
    unknown = Hub(
        tmp_path / "one", broker.port, "5", clock, identity=replace(other, ca=authority.file)
    )
    fooled = Hub(tmp_path / "two", broker.port, "5", clock, identity=other)
    for hub in (unknown, fooled):
        hub.link.start()
    wait_for(lambda: unknown.link.status().fault, what="the broker's refusal")
    wait_for(lambda: "not trusted" in fooled.link.status().fault, what="our refusal")
    assert not unknown.link.status().connected
    for hub in (unknown, fooled):
        hub.close()

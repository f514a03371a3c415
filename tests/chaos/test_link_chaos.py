"""Kill what can be killed: every alert still reaches the township, once in effect."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.store.hub import HubStore
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_ends import Hub, Township
from tests.requirements import REPOSITORY
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto

ACL = """
user lin-jia-cun
topic write vh1/h/lin-jia-cun/#
topic read vh1/c/lin-jia-cun/#
topic read vh1/t/#
user township
topic readwrite vh1/#
"""


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(synchronised=lambda: True)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def township(broker: Mosquitto, clock: SystemClock) -> Iterator[Township]:
    made = Township(broker.port, "5", clock)
    made.link.start()
    yield made
    made.close()


@pytest.fixture
def hub(tmp_path: Path, broker: Mosquitto, clock: SystemClock) -> Iterator[Hub]:
    made = Hub(tmp_path / "hub", broker.port, "5", clock)
    made.link.start()
    yield made
    made.close()


def a_hub_process(mode: str, folder: Path, port: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.broker_hub_process", mode, str(folder), str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def read_ids(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [line.strip() for line in itertools.islice(process.stdout, count)]


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Kill it and return the whole lines that were still on the way."""
    process.kill()
    assert process.stdout is not None
    with process.stdout:
        rest = process.stdout.read()
    process.wait(5)
    return [line for line in rest.split("\n")[:-1] if line]


def test_a_broker_that_is_killed_loses_nothing(
    hub: Hub, township: Township, broker: Mosquitto
) -> None:
    """Alerts are written all the time; the broker dies twice with everything it had."""
    wait_for(lambda: hub.link.status().connected and township.births, what="both ends")
    reported: list[str] = []
    enough = threading.Event()

    def report() -> None:
        while not enough.wait(0.005):
            reported.extend(hub.report())

    writer = threading.Thread(target=report)
    writer.start()
    for _ in range(2):
        before = len(township.stored)
        wait_for(lambda before=before: len(township.stored) > before + 30, what="alerts")
        broker.kill()
        wait_for(lambda: not hub.link.status().connected, what="the hub to notice")
        broker.start()
        wait_for(lambda: hub.link.status().connected, what="the hub to return")
    enough.set()
    writer.join()
    wait_for(lambda: hub.link.status().queued == 0, timeout_s=20, what="an empty outbox")
    assert sorted(township.incidents) == sorted(reported)
    assert len(set(township.incidents)) == len(reported)


def test_a_hub_that_is_killed_after_the_commit_tells_it_later(
    tmp_path: Path, broker: Mosquitto, township: Township, clock: SystemClock
) -> None:
    """What was committed and never sent arrives after the restart."""
    process = a_hub_process("commit", tmp_path / "killed")
    committed = read_ids(process, 20)
    committed += kill(process)
    again = Hub(tmp_path / "killed", broker.port, "5", clock)
    try:
        again.link.start()
        wait_for(lambda: again.link.status().queued == 0, timeout_s=20, what="an empty outbox")
        assert set(committed) <= set(township.incidents)
        assert len(set(township.incidents)) == len(township.incidents)
    finally:
        again.close()


def test_a_hub_that_is_killed_while_sending_sends_the_rest_later(
    tmp_path: Path, broker: Mosquitto, township: Township, clock: SystemClock
) -> None:
    """Killed again and again in the middle of sending: nothing lost, duplicates absorbed."""
    committed: list[str] = []
    for _ in range(3):
        before = township.came
        process = a_hub_process("link", tmp_path / "killed", broker.port)
        committed += read_ids(process, 30)
        wait_for(lambda before=before: township.came > before, what="some alerts")
        committed += kill(process)
    again = Hub(tmp_path / "killed", broker.port, "5", clock)
    try:
        again.link.start()
        wait_for(lambda: again.link.status().queued == 0, timeout_s=20, what="an empty outbox")
        assert set(committed) <= set(township.incidents)
        assert len(set(township.incidents)) == len(township.incidents)
    finally:
        again.close()


def test_killed_between_commits_the_store_is_whole(tmp_path: Path, clock: SystemClock) -> None:
    """After kill -9 at any moment nothing that was committed is missing and nothing is damaged."""
    committed: list[str] = []
    for count in (1, 17, 40):
        process = a_hub_process("commit", tmp_path / "killed")
        committed += read_ids(process, count)
        committed += kill(process)
    store = HubStore.open(tmp_path / "killed", clock)
    try:
        assert store.quarantined is None
        kept = store.incidents(100_000)
        assert {incident.id for incident in kept} >= set(committed)
        assert [row.seq for row in store.pending(100_000)] == list(range(1, len(kept) + 1))
        assert store.boot == 4
    finally:
        store.close()


def test_a_frozen_broker_is_noticed_and_left(
    hub: Hub, township: Township, broker: Mosquitto
) -> None:
    """The connection is open and nobody answers: noticed by the round trip, then recovered."""
    wait_for(lambda: hub.link.status().round_trip_ms is not None, what="a round trip")
    broker.pause()
    wait_for(lambda: not hub.link.status().connected, timeout_s=8, what="the hub to notice")
    assert "answer" in hub.link.status().fault
    assert hub.link.fresh(8.0)
    (missed,) = hub.report()
    broker.go_on()
    wait_for(lambda: missed in township.incidents, timeout_s=20, what="the alert")
    wait_for(lambda: hub.link.status().queued == 0, what="its ack")
    assert hub.link.status().fault == ""


def test_a_dead_network_thread_is_noticed(hub: Hub, township: Township) -> None:
    """paho would say that it is connected for ever; the round trip knows better."""
    wait_for(lambda: hub.link.status().round_trip_ms is not None, what="a round trip")
    client = hub.link._connection._client
    assert client is not None
    client._thread_terminate = True
    wait_for(
        lambda: hub.link._connection._client not in {client, None},
        timeout_s=10,
        what="another connection",
    )
    hub.report()
    wait_for(lambda: hub.link.status().queued == 0, what="an ack")


def test_messages_the_broker_forbids_are_kept_and_said(tmp_path: Path, clock: SystemClock) -> None:
    """An access list that refuses becomes a sentence; the rows go when it is corrected."""
    broker = Mosquitto(tmp_path, acl=ACL.replace("write vh1/h/lin-jia-cun/#", "write vh1/h/no/#"))
    broker.start()
    hub = Hub(tmp_path / "hub", broker.port, "5", clock, guard_s=0.5)
    township = Township(broker.port, "5", clock)
    try:
        township.link.start()
        hub.link.start()
        wait_for(lambda: hub.link.status().connected, what="the hub")
        hub.report(3)
        wait_for(lambda: "evt/incident" in hub.link.status().fault, what="a fault")
        assert "access list" in hub.link.status().fault
        assert hub.link.status().queued == 3
        broker.reload(ACL)
        wait_for(lambda: hub.link.status().queued == 0, what="the acks")
        assert hub.link.status().fault == ""
        assert len(township.stored) == 3
    finally:
        hub.close()
        township.close()
        broker.stop()


def test_two_boxes_with_one_id_are_told(
    tmp_path: Path, hub: Hub, broker: Mosquitto, clock: SystemClock
) -> None:
    """They throw each other out; this is said instead of looking like a bad network."""
    wait_for(lambda: hub.link.status().connected, what="the first box")
    twin = Hub(tmp_path / "twin", broker.port, "5", clock)
    try:
        twin.link.start()
        wait_for(lambda: "same id" in hub.link.status().fault, what="the complaint")
    finally:
        twin.close()
    wait_for(lambda: hub.link.status().connected, timeout_s=20, what="the first box again")

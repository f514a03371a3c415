"""The generated files in a real mosquitto: who gets in, who hears whom, and who is put out."""

from __future__ import annotations

import queue
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.clock import SystemClock
from edge.township.enrolment.broker import reload_broker
from tests.enrolment.town import Broker, Town
from tests.fakes.broker_certificates import Authority as Stranger
from tests.fakes.broker_certificates import Identity
from tests.fakes.broker_ends import Hub, Township
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock(synchronised=lambda: True)


@pytest.fixture
def town(tmp_path: Path, clock: SystemClock) -> Iterator[Town]:
    with Town(tmp_path / "town", clock) as made:
        broker = Broker(made.office, made.settings.enrolment.broker_port).start()
        yield made
        broker.stop()


@pytest.fixture
def township(town: Town, clock: SystemClock) -> Iterator[Township]:
    office = town.office
    identity = Identity(office.authority.file, office.console_file, office.console_file)
    made = Township(town.settings.enrolment.console_port, "5", clock, identity=identity)
    made.link.start()
    wait_for(lambda: made.link.status().connected, what="the township")
    yield made
    made.close()


def a_hub(town: Town, folder: Path, clock: SystemClock, name: str = "lin-jia-cun") -> Hub:
    folder.mkdir(exist_ok=True)
    file = town.identity(folder, name)
    identity = Identity(town.office.authority.file, file, file)
    port = town.settings.enrolment.broker_port
    return Hub(folder / name, port, "5", clock, hub=name, identity=identity)


def test_a_revoked_hub_is_out_within_seconds_also_while_it_is_connected(
    tmp_path: Path, town: Town, township: Township, clock: SystemClock
) -> None:
    """Its connection ends, it never comes back, and the other villages do not notice."""
    bad = a_hub(town, tmp_path, clock)
    good = a_hub(town, tmp_path, clock, "wang-jia-cun")
    try:
        for hub in (bad, good):
            hub.report()
            hub.link.start()
        wait_for(lambda: len(township.stored) == 2, what="both alerts")

        began = time.monotonic()
        town.office.desk.revoke("lin-jia-cun", "wang")
        town.office.publish()
        assert town.office.trouble == ""
        assert town.office.put_out() == ["lin-jia-cun"]
        took_s = time.monotonic() - began
        wait_for(lambda: not bad.link.status().connected, what="the end of the connection")
        assert took_s < 30, "the promise is a minute"

        bad.report()
        good.report()
        wait_for(lambda: good.link.status().queued == 0, what="the other village's alert")
        assert bad.link.status().queued == 1
        assert len(township.stored) == 3
        assert good.link.status().fault == ""
    finally:
        bad.close()
        good.close()


def test_a_broker_that_has_not_read_the_list_is_told_of_and_tried_again(
    tmp_path: Path, clock: SystemClock
) -> None:
    """Nobody is called out before it was seen; once the broker has read the list, the box is."""
    with Town(tmp_path / "town", clock, reload_command=["true"]) as town:
        broker = Broker(town.office, town.settings.enrolment.broker_port).start()
        hub = a_hub(town, tmp_path, clock)
        try:
            hub.link.start()
            wait_for(lambda: hub.link.status().connected, what="the hub")
            town.office.desk.revoke("lin-jia-cun", "wang")
            town.office.publish()
            assert town.office.put_out() == []
            assert "has not read the new list" in town.office.trouble
            assert town.office.pending() == ["lin-jia-cun"]
            assert reload_broker(town.office.files.folder, []) == ""
            assert town.office.put_out(hold_s=2.0) == ["lin-jia-cun"]
            assert (town.office.pending(), town.office.trouble) == ([], "")
        finally:
            hub.close()
            broker.stop()


class Client:
    """A bare client with somebody's certificate, to try what it should not."""

    def __init__(self, ca: Path, file: Path | None, port: int, name: str) -> None:
        self.heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.codes: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.up: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca)
        if file is not None:
            context.load_cert_chain(file)
        self.mqtt.tls_set_context(context)

        def connected(*told: Any) -> None:
            self.up.put(not told[3].is_failure)

        self.mqtt.on_connect = connected
        self.mqtt.on_disconnect = lambda *_: self.up.put(False)
        self.mqtt.on_message = lambda *told: self.heard.put(told[2].topic)
        self.mqtt.on_publish = lambda *told: self.codes.put(told[3].value)
        self.mqtt.connect("127.0.0.1", port, 20)
        self.mqtt.loop_start()

    def say(self, topic: str) -> int:
        """Publish and return what the broker thinks of it."""
        self.mqtt.publish(topic, b"{}", qos=1)
        return self.codes.get(timeout=5)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def test_a_hub_neither_reads_nor_writes_what_is_another_s(
    tmp_path: Path, town: Town, township: Township
) -> None:
    """With a good certificate, whatever it subscribes to and whatever it calls itself."""
    port, ca = town.settings.enrolment.broker_port, town.office.authority.file
    spy = Client(ca, town.identity(tmp_path, "spy"), port, "lin-jia-cun")
    other = Client(ca, town.identity(tmp_path, "lin-jia-cun"), port, "whatever")
    try:
        assert spy.up.get(timeout=5)
        assert other.up.get(timeout=5)
        spy.mqtt.subscribe("#", qos=1)
        assert spy.say("vh1/h/lin-jia-cun/evt/incident") >= 0x80
        assert spy.say("vh1/c/lin-jia-cun/cmd/announce") >= 0x80
        assert spy.say("vh1/t/qingshan/state") >= 0x80
        assert other.say("vh1/h/lin-jia-cun/ping") < 0x80
        assert spy.say("vh1/h/spy/ping") < 0x80
        # What it may hear comes after what it may not, so once this is here nothing was let by.
        wait_for(lambda: not spy.heard.empty(), what="the township's state")
        heard = {spy.heard.get() for _ in range(spy.heard.qsize())}
        assert heard == {"vh1/t/qingshan/state"}
        assert spy.up.empty(), "calling itself like another pushes nobody off the line"
        assert other.up.empty()
    finally:
        spy.close()
        other.close()


def test_a_stranger_never_gets_in(tmp_path: Path, town: Town) -> None:
    """Neither without a certificate nor with one of another authority of the same name."""
    enrolment, ca = town.settings.enrolment, town.office.authority.file
    forged = Stranger(tmp_path, "qingshan").issue("lin-jia-cun")
    both = tmp_path / "both.pem"
    both.write_bytes(forged.certificate.read_bytes() + forged.key.read_bytes())
    for port in (enrolment.broker_port, enrolment.console_port):
        for file in (None, both):
            try:
                client = Client(ca, file, port, "lin-jia-cun")
            except OSError:
                continue  # refused in the handshake
            assert client.up.get(timeout=5) is False
            client.close()

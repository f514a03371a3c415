"""The township behind a real mosquitto with the configuration we ship."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.clock import SystemClock
from edge.errors import StartError
from edge.link import topics
from edge.link.messages import Ack, AnnounceOrder, Command, read
from edge.link.signing import SigningKey
from edge.people import Role
from edge.settings.schema import (
    StateSection,
    TownshipLinkSection,
    TownshipSection,
    TownshipSettings,
    TownshipWebSection,
)
from edge.township.console import Township
from tests.edge.township_hub import Bytes, FakeHub, uid
from tests.fakes.broker import a_port, listens
from tests.requirements import REPOSITORY, need
from tests.waiting import wait_for

SHIPPED = REPOSITORY / "firmware_configs" / "township"
USERS = {"township": "geheim", "lin-jia-cun": "village-1", "wang-jia-cun": "village-2"}


class Broker:
    """mosquitto with the shipped files, moved to a folder and a port of the test."""

    def __init__(self, folder: Path) -> None:
        self.port = a_port()
        self.folder = folder
        self._program = need("mosquitto")
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for name, password in USERS.items():
            command = [need("mosquitto_passwd"), "-b", str(passwords), name, password]
            subprocess.run(command, check=True, capture_output=True)
        shutil.copy(SHIPPED / "acl", folder / "acl")
        (folder / "acl").chmod(0o600)
        text = (SHIPPED / "mosquitto.conf").read_text(encoding="utf-8")
        text = text.replace("/etc/mosquitto/township", str(folder))
        text = text.replace("/var/lib/mosquitto/", f"{folder}/")
        text = re.sub(r"^listener 1883", f"listener {self.port}", text, flags=re.MULTILINE)
        text = text.replace("log_dest syslog", "log_dest stderr")
        user = pwd.getpwuid(os.getuid()).pw_name
        (folder / "mosquitto.conf").write_text(f"{text}user {user}\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        wait_for(lambda: listens(self.port), what="mosquitto")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None


class Village:
    """The MQTT end of a hub: says what a test tells it and keeps what it hears."""

    def __init__(self, port: int, name: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.refusals: list[int] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.username_pw_set(name, USERS[name])
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        self._client.on_publish = lambda _c, _u, _m, code, _p: self.refusals.append(code.value)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topics.everything_for(name), qos=1)
        self._client.loop_start()

    def say(self, *messages: Bytes) -> None:
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=1).wait_for_publish(5)

    def acked(self) -> set[int]:
        """Sequence numbers the township says it has stored."""
        numbers: set[int] = set()
        for topic, payload in self.heard:
            if topic.endswith("/ack"):
                for first, last in read(Ack, payload).ranges:
                    numbers |= set(range(first, last + 1))
        return numbers

    def orders(self) -> list[Command]:
        return [read(Command, payload) for topic, payload in self.heard if "/cmd/" in topic]

    def listen_to(self, name: str) -> None:
        self._client.subscribe(name, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Running:
    """A township in an event loop on a thread of its own."""

    township: Township
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return done.result(15)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join(5)
    made.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    made = Broker(folder)
    made.start()
    yield made
    made.kill()


def settings_for(folder: Path, port: int) -> TownshipSettings:
    (folder / "mqtt.password").write_text(USERS["township"], encoding="utf-8")
    SigningKey.generate("town-1").save(folder / "key", folder / "key.pub")
    return TownshipSettings(
        township=TownshipSection(id="qingshui-zhen", name="清水镇"),
        state=StateSection(folder=folder / "state"),
        web=TownshipWebSection(port=0),
        link=TownshipLinkSection(
            port=port,
            # The shipped access list makes the client id the user name.
            username="township",
            password_file=folder / "mqtt.password",
            command_key_id="town-1",
            command_key_file=folder / "key",
        ),
    )


@pytest.fixture
def running(tmp_path: Path, broker: Broker, loop: asyncio.AbstractEventLoop) -> Iterator[Running]:
    township = Township(settings_for(tmp_path, broker.port), clock=SystemClock())
    made = Running(township, loop)
    made.wait(township.start())
    wait_for(lambda: township.connected, what="the township's link")
    yield made
    made.wait(township.stop())


def test_an_alert_is_stored_and_then_acknowledged(running: Running, broker: Broker) -> None:
    """Over the real broker: stored once, acknowledged by row; a redelivery is acknowledged too."""
    village, hub = Village(broker.port, "lin-jia-cun"), FakeHub()
    try:
        rows = [hub.incident(uid(1), 1), hub.evidence(uid(1)), hub.incident(uid(1), 2)]
        village.say(hub.birth(), *rows, rows[0])
        wait_for(lambda: village.acked() == {1, 2, 3}, what="the acknowledgements")
        [alert] = running.township.store.alerts()
        assert (alert.id, alert.rev, alert.village) == (uid(1), 2, "林家村")
        assert alert.picture
        wait_for(running.township.store.hubs, what="the birth")
    finally:
        village.close()


def test_an_order_reaches_the_village_signed_and_its_answers_come_back(
    running: Running, broker: Broker
) -> None:
    """From `announce` to `done`, through the access list that we ship."""
    village, hub = Village(broker.port, "lin-jia-cun"), FakeHub()
    township = running.township
    try:
        village.say(hub.birth())
        wait_for(township.store.hubs, what="the birth")
        order = township.announce("lin-jia-cun", AnnounceOrder(text="开会"), "李主任")
        wait_for(village.orders, what="the order")
        [command] = village.orders()
        assert (command.id, command.issuer, command.key) == (order, "李主任", "town-1")
        assert command.signature
        village.say(hub.reply(order, "accepted"), hub.reply(order, "done", "播完了。"))
        wait_for(lambda: township.store.order(order).state == "done", what="the answer")  # type: ignore[union-attr]
    finally:
        village.close()


def test_no_village_can_speak_for_another_or_hear_it(running: Running, broker: Broker) -> None:
    """The access list refuses a foreign tree in both directions."""
    thief, hub = Village(broker.port, "wang-jia-cun"), FakeHub()
    try:
        thief.listen_to("vh1/c/lin-jia-cun/#")
        thief.say(hub.incident(uid(1), 1))
        assert [code >= 0x80 for code in thief.refusals] == [True]
        honest = Village(broker.port, "lin-jia-cun")
        try:
            honest.say(hub.birth(), hub.incident(uid(2), 1))
            wait_for(honest.acked, what="an acknowledgement")
        finally:
            honest.close()
        assert [alert.id for alert in running.township.store.alerts()] == [uid(2)]
        assert thief.heard == []
    finally:
        thief.close()


def test_rows_sent_while_the_township_is_away_come_after_its_restart(
    tmp_path: Path, broker: Broker, loop: asyncio.AbstractEventLoop
) -> None:
    """The broker keeps them for the persistent session; start and stop are quick."""
    settings = settings_for(tmp_path, broker.port)
    first = Running(Township(settings, clock=SystemClock()), loop)
    first.wait(first.township.start())
    wait_for(lambda: first.township.connected, what="the link")
    began = loop.time()
    first.wait(first.township.stop())
    assert loop.time() - began < 5
    village, hub = Village(broker.port, "lin-jia-cun"), FakeHub()
    try:
        village.say(*[hub.incident(uid(n), 1) for n in range(1, 6)])
        second = Running(Township(settings, clock=SystemClock()), loop)
        second.wait(second.township.start())
        try:
            wait_for(lambda: village.acked() == {1, 2, 3, 4, 5}, what="the acknowledgements")
            assert len(second.township.store.alerts()) == 5
        finally:
            second.wait(second.township.stop())
    finally:
        village.close()


def test_a_township_without_a_broker_still_has_pages_and_a_taken_port_is_said(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    """The broker may come later; a second console on the same port fails with a sentence."""
    settings = settings_for(tmp_path, a_port())
    one = Running(Township(settings, clock=SystemClock()), loop)
    one.wait(one.township.start())
    try:
        link = one.township.invite("管理员", Role.ADMIN)
        assert link.startswith(f"{one.township.url}/welcome/")
        assert one.township.store.alerts() == []
        assert not one.township.connected
        port = int(one.township.url.rsplit(":", 1)[1])
        other = tmp_path / "other"
        other.mkdir()
        taken = settings_for(other, a_port()).model_copy(
            update={"web": TownshipWebSection(port=port)}
        )
        with pytest.raises(StartError, match=f"Port {port} is already in use"):
            one.wait(Township(taken, clock=SystemClock()).start())
    finally:
        one.wait(one.township.stop())


def test_a_state_folder_that_cannot_be_made_is_said(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    """A file where the folder should be: a sentence with the path and the setting."""
    settings = settings_for(tmp_path, a_port())
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    with pytest.raises(StartError, match=r"state folder .*/state cannot be made"):
        Running(Township(settings, clock=SystemClock()), loop).wait(
            Township(settings, clock=SystemClock()).start()
        )


def test_the_shipped_settings_can_be_loaded() -> None:
    """township.toml is a valid settings file."""
    import tomllib

    raw = tomllib.loads((SHIPPED / "township.toml").read_text(encoding="utf-8"))
    assert TownshipSettings.model_validate(raw).township.name == "清水镇"

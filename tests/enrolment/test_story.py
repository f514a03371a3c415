"""From a code to an alert to a new certificate to the door: the console, mosquitto, and a box."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.cli.main import run
from edge.clock import SimulatedClock, SystemClock
from edge.enrolment.identity import IdentityFolder
from edge.enrolment.keeper import Keeper
from edge.settings import load_hub, load_township
from edge.township.console import Township
from edge.township.enrolment.office import Office
from edge.township.store.certificates import Register, certificates
from tests.enrolment.town import Broker
from tests.fakes.broker import a_port
from tests.fakes.broker_certificates import Identity
from tests.fakes.broker_ends import Hub
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto

HUB = "lin-jia-cun"
DAY_S = 86_400.0


@contextmanager
def running(township: Township) -> Iterator[None]:
    """The console on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(township.start(), loop).result(30)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(township.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def test_a_box_comes_in_renews_and_is_thrown_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As people do it: four commands, one broker, and nothing of what the box said is lost."""
    town, box = tmp_path / "town", tmp_path / "box"
    desk_port = a_port()
    ports = f"port = {desk_port}\nbroker_port = {a_port()}\nconsole_port = {a_port()}\n"
    console = '[township]\nid = "qingshan"\nname = "青山镇"\n[web]\nport = 0\n[enrolment]\n'
    for folder, text in (
        (town, console + ports),
        (box, f'[hub]\nid = "{HUB}"\nvillage = "老名字"\ntownship = "x"\n'),
    ):
        folder.mkdir()
        (folder / "file.toml").write_text(text, encoding="utf-8")
    config = ["--config", str(town / "file.toml")]
    assert run(["township", "init", "--name", "127.0.0.1", *config], {}) == 0
    assert run(["township", "enrol", "--hub", HUB, "--village", "林家村", *config], {}) == 0
    code = capsys.readouterr().out.split("hub enrol ")[1].split(" --township")[0]

    settings = load_township(town / "file.toml")
    clock = SystemClock(synchronised=lambda: True)
    township = Township(settings, clock=clock)
    with running(township):
        office = Office(settings, township.store.database, clock)
        broker = Broker(office, settings.enrolment.broker_port).start()
        try:
            wait_for(lambda: township.connected, what="the console at the broker")
            url = f"https://127.0.0.1:{desk_port}"
            own = ["--config", str(box / "file.toml")]
            assert run(["hub", "enrol", code, "--township", url, *own], {}) == 0
            live_through(township, box, clock)
        finally:
            broker.stop()


def live_through(township: Township, box: Path, clock: SystemClock) -> None:
    """Alert, renewal, revocation."""
    link = load_hub(box / "file.toml").link
    assert link.ca
    assert link.certificate
    assert link.key
    assert load_hub(box / "file.toml").hub.village == "林家村"
    hub = Hub(
        box / "memory",
        link.port,
        "5",
        clock,
        hub=HUB,
        identity=Identity(link.ca, link.certificate, link.key),
    )
    try:
        reported = hub.report(3)
        hub.link.start()
        wait_for(lambda: hub.link.status().queued == 0, what="the alerts")

        folder = IdentityFolder(box / "state")
        before = folder.standing()
        assert before is not None
        make_older(township, 61 * DAY_S)
        keeper = Keeper(
            box / "state",
            SimulatedClock(clock.wall() + 61 * DAY_S),
            on_renewed=hub.link.renew,
            on_keys=lambda _keys: None,
        )
        reported += hub.report(3)
        keeper.look()
        reported += hub.report(3)
        after = folder.standing()
        assert after is not None
        assert after.certificate != before.certificate
        wait_for(lambda: hub.link.status().queued == 0, what="the alerts over the new certificate")
        assert sorted(alert.id for alert in township.store.alerts()) == sorted(reported)

        began = time.monotonic()
        register = Register(township.store.database)
        assert register.revoke(HUB, who="wang", reason="", now=clock.wall()) == 2
        wait_for(lambda: not hub.link.status().connected, timeout_s=60.0, what="the end")
        wait_for(lambda: register.certificates()[0].cut_at, timeout_s=60.0, what="the proof")
        assert time.monotonic() - began < 60.0
        hub.report()
        assert hub.link.status().queued == 1
        assert len(township.store.alerts()) == len(reported)
    finally:
        hub.close()


def make_older(township: Township, seconds: float) -> None:
    """Let the township believe that every certificate was given so long ago."""
    with township.store.database.write() as connection:
        both = (certificates.c.issued_at, certificates.c.expires_at)
        older = {column: column - seconds for column in both}
        connection.execute(certificates.update().values(older))

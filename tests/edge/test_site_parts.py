"""The small machinery of the pages: times, attempts, passwords, addresses, streams, the server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from hypothesis import example, given, settings
from hypothesis import strategies as some

from edge.clock import SimulatedClock, Stamp
from edge.errors import StartError
from edge.events import Bus, Change
from edge.people import Account, Role
from edge.site import Server, build_site, invite
from edge.site.app import HERE
from edge.site.attempts import Attempts, neighbourhood
from edge.site.pages import local_path
from edge.site.passwords import Passwords
from edge.site.times import Times, say_age
from edge.site.words import load_words
from edge.store.hub import HubStore
from tests.fakes.accounts import FakeAccounts
from tests.visitor import BASE, QUICK, Visitor

WORDS = load_words([HERE / "words"])


def a_site(bus: Bus, accounts: FakeAccounts) -> FastAPI:
    return build_site(
        title="林家村",
        accounts=accounts,
        clock=SimulatedClock(),
        bus=bus,
        language="zh",
        templates=[],
        words=[],
        cookie="session",
        secure=False,
        session_hours=12,
        routers=[],
        passwords=QUICK,
    )


@pytest.mark.parametrize(
    ("age_s", "sentence"),
    [
        (-5, "刚刚"),
        (44, "刚刚"),
        (46, "1 分钟前"),
        (180, "3 分钟前"),
        (3601, "1 小时前"),
        (86399, "24 小时前"),
        (3 * 86400, "3 天前"),
    ],
)
def test_ages_are_said_in_words(age_s: float, sentence: str) -> None:
    """Seconds become the words a villager uses."""
    assert say_age(age_s, WORDS["zh"]) == sentence


def test_exact_time_is_chinese_time() -> None:
    """The exact time, on hover, is the time of China whatever the box runs on."""
    clock = SimulatedClock(wall_s=datetime(2026, 11, 22, 6, 2, tzinfo=UTC).timestamp())
    element = Times(clock, WORDS["zh"]).element(clock.wall() - 180)
    assert 'title="2026-11-22 13:59:00"' in element
    assert ">3 分钟前<" in element


def test_age_survives_a_clock_that_was_set() -> None:
    """A moment of this boot keeps its age although the wall clock jumped by years since."""
    clock = SimulatedClock(wall_s=0.0, trusted=False)
    then = clock.stamp()
    clock.advance(120)
    clock.jump(1_795_000_000, trusted=True)
    times = Times(clock, WORDS["zh"])
    assert times.ago(then) == "2 分钟前"
    assert "时钟未校准" in times.element(then)
    assert "未校准" not in times.element(clock.stamp())


def test_age_of_another_boot_is_by_the_wall() -> None:
    """A moment before the power cut is dated by the wall clock."""
    clock = SimulatedClock()
    before = Stamp(clock.wall() - 7200, 5.0, "another boot", trusted=True)
    assert Times(clock, WORDS["zh"]).ago(before) == "2 小时前"


@settings(deadline=None)
@example([1e-114, 0.0, 0.0, 60.0])
@given(some.lists(some.floats(0, 100), max_size=60))
def test_never_more_attempts_than_allowed(pauses: list[float]) -> None:
    """However the attempts fall, no window ever lets more than three through."""
    attempts, now, let_in = Attempts(allowed=3, window_s=60), 0.0, []
    for pause in pauses:
        now += pause
        wait_s = attempts.enter("key", now)
        if wait_s == 0:
            let_in.append(now)
            assert sum(1 for t in let_in if t + 60 > now) <= 3
        else:
            assert 0 < wait_s <= 60


def test_attempts_forget_when_there_are_too_many() -> None:
    """An attacker with a million names does not fill the memory."""
    attempts = Attempts(allowed=3, window_s=60, most_keys=100)
    for n in range(1000):
        attempts.enter(f"name{n}", 0.0)
    assert len(attempts) == 100


def test_one_ipv6_household_is_one_neighbour() -> None:
    """A /64 counts as one, since every device in it may take any address."""
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1")
    assert neighbourhood("2001:db8::1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
    assert neighbourhood("testclient") == "testclient"


@settings(deadline=None)
@given(some.text(max_size=40))
def test_local_paths_stay_local(text: str) -> None:
    """Whatever is asked for, the way on begins with one slash and has no backslash."""
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path
    assert path.isprintable()


def test_passwords_are_argon2id_and_nobody_costs_as_much() -> None:
    """Real parameters; an unknown name costs the time of a wrong password."""
    passwords = Passwords()
    stored = passwords.hash("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert passwords.match(stored, "correct horse battery")
    seconds = []
    for known in (stored, ""):
        started = time.perf_counter()
        assert not passwords.match(known, "wrong")
        seconds.append(time.perf_counter() - started)
    assert max(seconds) < 10 * min(seconds)
    assert not passwords.match("not a hash", "wrong")


class Listener:
    """Somebody with an open page: reads the events of `/live` from a real server."""

    def __init__(self, url: str, cookie: str) -> None:
        self._url, self._cookie = url, cookie
        self.heard: list[tuple[str, str]] = []
        self.ended = asyncio.Event()
        self._began = asyncio.Event()

    async def listen(self) -> None:
        cookies = {"session": self._cookie}
        async with (
            httpx.AsyncClient(cookies=cookies, trust_env=False) as client,
            client.stream("GET", f"{self._url}/live", timeout=20) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            topic = ""
            async for line in answer.aiter_lines():
                self._began.set()
                if line.startswith("event: "):
                    topic = line.removeprefix("event: ")
                if line.startswith("data:") and topic != "beat":
                    self.heard.append((topic, line.removeprefix("data:").strip()))
        self.ended.set()

    async def begin(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self.listen())
        await asyncio.wait_for(self._began.wait(), 10)
        return task


@contextlib.asynccontextmanager
async def served(
    bus: Bus, cameras: frozenset[str] | None = None
) -> AsyncIterator[tuple[Server, FakeAccounts, Listener, asyncio.Task[None]]]:
    """A running server with one open page."""
    accounts = FakeAccounts(Account("张三", Role.VIEWER, "", cameras))
    app = a_site(bus, accounts)
    server = Server(app, "127.0.0.1", 0)
    await server.start()
    listener = Listener(server.url, app.state.site.sessions.begin("张三"))
    task = await listener.begin()
    try:
        yield server, accounts, listener, task
    finally:
        await server.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(listener: Listener, count: int) -> None:
    async with asyncio.timeout(10):
        while len(listener.heard) < count:
            await asyncio.sleep(0.01)


def test_open_pages_hear_of_changes() -> None:
    """A change published on the bus reaches the open page; a line break cannot forge an event."""

    async def story() -> None:
        bus = Bus()
        async with served(bus) as (_, _, listener, _):
            bus.publish(Change("incident", "7"))
            bus.publish(Change("play", "x\n\nevent: forged"))
            await until(listener, 2)
            assert listener.heard == [("incident", "7"), ("play", "xevent: forged")]

    asyncio.run(story())


def test_restricted_person_hears_no_ids() -> None:
    """Who may see one camera learns that something changed, not what."""

    async def story() -> None:
        bus = Bus()
        async with served(bus, frozenset({"gate"})) as (_, _, listener, _):
            bus.publish(Change("incident", "secret"))
            await until(listener, 1)
            assert listener.heard == [("incident", "")]

    asyncio.run(story())


def test_stop_is_quick_with_open_pages() -> None:
    """The server stops within three seconds although a page listens, and the page is told."""

    async def story() -> None:
        async with served(Bus()) as (server, _, listener, task):
            started = time.monotonic()
            await server.stop()
            assert time.monotonic() - started < 3
            await asyncio.wait_for(task, 5)
            assert listener.ended.is_set()

    asyncio.run(story())


def test_closed_bus_ends_the_streams() -> None:
    """When the program closes its bus every open stream ends by itself."""

    async def story() -> None:
        bus = Bus()
        async with served(bus) as (_, _, _, task):
            bus.close()
            await asyncio.wait_for(task, 5)

    asyncio.run(story())


def test_stream_ends_with_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who was removed is cut off at the next beat."""
    monkeypatch.setattr("edge.site.streams.BEAT_S", 0.05)

    async def story() -> None:
        async with served(Bus()) as (_, accounts, _, task):
            accounts.remove_account("张三")
            await asyncio.wait_for(task, 5)

    asyncio.run(story())


def test_port_in_use_is_said() -> None:
    """The sentence names the port and the remedy."""

    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(StartError, match=rf"Port {port} is already in use.*\[web\]"):
                await Server(a_site(Bus(), FakeAccounts()), "127.0.0.1", port).start()

    asyncio.run(story())


def test_unknown_address_is_said() -> None:
    """An address the machine does not have is a sentence as well."""

    async def story() -> None:
        with pytest.raises(StartError, match=r"cannot listen on 192\.0\.2\.1"):
            await Server(a_site(Bus(), FakeAccounts()), "192.0.2.1", 8443).start()

    asyncio.run(story())


def test_bad_certificate_is_said(tmp_path: Path) -> None:
    """A certificate that is missing or no PEM is named."""
    (tmp_path / "cert.pem").write_text("no certificate")

    async def story() -> None:
        for name in ("cert.pem", "missing.pem"):
            path = tmp_path / name
            server = Server(a_site(Bus(), FakeAccounts()), "127.0.0.1", 0, path, path)
            with pytest.raises(StartError, match=name):
                await server.start()
            await server.stop()

    asyncio.run(story())


def test_tls(tmp_path: Path) -> None:
    """With a certificate the pages are served over TLS, and the address says so."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub.test")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )

    async def story() -> str:
        async with (
            Server(a_site(Bus(), FakeAccounts()), "127.0.0.1", 0, pem, secret) as server,
            httpx.AsyncClient(verify=False, trust_env=False) as client,  # noqa: S501 - our own
        ):
            assert server.url.startswith("https://127.0.0.1:")
            return (await client.get(f"{server.url}/healthz")).text

    assert asyncio.run(story()) == "ok"


def test_a_real_store_keeps_the_door(tmp_path: Path) -> None:
    """With the hub's own database a link works once, also when two use it at once."""
    clock = SimulatedClock()
    store = HubStore.open(tmp_path, clock)
    try:
        app = build_site(
            title="林家村",
            accounts=store,
            clock=clock,
            bus=Bus(),
            language="zh",
            templates=[],
            words=[],
            cookie="session",
            secure=False,
            session_hours=12,
            routers=[],
            metrics=lambda: "up 1\n",
            passwords=QUICK,
        )
        link = invite(store, clock, "张三", Role.ADMIN, BASE)
        form = {"password": "correct horse", "again": "correct horse"}
        with ThreadPoolExecutor(2) as pool:
            visitors = [Visitor(app), Visitor(app)]
            answers = list(pool.map(lambda v: v.post(link, form).status_code, visitors))
        assert sorted(answers) == [200, 410]
        seen = [visitor.get("/metrics").status_code for visitor in visitors]
        assert sorted(seen) == [200, 303]
        assert {entry.action for entry in store.audit_log(9)} == {"accept_invitation"}
    finally:
        store.close()

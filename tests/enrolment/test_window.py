"""A box and the township's window, over real TLS: the good way, and what the network sends."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.clock import SimulatedClock
from edge.enrolment import certificates as x
from edge.enrolment.client import Desk, enrol
from edge.enrolment.codes import make_code
from edge.enrolment.identity import IdentityFolder
from edge.enrolment.keeper import Keeper
from edge.enrolment.messages import EnrolRequest, RenewRequest, read
from edge.errors import EnrolmentError, EnrolmentRefused
from edge.site import Server
from edge.township.enrolment.endpoint import ENROL_TRIES, build_endpoint
from tests.enrolment.town import Town

HUB = "lin-jia-cun"
DAY_S = 86_400.0


@dataclass
class Window:
    """An open desk."""

    town: Town
    desk: Desk


@contextmanager
def opened(town: Town, clock: SimulatedClock) -> Iterator[Window]:
    """Serve the desk on a thread of its own."""
    office, loop = town.office, asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    app = build_endpoint(office.desk, clock)
    server = Server(app, "127.0.0.1", 0, office.server_file, office.server_file)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield Window(town, Desk("127.0.0.1", server.port))
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def window(tmp_path: Path, clock: SimulatedClock) -> Iterator[Window]:
    with Town(tmp_path / "town", clock) as town, opened(town, clock) as made:
        yield made


@dataclass
class Box:
    """A box with its keeper."""

    keeper: Keeper
    folder: IdentityFolder
    renewed: list[None]
    keys: dict[str, bytes]


def a_box(window: Window, state: Path, clock: SimulatedClock) -> Box:
    """A box that has just come in."""
    state.mkdir(exist_ok=True)
    folder = IdentityFolder(state)
    key = folder.next_key()
    grant = enrol(window.desk, window.town.code(), HUB, key)
    folder.take(grant, key, window.desk.address)
    renewed: list[None] = []
    keys: dict[str, bytes] = {}
    keeper = Keeper(state, clock, on_renewed=lambda: renewed.append(None), on_keys=keys.update)
    return Box(keeper, folder, renewed, keys)


def test_a_box_comes_in_and_renews_in_time(
    tmp_path: Path, window: Window, clock: SimulatedClock
) -> None:
    """The key stays on the box; after two thirds of its life there is a new pair, taken whole."""
    box = a_box(window, tmp_path / "box", clock)
    first = box.folder.standing()
    assert first is not None
    assert first.hub == HUB
    window.town.office.keys.add()
    box.keeper.look()
    assert list(box.keys) == ["qingshan-1"], "whose orders to obey is told at the first look"
    assert box.keeper.view is not None
    assert (box.keeper.view.state, box.renewed) == ("good", [])
    clock.advance(61 * DAY_S)
    box.keeper.look()
    then = box.folder.standing()
    assert then is not None
    assert box.renewed == [None]
    assert then.certificate != first.certificate
    assert then.key.private_numbers() != first.key.private_numbers()
    assert x.belongs(then.certificate, then.key)
    assert box.keeper.view.state == "good"
    assert box.folder.file.stat().st_mode & 0o777 == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(box.folder.file)


def test_a_box_that_woke_up_in_1970_comes_in_and_renews(
    tmp_path: Path, window: Window, clock: SimulatedClock
) -> None:
    """Its own clock is not asked; the township says whether it is time."""
    lost = SimulatedClock(0.0, trusted=False)
    box = a_box(window, tmp_path / "box", lost)
    box.keeper.look()
    assert box.keeper.view is not None
    assert (box.keeper.view.state, box.keeper.fault, box.renewed) == ("unknown", "", [])
    clock.advance(61 * DAY_S)
    lost.advance(7 * 3600.0)
    box.keeper.look()
    assert box.renewed == [None]


def test_a_box_says_that_its_certificate_is_over_and_what_to_do(
    tmp_path: Path, window: Window, clock: SimulatedClock
) -> None:
    """First that it cannot be renewed, then that it has expired; revoked is said at once."""
    box = a_box(window, tmp_path / "box", clock)
    gone = Desk("127.0.0.1", 1).address
    standing = box.folder.standing()
    assert standing is not None
    (box.folder.path / "township.json").write_text(f'{{"address": "{gone}"}}', encoding="utf-8")
    clock.advance(76 * DAY_S)
    box.keeper.look()
    assert "only 14 more days and could not be renewed" in box.keeper.fault
    clock.advance(15 * DAY_S)
    box.keeper.look()
    assert "has expired" in box.keeper.fault
    assert "Enrol the box again" in box.keeper.fault

    other = a_box(window, tmp_path / "other", clock)
    window.town.office.desk.revoke(HUB, "wang")
    other.keeper.look()
    assert "not good any more" in other.keeper.fault


def test_a_power_cut_while_renewing_leaves_a_pair_that_fits(
    tmp_path: Path, window: Window, clock: SimulatedClock
) -> None:
    """A box whose answer was lost asks with the same key and gets the same certificate."""
    box = a_box(window, tmp_path / "box", clock)
    clock.advance(61 * DAY_S)
    before = box.folder.file.read_bytes()
    key = box.folder.next_key()
    assert box.folder.next_key().private_numbers() == key.private_numbers()
    assert box.folder.file.read_bytes() == before
    box.keeper.look()
    after = box.folder.standing()
    assert after is not None
    assert after.key.private_numbers() == key.private_numbers()


def test_a_false_township_cannot_take_a_box_over(tmp_path: Path, window: Window) -> None:
    """Whoever does not know the code cannot answer, with whatever certificate."""
    clock = SimulatedClock()
    code, key = window.town.code(), x.new_key()
    with Town(tmp_path / "false", clock) as false, opened(false, clock) as trap:
        with pytest.raises(EnrolmentRefused, match="not known"):
            enrol(trap.desk, code, HUB, key)
        real = window.town.office.desk

        def passed_on(asked: EnrolRequest) -> object:
            return real.enrol(asked)

        false.office.desk.enrol = passed_on  # type: ignore[method-assign, assignment]
        with pytest.raises(EnrolmentRefused, match="opens the connection"):
            enrol(trap.desk, code, HUB, key)
    enrol(window.desk, code, HUB, key)


def test_what_is_no_desk_is_said_to_be_none(tmp_path: Path, window: Window) -> None:
    """Nobody there, another service, a path, a scheme without encryption."""
    with pytest.raises(EnrolmentError, match="cannot be reached"):
        enrol(Desk("127.0.0.1", 1), make_code(), HUB, x.new_key())
    for wrong in ("http://a:1", "https://", "https://a:99999", "https://a/b", "ftp://x"):
        with pytest.raises(EnrolmentRefused, match="no address"):
            Desk.of(wrong)
    assert Desk.of("10.0.0.1").address == "https://10.0.0.1:8445"
    assert Desk.of(" https://[::1]:9 ").address == "https://[::1]:9"


def ask(desk: Desk, path: str, body: bytes = b"", method: str = "POST") -> tuple[int, bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(desk.host, desk.port, context=context, timeout=10)
    try:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_hostile_questions_get_a_short_no(window: Window) -> None:
    """Too long, not JSON, wrong types, other paths: a sentence, and no trace of code."""
    bodies: list[bytes] = [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 15_000, b"{" + b" " * 20_000 + b"}",
        b'{"lookup": 1}', b'{"certificate": "x", "nonce": "' + b"a" * 64 + b'"}',
    ]  # fmt: skip
    for body in bodies:
        status, said = ask(window.desk, "/v1/renew", body)
        assert (status, b"sentence" in said, b"Traceback" in said) == (403, True, False)
    for path in ("/", "/v1/enrol/x", "/docs", "/../../etc/passwd"):
        status, said = ask(window.desk, path, method="GET")
        assert status in {404, 405}
        assert len(said) < 200


def test_guessing_is_slowed_down(window: Window) -> None:
    """After a dozen tries from one network the window is shut for that network."""
    asked = window.town.question(make_code(), HUB, x.new_key()).to_bytes()
    answers = [ask(window.desk, "/v1/enrol", asked)[0] for _ in range(ENROL_TRIES + 2)]
    assert answers == [403] * ENROL_TRIES + [429] * 2


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["lookup", "hub", "csr", "nonce", "binding", "signature", "certificate"]),
        JUNK | st.sampled_from(["a" * 64, "-----BEGIN CERTIFICATE-----\n", "lin-jia-cun"]),
    ),
    st.sampled_from([EnrolRequest, RenewRequest]),
)
def test_no_question_makes_the_desk_stumble(
    window: Window, body: dict[str, object], kind: type[EnrolRequest | RenewRequest]
) -> None:
    """Everything that can be sent is refused in a sentence, never with another error."""
    desk = window.town.office.desk

    def put() -> None:
        asked = read(kind, json.dumps(body).encode())
        handle: Callable[..., object] = desk.enrol if kind is EnrolRequest else desk.renew
        handle(asked)

    with pytest.raises(EnrolmentRefused):
        put()

"""Webhooks: nothing is lost or told under two ids, and nothing goes where it must not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.errors import EgressRefused, StartError
from edge.people import Role
from edge.township.cases.states import Action, Wish
from edge.township.store import Store
from edge.township.store.letters import DEAD, SENT, WAITING
from edge.township.webhooks.egress import Guard, Target
from edge.township.webhooks.mailroom import WAITS_S, Mailroom
from edge.township.webhooks.sending import post
from edge.township.webhooks.signing import signed_headers
from tests.edge.test_township_pages import House
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid
from tests.fakes.postgres import Postgres

URL = "https://county.example/hook?x=1"


class Receiver:
    """The other system: remembers what it was told, and answers as it is told to."""

    def __init__(self) -> None:
        self.answer = 200
        self.told: list[tuple[dict[str, str], bytes]] = []

    def __call__(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        self.told.append((dict(headers), body))
        if self.answer == 0:
            raise EgressRefused("The server county.example cannot be found.")
        return self.answer

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.told]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return fresh_database(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.township()


def public(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14"]


def mailroom(store: Store, clock: SimulatedClock, folder: Path, receiver: Receiver) -> Mailroom:
    guard = Guard(look_up=public)
    return Mailroom(store.letters, clock, folder / "webhooks", guard, send=receiver)


def test_what_happens_is_told_once_with_a_good_signature(url: str, tmp_path: Path) -> None:
    """Cases and incidents since the hook was made, signed; also after kill and restart."""
    clock, receiver = SimulatedClock(), Receiver()
    store = Store(url, clock)
    hub, carrier = FakeHub(), Post(store, clock)
    works = mailroom(store, clock, tmp_path, receiver)
    works.run_once()
    carrier.store_batch([hub.incident(uid(1), 1)])
    works.run_once()
    assert receiver.told == []
    clock.advance(5)
    _, secret = works.add(URL, (), by="王主任")
    assert oct((tmp_path / "webhooks" / "1.secret").stat().st_mode)[-3:] == "600"
    carrier.store_batch([hub.incident(uid(2), 1, camera="c2")])
    store.letters.feed(now=clock.wall())
    store.close()
    again = Store(url, clock)
    works = mailroom(again, clock, tmp_path, receiver)
    while works.run_once():
        continue
    assert sorted(receiver.types) == ["case.opened", "incident.opened"]
    for headers, body in receiver.told:
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"
        assert json.loads(body)["id"] == headers["webhook-id"]
    clock.advance(60)
    works.run_once()
    assert len(receiver.told) == 2
    again.close()


def test_the_vector_of_the_specification_is_met() -> None:
    """The example that the libraries of Standard Webhooks test themselves with."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330.9,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_letter_is_tried_again_and_dies_at_last(url: str, tmp_path: Path) -> None:
    """The same id every time, longer and longer waits, then the list; from there once more."""
    clock, receiver = SimulatedClock(), Receiver()
    store = Store(url, clock)
    works = mailroom(store, clock, tmp_path, receiver)
    works.run_once()
    clock.advance(1)
    number, _ = works.add(URL, ("incident.opened",), by="王主任")
    Post(store, clock).store_batch([FakeHub().incident(uid(1), 1)])
    for answer in (500, 302, 0, *[404] * (len(WAITS_S) - 2)):
        assert store.letters.dead() == []
        receiver.answer = answer
        works.run_once()
        works.run_once()
        waiting = store.letters.due(now=clock.wall() + 10**6)
        clock.advance(((waiting[0].next_at or 0) - clock.wall()) if waiting else 1)
    assert len(receiver.told) == len(WAITS_S) + 1
    assert len({headers["webhook-id"] for headers, _ in receiver.told}) == 1
    [dead] = store.letters.dead()
    assert (dead.state, dead.answer, dead.attempts) == (DEAD, 404, len(WAITS_S) + 1)
    receiver.answer = 204
    assert store.letters.resend(dead.id, by="王主任", now=clock.wall())
    assert not store.letters.resend(dead.id, by="王主任", now=clock.wall())
    works.run_once()
    assert store.letters.counts() == {(number, SENT): 1}
    store.close()


def test_steps_of_a_case_are_told(tmp_path: Path) -> None:
    """Who did what, in the order of the steps; a hook that is off waits, a gone one is dead."""
    house, receiver = House(tmp_path), Receiver()
    works = mailroom(house.store, house.clock, tmp_path, receiver)
    works.run_once()
    number, _ = works.add(URL, ("case.step",), by="王主任")
    house.with_data()
    house.room.desk.act(1, Wish(Action.ACCEPT, "张三"))
    house.store.letters.feed(now=house.clock.wall())
    house.store.letters.switch(number, on=False, by="王主任", now=house.clock.wall())
    works.run_once()
    assert house.store.letters.counts() == {(number, WAITING): 1}
    house.store.letters.switch(number, on=True, by="王主任", now=house.clock.wall())
    receiver.answer = 410
    works.run_once()
    assert json.loads(receiver.told[0][1])["data"]["step"]["who"] == "张三"
    assert len(house.store.letters.dead()) == 1
    assert works.remove(number, by="王主任")
    assert house.store.letters.dead() == []
    assert not (tmp_path / "webhooks" / f"{number}.secret").exists()
    house.store.close()


PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0"),
    *(
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "224.0.0.1",
    ),
    "100.64.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_letter_goes_inside(address: str) -> None:
    """What a name means is judged; one bad address among good ones is enough."""
    guard = Guard(look_up=lambda *_: ["93.184.215.14", address])
    with pytest.raises(EgressRefused, match="private network"):
        guard.aim("https://county.example/")


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://a.example/", "https://", "https://u:p@a.example/", "https://a:99999/"),
        *(
            "https://a.example/\r\nx: y",
            "https://[::1",
            "file:///etc/passwd",
            "https://村.example/",
        ),
        "https://a.example/" + "x" * 600,
    ],
)
def test_no_address_that_is_none(url: str) -> None:
    """Anything but a plain https address is refused with a sentence."""
    with pytest.raises(EgressRefused, match="no address"):
        Guard(look_up=public).aim(url)


def test_http_only_where_a_setting_allows_it() -> None:
    """A private network that is named may be told; elsewhere http is refused."""
    guard = Guard(["10.20.0.0/16"], look_up=lambda *_: ["10.20.3.4"])
    assert guard.aim("http://platform.internal:8080/x") == Target(
        "platform.internal", 8080, "10.20.3.4", False, "/x"
    )
    with pytest.raises(EgressRefused, match="https"):
        Guard(look_up=public).aim("http://county.example/")
    with pytest.raises(StartError, match="no network"):
        Guard(["10.20.0.1/16"])


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A real web server that redirects, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.path} {self.headers['host']}")
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("location", "/secret")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made.server_address[1], asked
    made.shutdown()
    thread.join(10)
    made.server_close()


def test_a_redirect_is_not_followed(server: tuple[int, list[str]]) -> None:
    """The address that was judged is the address that is asked, by its name, and no other."""
    port, asked = server
    guard = Guard(["127.0.0.0/8"], look_up=lambda *_: ["127.0.0.1"])
    for path, status in (("/here", 200), ("/away", 302)):
        target = guard.aim(f"http://platform.internal:{port}{path}")
        assert post(target, {"content-type": "application/json"}, b"{}") == status
    assert asked == [f"{path} platform.internal:{port}" for path in ("/here", "/away")]
    with pytest.raises(EgressRefused, match="did not take"):
        post(Target("platform.internal", 1, "127.0.0.1", False, "/"), {}, b"")


def test_the_page_keeps_to_the_rules(tmp_path: Path) -> None:
    """Shown once, refused with a reason, nothing about what is not there."""
    house = House(tmp_path)
    house.app.state.mailroom = mailroom(house.store, house.clock, tmp_path, Receiver())
    client = house.browser(Role.ADMIN)
    assert "还没有推送" in client.get("/webhooks").text
    page = client.post("/webhooks", data={"url": URL, "names": ["case.opened"]}).text
    secret = page.split('id="secret">')[1].split("<")[0]
    assert secret.startswith("whsec_")
    assert secret not in client.get("/webhooks").text
    refused = client.post("/webhooks", data={"url": "ftp://x"})
    assert (refused.status_code, "这不是网络服务的地址" in refused.text) == (422, True)
    assert client.post("/webhooks", data={"url": URL, "names": "all"}).status_code == 422
    assert client.post("/webhooks/test", data={"hook": "1"}).status_code == 303
    house.app.state.mailroom.run_once()
    assert house.store.letters.counts() == {(1, SENT): 1}
    for path in ("switch", "test", "remove", "resend"):
        data = {"hook": "9", "letter": "9", "on": "true"}
        assert client.post(f"/webhooks/{path}", data=data).status_code == 404
    house.store.close()

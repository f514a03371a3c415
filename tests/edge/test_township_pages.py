"""The township's pages: who sees what, what is said, and that nothing hostile gets through."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from edge.clock import SimulatedClock
from edge.errors import LinkError
from edge.events import Bus
from edge.link.messages import AnnounceOrder, Command, FeedbackOrder
from edge.link.signing import SigningKey
from edge.people import Account, Role, Session
from edge.settings.schema import TownshipSection, TownshipSettings
from edge.site import invite
from edge.site.sessions import digest
from edge.site.words import load_words
from edge.township.cases.states import Action, Wish
from edge.township.cases.verdicts import Verdict
from edge.township.orders import Orders
from edge.township.store import Store
from edge.township.store.case_records import CaseFilter
from edge.township.web.pages import COOKIE, HERE, Doors, build_pages
from edge.township.web.rooms import Room
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid

HTML = {"accept": "text/html"}


class Client:
    """A browser without scripts: keeps its cookie and sends its token."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://town", cookies=self.cookies
            ) as client:
                return await client.request(
                    method, path, headers=self.headers | (headers or {}), **more
                )

        return asyncio.run(ask())


@dataclass
class House:
    """A township without a broker: its store, its pages, and what it would have sent."""

    folder: Path
    sent: list[Command] = field(default_factory=list)
    broker: bool = True

    def __post_init__(self) -> None:
        self.clock = SimulatedClock()
        self.bus = Bus()
        self.store = Store(fresh_database(self.folder), self.clock)
        self.post = Post(self.store, self.clock, self.bus)
        self.hub = FakeHub()
        key = SigningKey.generate("official")
        self.orders = Orders(self.store, self.bus, self.clock, key=key, send=self._send)
        self.verdicts: list[Verdict] = []
        self.room = room = Room(
            self.store,
            self.orders,
            self.bus,
            self.clock,
            30.0,
            self._invite,
            link_trouble=lambda: "" if self.broker else "The broker cannot be reached.",
            tell_hub=self.verdicts.append,
        )
        settings = TownshipSettings(township=TownshipSection(id="qingshui-zhen", name="清水镇"))
        self.app = build_pages(
            room,
            settings,
            Doors(),
            metrics=lambda: "village_township_alerts_open 0\n",
            health=lambda: True,
        )

    def _send(self, command: Command) -> None:
        if not self.broker:
            raise LinkError("The broker cannot be reached.")
        self.sent.append(command)

    def _invite(self, name: str, role: Role, villages: frozenset[str] | None = None) -> str:
        base = "http://127.0.0.1:1"
        return invite(self.store.people, self.clock, name, role, base, villages=villages)

    def browser(self, role: Role | None, name: str = "") -> Client:
        client = Client(self.app)
        if role is not None:
            name = name or f"{role.value}-wang"
            self.store.people.put_account(Account(name, role))
            now = self.clock.wall()
            session = Session(digest(name.encode().hex()), name, "c" * 43, now, now + 3600)
            self.store.people.put_session(session)
            client.cookies[COOKIE] = name.encode().hex()
            client.headers["x-csrf-token"] = "c" * 43
        return client

    def with_data(self) -> House:
        self.post.store_batch(
            [
                self.hub.birth(),
                self.hub.incident(uid(1), 1),
                self.hub.evidence(uid(1)),
                self.hub.receipt("a1", "finished", incident=uid(1), seconds=6.0),
            ]
        )
        return self


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


PAGES = [
    "/",
    "/?wall=1",
    "/cases",
    "/mine",
    "/villages",
    "/speak",
    "/receipts",
    "/people",
    "/audit",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers_with_data_and_without(
    house: House, path: str, filled: bool, language: str
) -> None:
    """Every page is drawn in both languages, and an empty one says what will appear there."""
    if filled:
        house.with_data()
    client = house.browser(Role.ADMIN)
    client.cookies["language"] = language
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    if not filled and path == "/" and language == "zh":
        assert "还没有告警。村级设备连上后会显示在这里。" in answer.text
    shown = re.sub(r"<[^>]*>", " ", answer.text)
    assert not re.findall(r"\b(?:alert|case|hub|speak|nav|people|step|did|do)\.[a-z_]+\b", shown)


def test_both_languages_say_the_same_things() -> None:
    """No sentence is missing in either language, and both fill the same places."""
    words = load_words([HERE / "words"])
    assert words["zh"].entries.keys() == words["en"].entries.keys()
    for key, sentence in words["zh"].entries.items():
        holes = set(re.findall(r"\{(\w+)\}", sentence))
        assert holes == set(re.findall(r"\{(\w+)\}", words["en"].entries[key])), key


def test_every_word_a_template_asks_for_exists() -> None:
    """Keys in the templates are in the words files of the township or of the kit."""
    import edge.site

    folders = [Path(edge.site.__file__).parent / "words", HERE / "words"]
    known = load_words(folders)["zh"].entries
    for template in (HERE / "templates").glob("*.html"):
        for key in re.findall(r"""\bt\("([\w.]+)\"""", template.read_text(encoding="utf-8")):
            begun = key.endswith((".", "_")) and any(
                known_key.startswith(key) for known_key in known
            )
            assert begun or key in known, f"{template.name}: {key}"


def _routes(house: House) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def walk(routes: object) -> None:
        for route in routes:  # type: ignore[attr-defined]
            if isinstance(route, APIRoute):
                path = route.path.replace("{hub}", "lin-jia-cun").replace("{incident}", uid(1))
                path = path.replace("{sha256}", "ab" * 32).replace("{order_id}", uid(1))
                path = path.replace("{number}", "1")
                found.extend((method, path) for method in route.methods or ())
            elif hasattr(route, "original_router"):
                walk(route.original_router.routes)

    walk(house.app.routes)
    return found


def test_nothing_opens_without_a_session(house: House) -> None:
    """Every route but sign-in, one-time links and liveness is shut for strangers."""
    house.with_data()
    stranger = house.browser(None)
    routes = _routes(house)
    assert ("POST", "/cases/1/step") in routes
    for method, path in routes:
        if path.startswith(("/sign-in", "/welcome", "/healthz")):
            continue
        assert stranger.request(method, path).status_code == 401, path
    assert stranger.get("/healthz").text == "ok"


RIGHTS = [
    ("POST", "/cases/1/step", {"action": "accept"}, Role.STAFF),
    ("POST", "/speak", {"hub": "lin-jia-cun", "text": "开会"}, Role.OFFICIAL),
    ("POST", "/people", {"name": "新人", "role": "viewer"}, Role.ADMIN),
    ("POST", "/people/remove", {"name": "无人"}, Role.ADMIN),
    ("GET", "/people", {}, Role.ADMIN),
    ("GET", "/cases", {}, Role.VIEWER),
    ("GET", "/speak", {}, Role.VIEWER),
]


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: f"{right[0]} {right[1]}")
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_it_needs(
    house: House, right: tuple[str, str, dict[str, str], Role], role: Role
) -> None:
    """Viewers see, staff takes alerts, officials speak, administrators manage people."""
    method, path, data, needed = right
    client = house.with_data().browser(role)
    status = client.request(method, path, data=data or None).status_code
    assert (status < 400) == role.may(needed)
    if status >= 400:
        # What somebody may not even know of is not there for him.
        assert status == (404 if role is Role.GRID_MEMBER and path == "/cases/1/step" else 403)


def test_a_changing_request_without_the_token_is_refused(house: House) -> None:
    """A forged form takes nothing."""
    client = house.with_data().browser(Role.STAFF)
    del client.headers["x-csrf-token"]
    assert client.post("/cases/1/step", data={"action": "accept"}).status_code == 403
    assert house.store.alerts()[0].state == "received"


def test_two_monitors_cannot_both_take_an_alert(house: House) -> None:
    """The first one has it; the second sees who was first."""
    house.with_data()
    path = "/cases/1"
    house.browser(Role.STAFF, "张三").post(f"{path}/step", data={"action": "accept"})
    second = house.browser(Role.STAFF, "李四")
    answer = second.post(f"{path}/step", data={"action": "accept"})
    assert answer.status_code == 409
    assert "已经往下走了" in answer.text
    [alert] = house.store.alerts()
    assert alert.acknowledged_by == "张三"
    assert "张三 已受理" in second.get(path).text
    assert [line.who for line in house.store.people.audit_lines()] == ["张三"]


EVIL = "<script>alert('村')</script>\"'>"


def test_script_in_every_text_field_is_shown_as_text(house: House) -> None:
    """Whatever a hub sends is escaped on every page."""
    hub = FakeHub(village=EVIL[:40])
    house.post.store_batch(
        [
            hub.birth(model=EVIL, grid=EVIL[:30]),
            hub.heartbeat(1, faults=(EVIL,)),
            hub.incident(
                uid(1), 1, camera_name=EVIL, zone_name=EVIL, label=EVIL[:30], grid=EVIL[:30]
            ),
            hub.receipt("x" * 20, "failed", text=EVIL, reason=EVIL, incident=uid(1), speaker=EVIL),
            hub.reply(uid(77), "refused", EVIL),
        ]
    )
    client = house.browser(Role.ADMIN)
    paths = [*PAGES, "/wall/rows", "/wall/state", "/cases/1", "/villages/list", "/receipts"]
    for path in paths:
        text = client.get(path, headers=HTML).text
        assert "<script>alert" not in text, path
        assert "onerror" not in text


def test_a_picture_is_served_as_a_picture_only(house: House) -> None:
    """The browser is told that it is a JPEG and must not guess."""
    client = house.with_data().browser(Role.VIEWER)
    answer = client.get(f"/pictures/lin-jia-cun/{uid(1)}/{'ab' * 32}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"/pictures/lin-jia-cun/{uid(1)}/{'cd' * 32}").status_code == 404


def test_somebody_who_may_see_some_cameras_sees_no_others(house: House) -> None:
    """An account bound to cameras finds neither list entry, story nor picture of another."""
    house.with_data()
    client = house.browser(Role.STAFF, "外村")
    house.store.people.put_account(Account("外村", Role.STAFF, cameras=frozenset({"other"})))
    for path in ("/wall/rows", "/cases"):
        assert "水库东岸" not in client.get(path).text
    hidden = f"lin-jia-cun/{uid(1)}"
    for path in (f"/alerts/{hidden}", f"/pictures/{hidden}/{'ab' * 32}", "/cases/1"):
        assert client.get(path).status_code == 404
    assert client.post("/cases/1/step", data={"action": "accept"}).status_code == 404


def test_silence_is_never_shown_as_safety(house: House) -> None:
    """A hub that stopped talking without a good-bye is shown as silent after three beats."""
    house.post.store_batch([house.hub.birth(cameras=())])
    client = house.browser(Role.VIEWER)
    assert "在线" in client.get("/villages/list").text
    house.clock.advance(101)
    text = client.get("/villages/list").text
    assert "没有消息" in text
    assert "现在看不到这个村的情况" in text
    assert "没有告警不等于安全" in client.get("/wall/state").text


def test_a_township_that_cannot_hear_says_so(house: House) -> None:
    """Without its broker the console does not look calm."""
    house.with_data()
    client = house.browser(Role.VIEWER)
    house.broker = False
    for path in ("/wall/state", "/villages/list"):
        text = client.get(path).text
        assert "现在收不到各村的告警" in text
        assert "The broker cannot be reached." in text


def test_an_offline_village_s_cameras_are_not_called_good(house: House) -> None:
    """What a camera last said is not shown as its state once its hub is gone."""
    house.post.store_batch([house.hub.birth(), house.hub.state("offline")])
    text = house.browser(Role.VIEWER).get("/villages/list").text
    assert "现在看不到" in text
    assert "正常" not in text


def test_speaking_goes_out_signed_and_its_answers_are_shown(house: House) -> None:
    """An order is signed, sent once, and moves through accepted and started to finished."""
    house.with_data()
    client = house.browser(Role.OFFICIAL)
    answer = client.post("/speak", data={"hub": "lin-jia-cun", "text": "今晚有大雨\n\n快回家"})
    where = answer.headers["location"]
    [command] = house.sent
    assert command.signature
    assert AnnounceOrder.model_validate(command.data).text == "今晚有大雨 快回家"
    assert (command.expires_at - command.issued_at).total_seconds() == 120
    assert "已发出" in client.get(where).text
    hub = house.hub
    house.post.store_batch([hub.reply(command.id, "accepted")])
    assert "村里已收到" in client.get(where).text
    house.post.store_batch([hub.receipt("b1", "started", command=command.id)])
    assert "正在播放" in client.get(f"{where}/state").text
    house.post.store_batch([hub.receipt("b1", "finished", command=command.id, seconds=7.4)])
    text = client.get(f"{where}/state").text
    assert "已播完" in text
    assert "7 秒" in text


def test_what_the_village_reports_is_read_in_the_language_of_the_reader(house: House) -> None:
    """Boxes report in English; the township's staff read Chinese, or English if they like."""
    reason = "It was stopped by hand."
    house.post.store_batch([house.hub.birth(), house.hub.receipt("b1", "cancelled", reason=reason)])
    client = house.browser(Role.OFFICIAL)
    assert "有人按了停止，没有播完。" in client.get("/receipts").text
    assert reason not in client.get("/receipts").text
    assert reason in client.get("/receipts?language=en").text


def test_a_refusal_of_the_village_is_read_out(house: House) -> None:
    """The hub's sentence is on the page."""
    client = house.with_data().browser(Role.OFFICIAL)
    where = client.post("/speak", data={"hub": "lin-jia-cun", "text": "开会"}).headers["location"]
    house.post.store_batch([house.hub.reply(house.sent[0].id, "refused", "功放没有电。")])
    text = client.get(where).text
    assert "村里拒绝" in text
    assert "功放没有电。" in text


def test_an_order_waits_for_the_broker_and_lapses_when_it_is_late(house: House) -> None:
    """Without a broker the order is kept and sent later; after two minutes it never is."""
    house.with_data()
    house.broker = False
    first = house.orders.announce("lin-jia-cun", AnnounceOrder(text="一"), "李主任")
    assert house.store.order(first).state == "queued"  # type: ignore[union-attr]
    house.broker = True
    house.orders.dispatch()
    assert [command.id for command in house.sent] == [first]
    house.orders.dispatch()
    assert len(house.sent) == 1
    house.clock.advance(20)
    house.orders.dispatch()
    assert len(house.sent) == 2  # nobody answered: the same order again, under the same id
    house.clock.advance(120)
    house.orders.dispatch()
    assert len(house.sent) == 2
    lapsed = house.store.order(first)
    assert lapsed is not None
    assert lapsed.state == "expired"
    assert "No answer" in lapsed.sentence


def test_a_village_nobody_knows_cannot_be_spoken_to(house: House) -> None:
    """The sentence says so, and nothing is sent."""
    with pytest.raises(LinkError, match="never been heard of"):
        house.orders.announce("atlantis", AnnounceOrder(text="一"), "李主任")
    assert house.sent == []


def test_an_administrator_invites_and_removes_but_never_himself(house: House) -> None:
    """A one-time link is shown once; the last administrator cannot lock the door behind him."""
    client = house.browser(Role.ADMIN)
    text = client.post("/people", data={"name": "赵六", "role": "staff"}).text
    assert "http://127.0.0.1:1/welcome/" in text
    assert "/welcome/" not in client.get("/people").text
    assert client.post("/people/remove", data={"name": "admin-wang"}).status_code == 422
    assert house.store.people.account("admin-wang") is not None
    house.store.people.put_account(Account("赵六", Role.STAFF))
    client.post("/people/remove", data={"name": "赵六"})
    assert house.store.people.account("赵六") is None


def _given_to(house: House, name: str) -> None:
    """Case 1, taken and given to a grid member."""
    house.store.people.put_account(Account(name, Role.GRID_MEMBER))
    house.room.desk.act(1, Wish(Action.ACCEPT, "张三"))
    house.room.desk.act(1, Wish(Action.ASSIGN, "张三", "", name))


def test_a_grid_member_sees_what_was_given_to_him_and_nothing_else(house: House) -> None:
    """His case with its picture; no wall, no list, no other case, no leading of his own."""
    house.with_data()
    _given_to(house, "赵网格")
    mine, other = (house.browser(Role.GRID_MEMBER, name) for name in ("赵网格", "钱网格"))
    assert "闯入危险区域" in mine.get("/mine").text
    assert "闯入危险区域" not in other.get("/mine").text
    paths = ["/cases/1", f"/pictures/lin-jia-cun/{uid(1)}/{'ab' * 32}"]
    for path in paths:
        assert mine.get(path).status_code == 200
        assert other.get(path).status_code == 404
    for path in ("/cases", "/wall/rows", "/wall/state"):
        assert mine.get(path).status_code == 403
    assert mine.get("/").headers["location"] == "/mine"
    for action in ("approve", "false_alarm", "escalate", "photo"):
        answer = mine.post("/cases/1/step", data={"action": action, "words": "x"})
        assert answer.status_code == 403, action
    assert mine.post("/cases/1/step", data={"action": "start"}).status_code == 303
    assert other.post("/cases/1/step", data={"action": "note", "words": "x"}).status_code == 404


def test_somebody_of_another_village_finds_no_case(house: House) -> None:
    """Neither in the list nor by its number, nor may he send anybody there."""
    house.with_data()
    client = house.browser(Role.STAFF, "外村")
    account = Account("外村", Role.STAFF, villages=frozenset({"330100000001"}))
    house.store.people.put_account(account)
    assert "闯入危险区域" not in client.get("/wall/rows").text
    assert client.get("/cases/1").status_code == 404
    assert client.post("/cases/1/step", data={"action": "accept"}).status_code == 404
    assert client.post("/cases/1/photos", content=b"x").status_code == 404


def test_a_photo_that_is_none_is_refused_with_a_sentence(house: House) -> None:
    """The sentence is in the reader's language; nothing is kept."""
    house.with_data()
    _given_to(house, "赵网格")
    client = house.browser(Role.GRID_MEMBER, "赵网格")
    answer = client.post("/cases/1/photos", content=b"<script>")
    assert answer.status_code == 422
    assert "不是能看的照片" in answer.text
    assert client.get(f"/cases/1/photos/{'ab' * 32}").status_code == 404


def test_a_case_is_given_only_to_somebody_who_may_work_on_it(house: House) -> None:
    """A stranger's name or a viewer's in the form is refused."""
    house.with_data()
    house.room.desk.act(1, Wish(Action.ACCEPT, "张三"))
    house.store.people.put_account(Account("看看", Role.VIEWER))
    client = house.browser(Role.STAFF)
    for name in ("没有这个人", "看看"):
        answer = client.post("/cases/1/step", data={"action": "assign", "to": name})
        assert answer.status_code == 422
    assert house.store.cases.one(1).assignee == ""  # type: ignore[union-attr]


def test_the_end_of_a_shift_hands_over_what_is_mine(house: House) -> None:
    """Open cases of mine go to a colleague, with the words, and nothing else does."""
    house.with_data()
    house.post.store_batch([house.hub.incident(uid(2), 1, camera="gate")])
    for case, who in ((1, "张三"), (2, "李四")):
        house.room.desk.act(case, Wish(Action.ACCEPT, who))
    client = house.browser(Role.STAFF, "张三")
    house.store.people.put_account(Account("王五", Role.STAFF))
    assert client.post("/cases/hand-over", data={"to": "没有"}).status_code == 422
    client.post("/cases/hand-over", data={"to": "王五", "words": "村口还要看一次"})
    owners = {case.id: case.owner for case in house.store.cases.some(CaseFilter())}
    assert owners == {1: "王五", 2: "李四"}
    assert "村口还要看一次" in client.get("/cases/1").text


def test_a_false_alarm_goes_out_to_the_village_and_never_before_an_order_to_speak(
    house: House,
) -> None:
    """It waits for a box that is away, quietly; what is to be said now goes first."""
    house.with_data()
    house.broker = False
    at = house.clock.wall()
    for number in range(120):
        house.orders.tell(Verdict("lin-jia-cun", uid(number), "false_alarm", "树影", "张三", at))
    house.broker = True
    house.orders.announce("lin-jia-cun", AnnounceOrder(text="开会"), "李主任")
    assert [one.name for one in house.sent[:2]] == ["announce", "feedback"]
    said = FeedbackOrder.model_validate(house.sent[1].data)
    assert (said.verdict, said.reason, said.by) == ("false_alarm", "树影", "张三")
    before = len(house.sent)
    house.clock.advance(60)
    house.orders.dispatch()
    again = [one.name for one in house.sent[before:]]
    assert "announce" in again
    assert len([name for name in again if name == "feedback"]) <= 21

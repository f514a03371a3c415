"""Places, duty and the map on the pages, on both databases: lists in and out, rights by village."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.people import Account, Role
from edge.township.duty import Shift, next_on_duty, on_duty
from edge.township.places.lists import KINDS
from edge.township.places.records import Grid, PlacedCamera, Village
from edge.township.places.writing import write_csv, write_excel
from edge.township.store import Store
from edge.township.store.sight import Sight
from tests.edge.test_township_pages import HTML, Client, House
from tests.edge.township_hub import fresh_database, uid
from tests.fakes.postgres import Postgres

HERE, OTHER, TOWN = "330782103205", "330782103206", "330782103000"
HOUR = 3600.0


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = fresh_database(tmp_path)
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.township()
    made = Store(url, SimulatedClock())
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


def village(code: str = HERE, name: str = "林家村", *hubs: str) -> Village:
    return Village(code, name, TOWN, "清水镇", 120.08, 29.31, hubs)


def furnish(store: Store) -> None:
    store.places.put_villages([village(HERE, "林家村", "lin-jia-cun"), village(OTHER, "王家村")])
    store.places.put_grids([Grid(f"{HERE}001", "第一网格", HERE)])
    store.places.put_cameras(
        [
            PlacedCamera(
                "c1", "水库东岸", HERE, f"{HERE}001", 1, 120.1, 29.3, "lin-jia-cun", "pond"
            ),
            PlacedCamera("c2", "王家村口", OTHER, "", 2),
        ]
    )


def test_a_list_sent_in_twice_changes_nothing_the_second_time(store: Store) -> None:
    """Codes are the key: what is there is updated, what is the same is left alone."""
    rows = [village(HERE, "林家村", "lin-jia-cun"), village(OTHER, "王家村")]
    assert (first := store.places.put_villages(rows)).new == 2
    assert store.places.put_villages(rows) == replace(first, new=0, same=2)
    renamed = [replace(rows[0], name="林家新村", hubs=())]
    assert store.places.put_villages(renamed).changed == 1
    kept = store.places.villages()
    assert [one.name for one in kept] == ["林家新村", "王家村"]
    assert kept[0].hubs == ("lin-jia-cun",)
    cameras = [PlacedCamera(f"c{n}", "机", HERE, "", 3) for n in range(3000)]
    assert store.places.put_cameras(cameras).new == 3000
    assert store.places.put_cameras(cameras[:-1]).same == 2999
    assert [one.code for one in store.places.cameras(after="c998", limit=2)] == ["c999"]
    assert store.places.camera_counts() == {HERE: 3000}


def test_sight_ends_at_the_villages(store: Store) -> None:
    """Who has to do with one village gets no other out of any query."""
    furnish(store)
    sight = Sight(frozenset({OTHER}))
    assert [one.name for one in store.places.villages(sight)] == ["王家村"]
    assert [one.name for one in store.places.cameras(sight)] == ["王家村口"]
    assert store.places.grids(sight) == []
    assert store.places.camera_counts(sight) == {OTHER: 1}
    assert store.places.villages(Sight(frozenset())) == []


def test_the_roster_says_who_is_called_next(store: Store) -> None:
    """The village's own people by rank, then the township's; nobody twice, nobody at an end."""
    furnish(store)
    now = 1_800_000_000.0
    turns = [
        Shift("", now - HOUR, now + HOUR, 1, "镇长"),
        Shift(HERE, now - HOUR, now + HOUR, 2, "二叔"),
        Shift(HERE, now - HOUR, now + HOUR, 1, "大伯"),
        Shift("", now - HOUR, now + HOUR, 2, "大伯"),
        Shift(HERE, now + HOUR, now + 2 * HOUR, 1, "夜班"),
        Shift(OTHER, now - HOUR, now + HOUR, 1, "外村"),
    ]
    assert store.rosters.put(turns).new == 6
    assert store.rosters.put(turns).same == 6
    assert store.rosters.put([replace(turns[0], person="书记")]).changed == 1
    called: list[str] = []
    while who := store.rosters.next_on_duty("lin-jia-cun", now, frozenset(called)):
        called.append(who)
    assert called == ["大伯", "二叔", "书记"]
    assert store.rosters.next_on_duty("lin-jia-cun", now + HOUR, frozenset()) == "夜班"
    assert store.rosters.next_on_duty("unknown-box", now, frozenset()) == "书记"
    assert store.rosters.next_on_duty("unknown-box", now + 9 * HOUR, frozenset()) is None
    assert store.rosters.remove(HERE, now - HOUR, 1)
    assert not store.rosters.remove(HERE, now - HOUR, 1)
    assert store.rosters.on_duty("lin-jia-cun", now=now)[0].person == "二叔"


def test_a_turn_begins_in_time_and_ends_before_the_next() -> None:
    """At the moment of the change only the new shift is on duty."""
    early, late = Shift("", 0.0, 10.0, 1, "早"), Shift("", 10.0, 20.0, 1, "晚")
    assert [one.person for one in on_duty([early, late], village=HERE, now=10.0)] == ["晚"]
    assert next_on_duty([early, late], village=HERE, now=20.0) is None


def test_a_note_is_taken_by_whom_it_is_for_once(store: Store) -> None:
    """A note for the next shift is anybody's but its writer's; for one person only his."""
    store.rosters.hand_over("张三", "", "水库水位高", now=1.0)
    store.rosters.hand_over("张三", "李四", "钥匙在门卫", now=2.0)
    second, first = store.rosters.handovers()
    assert not store.rosters.take_over(first.id, "张三", now=3.0)
    assert store.rosters.take_over(first.id, "王五", now=3.0)
    assert not store.rosters.take_over(first.id, "李四", now=4.0)
    assert not store.rosters.take_over(second.id, "王五", now=4.0)
    assert store.rosters.take_over(second.id, "李四", now=4.0)


def send(client: Client, kind: str, data: bytes) -> str:
    answer = client.post(f"/lists/{kind}", files={"file": ("表.xlsx", data, "text/csv")})
    assert answer.status_code == 200
    return answer.text


def token_of(text: str) -> str:
    return text.split('name="token" value="')[1].split('"', maxsplit=1)[0]


def test_a_list_is_shown_before_it_is_saved(house: House) -> None:
    """Errors by row first; nothing is kept until the person says so; then it is, once."""
    client = house.browser(Role.ADMIN)
    kind = KINDS["villages"]
    rows = [
        (TOWN, "清水镇", HERE, "林家村", "120.08", "29.31", "lin-jia-cun"),
        (TOWN, "清水镇", "12", "<b>错</b>", "", "", ""),
    ]
    text = send(client, "villages", write_excel(kind.title, kind.heading, rows))
    assert "1 行有错，1 行没有错" in text
    assert "统计用区划代码，12 位" in text
    assert "<b>错" not in text
    assert house.store.places.villages() == []
    saved = client.post("/lists/villages/save", data={"token": token_of(text)}, headers=HTML)
    assert "新增 1 行" in saved.text
    assert [one.name for one in house.store.places.villages()] == ["林家村"]
    again = client.post("/lists/villages/save", data={"token": token_of(text)}, headers=HTML)
    assert "请重新选文件" in again.text
    assert house.store.people.audit_lines()[0].action == "import_list"


def test_a_list_of_somebody_else_cannot_be_saved(house: House) -> None:
    """The token alone opens nothing: it belongs to who sent the file in."""
    kind = KINDS["villages"]
    row = (TOWN, "清水镇", HERE, "林家村", "", "", "")
    text = send(house.browser(Role.ADMIN), "villages", write_csv(kind.heading, [row]))
    other = house.browser(Role.ADMIN, "别人")
    assert (
        "请重新选文件"
        in other.post("/lists/villages/save", data={"token": token_of(text)}, headers=HTML).text
    )
    house.clock.advance(3600)
    late = house.browser(Role.ADMIN)
    assert (
        "请重新选文件"
        in late.post("/lists/villages/save", data={"token": token_of(text)}, headers=HTML).text
    )
    assert house.store.places.villages() == []


def test_a_hostile_upload_is_answered_with_a_sentence(house: House) -> None:
    """Garbage is refused on the page; what is too large at the door; a forged form as well."""
    client = house.browser(Role.ADMIN)
    assert "请把表格另存为" in send(client, "cameras", b"\x89PNG\0\0")
    large = client.post("/lists/cameras", files={"file": ("x", b"a" * 5_000_000)})
    assert large.status_code == 413
    del client.headers["x-csrf-token"]
    assert client.post("/lists/cameras", files={"file": ("x", b"a")}).status_code == 403


def test_only_who_may_keeps_lists(house: House) -> None:
    """Places are the administrator's, the roster also the official's; others are refused."""
    for role, kind, good in (
        (Role.ADMIN, "cameras", True),
        (Role.OFFICIAL, "cameras", False),
        (Role.OFFICIAL, "roster", True),
        (Role.STAFF, "roster", False),
        (Role.AUDITOR, "villages", False),
        (Role.GRID_MEMBER, "villages", False),
    ):
        client = house.browser(role)
        for path in (f"/lists/{kind}", f"/lists/{kind}/template.xlsx"):
            assert (client.get(path).status_code == 200) == good, (role, path)
        sent = client.post(f"/lists/{kind}", files={"file": ("x", b"a")})
        assert (sent.status_code == 200) == good
        assert sent.status_code in {200, 403}


def test_an_administrator_of_one_village_cannot_write_another(house: House) -> None:
    """Rights by village hold for lists as well."""
    furnish(house.store)
    client = house.browser(Role.ADMIN)
    house.store.people.put_account(Account("admin-wang", Role.ADMIN, villages=frozenset({HERE})))
    kind = KINDS["cameras"]
    rows = [
        (OTHER, "c9", "外村", "三类", "", "", "", "", ""),
        (HERE, "c8", "本村", "三类", *[""] * 5),
    ]
    text = send(client, "cameras", write_csv(kind.heading, rows))
    assert "这个村不归您管" in text
    assert "1 行有错，1 行没有错" in text


def test_what_is_exported_holds_no_formula_and_only_ones_own_villages(house: House) -> None:
    """The list of cameras goes out shielded, filtered, and the audit log knows."""
    furnish(house.store)
    house.store.places.put_cameras([PlacedCamera("c3", "=cmd|'/C calc'!A0", HERE, "", 3)])
    client = house.browser(Role.STAFF)
    house.store.people.put_account(Account("staff-wang", Role.STAFF, villages=frozenset({HERE})))
    answer = client.get("/lists/cameras/now.csv")
    text = answer.content.decode("utf-8-sig")
    assert ",'=cmd|" in text
    assert "王家村口" not in text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get("/lists/cameras/now.xlsx").content.startswith(b"PK")
    assert house.store.people.audit_lines()[0].action == "export_list"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("filled", [False, True])
def test_every_page_of_places_is_drawn(house: House, filled: bool, language: str) -> None:
    """With data and without, in both languages, no key of the words left over."""
    if filled:
        furnish(house.store)
        house.with_data()
        now = house.clock.wall()
        house.store.rosters.put([Shift("", now - 60, now + HOUR, 1, "admin-wang", "1380", "代班")])
        house.store.rosters.hand_over("张三", "", "水位高", now=now)
    client = house.browser(Role.ADMIN)
    client.cookies["language"] = language
    paths = [
        "/places",
        "/map",
        "/map/list",
        "/duty",
        "/duty?week=3",
        *(f"/lists/{k}" for k in KINDS),
    ]
    for path in [*paths, *([f"/places/{HERE}"] if filled else [])]:
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 200, path
        for family in ("place.", "wrong.", "duty.", "map.", "list_kind.", "weekday."):
            assert f">{family}" not in answer.text, (path, family)
    assert client.get(f"/places/{HERE}").status_code == (200 if filled else 404)


def test_the_map_knows_where_cases_are(house: House) -> None:
    """A case stands at its camera, else at its village; one of another village is not told."""
    furnish(house.store)
    house.with_data()
    places = house.browser(Role.VIEWER).get("/map/places").json()
    assert [one["name"] for one in places["villages"]] == ["林家村", "王家村"]
    assert [one["name"] for one in places["cameras"]] == ["水库东岸"]
    [case] = places["cases"]
    assert case["href"].startswith("/cases/")
    assert case["lat"] in {29.3, 29.31}
    client = house.browser(Role.VIEWER, "外村")
    house.store.people.put_account(Account("外村", Role.VIEWER, villages=frozenset({OTHER})))
    seen = client.get("/map/places").json()
    assert (seen["cases"], [one["name"] for one in seen["villages"]]) == ([], ["王家村"])
    assert "水库" not in client.get("/map").text
    assert uid(1) not in client.get("/map/list").text

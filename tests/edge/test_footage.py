"""Recordings from the box to the township's page: resumed, checked, bounded, and by right."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clips import GONE, NONE, NOT_YET, ClipBook
from edge.clock import SimulatedClock, SystemClock
from edge.events import Bus
from edge.link.chunks import Chunks
from edge.link.messages import Chunk, Pull
from edge.people import Role
from edge.settings.schema import RecordingSection
from edge.store.hub import HubStore
from edge.store.limits import DAY_S
from edge.store.records import ClipRecord
from edge.township.pictures.fetching import Fetching
from edge.township.pictures.store import FileEvidence
from edge.township.places.records import Grid, PlacedCamera, Village
from edge.township.store import Store
from edge.township.store.transfers import Transfer, transfers_of
from tests.edge.test_township_pages import House
from tests.edge.township_hub import fresh_database, uid
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_ends import Hub
from tests.fakes.records import an_entry, an_incident
from tests.fakes.township_ends import TownshipEnd
from tests.waiting import wait_for
from vision.reports import ClipReport, IncidentReport, Phase

CLIP = b"\x00\x00\x00\x20ftypisom" + random.Random(3).randbytes(1_200_000)
SHA256 = hashlib.sha256(CLIP).hexdigest()


def book_of(store: HubStore, folder: Path, clock: SimulatedClock | SystemClock) -> ClipBook:
    return ClipBook(RecordingSection(clips_mb=50), store, folder, clock=clock, bus=Bus())


def put_clip(folder: Path, data: bytes = CLIP) -> Path:
    name = hashlib.sha256(data).hexdigest()
    path = folder / "clips" / name[:2] / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def a_report(key: str, clock: SimulatedClock) -> IncidentReport:
    at = clock.monotonic()
    return IncidentReport(
        key, Phase.OPENED, "c", "intrusion", "", "", "person", 0.9, 1, 1.0, (0, 0, 1, 1), at, at
    )


def test_a_clip_finds_its_incident_and_is_forgotten_in_time(tmp_path: Path) -> None:
    """Told by the worker's key; not yet, none, a reason, gone: each has its own sentence."""
    clock = SimulatedClock()
    store = HubStore.open(tmp_path, clock)
    try:
        book = book_of(store, tmp_path, clock)
        one, two = an_incident(clock), an_incident(clock)
        for number, incident in enumerate((one, two)):
            store.save_incident(incident, [an_entry(incident)])
            book.note(a_report(f"c.0.{number}", clock), incident)
        assert book.state(one.id) == (None, NOT_YET)
        path = put_clip(tmp_path)
        book.take(ClipReport("c", ("c.0.0", "unknown"), SHA256, len(CLIP), 15.0))
        book.take(ClipReport("c", ("c.0.1",), problem="Nothing came."))
        record, problem = book.state(one.id)
        assert (record, problem) == (ClipRecord(one.id, SHA256, len(CLIP), 15.0), "")
        assert book.state(two.id) == (None, "Nothing came.")
        assert book.find(one.id) == (SHA256, "")
        assert book.piece(SHA256, 100, 50) == (len(CLIP), CLIP[100:150])
        clock.advance(3600)
        assert book.state(uid(99)) == (None, NONE)
        old = clock.wall() - 31 * DAY_S
        os.utime(path, (old, old))
        book.keep_house()
        assert path.is_file()  # its incident is still open
        store.save_incident(replace(one, rev=one.rev + 1, closed=clock.stamp()), [])
        book.keep_house()
        assert not path.exists()
        assert book.state(one.id) == (None, GONE)
    finally:
        store.close()


@pytest.mark.mosquitto
def test_a_recording_comes_whole_although_the_broker_is_killed(tmp_path: Path) -> None:
    """Asked for once, resumed where it was, checked by the hash of its first piece, kept by it."""
    clock = SystemClock(synchronised=lambda: True)
    broker = Mosquitto(tmp_path)
    broker.start()
    folder = tmp_path / "hub"
    hub = Hub(folder, broker.port, "5", clock)
    hub.link._chunks._clips = book = book_of(hub.store, folder, clock)
    store = Store(fresh_database(tmp_path), clock)
    township = TownshipEnd(store, broker.port, clock, folder=tmp_path)

    def transfer(incident: str) -> Transfer:
        with store.database.read() as connection:
            return transfers_of(connection, hub.id, incident)[0]

    try:
        put_clip(folder)
        good, none = hub.report(2)
        hub.store.save_clip(ClipRecord(good, SHA256, len(CLIP), 15.0))
        hub.store.save_clip(ClipRecord(none, "", 0, 0.0, problem="Nothing came."))
        hub.link.start()
        township.start()
        wait_for(lambda: store.alert(hub.id, none), what="the alerts")
        asked = township.pictures.request_clip(hub.id, good, "li")
        assert township.pictures.request_clip(hub.id, good, "li") == asked
        township.pictures.request_clip(hub.id, none, "li")
        wait_for(lambda: transfer(none).state == "failed", what="the refusal")
        assert transfer(none).sentence == "Nothing came."
        wait_for(lambda: transfer(good).received > 20_000, what="some pieces")
        broker.kill()
        before = transfer(good).received
        broker.start()
        wait_for(lambda: transfer(good).state == "stored", timeout_s=60, what="the recording")
        assert (transfer(good).sha256, transfer(good).kind) == (SHA256, "clip")
        assert township.pictures.picture(SHA256) == CLIP
        assert township.pieces * 16 * 1024 < len(CLIP) + before + 8 * 16 * 1024
        assert book.find(good)[0] == SHA256
    finally:
        hub.close()
        township.close()
        store.close()
        broker.stop()


class Granted:
    """One clip is granted."""

    def grant(self, order: str, sha256: str) -> None: ...

    def granted(self, order: str) -> str | None:
        return SHA256

    def is_evidence(self, incident: str, sha256: str) -> bool:
        return False


class Shelf:
    """One clip is kept."""

    def find(self, incident: str) -> tuple[str, str]:
        return SHA256, ""

    def piece(self, sha256: str, offset: int, length: int) -> tuple[int, bytes] | None:
        return len(CLIP), CLIP[offset : offset + length]


def test_pieces_of_a_recording_keep_to_the_days_data() -> None:
    """Nothing goes while the day's data for pictures are used up; then the next piece does."""
    sent: list[tuple[Chunk, bytes]] = []

    def publish(_topic: str, payload: bytes) -> int:
        head, _, piece = payload.partition(b"\n")
        sent.append((Chunk.model_validate_json(head), piece))
        return len(sent)

    budget: list[int] = []
    allowed = False

    def allows(_lane: int, size: int) -> bool:
        budget.append(size)
        return allowed

    chunks = Chunks(
        Granted(),
        lambda _sha256: None,
        publish,
        hub="lin-jia-cun",
        is_calm=lambda: True,
        allows=allows,
        clips=Shelf(),
    )
    chunks.asked(Pull(transfer=uid(1), offset=4))
    chunks.send(0.0)
    assert (sent, budget) == ([], [16 * 1024])
    allowed = True
    chunks.send(1.0)
    [(head, piece)] = sent
    assert (head.sha256, head.size, head.offset) == (SHA256, len(CLIP), 4)
    assert piece == CLIP[4 : 4 + 16 * 1024]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = with_pictures(tmp_path)
    yield made
    made.store.close()


def with_pictures(folder: Path) -> House:
    """A township with one case, whose pages may fetch; nobody answers by himself."""
    house = House(folder).with_data()
    fetching = Fetching(
        house.store.database,
        house.orders,
        FileEvidence(folder / "pictures"),
        folder / "incoming",
        clock=house.clock,
        bus=house.bus,
        pull=lambda _hub, _pull: True,
    )
    house.room = replace(house.room, pictures=fetching)
    house.app.state.room = house.room
    return house


def give(house: House, *, whole: bool) -> None:
    """The village sends the clip that was asked for, or its first piece."""
    pictures = house.room.pictures
    assert pictures is not None
    with house.store.database.read() as connection:
        transfer = transfers_of(connection, house.hub.id, uid(1))[0]
    length = 100_000
    for offset in range(0, len(CLIP) if whole else 1, length):
        head = Chunk(offset=offset, size=len(CLIP), sha256=SHA256)
        pictures.take(house.hub.id, transfer.id, head, CLIP[offset : offset + length])


def test_a_monitor_gets_the_recording_on_the_cases_page(house: House) -> None:
    """Button, progress, player with ranges, download; who asked and who looked is written down."""
    monitor = house.browser(Role.STAFF)
    page = monitor.get("/cases/1").text
    assert "取录像" in page
    assert "取完整图片" in page
    form = {"incident": uid(1), "kind": "clip"}
    assert monitor.post("/cases/1/footage", data=form).status_code == 303
    assert monitor.post("/cases/1/footage", data=form).status_code == 303
    assert "正在等它送来" in monitor.get("/cases/1/footage").text
    give(house, whole=False)
    assert "已收到 8%" in monitor.get("/cases/1/footage").text
    give(house, whole=True)
    address = f"/footage/{house.hub.id}/{uid(1)}/{SHA256}"
    assert f'src="{address}"' in monitor.get("/cases/1/footage").text
    assert monitor.get(address).content == CLIP
    part = monitor.get(address, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CLIP[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(CLIP)}"
    assert monitor.get(address, headers={"range": f"bytes={len(CLIP)}-"}).status_code == 416
    saved = monitor.get(f"{address}?download=true")
    assert "attachment" in saved.headers["content-disposition"]
    said = [line.action for line in house.store.people.audit_lines(20)]
    assert said.count("view_clip") == 1
    assert said.count("download_clip") == 1
    assert "ask_clip" in said


def test_a_refused_recording_says_why_and_can_be_asked_for_again(house: House) -> None:
    """A plain sentence in Chinese, and the button is there again; a bad piece is no recording."""
    monitor = house.browser(Role.STAFF)
    form = {"incident": uid(1), "kind": "clip"}
    monitor.post("/cases/1/footage", data=form)
    pictures = house.room.pictures
    assert pictures is not None
    with house.store.database.read() as connection:
        transfer = transfers_of(connection, house.hub.id, uid(1))[0]
    pictures.take(house.hub.id, transfer.id, Chunk(offset=0, size=0, problem=GONE), b"")
    page = monitor.get("/cases/1/footage").text
    assert "村里的设备已经没有这段录像了" in page
    assert "取录像" in page
    house.clock.advance(1)
    monitor.post("/cases/1/footage", data=form)
    with house.store.database.read() as connection:
        again = transfers_of(connection, house.hub.id, uid(1))[0]
    head = Chunk(offset=0, size=4, sha256=SHA256)
    pictures.take(house.hub.id, again.id, head, b"fake")
    with house.store.database.read() as connection:
        assert transfers_of(connection, house.hub.id, uid(1))[0].state == "failed"
    assert pictures.picture(SHA256) is None


def test_nobody_sees_or_fetches_what_is_not_his(house: House) -> None:
    """Another village's monitor, a grid member who was not sent, and a stranger."""
    monitor = house.browser(Role.STAFF)
    monitor.post("/cases/1/footage", data={"incident": uid(1), "kind": "clip"})
    give(house, whole=True)
    address = f"/footage/{house.hub.id}/{uid(1)}/{SHA256}"
    grid = house.browser(Role.GRID_MEMBER)
    assert grid.get(address).status_code == 404
    assert grid.post("/cases/1/footage", data={}).status_code == 403
    stranger = house.browser(None)
    assert stranger.get(address).status_code in {303, 401}
    unknown = monitor.post("/cases/1/footage", data={"incident": uid(5), "kind": "clip"})
    assert unknown.status_code == 404


def test_the_page_of_a_village_and_its_rates(house: House) -> None:
    """Everything the box told, with the list of cameras: what is built, networked, online, HD."""
    looker = house.browser(Role.STAFF)
    code = "330782103205"
    page = looker.get("/rates").text
    assert "联网率" in page
    house.store.places.put_villages(
        [Village(code, "林家村", "330782103000", "清水镇", None, None, (house.hub.id,))]
    )
    house.store.places.put_grids([Grid(f"{code}001", "东网格", code)])
    house.store.places.put_cameras(
        [
            PlacedCamera(
                "c1", "水库", code, f"{code}001", 1, hub=house.hub.id, channel="reservoir-east"
            ),
            PlacedCamera("c2", "粮站", code, f"{code}001", 1),
        ]
    )
    page = looker.get("/rates").text
    assert "东网格" in page
    assert "100%" in page
    assert "67%" in page
    page = looker.get(f"/villages/{house.hub.id}").text
    for words in ("程序版本", "今天的流量", "每天对账", "喇叭", "高清率"):
        assert words in page
    assert looker.get("/villages/nowhere").status_code == 404


def test_without_anything_the_pages_say_so(tmp_path: Path) -> None:
    """No box, no camera: sentences instead of empty tables."""
    empty = House(tmp_path)
    try:
        looker = empty.browser(Role.STAFF)
        assert "还没有摄像机" in looker.get("/rates").text
        assert looker.get("/villages").status_code == 200
    finally:
        empty.store.close()

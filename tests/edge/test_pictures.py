"""Full pictures from the village: on request, in pieces, whole or not at all, after alerts."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.errors import LinkError, StoreError
from edge.link.chunks import Chunks
from edge.link.messages import Chunk, ConfigOrder, EvidenceEvent, Pull
from edge.store.evidence import EvidenceStore
from edge.store.records import Lane, OutboxEntry
from edge.township.pictures.signature import Credentials, signed_headers
from edge.township.pictures.store import FileEvidence
from edge.township.store import Store
from edge.township.store.transfers import Transfer, transfers_of
from tests.edge.township_hub import JPEG, fresh_database
from tests.fakes.broker import Mosquitto
from tests.fakes.broker_ends import KEY, Hub, an_order
from tests.fakes.records import an_entry, an_incident
from tests.fakes.township_ends import TownshipEnd
from tests.waiting import wait_for

PICTURE = b"\xff\xd8\xff" + random.Random(7).randbytes(1_500_000)
SHA256 = hashlib.sha256(PICTURE).hexdigest()


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
def store(tmp_path: Path, clock: SystemClock) -> Iterator[Store]:
    made = Store(fresh_database(tmp_path), clock)
    yield made
    made.close()


def a_hub(folder: Path, broker: Mosquitto, clock: SystemClock, *, daily_mb: int = 0) -> Hub:
    """A hub that keeps evidence on its disk."""
    evidence = EvidenceStore(folder / "evidence")
    return Hub(folder, broker.port, "5", clock, pictures=evidence.get, daily_mb=daily_mb)


def take_a_picture(hub: Hub, folder: Path) -> str:
    """An incident with evidence; returns its id."""
    EvidenceStore(folder / "evidence").put(PICTURE)
    incident = an_incident(hub.clock, evidence=SHA256)
    event = EvidenceEvent(
        incident=incident.id,
        sha256=SHA256,
        size=len(PICTURE),
        thumbnail=base64.b64encode(JPEG).decode(),
    )
    thumb = OutboxEntry(
        incident.id.replace("-4", "-7", 1),
        "cn.village.evidence.v1",
        event.to_bytes(),
        Lane.THUMBNAIL,
    )
    hub.store.save_incident(incident, [an_entry(incident), thumb])
    hub.link.wake()
    return incident.id


def was_refused(township: TownshipEnd, order: str) -> bool:
    return "refused" in township.replies.get(order, [])


def the_transfer(store: Store, hub: Hub, incident: str) -> Transfer:
    with store.database.read() as connection:
        return transfers_of(connection, hub.id, incident)[0]


@pytest.mark.mosquitto
def test_a_picture_comes_whole_although_everything_is_restarted(
    tmp_path: Path, broker: Mosquitto, clock: SystemClock, store: Store
) -> None:
    """Broker, hub and township each go in the middle; what came before is not sent again."""
    hub = a_hub(tmp_path / "hub", broker, clock)
    township = TownshipEnd(store, broker.port, clock, folder=tmp_path)
    incident = take_a_picture(hub, tmp_path / "hub")
    try:
        hub.link.start()
        township.start()
        wait_for(lambda: (a := store.alert(hub.id, incident)) and a.picture, what="the thumbnail")
        with pytest.raises(LinkError, match="announced"):
            township.pictures.request(hub.id, incident, "ab" * 32, "li")
        transfer = township.pictures.request(hub.id, incident, SHA256, "li")
        assert township.pictures.request(hub.id, incident, SHA256, "li") == transfer
        wait_for(lambda: the_transfer(store, hub, incident).received > 20_000, what="some pieces")
        broker.kill()
        hub.close()
        township.close()
        before = the_transfer(store, hub, incident).received
        broker.start()
        hub = a_hub(tmp_path / "hub", broker, clock)
        township = TownshipEnd(store, broker.port, clock, folder=tmp_path)
        hub.link.start()
        township.start()
        wait_for(
            lambda: the_transfer(store, hub, incident).state == "stored",
            timeout_s=30,
            what="the picture",
        )
        assert township.pictures.picture(SHA256) == PICTURE
        assert township.pieces * 16 * 1024 < len(PICTURE) - before + 4 * 16 * 1024
        assert list((tmp_path / "incoming").iterdir()) == []
    finally:
        hub.close()
        township.close()


@pytest.mark.mosquitto
def test_a_picture_that_is_gone_or_wrong_is_said(
    tmp_path: Path, broker: Mosquitto, clock: SystemClock, store: Store
) -> None:
    """Pruned on the hub: the request ends with a sentence, and can be made again."""
    hub = a_hub(tmp_path / "hub", broker, clock)
    township = TownshipEnd(store, broker.port, clock, folder=tmp_path)
    incident = take_a_picture(hub, tmp_path / "hub")
    EvidenceStore(tmp_path / "hub" / "evidence").path(SHA256).unlink()
    try:
        hub.link.start()
        township.start()
        wait_for(lambda: (a := store.alert(hub.id, incident)) and a.picture, what="the thumbnail")
        township.pictures.request(hub.id, incident, SHA256, "li")
        wait_for(lambda: the_transfer(store, hub, incident).state == "failed", what="the end")
        assert "no longer kept" in the_transfer(store, hub, incident).sentence
        EvidenceStore(tmp_path / "hub" / "evidence").put(PICTURE)
        township.pictures.request(hub.id, incident, SHA256, "li")
        wait_for(lambda: township.pictures.picture(SHA256) == PICTURE, what="the picture")
    finally:
        hub.close()
        township.close()


@pytest.mark.mosquitto
def test_a_township_changes_the_few_settings_it_may(
    tmp_path: Path, broker: Mosquitto, clock: SystemClock, store: Store
) -> None:
    """A signed order sets the data budget; it holds after a restart; anything else is refused."""
    hub = a_hub(tmp_path / "hub", broker, clock)
    township = TownshipEnd(store, broker.port, clock, folder=tmp_path)
    try:
        hub.link.start()
        township.start()
        wait_for(lambda: store.hub(hub.id), what="the hub")
        order = township.orders.configure(hub.id, ConfigOrder(daily_mb=3), "li")
        wait_for(lambda: (o := store.order(order)) and o.state == "done", what="the answer")
        assert hub.link._tuning.budget.limit == 3_000_000
        wild = KEY.sign(
            an_order(clock, number=9, name="config", data={"heartbeat_s": 0.001}, hub=hub.id)
        )
        township.link.send(wild)
        unsigned = an_order(clock, number=10, name="config", data={"daily_mb": 1}, hub=hub.id)
        township.link.send(unsigned)
        talk = {"session": "00000000-0000-4000-8000-00000000000a", "seconds": 30}
        talk_order = KEY.sign(an_order(clock, number=11, name="talk", data=talk, hub=hub.id))
        township.link.send(talk_order)
        for order_id in (wild.id, unsigned.id, talk_order.id):
            wait_for(partial(was_refused, township, order_id), what="a refusal")
        hub.close()
        hub = a_hub(tmp_path / "hub", broker, clock)
        assert hub.link._tuning.budget.limit == 3_000_000
        assert hub.link._tuning.heartbeat_s == 0.5
    finally:
        hub.close()
        township.close()


class Line:
    """A network that takes as long for a piece as it is told."""

    def __init__(self) -> None:
        self.calm = True
        self.allowed = True
        self.sent: list[tuple[Chunk, bytes]] = []

    def publish(self, _topic: str, payload: bytes) -> int:
        head, _, piece = payload.partition(b"\n")
        self.sent.append((Chunk.model_validate_json(head), piece))
        return len(self.sent)


class Grants:
    """Everything is granted."""

    def grant(self, order: str, sha256: str) -> None: ...

    def granted(self, order: str) -> str | None:
        return SHA256

    def is_evidence(self, incident: str, sha256: str) -> bool:
        return True


def test_pieces_wait_for_alerts_rest_between_and_shrink_on_a_slow_line() -> None:
    """One at a time, never while something urgent is under way, 40 % of the time at rest."""
    line = Line()
    chunks = Chunks(
        Grants(),
        lambda _sha256: PICTURE,
        line.publish,
        hub="lin-jia-cun",
        is_calm=lambda: line.calm,
        allows=lambda _lane, _size: line.allowed,
    )
    transfer = "00000000-0000-4000-8000-000000000001"
    line.calm = False
    chunks.asked(Pull(transfer=transfer, offset=0))
    chunks.send(0.0)
    assert line.sent == []
    line.calm = True
    chunks.send(1.0)
    assert len(line.sent[-1][1]) == 16 * 1024
    chunks.asked(Pull(transfer=transfer, offset=16 * 1024))
    chunks.send(1.5)
    assert len(line.sent) == 1
    assert chunks.published(1, 2.0)
    chunks.send(2.6)
    assert len(line.sent) == 1
    line.allowed = False
    chunks.send(2.7)
    assert len(line.sent) == 1
    line.allowed = True
    chunks.send(2.9)
    assert line.sent[-1][0].offset == 16 * 1024
    assert len(line.sent[-1][1]) == 8 * 1024
    assert not chunks.published(1, 3.0)


def test_files_are_kept_by_content_and_checked(tmp_path: Path) -> None:
    """What is not what its name says is not given out, and names cannot lead elsewhere."""
    kept = FileEvidence(tmp_path)
    name = kept.put(JPEG, "image/jpeg")
    assert kept.put(JPEG, "image/jpeg") == name
    assert kept.get(name) == JPEG
    (tmp_path / name[:2] / name).write_bytes(b"something else")
    assert kept.get(name) is None
    assert kept.get("0" * 64) is None
    with pytest.raises(StoreError, match="not the name"):
        kept.get("../../etc/passwd")


def test_a_request_is_signed_as_the_published_example() -> None:
    """The example `GET Object` of the S3 documentation (Signature Version 4, May 2013)."""
    headers = signed_headers(
        Credentials(
            "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"
        ),
        "GET",
        "examplebucket.s3.amazonaws.com",
        "/test.txt",
        body=b"",
        at=datetime(2013, 5, 24, tzinfo=UTC),
        more={"Range": "bytes=0-9"},
    )
    signature = headers["authorization"].rpartition("Signature=")[2]
    assert signature == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

"""An official writes a sentence on the township's page, and the village hears it once."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.fakes.broker import Mosquitto
from tests.fakes.programs import HUB, Place, assert_audible, csrf_of
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto

FIRST = "各位村民请注意，明天上午九点在村委会打疫苗，请带好身份证，老人和小孩先打。"
SECOND = "打疫苗改到下午两点。"


def order(clerk: httpx.Client, text: str) -> str:
    """Fill in the form and send it; the id of the order."""
    form = {"csrf": csrf_of(clerk.get("/speak").text), "hub": HUB, "text": text}
    answer = clerk.post("/speak", data=form)
    assert answer.status_code == 200
    return answer.url.path.rpartition("/")[2]


def test_an_order_is_spoken_once_though_the_console_is_killed_meanwhile(
    place: Place, broker: Mosquitto
) -> None:
    """Killed while the village hears it: receipt, order and session are there afterwards."""
    broker.start()
    place.settle([])
    place.start("township").until_said("township started")
    hub = place.start("hub")
    book = place.township_book
    wait_for(lambda: book.hub().get("state") == "online", timeout_s=30, what="the village")
    with place.sign_in("township") as clerk:
        forged = clerk.post("/speak", data={"hub": HUB, "text": FIRST})
        assert forged.status_code == 403
        first = order(clerk, FIRST)
        wait_for(
            lambda: book.receipts(command=first, state="started"), timeout_s=30, what="the sound"
        )
        place.programs[0].kill()
        wait_for(
            lambda: place.hub_book.plays(command=first, state="finished"),
            timeout_s=30,
            what="the end of the sound",
        )
        place.start("township").until_said("township started")
        (receipt,) = wait_for(
            lambda: book.receipts(command=first, state="finished"), timeout_s=30, what="a receipt"
        )
        second = order(clerk, SECOND)
        wait_for(
            lambda: book.receipts(command=second, state="finished"), timeout_s=30, what="a receipt"
        )
        wait_for(lambda: states(place) == {first: "done", second: "done"}, what="both answers")
        assert SECOND in clerk.get("/receipts").text
    assert receipt["text"] == FIRST
    wait_for(lambda: place.hub_book.outbox() == 0, what="an empty outbox")
    assert {play["command"] for play in place.hub_book.plays()} == {first, second}
    assert len(place.sounds()) == 2
    for sound in place.sounds():
        assert_audible(sound)
    assert hub.stop() == 0


def test_a_village_that_was_away_hears_the_order_when_it_is_back(
    place: Place, broker: Mosquitto
) -> None:
    """Ordered while the box was off and the console restarted: spoken once, in its time."""
    broker.start()
    place.settle([])
    township, hub = place.start("township"), place.start("hub")
    book = place.township_book
    wait_for(lambda: book.hub().get("state") == "online", timeout_s=30, what="the village")
    with place.sign_in("township") as clerk:
        assert hub.stop() == 0
        wait_for(lambda: book.hub()["state"] == "offline", what="the village's farewell")
        given = order(clerk, SECOND)
    assert township.stop() == 0
    place.start("township").until_said("township started")
    assert place.sounds() == []
    place.start("hub")
    wait_for(lambda: states(place).get(given) == "done", timeout_s=40, what="the answer")
    wait_for(lambda: book.receipts(command=given, state="finished"), what="the receipt")
    assert len(place.sounds()) == 1


def states(place: Place) -> dict[str, str]:
    """Every order that makes sound, and what became of it."""
    rows = place.township_book.rows("SELECT * FROM commands WHERE name = 'announce'")
    assert all(json.loads(row["data"])["text"] for row in rows)
    return {row["id"]: row["state"] for row in rows}

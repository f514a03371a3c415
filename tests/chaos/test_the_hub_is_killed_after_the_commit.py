"""The power goes between writing an alert down and sending it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.broker import Mosquitto
from tests.fakes.programs import Place, samples_of
from tests.waiting import wait_for

pytestmark = pytest.mark.mosquitto


def test_what_was_committed_arrives_and_what_was_spoken_is_not_repeated(
    place: Place, broker: Mosquitto, courtyard: dict[str, Any]
) -> None:
    """No broker, kill -9 during the warning: the alert arrives once, the warning as failed."""
    place.settle([courtyard])
    hub = place.start("hub")
    hub.until_said("hub started")
    (play,) = wait_for(
        lambda: place.hub_book.plays(state="started"), timeout_s=40, what="the warning to begin"
    )
    hub.kill()
    wait_for(lambda: hub.family() == {}, what="the workers to notice")
    (incident,) = place.hub_book.incidents("intrusion")
    assert place.hub_book.outbox() > 0
    (sound,) = place.sounds()
    was_bytes = sound.stat().st_size

    broker.start()
    place.start("township").until_said("township started")
    again = place.start("hub")
    book = place.township_book
    (alert,) = wait_for(lambda: book.alerts("intrusion"), timeout_s=40, what="the alert")
    assert alert["id"] == incident["id"] == play["incident"]
    assert alert["opened_at"] == pytest.approx(incident["opened_wall"], abs=0.002)
    (receipt,) = wait_for(
        lambda: book.receipts(announcement=play["announcement"], state="failed"),
        timeout_s=20,
        what="the receipt",
    )
    assert "is not repeated" in receipt["reason"]
    wait_for(lambda: place.hub_book.outbox() == 0, timeout_s=20, what="an empty outbox")
    assert len(book.opened("intrusion")) == 1
    assert book.pictures(alert["id"])
    assert book.unfilled_gaps() == []
    assert [path.name for path in place.sounds() if play["announcement"] in path.name] == [
        sound.name
    ]
    assert sound.stat().st_size == was_bytes
    samples_of(sound)
    assert again.stop() == 0

    place.settle([{**courtyard, "enabled": False}])
    place.start("hub")
    wait_for(
        lambda: {alert["phase"] for alert in book.alerts("intrusion")} == {"closed"},
        timeout_s=20,
        what="the end of what nobody watches any more",
    )

"""A box that is told to stop does so in its own order, whenever it is told."""

from __future__ import annotations

from tests.fakes.programs import Place


def test_told_to_stop_while_it_starts_it_still_stops_in_order(place: Place) -> None:
    """SIGTERM right after the database was opened: status 0, and nobody is left behind."""
    place.settle([])
    hub = place.start("hub")
    hub.until_said("store migrated")
    assert hub.stop() == 0
    assert hub.said("hub stopped")
    assert "Traceback" not in hub.log
    assert hub.family() == {}

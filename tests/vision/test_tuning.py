"""Caring less about some things at one camera, live, and never about fire."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.detecting import ColourDetector
from vision.errors import ProtocolError
from vision.frames import Picture
from vision.orders import Order, OrderLine, Show, Tune, order_from_header, order_to_message
from vision.pipeline import Pipeline
from vision.reports import LENGTHS, Phase, SightReport, report_from_message, report_to_message
from vision.rules import Scene
from vision.settings import CameraSpec, RuleSpec
from vision.sources.synthetic import OBJECT
from vision.tracking import Track
from vision.tuner import Tuner
from vision.tuning import Ignored, Tuning

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
WIDTH, HEIGHT = 320, 180


def pipeline(kind: str, label: str, tuning: Tuning, **changes: object) -> Pipeline:
    rule = RuleSpec(kind, labels=(label,), dwell_s=0.5)
    camera = CameraSpec("c", "村口", "x", rules=(rule,), tuning=tuning, **changes)  # type: ignore[arg-type]
    return Pipeline(camera, ColourDetector(label, 0.7), on_fault=pytest.fail)


def pictures(begin_s: float = 0.0, seconds: float = 6.0, x: int = 60) -> Iterator[Picture]:
    """Something red stands at x after the first second, and trembles a little."""
    for step in range(int(seconds * 5)):
        at_s = begin_s + step / 5
        image = np.full((HEIGHT, WIDTH, 3), 220, np.uint8)
        if step >= 5:
            image[60:120, x + step % 2 * 3 : x + 30 + step % 2 * 3] = OBJECT
        yield Picture(at_s, at_s, WIDTH, HEIGHT, image.copy)


def opened(of: Pipeline, shown: Iterator[Picture]) -> list[str]:
    return [r.kind for p in shown for r in of.look(p) if r.phase is Phase.OPENED]


IGNORE = Tuning(ignored=(Ignored("", LEFT),))


@pytest.mark.parametrize(
    ("tuning", "expected"),
    [
        (Tuning(), ["intrusion"]),
        (IGNORE, []),
        (Tuning(ignored=(Ignored("intrusion", LEFT),)), []),
        (Tuning(ignored=(Ignored("loitering", LEFT),)), ["intrusion"]),
        (Tuning(scores=(("intrusion", 0.8),)), []),
        (Tuning(scores=(("intrusion", 0.6),)), ["intrusion"]),
        (Tuning(scores=(("loitering", 0.9),)), ["intrusion"]),
    ],
)
def test_what_is_ignored_opens_nothing(tuning: Tuning, expected: list[str]) -> None:
    """By piece and by score, each for its own kind or for all."""
    assert opened(pipeline("intrusion", "person", tuning), pictures()) == expected


def test_beside_the_piece_all_is_as_before() -> None:
    """The right half still counts."""
    assert opened(pipeline("intrusion", "person", IGNORE), pictures(x=220)) == ["intrusion"]


def test_fire_is_looked_for_where_all_else_is_ignored() -> None:
    """Neither a piece nor a score reaches it, even if one was written for it; it is looked at."""
    tuning = Tuning(scores=(("fire", 0.99),), ignored=(Ignored("", LEFT), Ignored("fire", LEFT)))
    flame = Track(1, (60, 60, 90, 120), 0.5, "fire", 0.0, 1.0)
    scene = Scene(1.0, WIDTH, HEIGHT, (flame,))
    assert Tuner(tuning).scene_for("fire", scene) is scene
    assert Tuner(tuning).scene_for("intrusion", scene).tracks == (flame,)
    detector = ColourDetector("fire", 0.7, needs_regions=True)
    camera = CameraSpec(
        "c", "村口", "x", rules=(RuleSpec("fire", labels=("fire",)),), tuning=tuning
    )
    watching = Pipeline(camera, detector, on_fault=pytest.fail)
    for picture in pictures():
        watching.look(picture)
    assert [track.label for track in watching.tracks] == ["fire"]


def test_a_tuning_comes_and_goes_while_it_watches() -> None:
    """Accepted and undone without a restart."""
    watching = pipeline("intrusion", "person", Tuning())
    watching.tune(IGNORE)
    assert opened(watching, pictures()) == []
    watching.tune(Tuning())
    assert opened(watching, pictures(10)) == ["intrusion"]


def test_what_moves_where_it_is_ignored_calls_for_no_looks() -> None:
    """The gate is not kept open by a tree; the detector looks there at its leisure."""
    calm, busy = (pipeline("intrusion", "person", t) for t in (IGNORE, Tuning()))
    stirred = {calm: 0, busy: 0}
    for watching in stirred:
        watching._detector._label = "smoke"  # type: ignore[attr-defined]
        for picture in pictures():
            watching.look(picture)
            stirred[watching] += watching.stirred
    assert stirred[busy] > 10
    assert stirred[calm] < stirred[busy] / 3


def test_a_sight_is_made_only_when_asked_for() -> None:
    """Objects, motion and picture of one look, once for each asking, whole over the line."""
    watching = pipeline("intrusion", "person", Tuning())
    for picture in pictures():
        watching.look(picture)
    assert watching.sight.take() is None
    watching.sight.ask()
    watching.look(next(pictures(10)))
    sight = watching.sight.take()
    assert sight is not None
    assert watching.sight.take() is None
    assert 0 < sight.time_in_motion < 1
    assert len(sight.shares) % sight.columns == 0
    message = report_to_message(sight)
    header = LENGTHS.unpack(message[: LENGTHS.size])[0]
    text = message[LENGTHS.size : LENGTHS.size + header]
    assert report_from_message(text, message[LENGTHS.size + header :]) == sight
    assert 0 < len(sight.jpeg) <= 28 * 1024


def test_masked_pixels_cannot_be_recovered_from_a_sight() -> None:
    """Two scenes that differ only behind the mask give the same bytes."""

    def seen(hidden: int) -> SightReport:
        watching = pipeline("intrusion", "person", Tuning(), privacy_masks=(LEFT,))
        chance = np.random.default_rng(hidden)
        for step in range(10):
            image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            image[:, :160] = chance.integers(0, 255, (HEIGHT, 160, 3))
            watching.sight.ask()
            watching.look(Picture(step / 5, step / 5, WIDTH, HEIGHT, image.copy))
        sight = watching.sight.take()
        assert sight is not None
        return sight

    first = seen(1)
    assert first.jpeg
    assert first == seen(2)
    assert first.regions == ()


scores = st.floats(0, 1, allow_nan=False)
polygons = st.lists(st.tuples(scores, scores), min_size=3, max_size=5).map(tuple)
tunings = st.builds(
    Tuning,
    st.lists(st.tuples(st.text(max_size=8), scores), max_size=3).map(tuple),
    st.lists(st.builds(Ignored, st.text(max_size=8), polygons), max_size=3).map(tuple),
)


@given(
    st.lists(st.one_of(st.builds(Show, st.text(max_size=9)), st.builds(Tune, st.text(), tunings)))
)
def test_orders_cross_the_line_whole(orders: list[Order]) -> None:
    """In order, however many at once."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ear = OrderLine(theirs.fileno())
        heard: list[Order] = []
        for order in orders:
            ours.sendall(order_to_message(order))
            assert not ear.hung_up(1.0)
            heard += ear.orders()
    assert heard == orders


@given(
    st.one_of(
        st.binary(),
        st.recursive(st.none() | st.text(), st.lists).map(
            lambda value: json.dumps({"order": "tune", "camera": "c", "tuning": value}).encode()
        ),
    )
)
def test_an_order_that_makes_no_sense_is_refused(header: bytes) -> None:
    """In a sentence, never otherwise."""
    with pytest.raises(ProtocolError):
        order_from_header(header)


def test_the_restless_place_is_learnt_and_bounded() -> None:
    """Where it moves all the time the share is high, elsewhere none."""
    watching = pipeline("intrusion", "person", Tuning())
    for picture in pictures(seconds=20):
        watching.look(picture)
    watching.sight.ask()
    for picture in pictures(100, seconds=1):
        watching.look(picture)
    sight = watching.sight.take()
    assert sight is not None
    rows = len(sight.shares) // sight.columns
    shares = np.array(sight.shares).reshape(rows, sight.columns)
    assert shares.max() > 20
    assert shares[:, sight.columns // 2 :].max() == 0

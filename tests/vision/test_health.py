"""Camera health: every fault is told, and what only looks like one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.detecting import ColourDetector
from vision.frames import Frame, Image, Picture
from vision.health import FAULTS, CameraHealth, HealthFinding, HealthPhase
from vision.pipeline import Pipeline
from vision.reports import IncidentReport, Phase
from vision.settings import CameraSpec, Polygon, RuleSpec, WorkerSpec

WIDTH, HEIGHT = 640, 360
PERIOD_S = 0.5
BEGINS_S, ENDS_S = 20.0, 40.0

Change = Callable[[Image, float], Image]


def scene(seed: int = 1) -> Image:
    """A place with houses, texture and a light sky."""
    chance = np.random.default_rng(seed)
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = np.linspace(190, 60, HEIGHT).astype(np.uint8)[:, None, None]
    for _ in range(60):
        x, y = int(chance.integers(0, WIDTH)), int(chance.integers(60, HEIGHT))
        size = chance.integers(10, 90, 2)
        colour = tuple(int(v) for v in chance.integers(20, 200, 3))
        cv2.rectangle(image, (x, y), (x + int(size[0]), y + int(size[1])), colour, -1)
    return image


PLACE, OTHER_PLACE = scene(1), scene(2)


@cache
def noises(sigma: float) -> tuple[NDArray[np.int16], ...]:
    """A few pictures' worth of sensor noise; drawing new noise for each would take minutes."""
    chance = np.random.default_rng(7)
    shape = (HEIGHT, WIDTH, 3)
    return tuple(np.round(chance.normal(0, sigma, shape)).astype(np.int16) for _ in range(7))


def noisy(image: Image, step: int, sigma: float = 3.0) -> Image:
    """What a sensor makes of a scene; differs from step to step."""
    pool = noises(sigma)
    return np.clip(image + pool[step % len(pool)], 0, 255).astype(np.uint8)


def watch(
    change: Change,
    *,
    masks: tuple[Polygon, ...] = (),
    seconds: float = 60.0,
    sigma: float = 3.0,
) -> list[tuple[float, HealthFinding]]:
    """Findings while a place is watched; `change` gets each picture and its time."""
    health = CameraHealth(masks)
    told = []
    for step in range(int(seconds / PERIOD_S)):
        at_s = step * PERIOD_S
        image = change(noisy(PLACE, step, sigma), at_s)
        told += [(at_s, finding) for finding in health.look(Frame(image, at_s, at_s))]
    return told


def between(alter: Callable[[Image], Image]) -> Change:
    """The picture is altered from `BEGINS_S` to `ENDS_S`."""
    return lambda image, at_s: alter(image) if BEGINS_S <= at_s < ENDS_S else image


def gain(factor: float, offset: float = 0.0) -> Callable[[Image], Image]:
    return lambda image: np.clip(image * factor + offset, 0, 255).astype(np.uint8)


def blinded(image: Image) -> Image:
    """A lamp in the lens: a white disc, and stray light over everything."""
    veiled = gain(0.7, 75)(image)
    cv2.circle(veiled, (WIDTH // 2, HEIGHT // 2), 130, (255, 255, 255), -1)
    return veiled


def frozen() -> Callable[[Image], Image]:
    """Always the first picture it got."""
    kept: list[Image] = []

    def again(image: Image) -> Image:
        kept.append(image)
        return kept[0]

    return again


def dark(image: Image) -> Image:
    return gain(0.04)(image)


BROKEN: dict[str, Callable[[], Callable[[Image], Image]]] = {
    "camera_covered": lambda: lambda image: np.full_like(image, 4),
    "camera_defocused": lambda: lambda image: cv2.GaussianBlur(image, (0, 0), 8).astype(np.uint8),
    "camera_glare": lambda: blinded,
    "camera_moved": lambda: lambda image: np.roll(image, 80, axis=1),
    "camera_frozen": frozen,
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_a_fault_opens_once_and_closes_once(kind: str) -> None:
    """Opened within eight seconds, closed within eight after it ended, and nothing else told."""
    told = watch(between(BROKEN[kind]()))
    assert [(f.kind, f.phase.value) for _, f in told] == [(kind, "opened"), (kind, "closed")]
    (opened_s, opened), (closed_s, _) = told
    assert BEGINS_S < opened_s <= BEGINS_S + 8
    assert BEGINS_S <= opened.since_s <= BEGINS_S + 3
    assert 0 < opened.score <= 1
    assert ENDS_S <= closed_s <= ENDS_S + 8


def test_every_kind_is_registered_under_its_own_name() -> None:
    """The key of a fault is its kind, and each but darkness is broken above."""
    assert {kind: build().kind for kind, build in FAULTS.items()} == {kind: kind for kind in FAULTS}
    assert set(FAULTS) == {*BROKEN, "camera_dark"}


def test_dusk_is_dark_and_not_a_cover() -> None:
    """Light that fades over minutes ends in `camera_dark`, told half a minute after."""

    def dusk(image: Image, at_s: float) -> Image:
        return gain(max(0.03, 1 - at_s / 150))(image)

    told = watch(dusk, seconds=240, sigma=1.0)
    assert [finding.kind for _, finding in told] == ["camera_dark"]


def lamp(image: Image) -> Image:
    return gain(0.3)(image)


def passing(image: Image, at_s: float) -> Image:
    """A lorry fills most of the picture for three seconds in every ten."""
    along = at_s % 10
    if along < 3:
        left = int((along / 3 * 1.6 - 0.8) * WIDTH)
        cv2.rectangle(image, (left, 40), (left + int(0.8 * WIDTH), HEIGHT), (200, 190, 180), -1)
    return image


def standing(image: Image) -> Image:
    """Somebody in a dark coat stands close for a long time."""
    cv2.rectangle(image, (250, 30), (420, HEIGHT), (15, 15, 20), -1)
    return image


def burning(image: Image) -> Image:
    cv2.circle(image, (200, 250), 60, (120, 230, 255), -1)
    return image


HARMLESS: dict[str, Change] = {
    "nothing": lambda image, _: image,
    "lights off": between(lamp),
    "exposure drifts": lambda image, at_s: gain(1 + 0.25 * np.sin(at_s / 5))(image),
    "lorries": passing,
    "somebody close": between(standing),
    "fire": between(burning),
    "a short jerk": lambda image, at_s: np.roll(image, 80, 1) if 20 <= at_s < 22 else image,
    "a hand for a second": lambda image, at_s: image // 60 if 20 <= at_s < 22 else image,
    "wind": lambda image, at_s: np.roll(image, round(2 * np.sin(3 * at_s)), axis=1),
}


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_what_only_looks_like_a_fault_is_not_told(name: str) -> None:
    """Ordinary life before a good camera."""
    assert watch(HARMLESS[name]) == []


def test_a_drawn_scene_that_never_changes_is_not_frozen() -> None:
    """Identical pictures are no evidence where they are usual."""
    assert watch(lambda _, __: PLACE, seconds=120) == []


def test_longer_stillness_than_ever_is_needed_where_some_is_usual() -> None:
    """A scene that stands still for four seconds now and then needs more than sixteen."""

    def clean(length_s: float) -> Change:
        def pictures(image: Image, at_s: float) -> Image:
            still = at_s % 20 >= 16 if at_s < 100 else at_s < 100 + length_s
            return PLACE if still else image

        return pictures

    assert watch(clean(14.0), seconds=140) == []
    told = watch(clean(40.0), seconds=200)
    assert [finding.kind for _, finding in told] == ["camera_frozen"] * 2


def test_a_new_view_becomes_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the fault closes, and the old view is then the strange one."""
    monkeypatch.setattr("vision.health.camera.ACCEPT_S", 60.0)

    def turned(image: Image, at_s: float) -> Image:
        there = 20 <= at_s < 110
        return noisy(OTHER_PLACE, round(at_s / PERIOD_S)) if there else image

    told = watch(turned, seconds=140)
    kinds = [(finding.kind, finding.phase) for _, finding in told]
    moved = "camera_moved"
    opened, closed = (moved, HealthPhase.OPENED), (moved, HealthPhase.CLOSED)
    assert kinds == [opened, closed, opened]
    assert told[1][0] == pytest.approx(20 + 60, abs=6)


LEFT_HALF: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
NEARLY_ALL: Polygon = ((0.0, 0.0), (0.9, 0.0), (0.9, 1.0), (0.0, 1.0))


def masked(image: Image) -> Image:
    image = image.copy()
    image[:, : WIDTH // 2] = 0
    return image


def test_a_mask_is_no_darkness_and_hides_no_fault() -> None:
    """Masked pixels do not count: a half-masked camera is healthy, and is seen to be turned."""
    assert watch(lambda image, _: masked(image), masks=(LEFT_HALF,), seconds=90) == []
    turned = between(lambda image: masked(np.roll(image, 80, axis=1)))
    told = watch(lambda image, at_s: turned(masked(image), at_s), masks=(LEFT_HALF,))
    assert [finding.kind for _, finding in told] == ["camera_moved"] * 2


def test_nothing_is_said_about_what_is_nearly_all_masked() -> None:
    """Too little is left open to judge."""
    black = between(lambda image: image // 255)
    assert watch(black, masks=(NEARLY_ALL,)) == []


def test_looks_that_come_faster_cost_nothing_and_change_nothing() -> None:
    """Twenty-five looks a second find the same as two."""
    health, told = CameraHealth(), []
    for step in range(25 * 30):
        at_s = step / 25
        image = np.roll(PLACE, 80, axis=1) if at_s >= 15 else PLACE
        told += health.look(Frame(noisy(image, step), at_s, at_s))
    assert [finding.kind for finding in told] == ["camera_moved"]


def test_after_a_long_silence_it_begins_to_count_anew() -> None:
    """Looks before a pause are no evidence for a fault after it, and no still picture either."""
    health, told = CameraHealth(), []
    for step in range(60):
        at_s = step * 40.0
        told += health.look(Frame(noisy(PLACE, step), at_s, at_s))
    assert told == []


def pictures(change: Change, seconds: float) -> Iterator[Picture]:
    for step in range(int(seconds / 0.5)):
        at_s = step * 0.5
        image = change(noisy(PLACE, step), at_s)
        yield Picture(at_s, at_s, WIDTH, HEIGHT, lambda image=image: image)


def reports(**changes: object) -> list[IncidentReport]:
    spec = CameraSpec("gate", "大门", "synthetic:", **changes)  # type: ignore[arg-type]
    pipeline = Pipeline(spec, ColourDetector(), on_fault=pytest.fail)
    covered = between(BROKEN["camera_covered"]())
    return [r for picture in pictures(covered, 60) for r in pipeline.look(picture)]


def test_the_pipeline_reports_a_fault_with_a_picture() -> None:
    """An incident without zone, labelled with its kind, the same key from opening to closing."""
    opened, closed = reports()
    assert (opened.phase, closed.phase) == (Phase.OPENED, Phase.CLOSED)
    assert opened.key == closed.key
    assert (opened.camera, opened.kind, opened.label, opened.zone) == (
        *("gate", "camera_covered", "camera_covered", ""),
    )
    image = cv2.imdecode(np.frombuffer(opened.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert closed.jpeg == b""
    assert closed.dwell_s == pytest.approx(ENDS_S - BEGINS_S, abs=8)


def test_the_health_of_a_camera_can_be_switched_off() -> None:
    """One setting, which crosses the pipe to the worker."""
    assert reports(health=False) == []
    spec = WorkerSpec("w", (CameraSpec("gate", "大门", "x", health=False),))
    assert WorkerSpec.from_json(spec.to_json()) == spec


def test_when_judging_the_health_breaks_the_camera_is_watched_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told once, in a sentence, and the pipeline goes on."""

    def broken(health: CameraHealth, frame: Frame) -> list[HealthFinding]:
        raise ZeroDivisionError

    monkeypatch.setattr(CameraHealth, "look", broken)
    told: list[str] = []
    spec = CameraSpec("gate", "大门", "synthetic:", rules=(RuleSpec("intrusion"),))
    pipeline = Pipeline(spec, ColourDetector(), on_fault=told.append)
    for picture in pictures(HARMLESS["nothing"], 2):
        assert pipeline.look(picture) == []
    (sentence,) = told
    assert "大门" in sentence

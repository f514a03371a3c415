"""The board of cameras: what counts as lost, and since when."""

from __future__ import annotations

from edge.health import GRACE_S, CameraBoard
from vision.reports import CameraReport, CameraState


def board() -> CameraBoard:
    return CameraBoard(["a", "b"], now_mono_s=0)


def test_a_lost_camera_counts_at_once_and_until_it_watches_again() -> None:
    """Vision decides when a camera is lost; the board only remembers why."""
    cameras = board()
    assert cameras.take(CameraReport("a", CameraState.LOST, fault="refused"), now_mono_s=5)
    assert cameras.lost(now_mono_s=5) == {"a": "refused"}
    assert cameras.take(CameraReport("a", CameraState.WATCHING), now_mono_s=9)
    assert cameras.lost(now_mono_s=9) == {}
    assert cameras.watching() == ["a"]


def test_a_restarting_worker_has_its_grace() -> None:
    """Ten seconds of restart are a degraded camera, not a lost one."""
    cameras = board()
    cameras.take(CameraReport("a", CameraState.DEGRADED, fault="worker"), now_mono_s=1)
    assert cameras.lost(now_mono_s=1 + GRACE_S - 0.1) == {}
    assert cameras.lost(now_mono_s=1 + GRACE_S) == {"a": "worker"}


def test_repeated_reports_are_no_change_and_keep_the_moment() -> None:
    """A heartbeat does not restart the clock of a fault."""
    cameras = board()
    report = CameraReport("a", CameraState.DEGRADED, fault="worker")
    assert cameras.take(report, now_mono_s=1)
    assert not cameras.take(report, now_mono_s=10)
    assert cameras.lost(now_mono_s=1 + GRACE_S) == {"a": "worker"}


def test_a_camera_nobody_configured_is_ignored() -> None:
    """A confused worker cannot grow the board."""
    cameras = board()
    assert not cameras.take(CameraReport("ghost", CameraState.LOST), now_mono_s=1)
    assert {h.report.camera for h in cameras.all()} == {"a", "b"}


def test_counts_survive_the_news_that_the_worker_is_gone() -> None:
    """The supervisor's report knows no numbers; the last known ones stay."""
    cameras = board()
    cameras.take(CameraReport("a", CameraState.WATCHING, frames=90, looked=30), now_mono_s=1)
    cameras.take(CameraReport("a", CameraState.DEGRADED, fault="worker"), now_mono_s=2)
    assert next(h.report.frames for h in cameras.all() if h.report.camera == "a") == 90

"""A stream that kills the decoder costs its own camera, and no other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SystemClock
from edge.quarantine import HALF_S, Suspicion, crashed
from edge.supervisor import DECODER_CRASHED, Patience, WorkerSupervisor
from vision.marks import LastWords, last_words, made, open_marks
from vision.reports import CameraReport, CameraState, Heartbeat, Report
from vision.settings import CameraSpec, WorkerSpec

FAKE = str(Path(__file__).parents[1] / "fakes" / "crashing_worker.py")
QUICK = Patience(backoff_s=0.05, backoff_most_s=0.2, apart_s=0.3, apart_most_s=0.6)
GOOD, BAD = "shuiku", "xiakou"


class Watched:
    """Two cameras in one true worker; one of them kills while the trap is there."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap
        self.latest: dict[str, CameraReport] = {}
        self.faults: list[str] = []
        cameras = (CameraSpec(GOOD, "水库", "synthetic:"), CameraSpec(BAD, "峡口", f"crash:{trap}"))
        self.supervisor = WorkerSupervisor(
            WorkerSpec("w", cameras, heartbeat_s=0.1),
            on_report=self._take,
            clock=SystemClock(),
            patience=QUICK,
            command=lambda fd: (sys.executable, FAKE, "--fd", str(fd)),
        )

    def _take(self, report: Report) -> None:
        cameras = report.cameras if isinstance(report, Heartbeat) else (report,)
        for each in cameras:
            if isinstance(each, CameraReport):
                self.latest[each.camera] = each
                self.faults += [each.fault] if each.camera == GOOD else []

    def watching(self, camera: str) -> bool:
        """Whether the latest word of it is good."""
        report = self.latest.get(camera)
        return report is not None and report.state is CameraState.WATCHING

    def set_apart(self) -> bool:
        """Whether the bad one is told to be."""
        report = self.latest.get(BAD)
        return report is not None and report.fault == DECODER_CRASHED


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def test_a_stream_that_kills_the_decoder_is_set_apart_and_returns(tmp_path: Path) -> None:
    """One crash: it is alone at once, the other is watched undisturbed, and it recovers itself."""
    trap = tmp_path / "trap"
    trap.touch()
    watched = Watched(trap)

    async def story() -> None:
        running = asyncio.create_task(watched.supervisor.run())
        try:
            await until(watched.set_apart)
            assert watched.supervisor.apart == {BAD}
            assert watched.latest[BAD].state is CameraState.DEGRADED
            assert watched.latest[BAD].retry_in_s > 0
            await until(lambda: watched.watching(GOOD))
            pid, starts = watched.supervisor.status.pid, watched.supervisor.status.starts
            watched.faults.clear()
            # Alone it dies again: longer pauses, and the other does not notice.
            await until(lambda: watched.latest[BAD].retry_in_s >= 2 * QUICK.apart_s)
            trap.unlink()
            await until(lambda: watched.watching(BAD))
            assert watched.watching(GOOD)
            assert not any(watched.faults)
            assert (watched.supervisor.status.pid, watched.supervisor.status.starts) == (
                pid,
                starts,
            )
            assert starts == 2
            assert watched.supervisor.cameras == {GOOD, BAD}
        finally:
            watched.supervisor.stop()
            async with asyncio.timeout(15):
                await running
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert not watched.supervisor.apart

    asyncio.run(story())


def test_a_worker_killed_from_outside_sets_nobody_apart(tmp_path: Path) -> None:
    """Want of memory or an administrator says nothing about a stream: all are together again."""
    watched = Watched(tmp_path / "no-trap")

    async def story() -> None:
        running = asyncio.create_task(watched.supervisor.run())
        try:
            for life in (1, 2):
                await until(lambda life=life: watched.supervisor.status.starts == life)  # type: ignore[misc]
                await until(lambda: watched.watching(GOOD) and watched.watching(BAD))
                watched.latest.clear()
                os.kill(watched.supervisor.status.pid, signal.SIGKILL)
            await until(lambda: watched.watching(GOOD) and watched.watching(BAD))
            assert not watched.supervisor.apart
        finally:
            watched.supervisor.stop()
            async with asyncio.timeout(15):
                await running

    asyncio.run(story())


def test_marks_tell_who_was_at_work() -> None:
    """Without the thread that died, those who decode or look now are suspected, nobody else."""
    fd = made(3)
    try:
        marks = open_marks(fd, ("a", "b", "c"), words=False)
        with marks["a"].reading(), marks["b"].reading(), marks["b"].decoding():
            assert last_words(fd, ("a", "b", "c")) == LastWords(("b",), certain=False)
            os.pwrite(fd, b"Current thread 0x%016x (most recent call first):\n" % get_ident(), 72)
            # One thread works for both here: neither is certain.
            assert last_words(fd, ("a", "b", "c")) == LastWords(("a", "b"), certain=False)
        with marks["c"].looking():
            assert last_words(fd, ("a", "b", "c")) == LastWords(("c",), certain=True)
        assert last_words(fd, ("a", "b", "c")) == LastWords((), certain=False)
    finally:
        os.close(fd)


def test_two_deaths_of_several_suspects_set_one_apart() -> None:
    """The first death of two suspects proves nothing; the one that was there both times goes."""
    suspicion, among = Suspicion(), ("a", "b", "c")
    assert not suspicion.judge(LastWords(("a", "b"), certain=False), among, 0.0)
    assert suspicion.judge(LastWords(("b", "c"), certain=False), among, 60.0) == "b"


def test_an_old_death_counts_for_little() -> None:
    """A camera that was suspected yesterday begins anew."""
    suspicion, among = Suspicion(), ("a", "b", "c")
    assert not suspicion.judge(LastWords(("a", "b"), certain=False), among, 0.0)
    assert not suspicion.judge(LastWords(("b", "c"), certain=False), among, 10 * HALF_S)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcd")), st.floats(0, 7200))))
def test_never_more_than_the_accused_and_never_the_last(
    deaths: list[tuple[set[str], float]],
) -> None:
    """Whatever happens, who is set apart was accused, and somebody stays with the worker."""
    suspicion, together, now_s = Suspicion(), ["a", "b", "c", "d"], 0.0
    for accused, after_s in deaths:
        now_s += after_s
        words = LastWords(tuple(sorted(accused)), certain=len(accused) == 1)
        guilty = suspicion.judge(words, together, now_s)
        assert not guilty or guilty in accused & set(together)
        together = [camera for camera in together if camera != guilty]
    assert together


def test_only_a_fault_of_its_own_is_a_crash() -> None:
    """An orderly end, a kill from outside and a running process are none."""
    assert crashed(-signal.SIGSEGV)
    assert crashed(-signal.SIGABRT)
    assert not any(crashed(code) for code in (None, 0, 3, -signal.SIGKILL, -signal.SIGTERM))

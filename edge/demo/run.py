"""Run the whole house on free ports for a while: broker, township, one village, and its cameras."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from edge.clock import SystemClock
from edge.demo import scene
from edge.demo.ledger import Ledger, succeeded
from edge.demo.telling import Teller
from edge.errors import EdgeError, StartError
from edge.hub import Hub, until_signal
from edge.link.embedded import EmbeddedBroker
from edge.link.signing import SigningKey
from edge.logs import without_secrets
from edge.people import Role
from edge.township.console import Township
from edge.words import Language, Words
from vision.reports import CameraState

FLUSH_S = 4.0
"""After the end the last rows get this long to be acknowledged."""
SENTENCE_S = 15.0
HOPELESS = frozenset({"not_a_video", "no_such_file", "codec_not_supported"})


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person may ask of the demonstration.

    Attributes:
        videos: Files or rtsp:// addresses instead of the samples.
        model: Detector instead of the built-in one.
        json: File for the summary, or `-`; empty for none.
        seconds: End after this long, but let the first warning be heard to its end; None runs
            until Ctrl-C.
        state: Folder that is kept; None takes a temporary one.
    """

    videos: tuple[str, ...] = ()
    model: Path | None = None
    json: str = ""
    seconds: float | None = None
    state: Path | None = None
    language: Language = "zh"


def run_demo(options: DemoOptions, *, out: TextIO | None = None) -> int:
    """Run the demonstration; returns the exit status.

    Raises:
        StartError: It cannot start; the sentence says why.
    """
    return asyncio.run(_run(options, out or sys.stdout))


async def _run(options: DemoOptions, out: TextIO) -> int:
    people = sys.stderr if options.json == "-" else out
    words = Words.load("edge.demo", options.language)
    teller = Teller(people, words)
    with _state_folder(options.state) as folder:
        async with AsyncExitStack() as stack:
            demo = await _begin(options, folder, stack, teller)
            try:
                await demo.run(options.seconds)
            finally:
                teller.end()
            await demo.flush()
            summary = demo.summary()
        teller.result(summary, demo.sound_folder)
        if options.json:
            _write(summary, options.json)
        return 0 if succeeded(summary) else 1


@dataclass(slots=True)
class _Demo:
    hub: Hub
    township: Township
    ledger: Ledger
    teller: Teller
    sound_folder: Path | None
    own_videos: bool

    async def run(self, seconds: float | None) -> None:
        stop = asyncio.create_task(until_signal())
        show = asyncio.create_task(self._show())
        try:
            await asyncio.wait({stop, show}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if show.done():
                show.result()
            elif not stop.done():
                await self._finish_the_sentence(stop)
        finally:
            for task in (stop, show):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, StartError):
                    await task

    async def _finish_the_sentence(self, stop: asyncio.Task[str]) -> None:
        """Time is up: the first warning, if it sounds, is still heard to its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SENTENCE_S):
                while self.ledger.only_begun and not stop.done():  # noqa: ASYNC110 - as below
                    await asyncio.sleep(0.1)

    async def _show(self) -> None:
        """Keep the status line alive; raises StartError when nothing can ever be seen."""
        told: set[str] = set()
        while True:
            if self.ledger.model_fault:
                raise StartError(self.ledger.model_fault)
            self._give_up_if_hopeless()
            for incident in self.hub.store.incidents(limit=20):
                if incident.id not in told:
                    told.add(incident.id)
                    self.teller.incident(incident)
            alerts = len(self.township.store.alerts())
            self.teller.status(self.ledger, self.hub, alerts)
            await asyncio.sleep(0.5)

    def _give_up_if_hopeless(self) -> None:
        cameras = list(self.ledger.cameras.values())
        lost = [c for c in cameras if c.state is CameraState.LOST and c.fault in HOPELESS]
        if self.own_videos and cameras and len(lost) == len(cameras):
            reasons = Words.load("edge.site", self.teller.words.language)
            urls = {c.id: without_secrets(c.url) for c in self.hub.settings.camera}
            videos = " ".join(f"{urls[c.camera]}: {reasons(f'fault.{c.fault}')}" for c in lost)
            raise StartError(self.teller.words("demo.hopeless", cameras=videos))

    async def flush(self) -> None:
        """Let what was written reach the township."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                while self.hub.store.window().queued:  # noqa: ASYNC110 - the store tells nobody
                    await asyncio.sleep(0.05)

    def summary(self) -> dict[str, object]:
        return self.ledger.summary(
            incidents=self.hub.store.incidents(limit=10_000),
            plays=self.hub.store.plays(limit=10_000),
            alerts=self.township.store.alerts(),
            errors=self.hub.faults,
        )


async def _begin(
    options: DemoOptions, folder: Path, stack: AsyncExitStack, teller: Teller
) -> _Demo:
    key = SigningKey.generate(scene.KEY_ID)
    private, public = folder / "official.key", folder / "official.pub"
    key.save(private, public)
    broker, port = await asyncio.to_thread(_broker)
    stack.push_async_callback(asyncio.to_thread, broker.stop)
    language = options.language
    township = await stack.enter_async_context(
        _township(
            Township(
                scene.township_settings(
                    state=folder / "township",
                    broker_port=port,
                    private_key=private,
                    language=language,
                ),
                clock=SystemClock(),
                passwordless=True,
            )
        )
    )
    ledger = Ledger()
    settings = scene.hub_settings(
        state=folder / "village",
        broker_port=port,
        public_key=public,
        videos=options.videos,
        model=options.model,
        sound=_sound_folder(options.state),
        language=language,
    )
    hub = await stack.enter_async_context(
        Hub(settings, allow_passwordless=True, on_report=ledger.take, on_play=ledger.note)
    )
    teller.begin(
        village=(hub.url, hub.invite("demo", Role.ADMIN)),
        township=(township.url, township.invite("demo", Role.ADMIN)),
    )
    speaker = settings.speaker[0]
    sound = speaker.folder if speaker.kind == "file" else None
    return _Demo(hub, township, ledger, teller, sound, bool(options.videos))


@asynccontextmanager
async def _township(township: Township) -> AsyncIterator[Township]:
    await township.start()
    try:
        yield township
    finally:
        await township.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _broker() -> tuple[EmbeddedBroker, int]:
    port = _free_port()
    broker = EmbeddedBroker(port)
    broker.start()
    return broker, port


@contextlib.contextmanager
def _state_folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="village-hub-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    try:
        kept.mkdir(parents=True, exist_ok=True)
        probe = kept / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartError(
            f"The folder {kept} cannot be written: {error.strerror}. Choose another --state."
        ) from error
    yield kept.absolute()


def _sound_folder(kept: Path | None) -> Path:
    """Where the warnings are written if there is no sound card; it outlives the demonstration."""
    if kept is not None:
        return kept.absolute() / "sound"
    return Path(tempfile.mkdtemp(prefix="village-hub-sound-"))


def _write(summary: dict[str, object], where: str) -> None:
    text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
    if where == "-":
        sys.stdout.write(text)
        return
    try:
        Path(where).write_text(text, encoding="utf-8")
    except OSError as error:
        raise EdgeError(f"The summary cannot be written to {where}: {error.strerror}.") from error

"""The composition root of the box: the one place that knows everything and starts it in order.

Start: memory, loudspeakers, desks, link, pages, eyes. Stop: the same in reverse, within five
seconds. Vision runs in processes of its own; everything else is here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from broadcast.errors import BroadcastError
from broadcast.player import Broadcaster
from broadcast.speakers.registry import build_speaker
from broadcast.templates import Phrases, phrases
from broadcast.voices.espeak import EspeakVoice
from broadcast.voices.silent import SilentVoice
from broadcast.voices.voice import Voice
from edge import conditions
from edge.announcing import AnnouncingDesk
from edge.calendar_room import CalendarRoom
from edge.cameras import read_secret, rule_spec, surroundings, worker_specs
from edge.clips import ClipBook
from edge.clock import Clock, SystemClock
from edge.conditions import Condition, Examination
from edge.enrolment.identity import IdentityFolder
from edge.enrolment.keeper import Keeper, keep_for_ever
from edge.errors import StartError
from edge.events import Bus, Change
from edge.eyes import Eyes, tuned
from edge.health import CameraBoard
from edge.household import Household, Rooms
from edge.ids import NewId, uuid7
from edge.incidents import IncidentDesk, Surroundings
from edge.learning import LearningDesk
from edge.link.connection import Address
from edge.link.hub import HubLink, HubLinkSettings
from edge.link.signing import TrustedKeys
from edge.lookout import HOUSE, Lookout
from edge.orders import Orders
from edge.people import Role
from edge.presence import Presence
from edge.settings.schema import HubSettings
from edge.sighting import SightBoard
from edge.site.invitations import invite
from edge.site.server import Server
from edge.speakers import amplified, speaker_plan, village_zones, warning_zones
from edge.store.evidence import EvidenceStore
from edge.store.hub import HubStore
from edge.store.records import Incident, PlayRecord
from edge.supervisor import PATIENCE, Patience, WorkerSupervisor
from edge.systemd import Notifier, watchdog_interval_s
from edge.talkdown import TalkdownPolicy
from edge.timekeeping import Timekeeper
from edge.upkeep import Upkeep
from edge.web.app import build_hub_site
from vision.reports import IncidentReport, Phase, Report, SightReport, WorkerReady
from vision.settings import WorkerSpec
from vision.thumbnails import thumbnail

log = logging.getLogger(__name__)

TICK_S = 1.0
HOUSEKEEPING_S = 60.0
ORPHAN_S = 20.0
"""A restarted worker gets this long to see again what was open before it died."""
FRESH_S = 15.0
WORKER_GRACE_S = 10.0
POWER_CUT = "The box lost power or was restarted; to not speak too late it is not repeated."


class Hub:
    """One box. `async with Hub(settings) as hub` starts and stops it.

    Args:
        settings: Checked settings.
        patience: How long workers are waited for.
        allow_passwordless: One-time links let people in without choosing a password (demo).

    Raises (on start):
        StartError: It cannot run; the sentence says what to do.
        StoreError: The state folder cannot be used.
    """

    def __init__(
        self,
        settings: HubSettings,
        *,
        clock: Clock | None = None,
        new_id: NewId | None = None,
        patience: Patience = PATIENCE,
        allow_passwordless: bool = False,
        on_report: Callable[[Report], None] = lambda _report: None,
        on_play: Callable[[PlayRecord], None] = lambda _record: None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.bus = Bus()
        self._new_id: NewId = new_id or (lambda: uuid7(self.clock.wall()))
        self._patience = patience
        self._allow_passwordless = allow_passwordless
        self._on_report = on_report
        self._on_play = on_play
        self._around: Surroundings = surroundings(settings)
        self._phrases: Phrases = phrases(settings.hub.language)
        self._stack = AsyncExitStack()
        self._conditions: dict[str, Condition] = {}
        self.supervisors: list[WorkerSupervisor] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def faults(self) -> list[str]:
        """What is wrong with the box now, in sentences."""
        told = [c.sentence for c in self._conditions.values() if c.holds and c.sentence]
        link_fault = self.link.status().fault
        faults = (self.lookout.store_fault, *told, self.keeper.fault, link_fault)
        return [s for s in faults if s]

    def invite(self, name: str, role: Role = Role.ADMIN) -> str:
        """A one-time sign-in link."""
        base = self.settings.web.public_url or self.url
        return invite(self.store, self.clock, name, role, base)

    async def start(self) -> None:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """Stop everything in reverse order."""
        await self._stack.aclose()
        log.info("hub stopped")

    async def _start(self) -> None:
        folder = self.settings.state.folder
        self.store = await asyncio.to_thread(HubStore.open, folder, self.clock)
        self._stack.callback(self.store.close)
        self.evidence = EvidenceStore(folder / "evidence")
        self.upkeep = Upkeep(self.settings.state, self.store, self.evidence, self.clock)
        self.clips = ClipBook(
            self.settings.recording, self.store, folder, clock=self.clock, bus=self.bus
        )
        self.timekeeper = Timekeeper(
            self.clock, self.store, on_change=lambda: self.bus.publish(Change("hub"))
        )
        self._start_broadcast(folder)
        self._start_desks()
        self._start_link()
        await self._start_web()
        await self._stack.enter_async_context(
            self._eyes(tuned(worker_specs(self.settings), self.learning.tuning))
        )
        await self._stack.enter_async_context(_running(keep_for_ever(self.keeper)))
        await self._stack.enter_async_context(_running(self._tick_for_ever()))
        await self._stack.enter_async_context(_running(self.calendar.keep_for_ever()))
        log.info(
            "hub started id=%s boot=%d cameras=%d url=%s",
            self.settings.hub.id, self.store.boot, len(self._around.cameras), self.url,
        )  # fmt: skip

    def _start_broadcast(self, folder: Path) -> None:
        zones = village_zones(self.settings, self.clock)
        self._warning_zones = warning_zones(self.settings, zones)
        plans = [speaker_plan(section, folder) for section in self.settings.speaker]
        try:
            horns = [build_speaker(plan) for plan in plans]
            horns = amplified(horns, self.settings, self._stack.callback)
        except BroadcastError as error:
            raise StartError(str(error)) from error
        self.broadcaster = Broadcaster(
            self._voice(),
            horns,
            lambda receipt: self.announcing.note(receipt),  # noqa: PLW0108 - made after it
            monotonic=self.clock.monotonic,
            cache_folder=folder / "voice-cache",
            level_lufs=self.settings.broadcast.level_lufs,
            zones=zones,
        )
        self.broadcaster.start()
        self._stack.callback(self.broadcaster.close)

    def _voice(self) -> Voice:
        if self.settings.broadcast.voice == "silent":
            return SilentVoice()
        return EspeakVoice({"zh": "cmn", "en": "en"}[self.settings.hub.language])

    def _start_desks(self) -> None:
        self.announcing = AnnouncingDesk(
            self.broadcaster,
            self.store,
            clock=self.clock,
            new_id=self._new_id,
            on_change=self._play_changed,
            on_final=lambda *end: self.orders.finished(*end),  # noqa: PLW0108 - made after it
        )
        self.announcing.report_interrupted_by_power(POWER_CUT)
        self.calendar = CalendarRoom.open(
            self.store,
            self.announcing,
            self.broadcaster,
            folder=self.settings.state.folder,
            clock=self.clock,
            new_id=self._new_id,
            speakers=lambda _zone: frozenset(s.id for s in self.settings.speaker),
            on_change=self._calendar_changed,
        )
        self.orders = Orders(
            self.announcing, clock=self.clock, speakers=lambda: len(self.settings.speaker)
        )
        self.board = CameraBoard(
            [c.id for c in self.settings.camera if c.enabled], now_mono_s=self.clock.monotonic()
        )
        self.presence = Presence(
            self.settings,
            self.board,
            self.clock,
            boot=self.store.boot,
            model=lambda: next((s.status.model for s in self.supervisors), ""),
            faults=lambda: self.faults,
        )
        talkdown = self.settings.talkdown
        desk = IncidentDesk(
            self.store,
            self.evidence,
            self._around,
            clock=self.clock,
            new_id=self._new_id,
            thumbnail=thumbnail,
            on_change=self._incident_changed,
            on_report=self.clips.note,
        )
        self.lookout = Lookout(
            desk,
            self.board,
            TalkdownPolicy(
                enabled=talkdown.enabled,
                cool_down_s=talkdown.cool_down_s,
                per_hour=talkdown.per_hour,
            ),
            self._around,
            clock=self.clock,
            bus=self.bus,
            warn=self.warn,
            warn_unremembered=self._warn_unremembered,
            take_clip=self.clips.take,
        )
        self._stack.callback(self.lookout.close)
        eyes = Eyes(self.supervisors)
        self.sights = SightBoard(
            [c.id for c in self.settings.camera if c.enabled],
            ask=eyes.show,
            monotonic=self.clock.monotonic,
        )
        self.learning = LearningDesk(
            self.store, self.sights, clock=self.clock, new_id=self._new_id, apply=eyes.tune
        )
        self.broadcaster.warm(self._likely_warnings())

    def _start_link(self) -> None:
        section = self.settings.link
        address = Address(
            host=section.host,
            port=section.port,
            protocol=section.protocol,
            username=section.username,
            password_file=section.password_file,
            ca=section.ca,
            certificate=section.certificate,
            key=section.key,
            keepalive_s=section.keepalive_s,
        )
        state = self.settings.state.folder
        obeyed = TrustedKeys.load(section.command_keys)
        obeyed.learn(IdentityFolder(state).command_keys())
        self.link = HubLink(
            HubLinkSettings(
                address,
                self.settings.hub.id,
                self.settings.hub.township,
                heartbeat_s=section.heartbeat_s,
                daily_mb=section.daily_mb,
            ),
            self.store,
            self.orders.take,
            trusted_keys=obeyed,
            birth=self.presence.birth,
            heartbeat=self.presence.heartbeat,
            clock=self.clock,
            on_time=self.timekeeper.offered,
            pictures=self.evidence.get,
            clips=self.clips,
        )
        self.keeper = Keeper(state, self.clock, on_renewed=self.link.renew, on_keys=obeyed.learn)
        self.orders.answer = self.link.answer
        self.link.start()
        self._stack.callback(self.link.stop)

    async def _start_web(self) -> None:
        web = self.settings.web
        house = Household(self._rooms())
        self.orders.judge = house.judge
        app = build_hub_site(
            house,
            self.store,
            self.clock,
            language=self.settings.hub.language,
            secure=web.certificate is not None,
            session_hours=web.session_hours,
            allow_passwordless=self._allow_passwordless,
            metrics_token=read_secret(web.metrics_token_file) if web.metrics_token_file else "",
        )
        self._server = Server(app, web.host, web.port, web.certificate, web.key)
        await self._server.start()
        self._stack.push_async_callback(self._server.stop)
        self._stack.callback(self.bus.close)

    def _rooms(self) -> Rooms:
        return Rooms(
            settings=self.settings,
            clock=self.clock,
            bus=self.bus,
            store=self.store,
            evidence=self.evidence,
            clips=self.clips,
            board=self.board,
            sights=self.sights,
            learning=self.learning,
            link=self.link,
            announcing=self.announcing,
            calendar=self.calendar,
            broadcaster=self.broadcaster,
            supervisors=self.supervisors,
            faults=lambda: self.faults,
            warn=self.warn,
            fresh=self.fresh,
            certificate=lambda: self.keeper.view,
        )

    @asynccontextmanager
    async def _eyes(self, specs: tuple[WorkerSpec, ...]) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        watched = {camera.id for spec in specs for camera in spec.cameras} | {HOUSE}
        left = {i.camera for i in self.store.open_incidents()} - watched
        self.lookout.workers_ready(tuple(left))  # nobody will ever see these places empty
        self.supervisors += [
            WorkerSupervisor(
                spec,
                on_report=lambda report, spec=spec: self._take(report, spec, loop),  # type: ignore[misc]
                clock=self.clock,
                patience=self._patience,
            )
            for spec in specs
        ]
        tasks = [asyncio.create_task(s.run()) for s in self.supervisors]
        try:
            yield
        finally:
            for supervisor in self.supervisors:
                supervisor.stop()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, report: Report, spec: WorkerSpec, loop: asyncio.AbstractEventLoop) -> None:
        self.lookout.take(report)
        if isinstance(report, SightReport):
            self.sights.take(report)
        if isinstance(report, WorkerReady):
            cameras = report.cameras or tuple(c.id for c in spec.cameras)
            loop.call_later(ORPHAN_S, self.lookout.workers_ready, cameras)
        self._on_report(report)

    def warn(self, incident: Incident) -> str:
        """Speak the warning of an incident; returns the announcement's id."""
        text = self._words(incident.kind, incident.label, incident.zone_name, incident.camera_name)
        zone = self._warning_zones.get(incident.camera, "")
        return self.announcing.warn(incident, text, late_s=self.settings.talkdown.late_s, zone=zone)

    def _warn_unremembered(self, report: IncidentReport) -> None:
        camera = self._around.cameras.get(report.camera, report.camera)
        text = self._words(report.kind, report.label, report.zone_name, camera)
        zone = self._warning_zones.get(report.camera, "")
        self.announcing.warn_unremembered(text, late_s=self.settings.talkdown.late_s, zone=zone)

    def _words(self, kind: str, label: str, zone: str, camera: str) -> str:
        village = self.settings.hub.village
        return self._phrases.words(
            kind, label, {"zone": zone or camera, "camera": camera, "village": village}
        )

    def _likely_warnings(self) -> list[str]:
        """The words that may be wanted in a hurry, so that they are spoken at once."""
        return [
            self._words(rule.kind, label, zone_name, camera.name)
            for camera in self.settings.camera
            for rule in camera.rule
            if rule.speak
            for zone_name in [next((z.name for z in camera.zone if z.id == rule.zone), "")]
            for label in rule_spec(rule).labels or ("",)
        ]

    def _incident_changed(self, incident: Incident, phase: Phase) -> None:
        self.link.wake()
        self.lookout.on_change(incident, phase)

    def _play_changed(self, record: PlayRecord) -> None:
        log.info(
            "announcement id=%s speaker=%s state=%s seconds=%.1f reason=%s",
            record.announcement, record.speaker, record.state, record.seconds,
            record.reason or "-",
        )  # fmt: skip
        self.bus.publish(Change("play", record.announcement))
        self._on_play(record)
        if hasattr(self, "calendar"):
            self.calendar.timetable.note(record)
        if hasattr(self, "link"):
            self.link.wake()

    def _calendar_changed(self, occurrence: str) -> None:
        self.bus.publish(Change("calendar", occurrence))
        if hasattr(self, "link"):
            self.link.wake()

    def _examinations(self) -> list[Examination]:
        state = self.settings.state
        return [
            conditions.disk(state.folder, least_mb=state.free_mb),
            conditions.damaged_store(lambda: self.store.quarantined),
            conditions.speakers(
                lambda: [(s.id, s.fault) for s in self.broadcaster.status().speakers if s.fault]
            ),
            conditions.workers(self._lasting_worker_faults),
        ]

    def _lasting_worker_faults(self) -> list[str]:
        """What keeps a worker from working; a restart that succeeds is nobody's business."""
        now = self.clock.monotonic()
        states = [supervisor.status for supervisor in self.supervisors]
        return [s.fault for s in states if s.fault and now - s.fault_mono_s >= WORKER_GRACE_S]

    async def _tick_for_ever(self) -> None:
        examinations = self._examinations()
        since_housekeeping = HOUSEKEEPING_S
        while True:
            self._tick(examinations)
            since_housekeeping += TICK_S
            if since_housekeeping >= HOUSEKEEPING_S:
                since_housekeeping = 0.0
                await asyncio.to_thread(self.upkeep.run)
                await asyncio.to_thread(self.clips.keep_house)
                await asyncio.to_thread(self.learning.keep_house)
            await asyncio.sleep(TICK_S)

    def _tick(self, examinations: list[Examination]) -> None:
        self.timekeeper.tick()
        self.lookout.tick()
        self.announcing.tick()
        for examine in examinations:
            condition = examine()
            before = self._conditions.get(condition.kind)
            self._conditions[condition.kind] = condition
            if before is None or before.holds != condition.holds:
                self.lookout.set_condition(
                    condition.kind,
                    holds=condition.holds,
                    severity=condition.severity,
                    detail=condition.detail,
                )
                self.bus.publish(Change("hub"))

    def fresh(self) -> bool:
        """Whether every essential part gave a sign of life lately: for the watchdog."""
        return (
            self.lookout.fresh(FRESH_S)
            and self.broadcaster.fresh(FRESH_S)
            and self.link.fresh(FRESH_S)
            and self.calendar.timetable.fresh(FRESH_S * 4)
            and all(s.fresh(FRESH_S * 4) for s in self.supervisors)
        )


@asynccontextmanager
async def _running(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def run_hub(settings: HubSettings, *, environ: Mapping[str, str]) -> int:
    """Run the box until SIGTERM or SIGINT; returns the exit status.

    Tells systemd when it is ready and, while every essential part is fresh, that it lives.

    Raises:
        EdgeError: It cannot start.
    """
    return asyncio.run(_run_until_signal(settings, environ))


async def _run_until_signal(settings: HubSettings, environ: Mapping[str, str]) -> int:
    notifier, interval_s = Notifier(environ), watchdog_interval_s(environ)
    signalled = asyncio.create_task(until_signal())
    await asyncio.sleep(0)  # let it listen: who is told to stop while starting stops in order, too
    try:
        async with Hub(settings) as hub:
            notifier.ready(hub.url)
            async with _running(_reassure(hub, notifier, interval_s)):
                told = await signalled
            log.info("hub stopping signal=%s", told)
            notifier.stopping()
    finally:
        signalled.cancel()
    return 0


async def _reassure(hub: Hub, notifier: Notifier, interval_s: float | None) -> None:
    """Feed the watchdog from this loop, which must not hang, and only while all is well."""
    while interval_s is not None:
        if hub.fresh():
            notifier.watchdog()
        else:
            log.error("hub not fresh, the watchdog is not fed")
        await asyncio.sleep(interval_s)


async def until_signal() -> str:
    """Wait for SIGTERM or SIGINT and return its name."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[str] = loop.create_future()

    def tell(number: signal.Signals) -> None:
        if not told.done():
            told.set_result(number.name)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell, number)
    try:
        return await told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

"""A case from its alert to its end: rules, deadlines, escalation, photos, and who may do what."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.clock import SimulatedClock
from edge.errors import CaseRefused, LinkError
from edge.events import Bus
from edge.link.messages import Command, Reply
from edge.orders import Orders
from edge.people import Account, Role
from edge.settings.schema import CasesSection
from edge.site import Person
from edge.township.cases.deadlines import Deadlines
from edge.township.cases.desk import MOST_PHOTOS, Desk
from edge.township.cases.escalation import Escalation
from edge.township.cases.photos import KEPT_SIDE, LARGEST_BYTES, Photo, read_photo
from edge.township.cases.rights import may
from edge.township.cases.roster import Chain, Leaders
from edge.township.cases.states import (
    ENDED,
    NEEDS_PERSON,
    NEEDS_WORDS,
    Action,
    State,
    Wish,
    next_state,
    possible,
    stage_of,
)
from edge.township.cases.verdicts import Verdict
from edge.township.casework import deadlines_of
from edge.township.store import Store
from edge.township.store.case_records import Case, CaseFilter, Place
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid

DAY_S = 86_400.0


class CaseWay(RuleBasedStateMachine):
    """Any steps in any order: the rules never lose their way."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.RECEIVED
        self.accepted = False

    @rule(action=st.sampled_from(Action), words=st.sampled_from(["", "  ", "好"]), to=st.booleans())
    def step(self, action: Action, words: str, to: bool) -> None:
        wish = Wish(action, "张三", words, "李四" if to else "")
        lacking = (action in NEEDS_WORDS and not words.strip()) or (
            action in NEEDS_PERSON and not to
        )
        fits = action in possible(self.state) and not lacking
        try:
            after = next_state(self.state, wish)
        except CaseRefused:
            assert not fits
            return
        assert fits
        if self.state in ENDED:
            assert after is self.state or action is Action.REOPEN
        if after is State.CLOSED and self.state is not State.CLOSED:
            assert self.state is State.FOLLOW_UP, "nothing is closed without a call back"
        self.accepted = self.accepted or action in {Action.ACCEPT, Action.REOPEN}
        self.state = after

    @invariant()
    def nobody_works_on_what_nobody_took(self) -> None:
        if self.state not in {State.RECEIVED, State.FALSE_ALARM}:
            assert self.accepted

    @invariant()
    def there_is_always_a_way_on(self) -> None:
        assert possible(self.state)
        assert (stage_of(self.state) == 4) == (self.state in ENDED)

    @precondition(lambda self: self.state in ENDED)
    @rule()
    def an_end_can_be_opened_again(self) -> None:
        assert next_state(self.state, Wish(Action.REOPEN, "张三", "弄错了")) is State.ACCEPTED


CaseWay.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestCaseWay = CaseWay.TestCase


@given(st.sampled_from(State))
def test_only_open_states_have_a_deadline(state: State) -> None:
    """Every open state is due some time, an ended one never."""
    due = Deadlines().due("fire", "life_safety", state, 1000.0)
    assert (due is None) == (state in ENDED)
    assert due is None or due > 1000.0


def test_targets_come_from_the_settings() -> None:
    """By severity, with exceptions by kind; danger to life is always the first by default."""
    section = CasesSection.model_validate({"kinds": {"fire": {"accept_minutes": 0.5}}})
    deadlines = deadlines_of(section)
    assert deadlines.due("fire", "life_safety", State.RECEIVED, 0.0) == 30
    assert deadlines.due("person_down", "life_safety", State.RECEIVED, 0.0) == 60
    assert deadlines.due("fire", "urgent", State.HANDLING, 0.0) == 7200
    assert deadlines_of(CasesSection()) == Deadlines(by_kind={})


@dataclass
class Office:
    """A township's store with its desk and nothing around it."""

    folder: Path
    verdicts: list[Verdict] = field(default_factory=list)
    broken: bool = False

    def __post_init__(self) -> None:
        self.clock, self.bus, self.hub = SimulatedClock(), Bus(), FakeHub()
        self.open()

    def open(self) -> None:
        url = f"sqlite:///{self.folder}/township.db"
        if not (self.folder / "township.db").exists():
            url = fresh_database(self.folder)
        self.store = Store(url, self.clock)
        self.post = Post(self.store, self.clock, self.bus)
        self.desk = Desk(
            self.store.cases,
            self.bus,
            self.clock,
            deadlines=Deadlines(),
            tell_hub=self._hear,
        )

    def _hear(self, verdict: Verdict) -> None:
        if self.broken:
            raise LinkError("The village box has never been heard of.")
        self.verdicts.append(verdict)

    def alert(self, number: int, rev: int = 1, phase: str = "", /, **more: object) -> None:
        self.post.store_batch([self.hub.incident(uid(number), rev, phase, **more)])

    def cases(self) -> list[Case]:
        return self.store.cases.some(CaseFilter())

    def act(self, action: Action, who: str = "张三", words: str = "", to: str = "") -> Case:
        return self.desk.act(1, Wish(action, who, words, to))

    def escalation(self, *names: str) -> Escalation:
        for name in names:
            self.store.people.put_account(Account(name, Role.OFFICIAL))
        roster = Chain(self.store.cases, Leaders(self.store.people.accounts))
        return Escalation(self.store.cases, self.desk, roster, self.clock)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def test_alerts_of_one_camera_and_kind_are_one_case(office: Office) -> None:
    """Merged with a counter; another camera, another kind and a drill are cases of their own."""
    for number in range(1, 4):
        office.alert(number)
    office.alert(4, kind="fire", severity="life_safety")
    office.alert(5, camera="gate")
    office.alert(6, drill=True)
    found = {(case.camera, case.kind, case.drill): case.count for case in office.cases()}
    assert found == {
        ("reservoir-east", "intrusion", False): 3,
        ("reservoir-east", "fire", False): 1,
        ("gate", "intrusion", False): 1,
        ("reservoir-east", "intrusion", True): 1,
    }
    assert office.cases()[0].kind == "fire"


def test_a_graver_alert_makes_its_case_graver_and_due_earlier(office: Office) -> None:
    """What began as a notice and became a danger is shown and timed as a danger."""
    office.alert(1, severity="notice")
    first = office.cases()[0]
    office.alert(2, severity="life_safety")
    [case] = office.cases()
    assert (case.severity, case.gravity, case.count) == ("life_safety", 2, 2)
    assert case.due_at is not None
    assert first.due_at is not None
    assert case.due_at < first.due_at


def test_a_quiet_case_that_somebody_took_does_not_swallow_a_new_matter(office: Office) -> None:
    """Ten minutes after the last alert a new one is a new case, which rings again."""
    office.alert(1)
    office.act(Action.ACCEPT)
    office.clock.advance(300)
    office.alert(2)
    assert [case.count for case in office.cases()] == [2]
    assert office.store.count_open() == 2  # both still go on at the place
    assert {one.state for one in office.store.alerts()} == {"acknowledged"}
    office.clock.advance(601)
    office.alert(3)
    assert [(case.state, case.count) for case in office.cases()] == [
        ("received", 1),
        ("accepted", 2),
    ]


def test_a_redelivered_alert_is_not_counted_again(office: Office) -> None:
    """However often the hub sends it, and in whatever order its revisions come."""
    rows = [office.hub.incident(uid(1), rev) for rev in (1, 2, 3)]
    for order in ([2, 0, 1], [0, 0, 2], [1]):
        office.post.store_batch([rows[n] for n in order])
    [case] = office.cases()
    assert case.count == 1


def test_the_whole_way_is_in_the_story_and_in_the_audit_log(office: Office) -> None:
    """受理、派单、接单、反馈、核实、回访: each with who, when and why; the hub hears the end."""
    office.alert(1)
    office.act(Action.ACCEPT)
    office.act(Action.ASSIGN, to="赵网格", words="去看看")
    office.clock.advance(60)
    office.act(Action.START, "赵网格")
    office.act(Action.REPORT, "赵网格", "人已离开")
    office.act(Action.APPROVE)
    case = office.act(Action.CALL_BACK, words="给报警的村民打了电话，满意")
    story = office.store.cases.story(1)
    assert story is not None
    assert [(step.who, step.action) for step in story.steps] == [
        ("张三", "accept"),
        ("张三", "assign"),
        ("赵网格", "start"),
        ("赵网格", "report"),
        ("张三", "approve"),
        ("张三", "call_back"),
    ]
    assert (case.state, case.owner, case.assignee, case.due_at) == (
        "closed",
        "张三",
        "赵网格",
        None,
    )
    actions = [line.action for line in office.store.people.audit_lines()]
    assert actions[::-1] == [f"case_{step.action}" for step in story.steps]
    assert not office.store.people.check_audit().problem
    assert [(one.verdict, one.incident) for one in office.verdicts] == [("confirmed", uid(1))]
    assert office.verdicts[0].reason == "", "what people said on the telephone stays here"


def test_a_false_alarm_tells_the_hub_of_every_alert_and_can_be_taken_back(office: Office) -> None:
    """The reason travels; opening again withdraws it; a hub that is away stops nobody."""
    office.alert(1)
    office.alert(2)
    office.act(Action.FALSE_ALARM, words="树影")
    assert [(one.verdict, one.reason) for one in office.verdicts] == [("false_alarm", "树影")] * 2
    assert office.store.alerts()[0].acknowledged_by == "张三"
    office.broken = True
    assert office.act(Action.REOPEN, words="不是树影").state == "accepted"


def test_two_who_press_at_once_take_one_step(office: Office) -> None:
    """Compare and set over the whole case: one goes on, the other is told."""
    office.alert(1)
    won: list[str] = []
    start = threading.Barrier(6)

    def press(name: str) -> None:
        start.wait(5)
        try:
            office.act(Action.ACCEPT, name)
            won.append(name)
        except CaseRefused:
            pass

    presses = [threading.Thread(target=press, args=(f"p{n}",)) for n in range(6)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(20)
    assert len(won) == 1
    story = office.store.cases.story(1)
    assert story is not None
    assert [step.who for step in story.steps] == won


def test_when_nobody_acts_the_next_is_told_once_each(office: Office) -> None:
    """One after the other, each once, until nobody is left; the target that is shown stays."""
    escalation = office.escalation("王主任", "李主任")
    office.alert(1)
    assert escalation.run_once() == 0
    due = office.cases()[0].due_at
    told = []
    for _ in range(6):
        office.clock.advance(601)
        escalation.run_once()
        escalation.run_once()
        told.append(office.cases()[0].told)
    story = office.store.cases.story(1)
    assert story is not None
    assert [step.to for step in story.steps] == ["李主任", "王主任", ""]
    assert told[-1] == "王主任"
    assert office.cases()[0].due_at == due


def test_an_escalation_survives_a_restart_and_is_not_repeated(office: Office) -> None:
    """What was told is in the database, and what is due meanwhile is told after it."""
    office.alert(1)
    office.clock.advance(301)
    assert office.escalation("王主任", "李主任").run_once() == 1
    office.store.close()
    office.open()
    assert office.escalation().run_once() == 0
    office.clock.advance(601)
    assert office.escalation().run_once() == 1
    assert office.cases()[0].level == 2


def test_two_programs_escalate_a_case_once(office: Office) -> None:
    """Both saw it overdue; one was first."""
    office.escalation("王主任")
    office.alert(1)
    office.clock.advance(301)
    [case] = office.store.cases.to_escalate(now=office.clock.wall())
    assert office.desk.escalate(case, "王主任")
    assert not office.desk.escalate(case, "王主任")


def test_whoever_acts_is_not_told_again(office: Office) -> None:
    """A step begins a new deadline, and its own ladder of people."""
    escalation = office.escalation("王主任")
    office.alert(1)
    office.clock.advance(301)
    assert escalation.run_once() == 1
    case = office.act(Action.ACCEPT)
    assert (case.told, case.level) == ("", 0)
    assert escalation.run_once() == 0
    office.clock.advance(901)
    assert escalation.run_once() == 1


def test_a_grid_member_works_on_his_own_cases_only(office: Office) -> None:
    """May he? Only what was given to him, and only the work, never the leading."""
    office.alert(1)
    office.act(Action.ACCEPT)
    case = office.act(Action.ASSIGN, to="赵网格")
    mine, other = (Person(name, Role.GRID_MEMBER, "c") for name in ("赵网格", "钱网格"))
    assert may(other, case) == frozenset()
    assert Action.START in may(mine, case)
    assert not may(mine, case) & {Action.ACCEPT, Action.APPROVE, Action.FALSE_ALARM, Action.ASSIGN}
    assert may(Person("看", Role.AUDITOR, "c"), case) == frozenset()
    leader = may(Person("张三", Role.STAFF, "c"), case)
    assert {Action.START, Action.FALSE_ALARM, Action.HAND_OVER} <= leader
    assert Action.ESCALATE not in leader | may(mine, case)


def test_pages_of_the_list_neither_repeat_nor_leave_out(office: Office) -> None:
    """Keyset paging over mixed severities and equal times gives every case once, in order."""
    kinds = ("life_safety", "urgent", "notice")
    office.post.store_batch(
        [
            office.hub.incident(uid(n), 1, camera=f"c{n}", severity=kinds[n % 3])
            for n in range(1, 50)
        ]
    )
    office.act(Action.ACCEPT)
    seen: list[Case] = []
    place: Place | None = None
    while some := office.store.cases.some(CaseFilter(), after=place, limit=7):
        seen += some
        place = Place.read(Place.of(some[-1]).text())
    assert [case.id for case in seen] == [case.id for case in office.store.cases.some(CaseFilter())]
    assert len({case.id for case in seen}) == 49
    order = [(case.queue, case.gravity, case.newest_at, case.id) for case in seen]
    assert order == sorted(order, reverse=True)


@given(st.text(max_size=60))
def test_a_place_in_an_address_is_read_or_refused(text: str) -> None:
    """Whatever somebody writes there, nothing breaks."""
    place = Place.read(text)
    assert place is None or Place.read(place.text()) == place or place.newest_at != place.newest_at


def a_photo(width: int = 60, height: int = 40, kind: str = ".jpg") -> bytes:
    picture = np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return bytes(cv2.imencode(kind, picture)[1].tobytes())


def shape_of(jpeg: bytes) -> tuple[int, ...]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    return height, width


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    """The same photo with an EXIF block: where it was taken, and how the phone was held."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 1) + entry + b"\0\0\0\0" + b"GPS-SECRET"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_a_photo_keeps_its_pixels_and_nothing_else() -> None:
    """Upright, at most 1600 pixels, and without where and by whom it was taken."""
    kept = read_photo(with_exif(a_photo(60, 40), 6))
    assert b"Exif" not in kept.jpeg
    assert b"GPS-SECRET" not in kept.jpeg
    assert shape_of(kept.jpeg)[:2] == (60, 40)
    large = read_photo(a_photo(2000, 300))
    assert max(shape_of(large.jpeg)) == KEPT_SIDE
    assert read_photo(a_photo(kind=".png")).jpeg.startswith(b"\xff\xd8\xff")


def _bomb() -> bytes:
    png = a_photo(kind=".png")
    return png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]


@pytest.mark.parametrize(
    "upload",
    [b"", b"GIF89a", b"\xff\xd8\xff", a_photo()[:40], _bomb(), b"\0" * (LARGEST_BYTES + 1)],
    ids=["nothing", "gif", "stub", "cut", "bomb", "huge"],
)
def test_what_is_no_photo_is_refused(upload: bytes) -> None:
    """With a sentence, before anything large is decoded."""
    with pytest.raises(CaseRefused, match="photo"):
        read_photo(upload)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_hostile_bytes_are_refused_and_nothing_more(noise: bytes, head: bytes) -> None:
    """Any bytes at all: a photo or a refusal."""
    with contextlib.suppress(CaseRefused):
        assert read_photo(head + noise).jpeg


def test_photos_are_kept_once_and_not_without_end(office: Office) -> None:
    """The same one twice is one; the thirteenth is refused; an ended case takes none."""
    office.alert(1)
    photo = read_photo(a_photo())
    for _ in range(2):
        office.desk.add_photo(1, photo, "赵网格")
    story = office.store.cases.story(1)
    assert story is not None
    assert [step.photo for step in story.steps] == [photo.sha256]
    assert office.store.cases.photo(1, photo.sha256) == photo.jpeg
    for n in range(1, MOST_PHOTOS):
        office.desk.add_photo(1, replace(photo, sha256=f"{n:064x}"), "赵网格")
    with pytest.raises(CaseRefused, match="twelve"):
        office.desk.add_photo(1, Photo(photo.jpeg, "f" * 64), "赵网格")
    office.act(Action.FALSE_ALARM, words="树影")
    with pytest.raises(CaseRefused, match="moved on"):
        office.desk.add_photo(1, Photo(photo.jpeg, "e" * 64), "赵网格")


def test_a_box_writes_down_what_the_township_found_out() -> None:
    """`cmd/feedback` becomes the verdict of the incident; an unknown incident is said to be so."""
    clock, heard = SimulatedClock(), []
    orders = Orders(None, clock=clock, speakers=lambda: 1)  # type: ignore[arg-type]  # no sound here
    now = clock.stamp().utc

    def told(verdict: str) -> Reply:
        data = {"incident_id": uid(1), "verdict": verdict, "reason": "树影", "by": "张三"}
        command = Command(
            id=uid(9),
            name="feedback",
            hub="lin-jia-cun",
            issuer="张三",
            issued_at=now,
            expires_at=now,
            nonce="0" * 16,
            data=data | {"at": now.isoformat()},
        )
        return orders.take(command, 60.0)

    assert told("false_alarm").outcome == "failed"
    orders.judge = lambda *said: heard.append(said) or True  # type: ignore[func-returns-value]
    assert [told(one).outcome for one in ("false_alarm", "withdrawn")] == ["done", "done"]
    assert heard == [
        (uid(1), "false_alarm", "张三", "树影"),
        (uid(1), "", "张三", "树影"),
    ]

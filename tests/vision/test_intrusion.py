"""The state machine of the intrusion rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vision.boxes import Box
from vision.reports import Phase
from vision.rules.episode import UPDATE_EVERY_S
from vision.rules.intrusion import Intrusion
from vision.rules.rule import Finding, Scene
from vision.settings import RuleSpec, ZoneSpec
from vision.tracking import Track
from vision.zones import Zone

ZONE = Zone(ZoneSpec("z", "水库", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))))
INSIDE: Box = (100, 50, 140, 150)
OUTSIDE: Box = (100, 10, 140, 70)
BEAT_S = 0.2


class Story:
    """Tells the rule what is seen, look by look."""

    def __init__(self, dwell_s: float = 1.5, clear_s: float = 2.0) -> None:
        spec = RuleSpec("intrusion", "z", dwell_s=dwell_s, clear_s=clear_s)
        self.rule = Intrusion(spec, ZONE)
        self.now_s = 100.0
        self.findings: list[Finding] = []

    def see(self, *tracks: tuple[int, Box, float, str]) -> None:
        self.now_s += BEAT_S
        seen = tuple(
            Track(number, box, score, label, 100.0, self.now_s, seen=True, hits=9)
            for number, box, score, label in tracks
        )
        self.findings += self.rule.look(Scene(self.now_s, 320, 180, seen))

    def stay(self, seconds: float, *tracks: tuple[int, Box, float, str]) -> None:
        for _ in range(round(seconds / BEAT_S)):
            self.see(*tracks)

    @property
    def phases(self) -> list[Phase]:
        return [finding.phase for finding in self.findings]


def test_staying_opens_once_and_leaving_closes() -> None:
    """One visit is one incident: opened after the dwell, closed after the clear time."""
    story = Story()
    story.stay(5, (1, INSIDE, 0.8, "person"))
    story.stay(5)
    assert story.phases == [Phase.OPENED, Phase.CLOSED]
    opened, closed = story.findings
    assert opened.number == closed.number == 1
    assert 1.5 <= opened.dwell_s < 1.9
    assert opened.picture
    assert not closed.picture


def test_passing_through_is_nothing() -> None:
    """Shorter than the dwell."""
    story = Story()
    story.stay(1.2, (1, INSIDE, 0.9, "person"))
    story.stay(5)
    assert story.phases == []


def test_the_feet_decide() -> None:
    """A head in front of the zone is not in the zone."""
    story = Story()
    story.stay(5, (1, OUTSIDE, 0.9, "person"))
    assert story.phases == []


def test_feet_cut_by_the_edge_of_the_picture_still_count() -> None:
    """A person so near that the picture ends above his feet stands in the zone."""
    story = Story()
    story.stay(3, (1, (100, 20, 200, 180), 0.9, "person"))
    assert story.phases == [Phase.OPENED]


def test_other_labels_do_not_count() -> None:
    """The rule asked for persons and vehicles."""
    story = Story()
    story.stay(5, (1, INSIDE, 0.9, "smoke"))
    assert story.phases == []


def test_a_relay_of_people_is_one_incident() -> None:
    """While the zone is occupied, whoever comes and goes belongs to the same incident."""
    story = Story()
    for number in range(5):
        story.stay(3, (number, INSIDE, 0.8, "person"))
        story.stay(1)
    assert story.phases == [Phase.OPENED]


def test_a_new_visit_after_the_zone_was_empty_is_a_new_incident() -> None:
    """Cleared, then occupied again."""
    story = Story()
    for number in (1, 2):
        story.stay(3, (number, INSIDE, 0.8, "person"))
        story.stay(3)
    assert story.phases == [Phase.OPENED, Phase.CLOSED] * 2
    assert [finding.number for finding in story.findings] == [1, 1, 2, 2]


def test_better_evidence_updates_but_not_too_often() -> None:
    """A clearer picture is worth sending, once in a while."""
    story = Story()
    story.stay(3, (1, INSIDE, 0.5, "person"))
    for step in range(20):
        story.see((1, INSIDE, 0.5 + step / 50, "person"))
    updates = [finding for finding in story.findings if finding.phase is Phase.UPDATED]
    assert 1 <= len(updates) <= 20 * BEAT_S / UPDATE_EVERY_S + 1
    assert updates[-1].score > 0.5


def test_one_more_person_updates_the_count() -> None:
    """The second one is news."""
    story = Story()
    story.stay(5, (1, INSIDE, 0.8, "person"))
    story.stay(4, (1, INSIDE, 0.8, "person"), (2, INSIDE, 0.7, "person"))
    assert story.findings[-1].phase is Phase.UPDATED
    assert story.findings[-1].count == 2


def test_flickering_at_the_border_does_not_open() -> None:
    """Less than three of five looks inside is not staying."""
    story = Story()
    for _ in range(20):
        story.see((1, INSIDE, 0.9, "person"))
        story.see((1, OUTSIDE, 0.9, "person"))
        story.see((1, OUTSIDE, 0.9, "person"))
        story.see((1, OUTSIDE, 0.9, "person"))
    assert story.phases == []


LOOKS = st.lists(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([INSIDE, OUTSIDE]), st.floats(0.1, 1.0)),
        max_size=3,
        unique_by=lambda track: track[0],
    ),
    max_size=120,
)


@given(LOOKS)
def test_the_story_of_an_incident_is_always_well_told(
    looks: list[list[tuple[int, Box, float]]],
) -> None:
    """Opened, updated, closed; numbers count up; one open at most; never closed while occupied."""
    story = Story(dwell_s=0.4, clear_s=0.6)
    open_number: int | None = None
    count = 0
    empty_s = 0.0
    for look in looks:
        told = len(story.findings)
        story.see(*((number, box, score, "person") for number, box, score in look))
        occupied = any(box == INSIDE for _, box, _ in look)
        empty_s = 0.0 if occupied else empty_s + BEAT_S
        for finding in story.findings[told:]:
            if finding.phase is Phase.OPENED:
                assert open_number is None
                assert finding.number == (count := count + 1)
                assert occupied
                open_number = finding.number
            else:
                assert finding.number == open_number
            if finding.phase is Phase.CLOSED:
                assert empty_s >= 0.6 - 1e-6
                open_number = None
            assert finding.dwell_s >= 0

"""When the box answers an incident by speech, and when it holds its tongue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.talkdown import HOUR_S, Place, Silence, TalkdownPolicy

HERE = Place("shuiku", "bank")


def policy(*, enabled: bool = True, cool_down_s: float = 30, per_hour: int = 3) -> TalkdownPolicy:
    return TalkdownPolicy(enabled=enabled, cool_down_s=cool_down_s, per_hour=per_hour)


def test_the_kill_switch_silences_everything() -> None:
    """Switched off means off, for life safety too: a person decided it."""
    decided = policy(enabled=False).decide(HERE, speaks=True, life_safety=True, now_mono_s=0)
    assert decided is Silence.SWITCHED_OFF


def test_a_place_is_not_warned_again_while_it_cools_down() -> None:
    """Thirty seconds of peace at one zone; another zone is its own place."""
    rules = policy()
    assert rules.decide(HERE, speaks=True, life_safety=False, now_mono_s=0) is None
    assert rules.decide(HERE, speaks=True, life_safety=True, now_mono_s=29) is Silence.COOLING_DOWN
    other = Place("shuiku", "dam")
    assert rules.decide(other, speaks=True, life_safety=False, now_mono_s=29) is None
    assert rules.decide(HERE, speaks=True, life_safety=False, now_mono_s=30) is None


@given(st.lists(st.floats(0, 600), max_size=60))
def test_no_hour_has_more_warnings_than_allowed(gaps: list[float]) -> None:
    """In every window of an hour a camera warns at most `per_hour` times."""
    rules, now, spoken = policy(cool_down_s=1), 0.0, []
    for gap in gaps:
        now += gap
        if rules.decide(HERE, speaks=True, life_safety=False, now_mono_s=now) is None:
            spoken.append(now)
    for index, start in enumerate(spoken):
        assert sum(start <= t < start + HOUR_S for t in spoken[index:]) <= 3


def test_life_safety_is_exempt_from_the_hourly_limit() -> None:
    """A fire is warned of however much was said before."""
    rules = policy(cool_down_s=0, per_hour=1)
    assert rules.decide(HERE, speaks=True, life_safety=False, now_mono_s=0) is None
    assert rules.decide(HERE, speaks=True, life_safety=False, now_mono_s=1) is Silence.TOO_MANY
    assert rules.decide(HERE, speaks=True, life_safety=True, now_mono_s=2) is None

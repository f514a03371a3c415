"""The audit log of the hub is a chain as well: changes are refused, and found if made anyway."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.store.audit import give_up
from edge.store.hub import HubStore
from edge.store.limits import Retention


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path, clock: SimulatedClock) -> HubStore:
    made = HubStore.open(tmp_path, clock)
    for number in range(6):
        clock.advance(60)
        made.audit("张三", "verdict", f"incident {number}")
    return made


def meddle(store: HubStore, deed: str, *, locked: bool = False) -> None:
    def job(writer: sqlite3.Connection) -> None:
        if not locked:
            writer.execute("DROP TRIGGER audit_no_update")
            writer.execute("DROP TRIGGER audit_no_delete")
        writer.execute(deed)

    store._database.write(job)


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit SET who = '李四' WHERE chain = 3",
        "UPDATE audit SET at_wall = at_wall + 60 WHERE chain = 3",
        "DELETE FROM audit WHERE chain = 3",
        "DELETE FROM audit WHERE chain = 6",
        "UPDATE audit SET number = 99 WHERE chain = 2",
        "DELETE FROM audit_head",
    ],
)
def test_whoever_changes_the_hub_s_log_is_found(store: HubStore, deed: str) -> None:
    """Edited, moved in time or place, removed: the sentence says so."""
    assert store.check_audit().lines == 6
    meddle(store, deed)
    assert "Compare with the last backup." in store.check_audit().problem
    store.close()


@pytest.mark.parametrize("deed", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_the_hub_s_database_refuses(store: HubStore, deed: str) -> None:
    """The program itself cannot change a line by mistake."""
    from edge.errors import StoreError

    with pytest.raises(StoreError):
        meddle(store, deed, locked=True)
    assert store.check_audit().good
    store.close()


def test_what_is_given_up_by_age_leaves_a_whole_chain(
    store: HubStore, clock: SimulatedClock
) -> None:
    """Old lines go from the front only, and the head remembers where the chain begins since."""
    noted = store.check_audit().head
    until = clock.wall() - 150
    store._database.write(lambda writer: give_up(writer, until))
    store.audit("王五", "verdict")
    verdict = store.check_audit(noted)
    assert (verdict.good, verdict.lines) == (True, 7)
    assert len(store.audit_log(100)) == 4
    meddle(store, "DELETE FROM audit WHERE number = (SELECT min(number) FROM audit)")
    assert not store.check_audit().good
    store.close()


def test_a_time_put_right_later_is_no_tampering(tmp_path: Path) -> None:
    """A boot without a clock: its lines get their real time, and the chain still holds."""
    clock = SimulatedClock(trusted=False)
    store = HubStore.open(tmp_path, clock)
    store.audit("张三", "verdict")
    store.restamp(replace(clock.stamp(), wall_s=clock.stamp().wall_s + 9e6, trusted=True))
    [line] = store.audit_log(10)
    assert line.at.trusted
    assert store.check_audit().good
    store.close()


def test_retention_of_years_keeps_the_chain(store: HubStore, clock: SimulatedClock) -> None:
    """The daily forgetting goes through the same door."""
    clock.advance(4 * 365 * 86400)
    forget: Callable[[Retention], int] = store.forget_old
    forget(Retention())
    store.audit("王五", "verdict")
    assert store.check_audit().good
    store.close()

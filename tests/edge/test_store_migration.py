"""A database of an older program is brought up, with everything in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from edge.clock import SimulatedClock
from edge.store.hub import FILE_NAME, HubStore
from edge.store.incidents import _columns
from edge.store.opening import connect, migrations
from edge.store.rows import insert
from tests.fakes.records import an_incident


def test_an_open_incident_of_version_one_is_that_of_the_first_rule(tmp_path: Path) -> None:
    """It has no rule's name and no reason, and is still open."""
    clock = SimulatedClock()
    incident = an_incident(clock)
    columns = {k: v for k, v in _columns(incident).items() if k not in {"rule", "reason"}}
    with closing(connect(tmp_path / FILE_NAME)) as old:
        old.executescript(migrations()[0])
        old.execute("PRAGMA user_version = 1")
        old.execute(insert("incidents", columns), columns)
    store = HubStore.open(tmp_path, clock)
    assert store.open_incidents() == [incident]
    assert store.open_incidents()[0].rule == ""
    store.close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as new:
        assert new.execute("PRAGMA user_version").fetchone()[0] == len(migrations())


def test_each_script_stands_at_its_own_number() -> None:
    """The n-th script is called n: two with one number would bring old boxes to another form."""
    folder = resources.files("edge.store") / "migrations"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))

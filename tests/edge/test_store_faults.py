"""The memory of the box on a bad disk: full, read-only, damaged, newer than the program."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import SimulatedClock
from edge.errors import StoreCorrupt, StoreError, StoreFull
from edge.store.evidence import EvidenceStore
from edge.store.faults import from_sqlite, from_system
from edge.store.hub import HubStore
from edge.store.records import Incident
from tests.fakes.records import an_entry, an_incident
from tests.requirements import missing


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        missing("the right to mount a small disk", optional=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Use the rest of a disk up."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4096, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return ballast


def save_until_full(store: HubStore, clock: SimulatedClock) -> tuple[int, Incident]:
    """How many incidents could be saved, and the first that could not."""
    for kept in range(500):
        incident = an_incident(clock)
        try:
            store.save_incident(incident, [an_entry(incident)])
        except StoreFull:
            return kept, incident
    raise AssertionError("the disk was never full")


def test_on_a_full_disk_nothing_is_half_written(small_disk: Path, clock: SimulatedClock) -> None:
    """Writes are refused whole with a sentence; reading goes on; with space it works again."""
    store = HubStore.open(small_disk, clock)
    try:
        first = an_incident(clock)
        store.save_incident(first, [an_entry(first)])
        ballast = fill(small_disk)
        kept, lost = save_until_full(store, clock)
        with pytest.raises(StoreFull, match="Free space") as refusal:
            store.save_incident(lost, [an_entry(lost)])
        assert str(store.path) in str(refusal.value)
        assert store.incident(lost.id) is None
        assert store.window().queued == kept + 1
        ballast.unlink()
        store.save_incident(lost, [an_entry(lost)])
        assert store.incident(lost.id) == lost
        assert [row.seq for row in store.pending(500)] == list(range(1, kept + 3))
    finally:
        store.close()
    again = HubStore.open(small_disk, clock)
    assert again.quarantined is None
    assert again.window().queued == kept + 2
    again.close()


def test_a_full_disk_at_the_start_is_a_sentence(small_disk: Path, clock: SimulatedClock) -> None:
    """No new database on a full disk: refused, and it works once there is space."""
    ballast = fill(small_disk)
    with pytest.raises(StoreFull, match="Free space"):
        HubStore.open(small_disk, clock)
    ballast.unlink()
    HubStore.open(small_disk, clock).close()


def test_a_picture_that_does_not_fit_leaves_no_part(small_disk: Path) -> None:
    """Evidence on a full disk is refused whole."""
    store = EvidenceStore(small_disk / "evidence")
    store.put(b"first")
    ballast = fill(small_disk)
    with pytest.raises(StoreFull, match="disk is full"):
        store.put(b"\xff\xd8" + os.urandom(200_000))
    ballast.unlink()
    assert [path.name for path in (small_disk / "evidence").rglob("*.*")] == [
        store.path(store.put(b"first")).name
    ]


LIMITED = """
import resource, sys
from pathlib import Path
from edge.clock import SimulatedClock
from edge.errors import StoreFull
from edge.store.hub import HubStore
from edge.store.records import Incident
from tests.fakes.records import an_entry, an_incident
clock = SimulatedClock()
store = HubStore.open(Path(sys.argv[1]), clock)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
kept = 0
try:
    while True:
        incident = an_incident(clock)
        store.save_incident(incident, [an_entry(incident)])
        kept += 1
except StoreFull:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.save_incident(incident, [an_entry(incident)])
assert store.window().queued == kept + 1
store.close()
print(kept + 1)
"""


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path, clock: SimulatedClock) -> None:
    """Without the right to mount: a limit on the size of files gives the same refusal."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    store = HubStore.open(tmp_path, clock)
    assert store.window().queued == int(done.stdout)
    store.close()


def test_a_read_only_folder_is_a_sentence(tmp_path: Path, clock: SimulatedClock) -> None:
    """A folder that may not be written is named with its remedy."""
    folder = tmp_path / "locked"
    folder.mkdir()
    if os.geteuid() == 0:
        bound = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if bound.returncode:
            missing("the right to mount a read-only disk", optional=True)
    else:
        folder.chmod(0o500)
    try:
        with pytest.raises(StoreFull, match="writable") as refusal:
            HubStore.open(folder, clock)
        assert str(folder) in str(refusal.value)
        with pytest.raises(StoreFull, match="writable"):
            EvidenceStore(folder / "evidence").put(b"picture")
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("damage", ["rubbish", "middle", "cut"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, clock: SimulatedClock, damage: str) -> None:
    """The box goes on with a new database and a new stream, and the old one can be looked at."""
    store = HubStore.open(tmp_path, clock)
    stream = store.stream_id
    for _ in range(200):
        incident = an_incident(clock)
        store.save_incident(incident, [an_entry(incident)])
    store.close()
    whole = store.path.read_bytes()
    broken = {
        "rubbish": b"not a database at all" * 500,
        "middle": whole[:8192] + os.urandom(60_000) + whole[68_192:],
        "cut": whole[: len(whole) // 2],
    }[damage]
    store.path.write_bytes(broken)
    (tmp_path / "hub.db-wal").write_bytes(b"")
    clock.advance(1)
    again = HubStore.open(tmp_path, clock)
    try:
        aside = again.quarantined
        assert aside is not None
        assert aside.name.startswith("hub.db.quarantined-2026")
        assert aside.read_bytes() == broken
        assert again.stream_id != stream
        incident = an_incident(clock)
        assert again.save_incident(incident, [an_entry(incident)]) == [1]
    finally:
        again.close()
    later = HubStore.open(tmp_path, clock)
    try:
        assert later.quarantined == aside
        later.quarantine_reported()
        assert later.quarantined is None
    finally:
        later.close()


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path, clock: SimulatedClock) -> None:
    """A format we do not know is not touched; the sentence says what to install."""
    HubStore.open(tmp_path, clock).close()
    connection = sqlite3.connect(tmp_path / "hub.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (tmp_path / "hub.db").read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        HubStore.open(tmp_path, clock)
    assert (tmp_path / "hub.db").read_bytes() == before


def test_every_complaint_names_the_path() -> None:
    """Whatever SQLite or the system says, the sentence names the file and ends with a stop."""
    path = Path("/var/lib/village-hub/hub.db")
    codes = {
        sqlite3.SQLITE_FULL: StoreFull,
        sqlite3.SQLITE_IOERR_WRITE: StoreFull,
        sqlite3.SQLITE_READONLY: StoreFull,
        sqlite3.SQLITE_CORRUPT: StoreCorrupt,
        sqlite3.SQLITE_BUSY: StoreError,
        sqlite3.SQLITE_CONSTRAINT: StoreError,
    }
    for code, kind in codes.items():
        error = sqlite3.OperationalError("it failed")
        error.sqlite_errorcode = code
        made = from_sqlite(error, path)
        assert type(made) is kind
        assert str(path) in str(made)
        assert str(made).endswith(".")
    for number in (errno.ENOSPC, errno.EROFS, errno.EIO):
        assert str(path) in str(from_system(OSError(number, os.strerror(number)), path))


def test_evidence_is_kept_by_content_and_pruned_by_age(tmp_path: Path) -> None:
    """The same picture is one file; the oldest go first and those in use stay."""
    store = EvidenceStore(tmp_path)
    names = []
    for number in range(5):
        names.append(store.put(bytes([number]) * 1000))
        os.utime(store.path(names[-1]), (number, number))
    assert store.put(b"\x00" * 1000) == names[0]
    assert store.get(names[1]) == b"\x01" * 1000
    assert store.prune(3500, keep={names[0]}) == 2
    assert [store.get(name) is not None for name in names] == [True, False, False, True, True]
    assert store.prune(10_000, keep=(), older_than_wall_s=4) == 2
    assert store.get(names[4]) is not None


def test_evidence_does_not_leave_its_folder_and_does_not_lie(tmp_path: Path) -> None:
    """A name that is no hash is refused; a picture that changed on the card is not shown."""
    store = EvidenceStore(tmp_path / "evidence")
    for name in ("../../etc/passwd", "", "AB" * 32, "ab" * 31):
        with pytest.raises(StoreError, match="not the name of a picture"):
            store.get(name)
    sha256 = store.put(b"picture")
    store.path(sha256).write_bytes(b"pictura")
    assert store.get(sha256) is None

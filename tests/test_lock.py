"""The appliance's lock file belongs to this project, whole and hashed."""

from __future__ import annotations

import re
import tomllib

from tests.requirements import REPOSITORY

LOCK = REPOSITORY / "firmware_configs" / "requirements.lock"
POSTGRES = LOCK.with_name("requirements-postgres.lock")
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)


def test_every_dependency_is_pinned() -> None:
    """What pyproject.toml asks for by range, the lock file names exactly."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[^a-z0-9-]", line.lower())[0] for line in project["dependencies"]}
    locked = {match["name"] for match in PINNED.finditer(LOCK.read_text(encoding="utf-8"))}
    assert wanted <= locked


def test_every_pin_has_a_hash() -> None:
    """`pip install --require-hashes` accepts the file: no line without a hash, no other index."""
    text = LOCK.read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if PINNED.match(entry)]
    assert len(entries) > 20
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_postgresql_is_an_extra_with_its_own_lock() -> None:
    """A box does not carry the driver; a township server adds it from a file with hashes."""
    text = POSTGRES.read_text(encoding="utf-8")
    names = {match["name"] for match in PINNED.finditer(text)}
    assert {"psycopg", "psycopg-binary"} <= names
    assert "psycopg" not in {match["name"] for match in PINNED.finditer(LOCK.read_text("utf-8"))}
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if PINNED.match(entry)]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text

"""Between records and rows: a `Stamp` is four columns, everything else is itself."""

from __future__ import annotations

import sqlite3

from edge.clock import Stamp

_PARTS = ("wall", "mono", "boot", "trusted")


def stamp_columns(prefix: str, stamp: Stamp | None) -> dict[str, object]:
    """The four columns of a moment; all NULL for None."""
    if stamp is None:
        return {f"{prefix}_{part}": None for part in _PARTS}
    values = (stamp.wall_s, stamp.mono_s, stamp.boot_id, int(stamp.trusted))
    return {f"{prefix}_{part}": value for part, value in zip(_PARTS, values, strict=True)}


def stamp_or_none(row: sqlite3.Row, prefix: str) -> Stamp | None:
    """The moment in a row that may have none."""
    return None if row[f"{prefix}_wall"] is None else stamp_of(row, prefix)


def stamp_of(row: sqlite3.Row, prefix: str) -> Stamp:
    """The moment in a row."""
    wall, mono, boot, trusted = (row[f"{prefix}_{part}"] for part in _PARTS)
    return Stamp(wall, mono, boot, bool(trusted))


def insert(table: str, columns: dict[str, object]) -> str:
    """An INSERT with named parameters. Names come from this package only, never from outside."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608


def upsert(table: str, columns: dict[str, object], key: str, keep: frozenset[str]) -> str:
    """An INSERT that replaces every column outside `key` and `keep` when the key exists."""
    keys = {name.strip() for name in key.split(",")}
    changed = ", ".join(
        f"{name} = excluded.{name}" for name in columns if name not in keys and name not in keep
    )
    return f"{insert(table, columns)} ON CONFLICT ({key}) DO UPDATE SET {changed}"

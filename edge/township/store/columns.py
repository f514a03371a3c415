"""Column types that accept what a hostile message may carry, on every database alike.

PostgreSQL refuses NUL in text and integers beyond 64 bits, SQLite turns NaN into NULL; either
would make one message stop all the others of its batch.
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

LARGEST = 2**53 - 1
YEAR_2100_S = 4_102_444_800.0


class Words(sa.TypeDecorator[str]):
    """Text without NUL."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else value.replace("\0", "\N{REPLACEMENT CHARACTER}")


class Whole(sa.TypeDecorator[int]):
    """An integer, held within ±2^53."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        del dialect
        return None if value is None else max(-LARGEST, min(LARGEST, value))


class Real(sa.TypeDecorator[float]):
    """A finite double."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: sa.Dialect) -> float | None:
        del dialect
        if value is None or math.isfinite(value):
            return value
        return 0.0


class Moment(sa.TypeDecorator[float]):
    """Unix seconds in UTC, held between 1970 and 2100 so that every page can write the date."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: sa.Dialect) -> float | None:
        del dialect
        return None if value is None else max(0.0, min(YEAR_2100_S, value))


def key(name: str, *more: Any) -> sa.Column[str]:
    """A text of the primary key."""
    return sa.Column(name, Words, *more, primary_key=True)


def serial() -> sa.Column[int]:
    """A number the database counts up."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, primary_key=True, autoincrement=True)


def words(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=False, server_default="", **options)


def whole(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, Whole, nullable=False, server_default="0", **options)


def real(name: str, **options: Any) -> sa.Column[float]:
    return sa.Column(name, Real, nullable=False, server_default="0", **options)


def moment(name: str) -> sa.Column[float]:
    """A moment that may not have come yet: Unix seconds or NULL."""
    return sa.Column(name, Moment, nullable=True)


def at(name: str) -> sa.Column[float]:
    """A moment that is known: Unix seconds."""
    return sa.Column(name, Moment, nullable=False, server_default="0")


def degrees(name: str) -> sa.Column[float]:
    """Longitude or latitude, WGS 84; NULL while nobody knows it."""
    return sa.Column(name, Real, nullable=True)


def truth(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())

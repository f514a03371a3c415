"""One-time codes and certificates: who may come in, who came in, and who is thrown out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from edge.township.store.columns import Words, at, moment, truth, whole, words
from edge.township.store.database import Database
from edge.township.store.portable import changed
from edge.township.store.tables import metadata

enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("lookup", Words, primary_key=True),
    words("hub"),
    words("village"),
    words("grid"),
    words("verifier"),
    words("secret"),
    words("made_by"),
    at("made_at"),
    at("expires_at"),
    whole("attempts"),
    moment("used_at"),
    words("request"),
    words("serial"),
    truth("withdrawn"),
    sa.Index(None, "hub"),
)

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("serial", Words, primary_key=True),
    words("hub"),
    words("village"),
    words("grid"),
    words("pem"),
    words("request"),
    at("issued_at"),
    at("expires_at"),
    moment("revoked_at"),
    words("revoked_by"),
    words("reason"),
    moment("cut_at"),
    sa.Index(None, "hub"),
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A one-time code as it is kept; the code itself is not.

    Attributes:
        verifier, secret: See `edge.enrolment.codes.Check`.
        attempts: How often somebody knew where to look and proved nothing.
        request: SHA-256 of the signing request that was granted.
    """

    lookup: str
    hub: str
    village: str
    grid: str
    verifier: str
    secret: str = field(repr=False)
    made_by: str
    made_at: float
    expires_at: float
    attempts: int = 0
    used_at: float | None = None
    request: str = ""
    serial: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was given to a box.

    Attributes:
        serial: As hex.
        request: SHA-256 of the signing request it answers.
        cut_at: When the broker was seen to keep the revoked box out.
    """

    serial: str
    hub: str
    village: str
    grid: str
    pem: str
    request: str
    issued_at: float
    expires_at: float
    revoked_at: float | None = None
    revoked_by: str = ""
    reason: str = ""
    cut_at: float | None = None


class Register:
    """Reads and writes of both tables; blocks; errors are `StoreError`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put_enrolment(self, made: Enrolment) -> None:
        """Keep a new code; the hub's older unused ones are withdrawn."""
        older = (enrolments.c.hub == made.hub) & enrolments.c.used_at.is_(None)
        values = {name: getattr(made, name) for name in enrolments.c.keys()}  # noqa: SIM118
        with self.database.write() as connection:
            connection.execute(enrolments.update().where(older).values(withdrawn=True))
            connection.execute(enrolments.insert().values(**values))

    def enrolment(self, connection: sa.Connection, lookup: str) -> Enrolment | None:
        query = sa.select(enrolments).where(enrolments.c.lookup == lookup)
        row = connection.execute(query).mappings().first()
        return Enrolment(**row) if row else None

    def count_attempt(self, lookup: str) -> None:
        more = enrolments.update().where(enrolments.c.lookup == lookup)
        with self.database.write() as connection:
            connection.execute(more.values(attempts=enrolments.c.attempts + 1))

    def use(self, connection: sa.Connection, lookup: str, issued: Issued, *, now: float) -> bool:
        """Give a certificate for a code; what the hub had before is worth nothing from now on.

        Returns False, and gives nothing, when somebody else was faster.
        """
        used = {"used_at": now, "request": issued.request, "serial": issued.serial}
        free = (enrolments.c.lookup == lookup) & enrolments.c.used_at.is_(None)
        if changed(connection, enrolments.update().where(free).values(**used)) != 1:
            return False
        before = (certificates.c.hub == issued.hub) & certificates.c.revoked_at.is_(None)
        connection.execute(
            certificates.update()
            .where(before)
            .values(revoked_at=now, revoked_by="township", reason="superseded", cut_at=now)
        )
        self.put_certificate(connection, issued)
        return True

    def put_certificate(self, connection: sa.Connection, issued: Issued) -> None:
        values = {name: getattr(issued, name) for name in certificates.c.keys()}  # noqa: SIM118
        connection.execute(certificates.insert().values(**values))

    def certificate(self, connection: sa.Connection, serial: str) -> Issued | None:
        query = sa.select(certificates).where(certificates.c.serial == serial)
        row = connection.execute(query).mappings().first()
        return Issued(**row) if row else None

    def answer_to(self, connection: sa.Connection, hub: str, request: str) -> Issued | None:
        """The certificate that this very request was answered with."""
        same = (certificates.c.hub == hub) & (certificates.c.request == request)
        row = connection.execute(sa.select(certificates).where(same)).mappings().first()
        return Issued(**row) if row else None

    def revoke(self, hub: str, *, who: str, reason: str, now: float) -> int:
        """Make everything of a hub worthless, unused codes too; returns how many certificates."""
        values: dict[str, Any] = {"revoked_at": now, "revoked_by": who, "reason": reason}
        alive = (certificates.c.hub == hub) & certificates.c.revoked_at.is_(None)
        unused = (enrolments.c.hub == hub) & enrolments.c.used_at.is_(None)
        with self.database.write() as connection:
            connection.execute(enrolments.update().where(unused).values(withdrawn=True))
            return changed(connection, certificates.update().where(alive).values(**values))

    def mark_cut(self, hub: str, *, now: float) -> None:
        """The broker keeps the revoked box out."""
        open_ = (
            (certificates.c.hub == hub)
            & certificates.c.revoked_at.is_not(None)
            & certificates.c.cut_at.is_(None)
        )
        with self.database.write() as connection:
            connection.execute(certificates.update().where(open_).values(cut_at=now))

    def mark(self) -> tuple[Any, ...]:
        """Something that differs when anything here has changed; cheap."""
        one, other = certificates.c, enrolments.c
        queries = (
            sa.select(*map(sa.func.max, (one.issued_at, one.revoked_at, one.cut_at))),
            sa.select(sa.func.count(one.serial), sa.func.count(one.revoked_at)),
            sa.select(*map(sa.func.max, (other.made_at, other.used_at))),
        )
        with self.database.read() as connection:
            return tuple(tuple(connection.execute(query).one()) for query in queries)

    def enrolments(self) -> list[Enrolment]:
        """Newest first."""
        query = sa.select(enrolments).order_by(enrolments.c.made_at.desc())
        with self.database.read() as connection:
            return [Enrolment(**row) for row in connection.execute(query).mappings()]

    def certificates(self) -> list[Issued]:
        """Newest first."""
        query = sa.select(certificates).order_by(certificates.c.issued_at.desc())
        with self.database.read() as connection:
            return [Issued(**row) for row in connection.execute(query).mappings()]

"""The tables of places and duty: where hubs and cameras stand, and who answers for them when.

Codes are the statistics bureau's 12 digits for townships and villages. Positions are degrees,
WGS 84. Times are Unix seconds in UTC.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.township.store.columns import Words, at, degrees, key, moment, serial, whole, words
from edge.township.store.tables import metadata


def _in(name: str, column: str) -> sa.Column[str]:
    return sa.Column(name, Words, sa.ForeignKey(column), nullable=False)


townships = sa.Table("townships", metadata, key("code"), words("name"))

villages = sa.Table(
    "villages",
    metadata,
    key("code"),
    words("name"),
    _in("township", "townships.code"),
    degrees("lon"),
    degrees("lat"),
)

hub_places = sa.Table("hub_places", metadata, key("hub"), _in("village", "villages.code"))
"""In which village a box stands; rights by village reach alerts and receipts through it."""

grids = sa.Table(
    "grids", metadata, key("code"), words("name"), _in("village", "villages.code"), words("member")
)
"""`member` is the account of the grid member who answers for it."""

cameras = sa.Table(
    "cameras",
    metadata,
    key("code"),
    words("name"),
    _in("village", "villages.code"),
    words("grid"),
    whole("level"),
    degrees("lon"),
    degrees("lat"),
    words("hub"),
    words("channel"),
    sa.Index(None, "village"),
    sa.Index(None, "hub", "channel"),
)
"""`level` is 1, 2 or 3 (一类, 二类, 三类); `hub` and `channel` say which picture it is there."""

shifts = sa.Table(
    "shifts",
    metadata,
    serial(),
    words("village"),
    at("starts_at"),
    at("ends_at"),
    whole("rank"),
    words("person"),
    words("phone"),
    words("note"),
    sa.UniqueConstraint("village", "starts_at", "rank"),
    sa.Index(None, "ends_at"),
)
"""Who is on duty; no village means the whole township; rank 1 is called first."""

handovers = sa.Table(
    "handovers",
    metadata,
    serial(),
    at("at"),
    words("who"),
    words("to"),
    words("note"),
    moment("taken_at"),
    sa.Index(None, "at"),
)

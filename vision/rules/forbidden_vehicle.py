"""A vehicle is where none may be: a footpath, a field, a dam crest."""

from __future__ import annotations

from vision.rules.intrusion import Intrusion


class ForbiddenVehicle(Intrusion):
    """As an intrusion; that only vehicles count is a matter of the kind's labels."""

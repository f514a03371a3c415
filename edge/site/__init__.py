"""What the pages of hub and township are both made of: sign-in, sessions, words, parts."""

from edge.site.app import build_site
from edge.site.context import site_of, words_of
from edge.site.invitations import invite
from edge.site.pages import page, trouble
from edge.site.person import (
    Admin,
    Anybody,
    Official,
    Person,
    Staff,
    Viewer,
    holding,
    holding_for_all,
    signed_in,
)
from edge.site.server import Server
from edge.site.streams import event_stream

__all__ = [
    "Admin",
    "Anybody",
    "Official",
    "Person",
    "Server",
    "Staff",
    "Viewer",
    "build_site",
    "event_stream",
    "holding",
    "holding_for_all",
    "invite",
    "page",
    "signed_in",
    "site_of",
    "trouble",
    "words_of",
]

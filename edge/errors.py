"""Everything that can go wrong in edge, as a family tree.

EdgeError
├── SettingsError       a configuration file cannot be used; carries every problem at once
├── StoreError          the memory of the box (SQLite, evidence files)
│   ├── StoreCorrupt    the file was quarantined and a new one begun
│   └── StoreFull       the disk is full or read-only; nothing was half written
├── LinkError           the township cannot be reached or refused us
│   └── MessageRefused  a message on the wire is not what the contract says
├── EnrolmentError      the certificates of township or box cannot be made, read or kept
│   └── EnrolmentRefused  somebody asked for a certificate who may not have it, or asked wrongly
├── AccessRefused       somebody may not do what he asked for
├── CaseRefused         a step does not fit the case as it stands now
├── CalendarRefused     the calendar cannot be changed like that; the sentence says what to do
├── SheetRefused        an uploaded list cannot be read at all
└── StartError          a program cannot start; the sentence says what to do about it

Messages are complete sentences that a clerk can read aloud over the telephone.
"""

from __future__ import annotations


class EdgeError(Exception):
    """Root of every error that edge raises on purpose."""


class SettingsError(EdgeError):
    """A configuration cannot be used.

    Attributes:
        problems: One complete sentence per problem, each naming file, key and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(EdgeError):
    """The memory of the box could not be read or written."""


class StoreCorrupt(StoreError):
    """A damaged database was set aside and a new one begun."""


class StoreBusy(StoreError):
    """Another transaction stood in the way; the same may be tried again at once."""


class StoreFull(StoreError):
    """The disk is full or read-only; the transaction was rolled back whole."""


class LinkError(EdgeError):
    """The other end of the wire cannot be reached or refused us."""


class MessageRefused(LinkError):
    """A message on the wire breaks the contract; the sentence names the field."""


class EnrolmentError(EdgeError):
    """Certificates cannot be made, read or kept."""


class EnrolmentRefused(EnrolmentError):
    """A certificate was asked for by somebody who may not have it, or wrongly."""


class AccessRefused(EdgeError):
    """The person signed in may not do this."""


class CaseRefused(EdgeError):
    """A step does not fit the case as it stands now; the sentence says what to do instead."""


class CalendarRefused(EdgeError):
    """The calendar cannot be changed like that; the sentence says what to do instead."""


class SheetRefused(EdgeError):
    """An uploaded list is too large, damaged, or no list; the sentence says what to do."""


class EgressRefused(EdgeError):
    """Nothing may be sent to an address, or nobody took it there."""


class StartError(EdgeError):
    """The program cannot start; the sentence says what to do about it."""

"""Everything that can go wrong in broadcast, as a family tree.

BroadcastError
├── VoiceError      text could not be turned into sound
├── SpeakerError    a loudspeaker cannot be opened or stopped taking sound
├── ClipError       a sound file is not what it says it is
└── TemplateError   a phrase has no words, or its words want values that were not given
"""

from __future__ import annotations


class BroadcastError(Exception):
    """Root of every error that broadcast raises on purpose."""


class VoiceError(BroadcastError):
    """Text could not be turned into sound."""


class SpeakerError(BroadcastError):
    """A loudspeaker cannot be opened, or stopped taking sound."""


class ClipError(BroadcastError):
    """A sound file is not what it says it is."""


class TemplateError(BroadcastError):
    """A phrase is unknown or lacks a value."""

"""Everything that can go wrong in vision, as a family tree.

VisionError
├── SourceError      a camera or file gives no picture; carries a reason from `SourceFault`
├── ModelError       an ONNX file cannot be used as a detector; the sentence lists its shapes
├── RuleError        a rule or zone is not drawable or not known
├── EvaluationError  recordings or what is known about them cannot be evaluated
└── ProtocolError    worker and supervisor do not understand each other
"""

from __future__ import annotations

from enum import StrEnum


class SourceFault(StrEnum):
    """Why a camera gives no picture; each has a plain sentence in the words files."""

    NO_ROUTE = "no_route"
    REFUSED = "refused"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a fault
    NO_SUCH_PATH = "no_such_path"
    NO_SUCH_FILE = "no_such_file"
    CODEC_NOT_SUPPORTED = "codec_not_supported"
    NOT_A_VIDEO = "not_a_video"
    STALLED = "stalled"
    ENDED = "ended"
    OTHER = "other"


class VisionError(Exception):
    """Root of every error that vision raises on purpose."""


class SourceError(VisionError):
    """A source gives no picture.

    Attributes:
        fault: The reason in the closed set of `SourceFault`.
        detail: What the library said, for the log; passwords removed.
    """

    def __init__(self, fault: SourceFault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
        self.detail = detail


class ModelError(VisionError):
    """An ONNX file cannot be used as a detector."""


class RuleError(VisionError):
    """A zone or rule cannot be used."""


class EvaluationError(VisionError):
    """Recordings, pictures or the truth about them cannot be used."""


class ProtocolError(VisionError):
    """A message between worker and supervisor is not understood."""

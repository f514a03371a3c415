"""What the hub tells a running worker: framed as the reports are, in the other direction."""

from __future__ import annotations

import json
import logging
import os
import select
from collections.abc import Iterator
from dataclasses import dataclass

from vision.errors import ProtocolError
from vision.reports import LENGTHS, encode, lengths
from vision.tuning import Tuning

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Show:
    """Send this camera's next look.

    Attributes:
        picture: Somebody looks at its page; else only the numbers are wanted.
    """

    camera: str
    picture: bool = True


@dataclass(frozen=True, slots=True)
class Tune:
    """From the next look on this camera cares less about some things, or more again."""

    camera: str
    tuning: Tuning


Order = Show | Tune


def order_to_message(order: Order) -> bytes:
    """Frame an order for the line.

    Raises:
        ProtocolError: It is larger than a worker would accept.
    """
    match order:
        case Show():
            return encode({"order": "show", "camera": order.camera, "picture": order.picture})
        case Tune():
            return encode(
                {"order": "tune", "camera": order.camera, "tuning": order.tuning.to_json()}
            )


def order_from_header(header: bytes) -> Order:
    """Read an order.

    Raises:
        ProtocolError: It is none that this version knows.
    """
    try:
        raw = json.loads(header)
        match raw["order"]:
            case "show":
                return Show(str(raw["camera"]), bool(raw.get("picture", True)))
            case "tune":
                return Tune(str(raw["camera"]), Tuning.from_json(raw["tuning"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"An order to the worker cannot be read: {error}") from error
    raise ProtocolError("The worker was given an order it does not know.")


class OrderLine:
    """The worker's ear: collects orders and notices the end of the line."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._data = bytearray()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN | select.POLLHUP)

    def hung_up(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` for the line; whether the supervisor closed its end."""
        if not self._poll.poll(timeout_s * 1000):
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return True
        self._data += data
        return not data

    def orders(self) -> Iterator[Order]:
        """What came whole since the last call; one that is not understood is named and left out.

        Raises:
            ProtocolError: The line is out of step.
        """
        while len(self._data) >= LENGTHS.size:
            header, body = lengths(bytes(self._data[: LENGTHS.size]))
            whole = LENGTHS.size + header + body
            if len(self._data) < whole:
                return
            text = bytes(self._data[LENGTHS.size : LENGTHS.size + header])
            del self._data[:whole]
            try:
                yield order_from_header(text)
            except ProtocolError as error:
                log.warning("order_refused reason=%s", error)

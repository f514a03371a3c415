"""Fetching full pictures piece by piece: resumed after any interruption, checked at the end.

The pieces lie in a file until they are whole; its length says where to go on, so a restart of
either end, a lost piece or a cut line costs at most one piece.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge.clock import Clock
from edge.errors import EdgeError, LinkError, StoreError
from edge.events import Bus, Change
from edge.link.messages import Chunk, EvidenceOrder, Pull
from edge.township.orders import Orders
from edge.township.pictures.store import EvidenceStore
from edge.township.store import Database, transfers
from edge.township.store.orders import one_order
from edge.township.store.transfers import Transfer

log = logging.getLogger(__name__)

ASK_AGAIN_S = 5.0
GIVE_UP_S = 7 * 86_400.0
STEPS = 20
LARGEST_BYTES = 64 * 1024 * 1024
_MEDIA_TYPE = "image/jpeg"
_WRONG = "The picture that came is not the one that was announced. Ask for it again."
_LATE = "The village did not send the picture within a week."
_TOO_LARGE = "The picture is larger than 64 MB and was not fetched."


class Fetching:
    """Asks for pictures and puts them together. Every method may block on the disk.

    Args of the constructor: `pull` asks a hub for a piece, False when there is no connection.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        keep: EvidenceStore,
        folder: Path,
        *,
        clock: Clock,
        bus: Bus,
        pull: Callable[[str, Pull], bool],
    ) -> None:
        self._database = database
        self._orders = orders
        self._keep = keep
        self._folder = folder
        self._clock = clock
        self._bus = bus
        self._pull = pull
        self._asked: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def request(self, hub: str, incident: str, sha256: str, who: str) -> str:
        """Ask a village for the full picture of an incident; returns the id of the transfer.

        A picture that is on its way or here is not asked for twice.

        Raises:
            LinkError: There is no signing key, no such village, or no such picture.
            StoreError: It could not be written down.
        """
        with self._database.read() as connection:
            for known in transfers.transfers_of(connection, hub, incident):
                if known.sha256 == sha256 and known.state != "failed":
                    return known.id
            if not transfers.is_known_picture(connection, hub, incident, sha256):
                raise LinkError("No such picture of this incident has been announced.")
        now = self._clock.wall()
        order = EvidenceOrder(incident=incident, sha256=sha256)
        transfer = self._orders.fetch(hub, order, who)
        with self._database.write() as connection:
            transfers.begin(
                connection,
                Transfer(
                    id=transfer,
                    hub=hub,
                    incident=incident,
                    sha256=sha256,
                    kind="picture",
                    media_type=_MEDIA_TYPE,
                    size=0,
                    received=0,
                    state="requested",
                    sentence="",
                    requested_by=who,
                    requested_at=now,
                    changed_at=now,
                ),
            )
        return transfer

    def request_clip(self, hub: str, incident: str, who: str) -> str:
        """Ask a village for the recording of an incident; as `request`.

        Raises:
            LinkError: There is no signing key, or no such village.
            StoreError: It could not be written down.
        """
        with self._database.read() as connection:
            for known in transfers.transfers_of(connection, hub, incident):
                if known.kind == "clip" and known.state != "failed":
                    return known.id
        now = self._clock.wall()
        order = EvidenceOrder(incident=incident, kind="clip")
        transfer = self._orders.fetch(hub, order, who)
        with self._database.write() as connection:
            transfers.begin(
                connection,
                Transfer(
                    id=transfer,
                    hub=hub,
                    incident=incident,
                    sha256="",
                    kind="clip",
                    media_type="video/mp4",
                    size=0,
                    received=0,
                    state="requested",
                    sentence="",
                    requested_by=who,
                    requested_at=now,
                    changed_at=now,
                ),
            )
        self._bus.publish(Change("evidence", incident))
        return transfer

    def picture(self, sha256: str) -> bytes | None:
        """A picture that was fetched, or None."""
        return self._keep.get(sha256)

    def tick(self) -> None:
        """Ask for the next piece of whatever waits for one; call it every second or so."""
        with self._lock:
            with self._database.read() as connection:
                waiting = [
                    (one, one_order(connection, one.id))
                    for one in transfers.open_transfers(connection)
                ]
            now = self._clock.monotonic()
            for transfer, order in waiting:
                if order is not None and order.state in {"refused", "failed", "expired"}:
                    self._end(transfer, "failed", order.sentence)
                elif self._clock.wall() - transfer.requested_at > GIVE_UP_S:
                    self._end(transfer, "failed", _LATE)
                elif order is not None and order.state == "done" and self._is_due(transfer, now):
                    self._ask(transfer)

    def take(self, hub: str, transfer_id: str, head: Chunk, piece: bytes) -> None:
        """A piece came: append it if it is the next one, and ask for more."""
        with self._lock:
            with self._database.read() as connection:
                transfer = transfers.one_transfer(connection, transfer_id)
            if transfer is None or transfer.hub != hub or transfer.state not in transfers.OPEN:
                return
            try:
                self._append(transfer, head, piece)
            except OSError as error:
                raise StoreError(
                    f"A piece of a picture could not be written into {self._folder}: "
                    f"{error.strerror}. Check its rights and the free space."
                ) from error

    def _append(self, transfer: Transfer, head: Chunk, piece: bytes) -> None:
        if head.problem or head.size > LARGEST_BYTES:
            self._end(transfer, "failed", head.problem or _TOO_LARGE)
            return
        if not transfer.sha256:
            # The first piece of a clip says what the whole must be; later ones cannot change it.
            if head.sha256 is None:
                self._end(transfer, "failed", _WRONG)
                return
            transfer = replace(transfer, sha256=head.sha256)
            with self._database.write() as connection:
                transfers.name(connection, transfer.id, head.sha256)
        path = self._part(transfer)
        have = path.stat().st_size if path.exists() else 0
        if head.offset == have and piece:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(piece)
            have += len(piece)
        if have < head.size:
            with self._database.write() as connection:
                transfers.advance(
                    connection, transfer.id, size=head.size, received=have, now=self._clock.wall()
                )
            self._tell_progress(transfer, head.size, have - len(piece), have)
            self._ask(transfer)
            return
        self._finish(transfer, path)

    def _finish(self, transfer: Transfer, path: Path) -> None:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != transfer.sha256:
            path.unlink(missing_ok=True)
            self._end(transfer, "failed", _WRONG)
            return
        self._keep.put(data, transfer.media_type)
        self._end(transfer, "stored", "")
        log.info("picture stored hub=%s bytes=%d", transfer.hub, len(data))

    def _end(self, transfer: Transfer, state: str, sentence: str) -> None:
        with self._database.write() as connection:
            transfers.end(connection, transfer.id, state, sentence, now=self._clock.wall())
        self._part(transfer).unlink(missing_ok=True)
        self._asked.pop(transfer.id, None)
        self._bus.publish(Change("evidence", transfer.incident))

    def _tell_progress(self, transfer: Transfer, size: int, before: int, have: int) -> None:
        """Once for every twentieth, so that pages are not woken for every piece."""
        if size and before * STEPS // size != have * STEPS // size:
            self._bus.publish(Change("evidence", transfer.incident))

    def _is_due(self, transfer: Transfer, now: float) -> bool:
        asked = self._asked.get(transfer.id)
        return asked is None or now - asked[0] >= ASK_AGAIN_S

    def _ask(self, transfer: Transfer) -> None:
        path = self._part(transfer)
        offset = path.stat().st_size if path.exists() else 0
        if self._pull(transfer.hub, Pull(transfer=transfer.id, offset=offset)):
            self._asked[transfer.id] = (self._clock.monotonic(), offset)

    def _part(self, transfer: Transfer) -> Path:
        return self._folder / f"{transfer.id}.part"


def quietly(step: Callable[[], None]) -> None:
    """Do it, and only log what goes wrong; it is tried again."""
    try:
        step()
    except EdgeError as error:
        log.warning("picture waits reason=%r", str(error))

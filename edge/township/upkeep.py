"""What the township does every few seconds: notice silent villages, fetch pictures."""

from __future__ import annotations

from pathlib import Path

from edge.clock import Clock
from edge.errors import StartError
from edge.events import Bus
from edge.link.township import TownshipLink
from edge.settings.schema import PicturesSection, TownshipSettings
from edge.township.fleet import Fleet
from edge.township.orders import Orders
from edge.township.pictures.fetching import Fetching, quietly
from edge.township.pictures.s3 import S3Evidence
from edge.township.pictures.signature import Credentials
from edge.township.pictures.store import EvidenceStore, FileEvidence
from edge.township.store import Store


class Upkeep:
    """Fleet and pictures, made from the settings.

    Attributes:
        pictures: Fetches full pictures; pages ask it.
        fleet: Makes incidents of silent villages.
    """

    def __init__(
        self,
        settings: TownshipSettings,
        store: Store,
        orders: Orders,
        link: TownshipLink,
        *,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """Nothing is sent before `tick`.

        Raises:
            StartError: The place of the pictures is not set up.
        """
        folder = settings.state.folder / "pictures"
        self._link = link
        self._clock = clock
        self.pictures = Fetching(
            store.database,
            orders,
            evidence_store(settings.pictures, folder, clock),
            folder / "incoming",
            clock=clock,
            bus=bus,
            pull=link.pull,
        )
        self.fleet = Fleet(
            store.database,
            bus,
            clock,
            offline_after_s=settings.link.offline_after_s,
            listening_since_s=self._listening_since_s,
        )

    def tick(self) -> None:
        """Blocks on the store.

        Raises:
            StoreError: The store failed; the next call tries again.
        """
        quietly(self.pictures.tick)
        self.fleet.tick()

    def _listening_since_s(self) -> float | None:
        status = self._link.status()
        if not status.connected:
            return None
        return self._clock.wall() - (self._clock.monotonic() - status.since_mono_s)


def evidence_store(section: PicturesSection, folder: Path, clock: Clock) -> EvidenceStore:
    """Where full pictures go, by the settings.

    Raises:
        StartError: S3 is wanted and not completely set up.
    """
    if section.store == "files":
        return FileEvidence(folder)
    if not (section.s3_url and section.s3_bucket and section.s3_key_id and section.s3_secret_file):
        raise StartError(
            "Pictures should go to an S3 server, but it is not set up. Set `s3_url`, `s3_bucket`, "
            "`s3_key_id` and `s3_secret_file` in the `[pictures]` section."
        )
    try:
        secret = section.s3_secret_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StartError(
            f"The secret file {section.s3_secret_file} cannot be read: {error.strerror}."
        ) from error
    credentials = Credentials(section.s3_key_id, secret, section.s3_region)
    return S3Evidence(section.s3_url, section.s3_bucket, credentials, clock)

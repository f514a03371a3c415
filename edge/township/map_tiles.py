"""Where map tiles come from, if from anywhere: the address for browsers, and the host to open."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from edge.errors import StartError
from edge.settings.schema import MapSection


@dataclass(frozen=True, slots=True)
class Tiles:
    """A tile server.

    Attributes:
        address: With `{x}`, `{y}` and `{z}` still in it; empty draws no tiles.
        host: The one that the pages' policy opens for pictures, `https://name:port`.
        credit: Whose map it is.
    """

    address: str = ""
    host: str = ""
    credit: str = ""


def tiles_of(settings: MapSection) -> Tiles:
    """What the settings say of tiles, with the key from its file.

    Raises:
        StartError: The address has no place for a tile, or the key cannot be read.
    """
    if not settings.tiles:
        return Tiles()
    parts = urlsplit(settings.tiles)
    named = all(hole in settings.tiles for hole in ("{x}", "{y}", "{z}"))
    if not named or not parts.hostname or "{" in parts.netloc or "@" in parts.netloc:
        raise StartError(
            "The address of the map tiles is not complete. Write {x}, {y} and {z} into `tiles` of "
            "the `[map]` section, behind one server's name."
        )
    address = settings.tiles
    if "{key}" in address:
        address = address.replace("{key}", _key(settings))
    return Tiles(address, f"{parts.scheme}://{parts.netloc}", settings.credit)


def _key(settings: MapSection) -> str:
    if settings.key_file is None:
        raise StartError(
            "The map tiles want a key and none is named. Put it into a file and name the file in "
            "`key_file` of the `[map]` section."
        )
    try:
        return settings.key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"The key file {settings.key_file} of the map cannot be read. Check that it is there "
            "and that this user may read it."
        ) from error

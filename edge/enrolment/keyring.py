"""The township's keys for orders that make sound: one signs, and boxes are told all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EnrolmentError
from edge.link.signing import SigningKey


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One key of the ring."""

    id: str
    private: Path
    public: Path
    number: int


class KeyRing:
    """Keys `<township>-1`, `<township>-2` … in one folder.

    Keys change in two steps, so that no village ever hears an order it cannot check: a new key is
    made and boxes are told of it; later it is taken into use, and later still the old one is
    dropped.
    """

    def __init__(self, folder: Path, township: str) -> None:
        self._folder = folder
        self._township = township

    @classmethod
    def of(cls, state: Path, township: str) -> KeyRing:
        """The ring in the state folder of a township."""
        return cls(state / "command-keys", township)

    def keys(self) -> list[KeyFile]:
        """Oldest first."""
        pattern = re.compile(rf"{re.escape(self._township)}-(\d+)\.key")
        files = self._folder.glob("*.key") if self._folder.is_dir() else ()
        found = [
            KeyFile(file.stem, file, file.with_suffix(".pub"), int(match[1]))
            for file in files
            if (match := pattern.fullmatch(file.name))
        ]
        return sorted(found, key=lambda key: key.number)

    def first(self) -> KeyFile:
        """The oldest key; made if there is none.

        Raises:
            LinkError, EnrolmentError: It cannot be written.
        """
        return next(iter(self.keys()), None) or self.add()

    def add(self) -> KeyFile:
        """A new key, of which boxes are told from now on.

        Raises:
            LinkError, EnrolmentError: It cannot be written.
        """
        number = max((key.number for key in self.keys()), default=0) + 1
        name = f"{self._township}-{number}"
        made = KeyFile(name, self._folder / f"{name}.key", self._folder / f"{name}.pub", number)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise EnrolmentError(
                f"The folder of the signing keys {self._folder} cannot be made: {error.strerror}."
            ) from error
        SigningKey.generate(name).save(made.private, made.public)
        return made

    def drop_all_but(self, kept: str) -> None:
        """Let boxes forget every other key."""
        for key in self.keys():
            if key.id != kept:
                key.private.unlink(missing_ok=True)
                key.public.unlink(missing_ok=True)

    def public(self) -> dict[str, str]:
        """The public halves (PEM) by id; one that cannot be read is left out."""
        found = {}
        for key in self.keys():
            try:
                found[key.id] = key.public.read_text(encoding="ascii")
            except OSError:
                continue
        return found

"""Passwords as argon2id hashes; a name nobody has costs as much time as a wrong password."""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200
"""Hashing is not asked to chew through megabytes."""


class Passwords:
    """argon2id with 32 MiB and three passes: about a tenth of a second on a small box."""

    def __init__(self, *, memory_kib: int = 32 * 1024, passes: int = 3) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def match(self, stored: str, password: str) -> bool:
        """Whether the password is the one; an empty `stored` never matches, after as much work."""
        try:
            return self._hasher.verify(stored or self._nobody, password[:LONGEST]) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False

"""One-time codes that are read over the telephone: digits only, and every group checks itself.

A code is four groups of five digits, for example `40712 93355 18249 66703`. The last digit of a
group is a check digit after Damm (2004), begun anew from the number of the group: a wrong digit,
two neighbours exchanged, and two groups exchanged are all noticed, and in which group.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.errors import EnrolmentRefused

GROUPS: Final = 4
DATA: Final = 4
"""Digits of a group without its check digit: 16 in all, 53 bits."""

_DAMM: Final = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

# 32 MB and a fifth of a second on a small box for each guess; with 53 bits nobody tries them all
# before the code expires, even with a recording of the exchange.
_COST: Final = 2**15
_BLOCK: Final = 8
_MEMORY: Final = 64 * 1024 * 1024
_SALT: Final = b"village-hub enrolment code 1"


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code; its text never goes over a network and is kept nowhere.

    Attributes:
        digits: All twenty.
    """

    digits: str = field(repr=False)

    def __str__(self) -> str:
        size = DATA + 1
        return " ".join(self.digits[i : i + size] for i in range(0, len(self.digits), size))


@dataclass(frozen=True, slots=True)
class Proof:
    """What the box makes of a code.

    Attributes:
        lookup: Under which the township finds the code; tells nothing about it.
        private: Signs the box's request.
        secret: With which the township proves that it made the code.
    """

    lookup: str
    private: Ed25519PrivateKey = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """What the township keeps of a code: enough to check a box, not enough to be one.

    Attributes:
        verifier: The public half of `Proof.private`, raw, as hex.
        secret: As in `Proof`, as hex.
    """

    lookup: str
    verifier: str
    secret: str = field(repr=False)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether somebody who knows the code signed this."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.verifier))
            key.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def make_code(below: Callable[[int], int] = secrets.randbelow) -> Code:
    """A new code; `below(n)` draws a number from 0 to n - 1."""
    groups = []
    for number in range(GROUPS):
        data = "".join(str(below(10)) for _ in range(DATA))
        groups.append(data + str(_rest(data, number)))
    return Code("".join(groups))


def read_code(text: str) -> Code:
    """The code that somebody typed, with whatever between the digits.

    Raises:
        EnrolmentRefused: It cannot be one; the sentence says which group is wrong.
    """
    digits = _digits(text[:200])
    size = DATA + 1
    if len(digits) != GROUPS * size:
        raise EnrolmentRefused(
            f"An enrolment code has {GROUPS * size} digits, and this one has {len(digits)}. Read "
            "it again from the township's page."
        )
    for number in range(GROUPS):
        group = digits[number * size : (number + 1) * size]
        if _rest(group, number):
            raise EnrolmentRefused(
                f"Group {number + 1} of the enrolment code ({group}) has a typing error. Read "
                "that group again from the township's page."
            )
    return Code(digits)


def prove(code: Code) -> Proof:
    """What the code is worth to the box; takes a moment on purpose."""
    made = hashlib.scrypt(
        code.digits.encode(), salt=_SALT, n=_COST, r=_BLOCK, p=1, maxmem=_MEMORY, dklen=96
    )
    return Proof(made[:32].hex(), Ed25519PrivateKey.from_private_bytes(made[32:64]), made[64:])


def check_of(code: Code) -> Check:
    """What the township keeps of it."""
    proof = prove(code)
    public = proof.private.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return Check(proof.lookup, public.hex(), proof.secret.hex())


def seal(secret: bytes, message: bytes) -> str:
    """The township's proof that this answer is its own."""
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def _rest(digits: str, start: int) -> int:
    """Zero for a group that ends with its check digit; without it, that digit."""
    state = start + 1
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return state


def _digits(text: str) -> str:
    """Its digits, also those of a Chinese keyboard; spaces, hyphens and dots do not count."""
    found = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in found if letter in "0123456789")

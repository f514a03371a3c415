"""Orders that make sound are signed: Ed25519 by the role key of the official, known by its id.

A broken broker can then hold an order back, but never speak to a village.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.errors import LinkError, MessageRefused
from edge.files import write_durably
from edge.link.messages import Command

SIGNED: Final = frozenset({"announce", "stop", "talk", "evidence", "config"})
"""Names of the orders that a hub obeys only with a signature: those that make sound, change the
box or let pictures out."""


class SigningKey:
    """The private key of an official's role, and the id under which hubs know it."""

    def __init__(self, key_id: str, private: Ed25519PrivateKey) -> None:
        self.id = key_id
        self._private = private

    @classmethod
    def generate(cls, key_id: str) -> SigningKey:
        return cls(key_id, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, key_id: str, file: Path) -> SigningKey:
        """Read a private key (PEM, PKCS 8).

        Raises:
            LinkError: The file cannot be read or holds no Ed25519 key.
        """
        try:
            private = serialization.load_pem_private_key(file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise LinkError(f"The signing key {file} cannot be read: {error}.") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise LinkError(
                f"{file} holds no Ed25519 key. Make one with the program's own command."
            )
        return cls(key_id, private)

    def save(self, private_file: Path, public_file: Path) -> None:
        """Write both halves durably; the private one for the owner alone (0600).

        Raises:
            LinkError: They cannot be written.
        """
        private = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            write_durably(private_file, private, mode=0o600)
            write_durably(public_file, self.public_pem(), mode=0o644)
        except OSError as error:
            raise LinkError(f"The signing key could not be written: {error}.") from error

    def public_pem(self) -> bytes:
        """The half that hubs are given."""
        return self.public().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def public(self) -> Ed25519PublicKey:
        """The half that checks."""
        return self._private.public_key()

    def sign(self, command: Command) -> Command:
        """The same order with our key id and signature."""
        named = command.model_copy(update={"key": self.id, "signature": ""})
        signature = base64.b64encode(self._private.sign(named.signed_bytes())).decode("ascii")
        return named.model_copy(update={"signature": signature})


class TrustedKeys:
    """The public keys whose orders a hub obeys."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)
        self._learnt: dict[str, Ed25519PublicKey] = {}

    def learn(self, pems: Mapping[str, bytes]) -> None:
        """Obey these public keys (PEM) by id, too, instead of those that were learnt before.

        Raises:
            LinkError: One is no Ed25519 key; nothing was changed.
        """
        self._learnt = {name: _public(pem, f"the key {name!r}") for name, pem in pems.items()}

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> TrustedKeys:
        """Read public keys (PEM) by key id.

        Raises:
            LinkError: A file cannot be read or holds no Ed25519 key.
        """
        keys: dict[str, Ed25519PublicKey] = {}
        for key_id, file in files.items():
            try:
                keys[key_id] = _public(file.read_bytes(), str(file))
            except OSError as error:
                raise LinkError(f"The public key {file} cannot be read: {error}.") from error
        return cls(keys)

    def check(self, command: Command) -> None:
        """Make sure that an order that needs a signature has a good one.

        Raises:
            MessageRefused: It has none, its key is unknown, or it was changed on the way.
        """
        if command.name not in SIGNED:
            return
        if not command.signature or not command.key:
            raise MessageRefused(f"The order {command.name} is not signed, and it must be.")
        key = self._keys.get(command.key) or self._learnt.get(command.key)
        if key is None:
            raise MessageRefused(
                f"The order is signed with the key {command.key!r}, which this box does not know."
            )
        try:
            signature = base64.b64decode(command.signature, validate=True)
            key.verify(signature, command.signed_bytes())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise MessageRefused("The signature of the order is wrong.") from error


def _public(pem: bytes, where: str) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise LinkError(f"The public key {where} cannot be read: {error}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise LinkError(f"{where} holds no Ed25519 key. Ask the township for the right one.")
    return key

"""Where letters may go: public addresses by https, private ones only where a setting allows it.

The name is looked up once and the connection goes to that very address, so that a name cannot
point somewhere else between the look and the connection.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from edge.errors import EgressRefused, StartError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 500
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """One place a letter may go to.

    Attributes:
        address: What the name means at this moment.
        path: With its query.
    """

    host: str
    port: int
    address: str
    secure: bool
    path: str


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Guard:
    """Says where a letter may go."""

    def __init__(
        self, private: Sequence[str] = (), look_up: Callable[[str, int], list[str]] = look_up
    ) -> None:
        """Know the networks that are not public and allowed all the same.

        Raises:
            StartError: One of them is no network.
        """
        self._private = [_network(text) for text in private]
        self._look_up = look_up

    def aim(self, url: str) -> Target:
        """The place an address leads to at this moment.

        Raises:
            EgressRefused: Nothing may be sent there; the sentence says why.
        """
        if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
            raise EgressRefused(
                "This is no address of a web server. Write the whole address with https in front."
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise EgressRefused(
                "This is no address of a web server. Write the whole address with https in front."
            ) from error
        if parts.scheme not in {"https", "http"} or not host or parts.username is not None:
            raise EgressRefused(
                "This is no address of a web server. Write the whole address with https in front."
            )
        secure = parts.scheme == "https"
        port = port or (443 if secure else 80)
        addresses = self._addresses(host, port)
        for address in addresses:
            self._judge(address, secure=secure)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(host, port, str(addresses[0]), secure, path)

    def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            found = self._look_up(host, port)
            return [ipaddress.ip_address(one.partition("%")[0]) for one in found]
        except (OSError, ValueError, UnicodeError) as error:
            raise EgressRefused(
                f"The server {host} cannot be found. Check the address and the network."
            ) from error

    def _judge(self, address: Address, *, secure: bool) -> None:
        real = _real(address)
        if any(real in network for network in self._private if network.version == real.version):
            return
        if not real.is_global or real.is_multicast:
            raise EgressRefused(
                "This address lies in a private network. An administrator can allow the network in "
                "`private_networks` in the `[webhooks]` section."
            )
        if not secure:
            raise EgressRefused(
                "Letters leave this network only by https. Begin the address with https."
            )


def _real(address: Address) -> Address:
    """The address that is meant where one is wrapped in another."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise StartError(
            f"`private_networks` in the `[webhooks]` section names {text!r}, which is no network. "
            "Write it like 10.20.0.0/16."
        ) from error

"""One POST to a program outside: over TLS, only to public addresses, within a time, and no redirect is followed.

Who may say where we send could else have us ask what only we can reach (server-side request forgery). So a name is
resolved once, all its addresses are looked at, and the one that was looked at is the one that is called: a name that
changes its mind in between gains nothing.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Timer
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

CONNECT, LONGEST = 5.0, 15.0  # seconds: until it is reached, and in all
PLAIN = frozenset(map(chr, range(0x21, 0x7F)))
NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
LONGEST_OUTCOME = 200
TAKEN = ""
Ip = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Address:
    """Where to send: how, to whom, and what is asked for there."""

    secure: bool
    host: str
    port: int
    target: str
    authority: str


def address_of(url: str, *, loopback: bool = False) -> Address:
    """Return where an address leads.

    Raises ValueError with one sentence unless it is https on a host that may be public; with `loopback`, http on this
    machine is allowed as well.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if not set(url) <= PLAIN or "\\" in url or "@" in parts.netloc or parts.fragment or not host:
        raise ValueError("the address has a host, and neither a user nor a fragment nor characters that are not ASCII")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        raise ValueError("the address begins with https://")
    literal = _literal(host)
    if literal and not _allowed(literal, loopback=loopback):
        raise ValueError("the address is not public")
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(secure, host, port or (443 if secure else 80), target, parts.netloc)


def post(url: str, body: bytes, headers: Mapping[str, str], *, loopback: bool = False) -> str:
    """Send `body`; return `TAKEN` when it was answered by 2xx, else what came of it in a few words."""
    try:
        status = _status(address_of(url, loopback=loopback), body, headers, loopback=loopback)
    except (OSError, HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:LONGEST_OUTCOME]
    return TAKEN if HTTPStatus(200) <= status < HTTPStatus(300) else f"HTTP {status}"


def _status(to: Address, body: bytes, headers: Mapping[str, str], *, loopback: bool) -> int:
    connection = HTTPConnection(to.host, to.port)
    connection.sock = socket.create_connection((_resolved(to, loopback=loopback), to.port), timeout=CONNECT)
    if to.secure:
        connection.sock = _tls().wrap_socket(connection.sock, server_hostname=to.host, do_handshake_on_connect=False)
    # Each wait is limited by the socket; somebody who answers letter by letter only by this.
    cut = Timer(LONGEST, socket.socket.shutdown, (connection.sock, socket.SHUT_RDWR))
    cut.daemon = True
    cut.start()
    try:
        connection.sock.settimeout(LONGEST)
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        connection.request("POST", to.target, body, {**headers, "Host": to.authority, "Connection": "close"})
        return connection.getresponse().status
    finally:
        cut.cancel()
        connection.close()


def _resolved(to: Address, *, loopback: bool) -> str:
    found = [str(one[4][0]) for one in socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)]
    addresses = [ip_address(one) for one in found]
    # Without TLS, only this machine.
    if not all(_allowed(one, loopback=loopback) and (to.secure or one.is_loopback) for one in addresses):
        raise ValueError("the address is not public")
    return found[0]


def _literal(host: str) -> Ip | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _allowed(address: Ip, *, loopback: bool) -> bool:
    return is_public(address) or (loopback and address.is_loopback)


def is_public(address: Ip) -> bool:
    """Tell whether an address is anybody's on the internet, also one that is wrapped in another."""
    inner = _inner(address) or address
    return inner.is_global and not inner.is_multicast


def _inner(address: Ip) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)

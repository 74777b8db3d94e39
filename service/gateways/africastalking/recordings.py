"""Sounds that Africa's Talking recorded on a call: fetched from the one host they may come from."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

TIMEOUT_S = (3.05, 15.0)  # to connect, and between two bytes
LARGEST = 5_000_000  # bytes; a minute of MP3 is half a million
PIECE = 65_536
MEDIA_TYPES = frozenset({"audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/ogg"})


class NoSoundError(Exception):
    """There is no sound to be had from that address, or not now; the text says why."""


@dataclass(frozen=True)
class Sound:
    """A recording, and what kind of file it is."""

    media_type: str
    octets: bytes


def fetch(address: str, origin: str) -> Sound:
    """Return the sound at an address below `origin` (scheme, host and port); nothing else is ever asked.

    Raises NoSoundError for another host, a redirection, another kind of file or more than 5 MB, and when the network
    fails.
    """
    if _origin(address) != _origin(origin):
        raise NoSoundError("another host")
    try:
        with requests.get(address, timeout=TIMEOUT_S, stream=True, allow_redirects=False) as answer:
            return _read(answer)
    except requests.RequestException as error:
        raise NoSoundError(type(error).__name__) from error


def _read(answer: requests.Response) -> Sound:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status_code != requests.codes.ok or media_type not in MEDIA_TYPES:
        raise NoSoundError(f"{answer.status_code} {media_type}"[:80])
    octets = b""
    for piece in answer.iter_content(PIECE):
        octets += piece
        if len(octets) > LARGEST:
            raise NoSoundError("too large")
    return Sound(media_type, octets)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()

"""Texts as octets: alphabets, and the parts of what is too long for one SMS (3GPP TS 23.038, TS 23.040)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.domain.segments import EXTENSION, TABLE, encoding_of, split
from service.gateways.smpp.wire import UDH, Delivered, Tag

ESCAPE = 0x1B
CODES = {
    **{letter: bytes([code]) for code, letter in enumerate(TABLE) if code != ESCAPE},
    **{letter: bytes([ESCAPE, code]) for letter, code in EXTENSION.items()},
}
EXTENDED = {code: letter for letter, code in EXTENSION.items()}
# `data_coding` that is not the centre's own alphabet. 0x48 is UCS-2 in the USSD's scheme, 0x18 in that of SMS.
ENCODINGS = {1: "ascii", 3: "latin-1", 8: "utf-16-be", 0x18: "utf-16-be", 0x48: "utf-16-be"}
# Information elements of a user data header: parts with a reference of one octet, and of two.
CONCATENATED = {0x00: 1, 0x08: 2}


@dataclass(frozen=True)
class Part:
    """One submit's worth of a text."""

    body: bytes
    coding: int
    esm_class: int = 0
    tlvs: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Which part of how many, from 1; parts of one text have the same reference."""

    reference: int
    total: int
    number: int


def encode(text: str, codings: tuple[int, int]) -> tuple[bytes, int]:
    """Return a text's octets, an octet for each septet, and its data_coding: that of GSM-7, or that of UCS-2."""
    if encoding_of(text) == "gsm7":
        return _gsm7(text), codings[0]
    return _ucs2(text), codings[1]


def decode(body: bytes, coding: int) -> str:
    """Return the text of what came; what cannot be read shows as U+FFFD."""
    if coding in ENCODINGS:
        return body.decode(ENCODINGS[coding], "replace")
    if any(code >= len(TABLE) for code in body):
        return body.decode("latin-1")  # a centre whose own alphabet is not GSM-7
    letters, escaped = [], False
    for code in body:
        letters.append("" if code == ESCAPE else EXTENDED.get(code, TABLE[code]) if escaped else TABLE[code])
        escaped = code == ESCAPE
    return "".join(letters)


def parts(text: str, own_id: str, codings: tuple[int, int], long: Literal["udh", "payload"]) -> list[Part]:
    """Return what carries a text: itself, parts with a header each, or all in one `message_payload`.

    The parts' reference comes from our id of the message: sent again, they complete what arrived before.
    """
    body, coding = encode(text, codings)
    pieces = split(text)
    if len(pieces) == 1:
        return [Part(body, coding)]
    if long == "payload":
        return [Part(b"", coding, tlvs={Tag.MESSAGE_PAYLOAD: body})]
    # Each piece in the alphabet of the whole, also where it alone could do with the smaller one.
    octets = _gsm7 if encoding_of(text) == "gsm7" else _ucs2
    head = bytes([5, 0, 3, zlib.crc32(own_id.encode()) & 0xFF, len(pieces)])
    return [Part(head + bytes([number]) + octets(piece), coding, UDH) for number, piece in enumerate(pieces, 1)]


def place_of(delivered: Delivered) -> tuple[Place | None, bytes]:
    """Return which part of a longer text was brought, None when it is whole; and its body without a header."""
    tlvs, body, place = delivered.tlvs, delivered.body, None
    if delivered.esm_class & UDH and body:
        head, body = body[1 : body[0] + 1], body[body[0] + 1 :]
        place = _in_header(head)
    elif Tag.SAR_REFERENCE in tlvs:
        named = (tlvs.get(tag, b"") for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER))
        place = Place(*(int.from_bytes(value) for value in named))
    return (place if place and 1 <= place.number <= place.total and place.total > 1 else None), body


def _gsm7(text: str) -> bytes:
    return b"".join(CODES[letter] for letter in text)


def _ucs2(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _in_header(head: bytes) -> Place | None:
    while len(head) >= 2:  # noqa: PLR2004  # an octet that says what, one how long
        kind, length = head[0], head[1]
        wide = CONCATENATED.get(kind)
        if wide and length == wide + 2:
            return Place(int.from_bytes(head[2 : 2 + wide]), head[2 + wide], head[3 + wide])
        head = head[2 + length :]
    return None

"""How long a text is on the air, and how it is cut: the alphabets of 3GPP TS 23.038, the parts of TS 23.040."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from anyascii import anyascii

# TS 23.038, 6.2.1, code by code. Position 0x09 is Ç in ETSI's table and ç in Unicode's, so networks differ: neither
# counts as safe here. 0x1B is the escape to the extension (6.2.1.1).
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip  # one table, one look
BASIC = frozenset(TABLE) - {"Ç", "\x1b"}
EXTENDED = frozenset(EXTENSION)
GSM7 = BASIC | EXTENDED

Encoding = Literal["gsm7", "ucs2"]
ONE_PART = {"gsm7": 160, "ucs2": 70}
EACH_OF_MANY = {"gsm7": 153, "ucs2": 67}  # six octets of each part say which part it is


@dataclass(frozen=True)
class Segments:
    """A text's encoding, its length in septets (gsm7) or 16-bit units (ucs2), and the SMS parts that carry it."""

    encoding: Encoding
    units: int
    parts: int


def measure(text: str) -> Segments:
    """Return what the text takes on the air. An empty text is one part of no units: networks carry and charge it."""
    encoding = encoding_of(text)
    units = _units(text, encoding)
    return Segments(encoding, units, 1 if units <= ONE_PART[encoding] else len(split(text)))


def split(text: str) -> list[str]:
    """Return the text of each part, in order; joined they are the text.

    An extension character (two septets) and a surrogate pair (two units) are never cut.
    """
    encoding = encoding_of(text)
    if _units(text, encoding) <= ONE_PART[encoding]:
        return [text]
    return list(_cut(text, _weights(text, encoding), EACH_OF_MANY[encoding]))


def encoding_of(text: str) -> Encoding:
    """Return `gsm7` when every character is in the safe GSM-7 alphabet, else `ucs2`."""
    return "gsm7" if GSM7.issuperset(text) else "ucs2"


def fold(text: str) -> str:
    """Return the text with its Latin letters and punctuation folded where GSM-7 lacks them, `Aït Bâha` → `Ait Baha`.

    Only when that makes it wholly GSM-7; a text in another script, or with an emoji, comes back unchanged.
    """
    if GSM7.issuperset(text):
        return text
    folded = "".join(_folded(letter) for letter in unicodedata.normalize("NFC", text))
    return folded if encoding_of(folded) == "gsm7" else text


def _weights(text: str, encoding: Encoding) -> Iterator[int]:
    if encoding == "gsm7":
        return (2 if letter in EXTENDED else 1 for letter in text)
    return (2 if ord(letter) > 0xFFFF else 1 for letter in text)  # noqa: PLR2004  # beyond it UTF-16 takes a pair


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "gsm7":
        return len(text) if EXTENDED.isdisjoint(text) else sum(_weights(text, encoding))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, weights: Iterator[int], room: int) -> Iterator[str]:
    start = used = 0
    for position, weight in enumerate(weights):
        if used + weight > room:
            yield text[start:position]
            start, used = position, 0
        used += weight
    yield text[start:]


def _folded(letter: str) -> str:
    if letter in GSM7 or not _latin(letter):
        return letter
    return anyascii(letter).replace("`", "'")  # the one ASCII sign that phones lack


def _latin(letter: str) -> bool:
    """Tell whether it belongs to Latin writing: its letters and accents, or punctuation, spaces and signs such as °."""
    if unicodedata.category(letter)[0] in "PZ" or letter in "`\N{ACUTE ACCENT}°":
        return True
    return unicodedata.name(letter, "").startswith(("LATIN", "COMBINING", "MASCULINE", "FEMININE", "SUPERSCRIPT"))

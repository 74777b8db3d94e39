"""Reference codes a person can read out, type on twelve keys and be corrected on: `K7-4Q2`.

Four characters and a check character over an alphabet of 29 (a prime) without look-alikes (0 O, 1 I L, 5 S, U V), so
the weighted sum finds every single wrong character and every swap of two neighbours (ISO 7064's idea, with weights of
our own). Where the one drawn is taken, five and a check character: `K74-Q2M`.

The first is a letter: in an Arabic sentence `27-WFT` would be shown as `WFT-27` (Unicode's bidirectional algorithm,
UAX 9), and that would be sent back. Codes that were given before may begin with a digit, and are read as ever.
"""

import re
import secrets

from service.domain.text import LATIN

ALPHABET = "23456789ABCDEFGHJKMNPQRTVWXYZ"
LETTERS = ALPHABET.lstrip("23456789")
WEIGHTS = (2, 3, 4, 5, 6)
SHORT, LONG = 4, 5  # characters before the check character
SHAPE = re.compile(r"([0-9A-Z]{2,3})[-_. ]?([0-9A-Z]{3})")
# Also the digits of an Arabic keypad.
LOOK_ALIKES = str.maketrans("SU٢٣٤٥٦٧٨٩", "5V23456789")


def new_reference(*, longer: bool = False) -> str:
    """Return a random code out of 512,169, or a `longer` one out of 14,852,901; the caller keeps it unique."""
    rest = (secrets.choice(ALPHABET) for _ in range(1, LONG if longer else SHORT))
    body = secrets.choice(LETTERS) + "".join(rest)
    return _dash(body + check_character(body))


def check_character(body: str) -> str:
    """Return the character that makes `body` (four or five of `ALPHABET`) a valid code."""
    total = sum(weight * ALPHABET.index(letter) for weight, letter in zip(WEIGHTS, body, strict=False))
    return ALPHABET[-total % len(ALPHABET)]


def parse_reference(typed: str) -> str | None:
    """Return the code that was meant, or None: case, dash, look-alikes (S, U, letters of other scripts) are forgiven.

    So are Arabic digits.
    """
    match = SHAPE.fullmatch(typed.strip().translate(LATIN).upper().translate(LOOK_ALIKES))
    if not match:
        return None
    code = "".join(match.groups())
    if any(letter not in ALPHABET for letter in code) or check_character(code[:-1]) != code[-1]:
        return None
    return _dash(code)


def _dash(code: str) -> str:
    return f"{code[:-3]}-{code[-3:]}"

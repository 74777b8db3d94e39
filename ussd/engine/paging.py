"""Screens that fit: lines packed into pages within a transport's budget, never splitting an option or a word."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.messaging.segments import fold, measure


@dataclass(frozen=True)
class Budget:
    """The most a screen may hold: septets when it is GSM-7, UCS-2 units when it is not."""

    gsm7: int
    ucs2: int

    def fits(self, text: str) -> bool:
        """Tell whether a screen may hold the text."""
        size = measure(text)
        return size.units <= (self.gsm7 if size.encoding == "gsm7" else self.ucs2)


# Many networks cut below the 182 septets or 80 characters of the standard (TS 23.038 in 160 octets).
USSD_BUDGET = Budget(gsm7=160, ucs2=70)
# Two parts of an SMS.
SMS_BUDGET = Budget(gsm7=306, ucs2=134)


def paginate(lines: Sequence[str], keys: str, more: str, budget: Budget) -> list[str]:
    """Return the screens. `keys` ends each; `more` stands before it on all but the last.

    A line is kept whole; one that no screen can hold alone is broken between words, and a longer word at the budget.
    """
    pages: list[str] = []
    page: list[str] = []
    rest = [part for line in lines for part in _pieces(line, more, keys, budget)]
    while rest:
        last = len(rest) == 1 and budget.fits(_screen([*page, rest[0]], keys))
        if last or budget.fits(_screen([*page, rest[0]], _join(more, keys))) or not page:
            page.append(rest.pop(0))
        elif budget.fits(_screen([*page, *rest], keys)):
            page, rest = [*page, *rest], []
        else:
            pages.append(_screen(page, _join(more, keys)))
            page = []
    pages.append(_screen(page, keys))
    return pages


def _pieces(line: str, more: str, keys: str, budget: Budget) -> list[str]:
    room = _join(more, keys)
    if budget.fits(_screen([line], room)):
        return [line]
    pieces, piece = [], ""
    for word in line.split(" "):
        for part in _word_parts(word, room, budget):
            longer = f"{piece} {part}".strip()
            if budget.fits(_screen([longer], room)):
                piece = longer
            else:
                pieces.append(piece)
                piece = part
    return [*pieces, piece]


def _word_parts(word: str, room: str, budget: Budget) -> list[str]:
    parts = [""]
    for letter in word:
        if budget.fits(_screen([parts[-1] + letter], room)):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def _screen(lines: Sequence[str], keys: str) -> str:
    return fold("\n".join([*lines, keys] if keys else lines))


def _join(more: str, keys: str) -> str:
    return f"{more}  {keys}" if keys else more

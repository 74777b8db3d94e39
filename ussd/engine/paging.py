"""Screens that fit: lines packed into pages within a transport's budget, never splitting an option or a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.messaging.segments import fold, measure

LINES_KEPT = 4_096  # most lines are the catalogues', and said again and again


@dataclass(frozen=True)
class Budget:
    """The most a screen may hold: septets when it is GSM-7, UCS-2 units when it is not."""

    gsm7: int
    ucs2: int


# Many networks cut below the 182 septets or 80 characters of the standard (TS 23.038 in 160 octets).
USSD_BUDGET = Budget(gsm7=160, ucs2=70)
# Two parts of an SMS.
SMS_BUDGET = Budget(gsm7=306, ucs2=134)


@dataclass(frozen=True)
class _Line:
    """A line as it is and, where GSM-7 can write it, folded; with the septets and the UCS-2 units of each."""

    text: str
    folded: str | None
    septets: int
    units: int


@lru_cache(LINES_KEPT)
def _line(text: str) -> _Line:
    folded = fold(text)
    size = measure(folded)
    plain = size.encoding == "gsm7"
    return _Line(text, folded if plain else None, size.units if plain else 0, len(text.encode("utf-16-le")) // 2)


def paginate(lines: Sequence[str], keys: str, more: str, budget: Budget) -> list[str]:
    """Return the screens. `keys` ends each; `more` stands before it on all but the last.

    A line is kept whole; one that no screen can hold alone is broken between words, and a longer word at the budget.
    """
    last, between = _ending(keys), _ending(f"{more}  {keys}" if keys else more)
    whole = [_line(line) for line in lines]
    if _fits([*whole, *last], budget):
        return [_screen([*whole, *last])]
    pages: list[str] = []
    page: list[_Line] = []
    rest = [_line(part) for line in lines for part in _pieces(line, between, budget)]
    while rest:
        if (len(rest) == 1 and _fits([*page, rest[0], *last], budget)) or _fits([*page, rest[0], *between], budget):
            page.append(rest.pop(0))
        elif _fits([*page, *rest, *last], budget):
            page, rest = [*page, *rest], []
        elif not page:
            page.append(rest.pop(0))
        else:
            pages.append(_screen([*page, *between]))
            page = []
    return [*pages, _screen([*page, *last])]


def _ending(keys: str) -> list[_Line]:
    return [_line(keys)] if keys else []


def _fits(lines: Sequence[_Line], budget: Budget) -> bool:
    breaks = len(lines) - 1
    if all(line.folded is not None for line in lines):
        return sum(line.septets for line in lines) + breaks <= budget.gsm7
    return sum(line.units for line in lines) + breaks <= budget.ucs2


def _screen(lines: Sequence[_Line]) -> str:
    folded = [line.folded for line in lines if line.folded is not None]
    return "\n".join(folded if len(folded) == len(lines) else (line.text for line in lines))


def _pieces(line: str, between: Sequence[_Line], budget: Budget) -> list[str]:
    if _fits([_line(line), *between], budget):
        return [line]
    pieces, piece = [], ""
    for word in line.split(" "):
        for part in _word_parts(word, between, budget):
            longer = f"{piece} {part}".strip()
            if _fits([_line(longer), *between], budget):
                piece = longer
            else:
                pieces.append(piece)
                piece = part
    return [*pieces, piece]


def _word_parts(word: str, between: Sequence[_Line], budget: Budget) -> list[str]:
    parts = [""]
    for letter in word:
        if _fits([_line(parts[-1] + letter), *between], budget):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts

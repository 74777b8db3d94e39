"""What a reviewer's row asks for, and whether it may: the limits that the tests of the catalogues keep as well."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter

from service.locales import Language
from service.locales.awaiting import NEW_LINE, Text, on_one_line
from service.messaging.outbox import KEPT, MOST_PARTS
from service.messaging.segments import ONE_PART, encoding_of, fold, measure

LONGEST_SIGNATURE = 40
HIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
ARABIC = re.compile(r"[\u0621-\u064a]")
# What is said on a screen stands on one, in Arabic on two; under it are the keys, `0 Urri  00 Umugh`.
SCREENS = {Language.SHI: 1, Language.AR: 2}
KEYS = 18
ON_PHONES = {"sms.po", "ussd.po"}  # a browser has room
PARTS = {Language.SHI: 1, Language.AR: MOST_PARTS}


@dataclass(frozen=True)
class Change:
    """What a row changes: the text, who signed it, or both; None is as it was."""

    text: Text
    correction: str | None
    signed: str | None


def change(text: Text, cells: Mapping[str, str], signed_before: str) -> Change | None:
    """Return what a reviewer's row asks for, None when it is nothing, or nothing new.

    Raises ValueError with one sentence: the text is another by now, or the correction may not stand in its place.
    """
    written, signed = _as_written(cells["correction"], text.said), cells["read by"]
    if not written and not signed:
        return None
    if on_one_line(cells["text"]) != text.shown and written != text.said:
        raise ValueError(f"the text has changed since it was exported, it is now {text.shown!r}")
    if len(signed) > LONGEST_SIGNATURE or re.search(r"[|`\n]", signed) or HIDDEN.search(signed):
        raise ValueError(f"“read by” takes initials or a name of at most {LONGEST_SIGNATURE} letters")
    # The same table may be imported again.
    correction = written if written not in {"", text.said} else None
    if correction:
        check(text, correction)
    elif signed in {"", signed_before}:
        return None
    return Change(text, correction, signed or None)


def check(text: Text, correction: str) -> None:
    """Raise ValueError with one sentence when the correction may not take the place of the text."""
    if not on_one_line(correction):
        raise ValueError("the correction is empty")
    if _gaps(correction) != _gaps(text.said):
        raise ValueError(f"the correction must have {_listed(_gaps(text.said))} and nothing else in braces")
    if HIDDEN.search(correction):
        raise ValueError("the correction holds a character that cannot be seen; type it anew")
    if text.language is Language.SHI and not (correction.isascii() and encoding_of(correction) == "gsm7"):
        strange = sorted(letter for letter in set(correction) if not letter.isascii() or encoding_of(letter) != "gsm7")
        raise ValueError(f"Tachelhit is in plain letters that every phone shows, without {' '.join(strange)}")
    if text.language is Language.AR and ARABIC.search(text.said) and not ARABIC.search(correction):
        raise ValueError("the correction is not in Arabic letters")
    if correction == text.french:
        raise ValueError("the correction is the French text")
    _check_length(text, correction)


def _check_length(text: Text, correction: str) -> None:
    """Raise ValueError when it takes more room than there is, unless it takes no more than the text before it."""
    before, after = (measure(_filled(one, text.language)) for one in (text.said, correction))
    if text.key.startswith("sms."):
        most = PARTS[text.language]
        if after.parts > max(most, before.parts):
            raise ValueError(f"the correction takes {after.parts} SMS, and may take {max(most, before.parts)}")
    elif text.file in ON_PHONES:
        room = SCREENS[text.language] * (ONE_PART[after.encoding] - KEYS)
        if after.units > max(room, before.units):
            raise ValueError(f"the correction has {after.units} characters, and there is room for {room}")


def _filled(text: str, language: Language) -> str:
    """Return the text with as much in its gaps as the outbox leaves of a long name."""
    letter = "م" if language is Language.AR else "m"
    return fold(text.format_map(dict.fromkeys(_names(text), letter * KEPT)))


def _names(text: str) -> Iterable[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def _gaps(text: str) -> set[str]:
    """Return what stands in braces, whole: `{title!r}` is not `{title}`.

    Raises ValueError when a brace is left open.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError("the correction has a brace that is not closed, or not opened") from error
    return {
        f"{{{name}{f'!{how}' if how else ''}{f':{spec}' if spec else ''}}}"
        for _, name, spec, how in parts
        if name is not None
    }


def _listed(gaps: Iterable[str]) -> str:
    return ", ".join(sorted(gaps)) or "no braces"


def _as_written(cell: str, before: str) -> str:
    """Return the text of a cell: its lines as lines, and the blanks at its ends that the text before it had."""
    text = NEW_LINE.sub("\n", cell.strip())
    start, end = (before[: len(before) - len(before.lstrip())], before[len(before.rstrip()) :])
    return f"{start}{text}{end}" if text else ""

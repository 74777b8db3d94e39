"""One-line forms: what a text says besides its keyword, read by the very prompts that would ask for it.

What does not fit, or could be read in two ways, is left to be asked; the review shows what was understood.
"""

import re
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import NamedTuple

from service.domain.money import Currency
from service.domain.sectors import Sector
from service.locales import Language, speaker
from service.usecases.officers import INVITATION_DIGITS, hash_invitation
from ussd.dialogues.arrivals import ARRIVED
from ussd.dialogues.needs import COST, FORM, HOUSEHOLDS, SECTOR, TITLE
from ussd.dialogues.pledges import HIGHEST_PLEDGE, LOWEST_PLEDGE
from ussd.engine.prompts import DIGITS, Answer, MisreadError, Option, Prompt
from ussd.engine.typed import CURRENCY_NAMES, Amount, Number, whole
from ussd.transports.keywords import ARTICLE, PUNCTUATION, Action, Command, key_of

# Answers by the keys of their prompts, in the order in which they are asked.
Given = Sequence[tuple[str, Answer]]

# Marks between a number and what it counts: the village's households; dirhams; anything else that costs are told in,
# which is asked anew. The last stands for a space within a unit.
HOUSES, MONEY, OTHER, SPACE = "\u2302", "\u00a4", "\u20a0", "\u2423"
DIRHAMS = f"dhs|{CURRENCY_NAMES[Currency.MAD].pattern}"
OTHER_MONEY = f"{CURRENCY_NAMES[Currency.EUR].pattern}|[$£]|dollars?|usd|centimes?|r[iy]als?|ريال|سنتيم"
THOUSANDS = "k|mille|thousand|alf|ألف|الف|millions?|melyun|مليون"
UNITS = {
    HOUSES: "foyers?|familles?|maisons?|households?|families|takatin|أسرة|اسرة|أسر|عائلة",
    MONEY: DIRHAMS,
    OTHER: f"{OTHER_MONEY}|(?:{THOUSANDS})(?: (?:{DIRHAMS}|{OTHER_MONEY}))?",
}
COUNTED = {mark: re.compile(rf"(?<=\d) ?({names})(?!\w)", re.IGNORECASE) for mark, names in UNITS.items()}
SIGN_FIRST = re.compile(r"([€$£]) ?(\d\S*)")
MARK = re.compile(f"[{''.join(UNITS)}{SPACE}]")
NUMERAL = re.compile(rf"\d[\d.,']*(?:{MARK.pattern}\S*)?")
GROUP, LEADING_GROUP = 3, range(1, 4)  # digits of a thousand, and of what stands before the first
MOST_WORDS = 3  # of a sector's name
MOST_NUMERALS = 8
LANGUAGES = {
    Language.FR: ("fr", "francais", "french", "tafransist", "فرنسية"),
    Language.AR: ("ar", "arabe", "arabic", "taarabt", "darija", "عربية", "عربي"),
    Language.SHI: ("shi", "tachelhit", "tashlhit", "chleuh", "chelha", "amazigh", "tamazight", "تشلحيت", "تاشلحيت"),
    Language.EN: ("en", "anglais", "english", "tanglizt", "إنجليزية"),
}
# Where a dialogue asks which project, or by it which village, is meant.
WHICH = {
    Action.PROJECT: "project.which",
    Action.PLAN: "project.which",
    Action.ARRIVAL: "project.which",
    Action.CONFIRM: "progress.confirm.which",
    Action.RESIDENT: "resident.reference",
}
SPOKEN = {key_of(word): language for language, words in LANGUAGES.items() for word in words}


class _Sizes(NamedTuple):
    """How many households, and what it costs (`[amount, currency]`), as far as that was said."""

    households: Answer
    cost: Answer

    @property
    def said(self) -> int:
        return sum(one is not None for one in self)


def given(command: Command, language: str, usual: Currency) -> Given:
    """Return the answers that a text holds besides its keyword.

    Words are looked up in `language` first; an amount without a currency is in the `usual` one.
    """
    about = command.reference or ""
    match command.action:
        case Action.NEED:
            return need(command.rest, language)
        case Action.PLEDGE:
            return pledge(about, command.rest, usual)
        case Action.PROGRESS:
            return [*_which("project.which", about), *number("progress.milestone.percent", command.rest)]
        case Action.PROJECT | Action.PLAN | Action.ARRIVAL | Action.CONFIRM | Action.RESIDENT:
            return [*_which(WHICH[command.action], about), *arrived(command)]
        case Action.PAUSE:
            return number("pause.days", command.rest)
        case _:
            return []


def need(rest: str, language: str) -> Given:
    """Return what `EAU 84 320000 puits du bas` says of a need; words are looked up in `language` first."""
    words = [word for word in (word.strip(PUNCTUATION) for word in _marked(rest).split()) if word]
    before = list(takewhile(lambda word: not NUMERAL.fullmatch(word), words))
    sector, about = _sector(before, language)
    sizes, after = _sizes(words[len(before) :])
    # Words before the numbers that name no sector say what it is about.
    title = _read(TITLE, MARK.sub(" ", " ".join(after or about)))
    answers = zip(FORM, (sector, *sizes, title), strict=True)
    return [(prompt.key, answer) for prompt, answer in answers if answer is not None and prompt.accepts(answer)]


def pledge(reference: str, rest: str, usual: Currency) -> Given:
    """Return what `K7-4Q2 5000 EUR` promises; an amount without a currency is in the `usual` one."""
    currencies = sorted(Currency, key=lambda one: one != usual)
    amount = _read(Amount("pledge.amount", low=LOWEST_PLEDGE, high=HIGHEST_PLEDGE, currencies=currencies), rest)
    return [*_which("pledge.need", reference), *([("pledge.amount", amount)] if amount else [])]


def arrived(command: Command) -> Given:
    """Return what `RECU K7-4Q2 20000` says arrived; an amount without a currency is in dirhams."""
    amount = _read(ARRIVED, command.rest) if command.action is Action.ARRIVAL else None
    return [("arrival.amount", amount)] if amount else []


def sector(rest: str, language: str) -> Sector | None:
    """Return the sector that a text begins with; words are looked up in `language` first."""
    found, _ = _sector([word.strip(PUNCTUATION) for word in rest.split()], language)
    return Sector(found) if found else None


def promises(rest: str) -> bool:
    """Tell whether the rest of a text is an amount, and nothing else."""
    return _read(Amount("pledge.amount", low=LOWEST_PLEDGE, currencies=tuple(Currency)), rest) is not None


def invitation(rest: str, pepper: str, phone: str) -> Given:
    """Return the code of an invitation as the journal may keep it: its hash."""
    code = rest.translate(DIGITS).replace(" ", "").strip(PUNCTUATION)
    fits = len(code) == INVITATION_DIGITS and code.isascii() and code.isdigit()
    return [("join.code", hash_invitation(pepper, phone, code))] if fits else []


def number(key: str, rest: str) -> Given:
    """Return the number that `30 jours` begins with as the answer to `key`, whose prompt sees whether it fits."""
    found = re.match(r"\d+", rest)
    answer = _read(Number(key), found[0]) if found else None
    return [(key, answer)] if answer else []


def language(rest: str) -> Language | None:
    """Return the language that is named, by its code or its name in any of them."""
    return SPOKEN.get(key_of(rest))


def _marked(rest: str) -> str:
    """Return the text with each number and its unit as one word."""
    rest = SIGN_FIRST.sub(r"\2\1", rest)
    for mark, counted in COUNTED.items():
        rest = counted.sub(partial(_glued, mark), rest)
    return rest


def _glued(mark: str, found: re.Match[str]) -> str:
    return mark + found[1].replace(" ", SPACE)


def _which(key: str, reference: str) -> Given:
    return [(key, reference)] if reference else []


def _sector(words: list[str], first: str) -> tuple[Answer, list[str]]:
    """Return the sector that the words begin with, by letters as on the screen, and the words after it."""
    for count in range(min(MOST_WORDS, len(words)), 0, -1):
        for one in sorted(Language, key=lambda language: language != first):
            shown = SECTOR.options(speaker(one))
            named = " ".join(words[:count])
            if sector := _read(SECTOR, named, shown) or _read(SECTOR, ARTICLE + named, shown):
                return sector, words[count:]
    return None, words


def _sizes(words: list[str]) -> tuple[_Sizes, list[str]]:
    """Return the sizes that the words begin with, and the words after them."""
    numerals = list(takewhile(NUMERAL.fullmatch, words[:MOST_NUMERALS]))
    for count in range(len(numerals), 0, -1):
        # All that stands there must be said by it, and at most one number may begin the title.
        best = _readings(numerals[:count])
        if len(best) == 1 and len(numerals) - count <= 1 and not _goes_on(numerals, count):
            return best[0], words[count:]
    return _Sizes(None, None), words[len(numerals) :]


def _readings(numerals: list[str]) -> list[_Sizes]:
    """Return the ways to read all of the numerals, those that say most: households first, or with a unit the cost."""
    count, told = len(numerals), bool(MARK.search("".join(numerals)))
    read = [(_Sizes(_households(numerals[:end]), _cost(numerals[end:])), end) for end in range(count + 1)]
    read += [(_Sizes(_households(numerals[end:]), _cost(numerals[:end])), end) for end in range(1, count) if told]
    all_of_it = [sizes for sizes, end in read if sizes.said == (end > 0) + (end < count)]
    return [sizes for sizes in all_of_it if sizes.said == max(one.said for one in all_of_it)]


def _goes_on(numerals: list[str], count: int) -> bool:
    """Tell whether the numeral after `count` of them may be one more group of the number before it."""
    after = [MARK.split(one)[0] for one in numerals[count : count + 1]]
    return any(_joined([*numerals[begin:count], *after], HOUSES) for begin in range(1, count) if after)


def _households(numerals: list[str]) -> Answer:
    return _read(HOUSEHOLDS, _joined(numerals, HOUSES))


def _cost(numerals: list[str]) -> Answer:
    if OTHER in "".join(numerals[-1:]):
        # Understood to be a cost, but not how much in dirhams.
        return [0, ""] if whole(_joined(numerals, OTHER)) else None
    return _read(COST, _joined(numerals, MONEY))


def _joined(numerals: list[str], mark: str) -> str:
    """Return numerals as one number where they are its groups and count nothing but what is marked so, else nothing."""
    *before, last = numerals or [""]
    groups = [*before, last.partition(mark)[0]]
    grouped = len(groups[0]) in LEADING_GROUP and all(len(group) == GROUP for group in groups[1:])
    return "".join(groups) if len(groups) == 1 or (grouped and all(map(str.isdigit, groups))) else ""


def _read(prompt: Prompt, typed: str, shown: Sequence[Option] = ()) -> Answer:
    """Return what the prompt makes of it, None where it makes nothing."""
    try:
        return prompt.read(typed, shown) if typed else None
    except MisreadError:
        return None

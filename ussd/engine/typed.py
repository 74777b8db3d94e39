"""What is typed rather than chosen: numbers, amounts, days, words, secrets."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from service.domain.money import Currency
from ussd.engine.prompts import DIGITS, Answer, MisreadError, Option, Prompt, Voice

# Points, commas, apostrophes and spaces group by three; centimes may be written when there are none.
NUMBER = re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}([ .,'][0-9]{3})+)([.,]0{1,2})?")
DAY = re.compile(r"([0-9]{1,2})[ /.-]+([0-9]{1,2})(?:[ /.-]+([0-9]{2}|[0-9]{4}))?")
CURRENCY_NAMES = {
    Currency.MAD: re.compile(r"dirhams?|dh|mad|درهم|دراهم"),
    Currency.EUR: re.compile(r"euros?|eur|€|اورو|أورو|يورو"),
}
MOST_DIGITS = 12
CENTURY = 2000
WRITTEN_SHORT = 2


@dataclass(frozen=True)
class Typed(Prompt):
    """Something typed. `none` is the text of a line `1` for an answer without it: nothing, or not known.

    0 goes back on every screen, so no answer may need it; 1 is free wherever such a line stands.
    """

    none: str = field(default="", kw_only=True)

    def question(self, voice: Voice) -> str:
        """Return the question, with the line for none."""
        asked = super().question(voice)
        return f"{asked}\n1 {voice.say(self.none, **self.values)}" if self.none else asked

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:  # noqa: ARG002  # what is typed is not a line
        """Accept `1` where it stands for none; else what the kind of answer accepts."""
        if self.none and typed.translate(DIGITS) == "1":
            return self.nothing()
        return self.understood(typed)

    def nothing(self) -> Answer:
        """Return what the journal keeps of none."""
        return None

    def understood(self, typed: str) -> Answer:
        """Return what the journal keeps. Raises MisreadError when it does not fit."""
        raise NotImplementedError


@dataclass(frozen=True)
class Number(Typed):
    """A whole number from `low` to `high`, however it is grouped. None of it is 0."""

    low: int = 1
    high: int = 1_000_000_000

    def nothing(self) -> Answer:
        """None of it is 0."""
        return 0

    def understood(self, typed: str) -> Answer:
        """Accept `1500`, `1 500`, `1.500`, `1500 dh`, `١٥٠٠`."""
        number = whole(CURRENCY_NAMES[Currency.MAD].sub("", typed.translate(DIGITS).lower()))
        if number is None or not self.low <= number <= self.high:
            raise MisreadError("expect.number", low=self.low, high=self.high)
        return number

    def accepts(self, answer: Answer) -> bool:
        """Tell whether the number is within bounds."""
        return self.low <= answer <= self.high or (answer == 0 and bool(self.none))


@dataclass(frozen=True)
class Amount(Typed):
    """Whole dirhams from `low` to `high`, or of another of `currencies` when its name is written. None of it is 0.

    The journal keeps `[amount, currency]`.
    """

    low: int = 1
    high: int = 1_000_000_000
    currencies: Sequence[Currency] = (Currency.MAD,)

    def nothing(self) -> Answer:
        """None of it is 0."""
        return [0, self.currencies[0].value]

    def understood(self, typed: str) -> Answer:
        """Accept `1500`, `1 500,00 dh`, `5000 euros`, `€5000`, `٥٠٠ درهم`."""
        written = typed.translate(DIGITS).lower()
        named = [currency for currency, names in CURRENCY_NAMES.items() if names.search(written)]
        currency = named[0] if named else self.currencies[0]
        number = whole(CURRENCY_NAMES[currency].sub("", written))
        if len(named) > 1 or currency not in self.currencies or number is None or not self.low <= number <= self.high:
            raise MisreadError("expect.number", low=self.low, high=self.high)
        return [number, currency.value]

    def accepts(self, answer: Answer) -> bool:
        """Tell whether the amount is within bounds, and in a currency that is asked for."""
        within = self.low <= answer[0] <= self.high or (answer[0] == 0 and bool(self.none))
        return within and answer[1] in self.currencies


@dataclass(frozen=True)
class Date(Typed):
    """A day from `first` to `last`; one without a year is the next such day. The journal keeps `2027-03-15`."""

    first: date = date.min
    last: date = date.max

    def understood(self, typed: str) -> Answer:
        """Accept `15/3/2027`, `15-3-27`, `15 3`, `١٥/٣`."""
        match = DAY.fullmatch(typed.translate(DIGITS))
        day = self._day(int(match[1]), int(match[2]), _year(match[3]) if match[3] else None) if match else None
        if day is None or not self.first <= day <= self.last:
            raise MisreadError("expect.date", first=self.first, last=self.last)
        return day.isoformat()

    def _day(self, day: int, month: int, year: int | None) -> date | None:
        years = [self.first.year, self.first.year + 1] if year is None else [year]
        for one in years:
            try:
                found = date(one, month, day)
            except ValueError:
                continue
            if found >= self.first:
                return found
        return None


@dataclass(frozen=True)
class Text(Typed):
    """A few words, at most `longest` characters. `check` may refuse them (MisreadError); it is not asked on replay."""

    longest: int = 60
    shortest: int = 2
    check: Callable[[str], None] | None = None

    def understood(self, typed: str) -> Answer:
        """Accept words that fit."""
        if len(typed) > self.longest:
            raise MisreadError("expect.shorter", longest=self.longest)
        if len(typed) < self.shortest or not any(letter.isalpha() for letter in typed):
            raise MisreadError("expect.words")
        if self.check:
            self.check(typed)
        return typed


@dataclass(frozen=True)
class Secret(Prompt):
    """Digits that the journal never holds: it keeps what `check` returns of them. `check` is not asked on replay."""

    digits: int = 4
    check: Callable[[str], Answer] = field(kw_only=True)

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:  # noqa: ARG002  # digits are not a line
        """Accept the digits that `check` accepts (it raises MisreadError)."""
        given = typed.translate(DIGITS).replace(" ", "")
        if not (given.isascii() and given.isdigit() and len(given) == self.digits):
            raise MisreadError("expect.digits", digits=self.digits)
        return self.check(given)


def whole(written: str) -> int | None:
    """Return the whole number that was written, None when it is none."""
    grouped = NUMBER.fullmatch(written.strip())
    digits = re.sub("[ .,']", "", grouped["whole"]) if grouped else ""
    return int(digits) if 0 < len(digits) <= MOST_DIGITS else None


def _year(written: str) -> int:
    return int(written) + (CENTURY if len(written) == WRITTEN_SHORT else 0)

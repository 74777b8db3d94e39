"""Everything a person reads, in four languages: gettext catalogues `<language>/<domain>.po`, read as they are.

Message ids are symbolic (`need.sector`); values are filled by `str.format` after being written as people of the
language read them.
"""

from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from service.domain.money import Currency, Money

ROOT = Path(__file__).parent


class Language(StrEnum):
    """The languages the service speaks; Tachelhit in ASCII letters."""

    FR = "fr"
    AR = "ar"
    SHI = "shi"
    EN = "en"


DEFAULT_LANGUAGE = Language.FR
# How numbers and dates are written: Morocco's habits, and for Tachelhit speakers the French ones they learnt at school.
CONVENTIONS = {Language.FR: "fr", Language.AR: "ar_MA", Language.SHI: "fr", Language.EN: "en"}
CURRENCIES = {
    Currency.MAD: {Language.FR: "DH", Language.AR: "درهم", Language.SHI: "DH", Language.EN: "MAD"},
    Currency.EUR: {Language.FR: "EUR", Language.AR: "أورو", Language.SHI: "EUR", Language.EN: "EUR"},
}


class Speaker:
    """One language's voice; `space` stands within a number, and before its currency."""

    def __init__(self, language: Language, space: str = " ") -> None:
        """Load the language's catalogues."""
        self.language, self.space = language, space
        self._texts, self._plural = _catalogue(language)

    def say(self, key: str, /, *, count: int | None = None, **values: Any) -> str:
        """Return the text of `key` with its values; `count` picks the plural form and fills `{count}`.

        Raises KeyError for a key no catalogue has: a test walks them all.
        """
        forms = self._texts[key]
        if count is None and not values:
            return forms[0]
        text = forms[0] if count is None else forms[self._plural(count)]
        if count is not None:
            values["count"] = count
        return text.format(**{name: self.write(value) for name, value in values.items()})

    def knows(self, key: str) -> bool:
        """Tell whether the catalogues have this key."""
        return key in self._texts

    def write(self, value: object) -> str:
        """Return a value as people of this language read it: numbers grouped, money in whole units."""
        match value:
            case StrEnum():
                return self.say(f"{_snake(type(value).__name__)}.{value.value}")
            case Money():
                return f"{self.write(value.major)}{self.space}{CURRENCIES[value.currency][self.language]}"
            case bool() | str():
                return str(value)
            case int():
                return _grouped(value, CONVENTIONS[self.language]).replace(" ", self.space)
            case datetime() | date():
                return _dated(value.date() if isinstance(value, datetime) else value, CONVENTIONS[self.language])
            case _:
                return str(value)


@cache
def speaker(language: str, space: str = " ") -> Speaker:
    """Return the voice of a language, French for one the service does not speak."""
    known = Language(language) if language in set(Language) else DEFAULT_LANGUAGE
    return Speaker(known, space)


@lru_cache(4_096)
def _dated(day: date, conventions: str) -> str:
    return format_date(day, "dd/MM/yyyy", locale=conventions)


@lru_cache(4_096)
def _grouped(number: int, conventions: str) -> str:
    # U+202F is in no phone's alphabet.
    return str(format_decimal(number, locale=conventions)).replace("\u202f", " ").replace("\xa0", " ")


@cache
def _catalogue(language: Language) -> tuple[dict[str, tuple[str, ...]], Any]:
    texts: dict[str, tuple[str, ...]] = {}
    plural = None
    for path in sorted((ROOT / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=None)
        plural = plural or _plural(catalogue.plural_expr)
        for message in catalogue:
            if not message.id:
                continue
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
            texts[str(key)] = tuple(str(form) for form in forms)
    return texts, plural


def _plural(expression: str) -> Any:
    from gettext import c2py  # noqa: PLC0415  # typeshed hides it; the standard library documents the expression it reads

    return c2py(expression)


@cache
def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")

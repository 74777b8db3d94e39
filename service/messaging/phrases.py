"""Values of a text that are themselves words of the receiver's language, known only when the text is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from babel import Locale

from service.domain.roles import OfficerRole
from service.locales import CONVENTIONS, Language, Speaker
from service.models.communes import Commune, Province, Region


@dataclass(frozen=True)
class Phrase:
    """A text of the catalogues within another: its key, its values (phrases among them), the number of its plural."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None


@dataclass(frozen=True)
class Country:
    """A country by its ISO 3166 code, `FR`; said by its name."""

    code: str


def speaking(who: object) -> object:
    """Return a role as who says or does something is named, *le secrétariat*; a name as it is."""
    return Phrase(f"by.{who.value}") if isinstance(who, OfficerRole) else who


def sourced(
    by: object,
    on: datetime,
    second: object = None,
    second_on: datetime | None = None,
    *,
    disputed: bool = False,
) -> Phrase:
    """Return who declared something and when, and who confirmed (or disputed) it and when, or that nobody has yet.

    `by` and `second` are roles or names. No number is shown to a partner without it.
    """
    said = {"by": speaking(by), "on": on.date()}
    if second is None or second_on is None:
        return Phrase("said.declared", said)
    answered = {**said, "second": speaking(second), "second_on": second_on.date()}
    return Phrase("said.disputed" if disputed else "said.confirmed", answered)


def words(voice: Speaker, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as people of the language read them: phrases, lists of them and places are said too."""
    return {name: in_words(voice, value) for name, value in values.items()}


def in_words(voice: Speaker, value: object) -> str:
    """Return one value as people of the language read it."""
    match value:
        case Phrase():
            return voice.say(value.key, count=value.count, **words(voice, value.values))
        case Commune():
            return value.name_ar if voice.language == Language.AR else value.name_fr
        case Province() | Region():
            return value.ar if voice.language == Language.AR else value.fr
        case Country():
            return str(Locale(CONVENTIONS[voice.language].partition("_")[0]).territories.get(value.code, value.code))
        case Sequence() if not isinstance(value, str):
            return voice.say("phrase.joint").join(in_words(voice, part) for part in value)
        case _:
            return voice.write(value)

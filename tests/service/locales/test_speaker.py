"""Speaking: values are written as people of the language read them, and plurals follow its grammar."""

from datetime import date

import pytest

from service.domain.money import Currency, Money
from service.domain.sectors import Sector
from service.locales import DEFAULT_LANGUAGE, Language, speaker
from service.web.current import NO_BREAK


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.FR, "320 000 DH"),
        (Language.SHI, "320 000 DH"),
        (Language.EN, "320,000 MAD"),
        (Language.AR, "320.000 درهم"),
    ],
)
def test_money_is_in_whole_units_grouped_as_the_language_does(language: Language, written: str) -> None:
    assert speaker(language).write(Money.of(320_000)) == written


def test_a_number_holds_no_space_that_a_phone_cannot_show() -> None:
    for language in Language:
        assert {"\xa0", "\u202f"}.isdisjoint(speaker(language).write(1_234_567))


def test_a_page_lets_no_line_break_within_a_number() -> None:
    assert speaker("fr", NO_BREAK).write(Money.of(320_000)) == "320\u00a0000\u00a0DH"
    assert speaker("fr", NO_BREAK).say("web.list.count", number=7_000) == "En tout : 7\u00a0000"


def test_euros_are_not_dirhams() -> None:
    assert speaker("fr").write(Money.of(5_000, Currency.EUR)) == "5 000 EUR"


def test_dates_enums_and_words_are_written_for_people() -> None:
    voice = speaker("fr")
    assert voice.write(date(2026, 11, 3)) == "03/11/2026"
    assert voice.write(Sector.WATER) == "Eau potable"
    assert voice.write("Puits {du} bas") == "Puits {du} bas"


def test_what_a_person_typed_is_never_a_format() -> None:
    assert speaker("fr").say("need.review", sector=Sector.WATER, households=84, cost="1", share="2", title="{0} {x!r}")


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        (Language.FR, [(0, 0), (1, 0), (2, 1)]),
        (Language.EN, [(0, 1), (1, 0), (2, 1)]),
        (Language.SHI, [(0, 0), (1, 0), (2, 1)]),
        (Language.AR, [(0, 0), (1, 1), (2, 2), (3, 3), (10, 3), (11, 4), (99, 4), (100, 5), (102, 5), (103, 3)]),
    ],
)
def test_the_count_picks_the_plural_of_the_language(language: Language, counts: list[tuple[int, int]]) -> None:
    voice = speaker(language)
    forms = voice._texts["web.waiting.needs"]
    for count, form in counts:
        assert voice.say("web.waiting.needs", count=count) == forms[form].format(count=voice.write(count))


def test_an_unknown_language_is_spoken_to_in_french_and_a_voice_is_loaded_once() -> None:
    assert speaker("tlh").language is DEFAULT_LANGUAGE is Language.FR
    assert speaker("ar") is speaker("ar")


def test_a_key_that_no_catalogue_has_is_a_fault() -> None:
    assert not speaker("fr").knows("no.such.key")
    with pytest.raises(KeyError):
        speaker("fr").say("no.such.key")

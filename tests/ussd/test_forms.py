"""One-line forms: what a text says besides its keyword; what could be read in two ways is left to be asked."""

import pytest

from service.domain.money import Currency
from service.locales import Language
from service.models.session import transaction
from tests.ussd.conftest import Handset
from tests.world import SECRETARY
from ussd.transports.forms import invitation, language, need, pledge, promises

PEPPER, PHONE = "a-key-that-protects-nothing-but-tests", "+212600000009"


def said(rest: str, spoken: str = "fr") -> tuple[object, object, object, object]:
    """Return sector, households, cost in dirhams and title, as far as they were understood."""
    found = dict(need(rest, spoken))
    cost = found.get("need.cost", (None,))
    return found.get("need.sector"), found.get("need.households"), cost[0], found.get("need.title")


@pytest.mark.parametrize(
    "rest",
    [
        "EAU 84 320000 puits du bas",
        "eau, 84, 320000, puits du bas",
        "Eau potable 84 320.000 puits du bas",
        "EAU 84 320 000 puits du bas",
        "EAU 84 foyers 320 000 dh puits du bas",
        "EAU 84familles 320000DHS: puits du bas",
        "EAU 320000 dh 84 foyers puits du bas",
        "EAU ٨٤ ٣٢٠٠٠٠ puits du bas",
        "water 84 households 320000 MAD puits du bas",
        "الماء 84 أسرة 320000 درهم puits du bas",
        "aman 84 takatin 320000 puits du bas",
    ],
)
def test_a_need_in_one_line_is_understood_however_it_is_put(rest: str) -> None:
    assert said(rest) == ("water", 84, 320_000, "puits du bas")


@pytest.mark.parametrize(
    ("rest", "understood"),
    [
        ("", (None, None, None, None)),
        ("EAU", ("water", None, None, None)),
        ("84", (None, 84, None, None)),
        ("EAU 84", ("water", 84, None, None)),
        ("EAU 320000", ("water", None, 320_000, None)),
        ("puits du bas", (None, None, None, "puits du bas")),
        ("EAU puits du bas 84 320000", ("water", 84, 320_000, "puits du bas")),
        ("EAU 84 320000 3 km de tuyau", ("water", 84, 320_000, "3 km de tuyau")),
        ("EAU 84 320000 puits pour 84 familles a 500 dh", ("water", 84, 320_000, "puits pour 84 familles a 500 dh")),
    ],
)
def test_what_was_said_is_kept_and_the_rest_is_asked(rest: str, understood: tuple[object, ...]) -> None:
    assert said(rest) == understood


@pytest.mark.parametrize(
    "rest",
    [
        "EAU 84 1 200 320 000",  # 84 or 84 1 200?
        "EAU 84 320 000 000 puits",  # more than anybody carries, and not 320 000
        "EAU 1 2 3 4 5 6 7 8 9",
        "EAU 84 60 320000 12 puits",
    ],
)
def test_numbers_that_fit_in_no_way_or_in_two_are_asked(rest: str) -> None:
    assert said(rest)[1:3] == (None, None)


@pytest.mark.parametrize(
    "cost",
    [
        "5000 EUR",
        "5000 euros",
        "5 000 eur",
        "5000€",
        "€5000",
        "5000 $",
        "5000 يورو",
        "32 millions",
        "300 mille dh",
        "320k",
        "6400000 ryal",
        "32000000 centimes",
    ],
)
def test_a_cost_that_is_not_told_in_dirhams_is_asked_and_is_no_title(cost: str) -> None:
    assert said(f"EAU 84 {cost} puits du bas") == ("water", 84, None, "puits du bas")


@pytest.mark.parametrize("spoken", Language)
def test_a_sector_is_known_in_every_language_whatever_is_spoken(spoken: Language) -> None:
    for word in ("eau", "ماء", "aman", "water"):
        assert said(f"{word} 84 320000", spoken)[0] == "water"


@pytest.mark.parametrize(
    ("rest", "usual", "amount"),
    [
        ("5000", Currency.EUR, [5000, "EUR"]),
        ("5000", Currency.MAD, [5000, "MAD"]),
        ("5 000 dh", Currency.EUR, [5000, "MAD"]),
        ("5.000,00 €", Currency.MAD, [5000, "EUR"]),
        ("٥٠٠٠ درهم", Currency.EUR, [5000, "MAD"]),
    ],
)
def test_a_pledge_is_in_the_currency_that_is_named_or_usual(rest: str, usual: Currency, amount: list[object]) -> None:
    assert pledge("K7-4Q2", rest, usual) == [("pledge.need", "K7-4Q2"), ("pledge.amount", amount)]
    assert pledge("", rest, usual) == [("pledge.amount", amount)]


@pytest.mark.parametrize("rest", ["", "5000 $", "5000 USD", "5000 dh eur", "5", "99999999999", "beaucoup", "-5000"])
def test_an_amount_that_is_not_offered_is_asked(rest: str) -> None:
    assert pledge("K7-4Q2", rest, Currency.EUR) == [("pledge.need", "K7-4Q2")]


def test_an_amount_in_a_currency_that_is_not_asked_for_is_not_taken(secretary: Handset) -> None:
    given = [("need.sector", "water"), ("need.households", 84), ("need.cost", [5000, "EUR"])]
    with transaction(secretary.conversations.container.engine) as session:
        screen = secretary.conversations.answer_sms(session, SECRETARY, "", "need", given)
    assert screen
    assert screen.text.startswith("Cout total")


def test_only_an_amount_and_nothing_else_promises() -> None:
    assert all(map(promises, ["5000", "5000 EUR", "5 000 dh"]))
    assert not any(map(promises, ["", "trop cher", "5000 c'est trop", "20000 $"]))


def test_an_invitation_is_kept_as_a_hash() -> None:
    ((key, kept),) = invitation(" 482 913. ", PEPPER, PHONE)
    assert key == "join.code"
    assert "482913" not in str(kept)
    assert invitation("٤٨٢٩١٣", PEPPER, PHONE) == [(key, kept)]
    assert [invitation(rest, PEPPER, PHONE) for rest in ("", "48291", "4829133", "code")] == [[]] * 4


@pytest.mark.parametrize(
    ("named", "meant"),
    [("arabe", Language.AR), ("العربية", Language.AR), ("Français", Language.FR), ("TACHELHIT", Language.SHI)]
    + [(one.value, one) for one in Language],
)
def test_a_language_is_known_by_its_names(named: str, meant: Language) -> None:
    assert language(named) is meant


def test_a_language_that_is_not_spoken_is_none() -> None:
    assert language("espagnol") is None

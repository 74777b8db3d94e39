"""What an association of emigrants does by phone: it registers, changes its profile, pauses."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.models import Consent, DiasporaAssociation
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.world import LYON, STRANGER, TAFRAOUT, TALIOUINE, UTRECHT, diaspora

NewHandset = Callable[[str], Handset]
PARIS, MADRID = "+33639980077", "+34600000077"
FRENCH, AGREES, ENROLS = "3", "1", "1"
# From the name to the means: Taliouine and all of Tiznit, water then irrigation, 5,000 euros a year.
ANSWERS = ("Amis du Souss", "Lyon", "Malika", "1", "taliwin", "1", "1", "2", "1", "2", "1", "2", "1", "5000")


@pytest.fixture
def paris(handset: NewHandset) -> Handset:
    """A phone at the first question of the registration."""
    phone = handset(PARIS)
    phone.dial()
    phone.types(FRENCH, AGREES, ENROLS)
    return phone


@pytest.fixture
def lyon(container: Container, handset: NewHandset, clock: MovedClock) -> Handset:
    phone = handset(LYON)
    with transaction(container.engine) as session:
        diaspora(session, clock())
    return phone


def other(phone: Handset, number: str) -> Handset:
    return Handset(phone.conversations, number, phone.ids)


def of(container: Container, phone: str) -> DiasporaAssociation:
    with reading(container.engine) as session:
        contact = active_contact(session, phone)
        assert contact
        association = contact.association
        assert (association.origins, association.interests) is not None  # read while the session is open
        return association


def test_an_association_registers_and_waits_for_a_coordinator(container: Container, paris: Handset) -> None:
    summary = paris.types(*ANSWERS)
    lines = ["Amis du Souss, Lyon (France)", "Taliouine, Tiznit", "Eau potable, Irrigation"]
    assert summary.split("\n")[:4] == [*lines, "Par an : 5 000 EUR"]
    assert rows(container, DiasporaAssociation) == 0
    assert "sous 3 jours" in paris.types("1")
    kept = of(container, PARIS)
    assert (kept.name, kept.city, kept.country, kept.time_zone) == ("Amis du Souss", "Lyon", "FR", "Europe/Paris")
    assert (kept.state, kept.yearly_capacity) == (AssociationState.PENDING, 54_000_00)
    assert [origin.place_code for origin in kept.origins] == [TALIOUINE, TAFRAOUT[:6]]
    assert {one.sector: one.strength for one in kept.interests} == {Sector.WATER: 3, Sector.IRRIGATION: 2}
    assert ["Amis du Souss" in text for text in paris.inbox()] == [True]
    with reading(container.engine) as session:
        assert session.scalars(select(Consent.channel)).one() == "ussd"


def test_the_same_questions_by_sms_give_the_same_association_and_one_answer_each(
    container: Container, handset: NewHandset
) -> None:
    paris = handset(PARIS)
    with transaction(container.engine) as session:
        paris.conversations.answer_sms(session, PARIS, "", "enrol")
    for text in (FRENCH, AGREES, *ANSWERS):
        (asked,) = paris.sends(text)
    assert "Amis du Souss" in asked
    (noted,) = paris.sends("1")
    assert noted.startswith("Tiwizi: demande")
    assert of(container, PARIS).state is AssociationState.PENDING
    with reading(container.engine) as session:
        assert session.scalars(select(Consent.channel)).one() == "sms"


def test_a_correction_asks_all_places_again_and_keeps_the_rest(container: Container, paris: Handset) -> None:
    paris.types(*ANSWERS)
    assert "4 Origines" in paris.types("2")
    assert "De quelle province" in paris.types("4")
    summary = paris.types("2", "1", "2")
    assert summary.split("\n")[1:3] == ["Tiznit", "Eau potable, Irrigation"]
    paris.types("1")
    assert [origin.place_code for origin in of(container, PARIS).origins] == [TAFRAOUT[:6]]


def test_a_moroccan_number_is_asked_its_country(container: Container, handset: NewHandset) -> None:
    phone = handset(STRANGER)
    phone.dial()
    assert "4 Association de MRE" in phone.types(FRENCH, AGREES)
    assert "Dans quel pays" in phone.types("4", "Amis du Souss", "Lausanne")
    assert "Nous ne trouvons pas ce pays" in phone.types("7", "Souss")
    summary = phone.types("Suisse", "Malika", "1", "1", "2", "1", "1", "1")
    assert "Lausanne (Suisse)" in summary
    assert "non précisé" in summary
    assert "3 Pays" in phone.types("2")
    assert "Lausanne (Pays-Bas)" in phone.types("3", "5")
    phone.types("1")
    kept = of(container, STRANGER)
    assert (kept.country, kept.time_zone, kept.yearly_capacity) == ("NL", "Europe/Amsterdam", None)


def test_a_name_that_is_taken_is_told_at_once(lyon: Handset) -> None:
    paris = other(lyon, PARIS)
    paris.dial()
    assert "déjà ce nom" in paris.types(FRENCH, AGREES, ENROLS, "Lyon-Taliouine")


def test_of_two_who_took_the_same_name_meanwhile_the_second_is_told(container: Container, paris: Handset) -> None:
    madrid = other(paris, MADRID)
    madrid.dial()
    paris.types(*ANSWERS)
    madrid.types(FRENCH, AGREES, ENROLS, *ANSWERS)
    paris.types("1")
    assert "Cela a changé entre-temps" in madrid.types("1")
    assert rows(container, DiasporaAssociation) == 1


def test_a_registration_survives_a_drop_and_a_repeated_last_answer(container: Container, paris: Handset) -> None:
    paris.types(*ANSWERS)
    paris.dial()  # goes on where it was dropped
    assert "Par an : 5 000 EUR" in paris.types("1")
    paris.types("1")
    paris.again()
    assert rows(container, DiasporaAssociation) == 1
    assert paris.dial().startswith("Amis du Souss\n")


def test_each_line_of_the_profile_can_be_changed(container: Container, lyon: Handset) -> None:
    lyon.dial()
    shown = lyon.types("1")
    lines = ["1 Origines : Taliouine", "2 Besoins : Eau potable", "3 Par an : 200 000 DH", "4 Besoins à la fois : 3"]
    assert shown.split("\n")[2:6] == lines
    assert "Origines : Taliouine, Tiznit" in lyon.types("1", "1", "tali", "1", "1", "2", "1", "2")
    assert "C'est noté" in lyon.types("1")
    for keys in (("2", "4", "1"), ("3", "80000 dh"), ("4", "7")):
        lyon.dial()
        lyon.types("1", *keys, "1")
    kept = of(container, LYON)
    assert [origin.place_code for origin in kept.origins] == [TALIOUINE, TAFRAOUT[:6]]
    assert {one.sector: one.strength for one in kept.interests} == {Sector.ROADS: 3}
    assert (kept.yearly_capacity, kept.attention_slots) == (80_000_00, 7)


def test_a_change_that_is_not_confirmed_is_none(container: Container, lyon: Handset) -> None:
    lyon.dial()
    assert "Un nombre de 1 à 10" in lyon.types("1", "4", "11")
    assert "Besoins à la fois : 9" in lyon.types("9")
    assert "Rien n'est changé" in lyon.types("2")
    assert of(container, LYON).attention_slots == 3


def test_one_who_left_meanwhile_changes_nothing(container: Container, lyon: Handset, clock: MovedClock) -> None:
    lyon.dial()
    lyon.types("1", "4", "9")
    with transaction(container.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        contact.left_at = clock()
        number = contact.association_id
    assert "Cela a changé entre-temps" in lyon.types("1")
    with reading(container.engine) as session:
        assert session.get_one(DiasporaAssociation, number).attention_slots == 3


def test_a_pause_says_until_when_and_can_be_ended(container: Container, lyon: Handset, clock: MovedClock) -> None:
    lyon.dial()
    assert "23/12/2026" in lyon.types("2", "30")
    lyon.dial()
    asked = lyon.types("2")
    assert asked.split("\n")[0] == "En pause jusqu'au 23/12/2026."
    assert "1 Reprendre maintenant" in asked
    assert "nouveaux besoins" in lyon.types("1")
    assert of(container, LYON).paused_until is None
    lyon.dial()
    lyon.types("2", "1")
    clock.move(days=2)
    lyon.dial()
    assert "Reprendre" not in lyon.types("2")  # it is over


def test_a_pause_of_one_line_asks_nothing(container: Container, lyon: Handset, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        screen = lyon.conversations.answer_sms(session, LYON, "", "pause", [("pause.days", 10)])
    assert screen
    assert "03/12/2026" in screen.text
    assert (of(container, LYON).paused_until or clock()) > clock()


def test_a_profile_is_ones_own(container: Container, lyon: Handset, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
    utrecht = other(lyon, UTRECHT)
    utrecht.dial()
    utrecht.types("1", "4", "9", "1")
    assert (of(container, LYON).attention_slots, of(container, UTRECHT).attention_slots) == (3, 9)

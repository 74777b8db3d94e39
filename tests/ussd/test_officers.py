"""Officers by phone: asked by one, agreed by a second, joined with a code; nobody learns who is registered."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.roles import OfficerRole
from service.domain.states import AssociationState, ChangeState
from service.models import Consent, Officer, OfficerChange, VillageAssociation
from service.models.associations import active_officer
from service.models.session import reading, transaction
from service.usecases.officers import hash_invitation
from service.usecases.phones import know_phone, stop
from service.usecases.pins import GUESSES, WRONG_OF_ALL
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.world import SECRETARY, STRANGER, TREASURER, diaspora, village

NewHandset = Callable[[str], Handset]
PRESIDENT, NEIGHBOUR = "+212600000010", "+212600000011"
PIN = ("2580", "2580")
# Up to the menu of officers.
OFFICERS = ("Autre", "Bureau")
MOVED = "Cela a changé"


def other(phone: Handset, number: str) -> Handset:
    return Handset(phone.conversations, number, phone.ids)


def colleague(phone: Handset, number: str, role: OfficerRole = OfficerRole.TREASURER) -> Handset:
    container = phone.conversations.container
    with transaction(container.engine) as session:
        know_phone(session, container.clock(), number)
        association = session.scalars(select(VillageAssociation)).one()
        association.officers.append(Officer(phone=number, role=role, joined_at=container.clock()))
    return other(phone, number)


@pytest.fixture
def treasurer(secretary: Handset) -> Handset:
    return colleague(secretary, TREASURER)


def dials(phone: Handset, *answers: str) -> str:
    phone.dial()
    return phone.types(*answers)


def adds(phone: Handset, number: str = "0600000009") -> str:
    return dials(phone, *OFFICERS, "Ajouter", "Trésorier", number, "1", *PIN)


def code_in(text: str) -> str:
    (code,) = re.findall(r"REJOINDRE ([0-9]{6})", text)
    return str(code)


def state(container: Container) -> ChangeState:
    with reading(container.engine) as session:
        return session.scalars(select(OfficerChange.state)).one()


def speaks(container: Container, number: str) -> bool:
    with reading(container.engine) as session:
        return bool(active_officer(session, number))


def by_sms(phone: Handset, start: str = "", text: str = "", given: tuple[tuple[str, str], ...] = ()) -> str:
    """Let the phone begin a dialogue, or answer it, by SMS; return the screen it is sent."""
    with transaction(phone.conversations.container.engine) as session:
        screen = phone.conversations.answer_sms(session, phone.number, text, start, given)
        assert screen
        return screen.text


def test_a_lone_secretary_invites_a_treasurer_who_joins(container: Container, secretary: Handset) -> None:
    asked = dials(secretary, *OFFICERS, "Ajouter", "Trésorier", "06 00 00 00 09")
    assert asked.startswith("Ajouter : Trésorier\n+212 6 00 00 00 09\n1 Envoyer")
    assert rows(container, OfficerChange) == 0
    assert secretary.types("1", *PIN).startswith("Invitation envoy")
    newcomer = other(secretary, STRANGER)
    (invited,) = newcomer.inbox()
    assert "Ait Abdallah vous invite" in invited
    newcomer.dial()
    assert newcomer.types("Fran", "1").split("\n")[1] == "1 J'ai un code d'invitation"
    assert newcomer.types("1").startswith("Votre code d'invitation")
    assert rows(container, Consent) == 1  # the secretary's
    assert newcomer.types(code_in(invited)).startswith("Bienvenue")
    assert rows(container, Consent) == 2
    assert newcomer.dial().startswith("Ait Abdallah\n1 Signaler un besoin")
    assert "parle maintenant aussi" in secretary.inbox()[-1]
    assert dials(secretary, *OFFICERS, "Voir").split("\n")[1:3] == ["Secrétaire ..01 (vous)", "Trésorier ..09"]


def test_a_second_officer_sees_the_number_and_agrees_with_a_pin(
    container: Container, secretary: Handset, treasurer: Handset
) -> None:
    assert adds(secretary).startswith("Demand")
    assert "veut ajouter" in treasurer.inbox()[-1]
    assert "Un collègue demande un changement" in treasurer.dial()
    asked = treasurer.types("Répondre")
    assert "+212 6 00 00 00 09" in asked
    assert "code secret" in treasurer.types("1")
    assert state(container) is ChangeState.ASKED
    assert treasurer.types(*PIN).startswith("Merci")
    assert state(container) is ChangeState.AGREED
    assert "votre collègue est d'accord" in secretary.inbox()[-1]


def test_a_no_needs_no_pin_and_changes_nothing(container: Container, secretary: Handset, treasurer: Handset) -> None:
    adds(secretary)
    assert dials(treasurer, "Répondre", "Non").startswith("C'est not")
    assert state(container) is ChangeState.REFUSED
    assert other(secretary, STRANGER).inbox() == []


def test_of_two_who_answer_the_second_hears_that_it_changed(secretary: Handset, treasurer: Handset) -> None:
    president = colleague(secretary, PRESIDENT, OfficerRole.PRESIDENT)
    adds(secretary)
    for phone in (treasurer, president):
        dials(phone, "Répondre", "1", PIN[0])
    assert president.types(PIN[1]).startswith("Merci")
    assert treasurer.types(PIN[1]).startswith(MOVED)
    assert len(other(secretary, STRANGER).inbox()) == 1


def test_the_old_phone_can_do_nothing_after_a_hand_over(
    container: Container, secretary: Handset, treasurer: Handset
) -> None:
    assert dials(secretary, *OFFICERS, "Donner", "1", "0600000009", "1", *PIN).startswith("Demand")
    at_the_menu = dials(secretary, "Signaler", "1", "84", "320000", "60000", "Puits du bas")
    assert "1 Envoyer" in at_the_menu
    dials(treasurer, "Répondre", "1", *PIN)
    assert secretary.types("1").startswith(MOVED)
    assert not speaks(container, SECRETARY)
    assert secretary.dial().startswith("Tiwizi. Langue")
    assert "ne parle plus" in secretary.inbox()[-1]
    newcomer = other(secretary, STRANGER)
    assert "Secr" in dials(newcomer, "Fran", "1", "1", code_in(newcomer.inbox()[0]))
    assert speaks(container, STRANGER)


def test_removing_a_third(container: Container, secretary: Handset, treasurer: Handset) -> None:
    colleague(secretary, PRESIDENT, OfficerRole.PRESIDENT)
    assert "Président ..10" in dials(secretary, *OFFICERS, "Retirer", "Président")
    secretary.types("1", *PIN)
    dials(treasurer, "Répondre", "1", *PIN)
    assert (speaks(container, PRESIDENT), speaks(container, TREASURER)) == (False, True)


def test_who_has_nobody_to_agree_is_offered_a_call(container: Container, secretary: Handset) -> None:
    assert "Rappelez-moi" in dials(secretary, *OFFICERS, "Retirer")
    assert "Rappelez-moi" in dials(secretary, *OFFICERS, "Donner", "1")
    assert rows(container, OfficerChange) == 0


@pytest.mark.parametrize("taken", ["officer", "contact", "stopped", "myself"])
def test_a_number_that_is_taken_is_refused_in_the_same_words_whatever_it_is(
    container: Container, secretary: Handset, clock: MovedClock, taken: str
) -> None:
    number = SECRETARY if taken == "myself" else STRANGER
    with transaction(container.engine) as session:
        match taken:
            case "officer":
                village(session, clock(), STRANGER, name="Tamaloukt")
            case "contact":
                diaspora(session, clock(), STRANGER)
            case "stopped":
                stop(session, clock(), STRANGER, "ussd")
    refused, again, *_ = dials(secretary, *OFFICERS, "Ajouter", "1", number).split("\n")
    assert refused == "Ce numéro ne peut pas etre ajouté. Voyez avec la personne."
    assert again.startswith("Son numéro de téléphone")


@pytest.mark.parametrize("typed", ["abc", "12", "0" * 300, "😀", "06000000090000"])
def test_what_is_no_number_is_asked_again_with_an_example(secretary: Handset, typed: str) -> None:
    assert dials(secretary, *OFFICERS, "Ajouter", "1", typed).startswith("Un numéro, ex. 0612345678.")


@pytest.mark.parametrize("typed", ["0600000009", "+212600000009", "00212 6 00 00 00 09", "٠٦٠٠٠٠٠٠٠٩"])
def test_a_number_is_understood_however_it_is_typed(secretary: Handset, typed: str) -> None:
    assert "+212 6 00 00 00 09" in dials(secretary, *OFFICERS, "Ajouter", "1", typed)


def test_an_association_that_is_not_checked_yet_is_told_why_it_cannot(container: Container, secretary: Handset) -> None:
    with transaction(container.engine) as session:
        session.scalars(select(VillageAssociation)).one().state = AssociationState.PENDING
    assert dials(secretary, *OFFICERS).startswith("Un coordinateur v")


def test_an_unknown_invitation_and_a_wrong_code_look_the_same(secretary: Handset) -> None:
    adds(secretary)
    invited, uninvited = other(secretary, STRANGER), other(secretary, NEIGHBOUR)
    code = code_in(invited.inbox()[0])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    answers = []
    for phone in (invited, uninvited):
        dials(phone, "Fran", "1", "J'ai")
        answers.append([phone.types(wrong) for _ in range(6)])
    assert answers[0] == answers[1]
    assert answers[0][4].startswith("Ce n'est pas ce code")
    assert answers[0][5].startswith("Code refus")


def test_strangers_who_try_codes_close_nobodys_invitation(secretary: Handset) -> None:
    adds(secretary)
    newcomer = other(secretary, STRANGER)
    for place in range(WRONG_OF_ALL // GUESSES):
        stranger = other(secretary, f"+2126100000{place:02}")
        dials(stranger, "Fran", "1", "J'ai", *["000000"] * GUESSES)
        assert stranger.types("000000").startswith("Code refus")
    assert dials(newcomer, "Fran", "1", "J'ai", code_in(newcomer.inbox()[0])).startswith("Bienvenue")


def test_the_right_code_opens_nothing_while_it_is_locked_and_does_after_a_day(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    adds(secretary)
    newcomer = other(secretary, STRANGER)
    code = code_in(newcomer.inbox()[0])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    dials(newcomer, "Fran", "1", "J'ai", *[wrong] * 5)
    assert newcomer.types(code).startswith("Code refus")
    assert not speaks(container, STRANGER)
    clock.move(hours=24)
    assert dials(newcomer, "Fran", "1", "J'ai", code).startswith("Bienvenue")


def test_an_invitation_is_good_for_seven_days(container: Container, secretary: Handset, clock: MovedClock) -> None:
    adds(secretary)
    newcomer = other(secretary, STRANGER)
    clock.move(days=7)
    assert dials(newcomer, "Fran", "1", "J'ai", code_in(newcomer.inbox()[0])).startswith("Ce n'est pas ce code")
    assert not speaks(container, STRANGER)


def test_joining_by_sms_with_the_code_in_the_first_text(container: Container, secretary: Handset) -> None:
    adds(secretary)
    newcomer = other(secretary, STRANGER)
    code = code_in(newcomer.inbox()[0])
    hashed = hash_invitation(container.settings.secret_key, STRANGER, code)
    by_sms(newcomer, "join", given=(("join.code", hashed),))
    by_sms(newcomer, text="Fran")
    assert by_sms(newcomer, text="1").startswith("Bienvenue")
    assert speaks(container, STRANGER)


def test_a_forged_sms_changes_nothing(container: Container, secretary: Handset, treasurer: Handset) -> None:
    """Who writes in the treasurer's name does not read the code that the treasurer's phone is sent."""
    adds(secretary)
    by_sms(treasurer, "agree")
    asked = by_sms(treasurer, text="1")
    (code,) = re.findall("[0-9]{6}", asked)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for typed in ("oui", wrong, wrong, wrong, wrong, wrong):
        by_sms(treasurer, text=typed)
    assert by_sms(treasurer, text=code).startswith("Code refus")
    assert state(container) is ChangeState.ASKED


def test_the_treasurer_agrees_by_sms_with_the_code_sent_back(
    container: Container, secretary: Handset, treasurer: Handset
) -> None:
    adds(secretary)
    by_sms(treasurer, "agree")
    (code,) = re.findall("[0-9]{6}", by_sms(treasurer, text="1"))
    assert by_sms(treasurer, text=code).startswith("Merci")
    assert state(container) is ChangeState.AGREED


def test_what_was_answered_waits_no_more(secretary: Handset, treasurer: Handset) -> None:
    adds(secretary)
    dials(treasurer, "Répondre", "Non")
    assert treasurer.dial().startswith("Ait Abdallah\n1 Signaler")

"""What people text, and what they are answered."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.roles import OfficerRole
from service.domain.states import NeedState, ProposalState
from service.locales import speaker
from service.messaging.segments import fold
from service.models import Consent, InboundEvent, Need, Officer, Phone, Proposal
from service.models.needs import need_by_reference
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, UTRECHT, diaspora, need_of, officer_of, proposed, village
from ussd.sessions import Conversations

NewHandset = Callable[[str], Handset]
FRENCH = speaker("fr")


@pytest.fixture
def reference(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """A verified need of the village, shown to Lyon and to Utrecht."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        village(session, clock())
        need = need_of(session, clock())
        proposed(session, clock(), need, diaspora(session, clock()))
        proposed(session, clock(), need, diaspora(session, clock(), UTRECHT, "Utrecht-Souss"))
        return need.reference


@pytest.fixture
def lyon(handset: NewHandset) -> Handset:
    return handset(LYON)


def states(container: Container) -> list[ProposalState]:
    with reading(container.engine) as session:
        return list(session.scalars(select(Proposal.state).order_by(Proposal.id)))


def other(phone: Handset, number: str) -> Handset:
    return Handset(phone.conversations, number, phone.ids)


def confirms(phone: Handset, text: str) -> str:
    """Send a text and then the code that it is answered with; return what comes back."""
    (asked,) = phone.sends(text)
    code = re.findall(r"\b[0-9]{6}\b", asked)
    assert len(code) == 1, asked
    (answer,) = phone.sends(code[0])
    return answer


def test_yes_reaches_the_village_and_its_yes_brings_both_together(
    container: Container, lyon: Handset, reference: str
) -> None:
    secretary = other(lyon, SECRETARY)
    (noted,) = lyon.sends(f"OUI {reference}")
    assert f"{reference} est not" in noted
    assert "Lyon-Taliouine" in secretary.inbox()[-1]
    assert f"OUI {reference}" in secretary.inbox()[-1]
    contact = confirms(secretary, f"oui {reference.lower()}")
    assert "Fatima, +33 6 39 98 00 01" in contact
    assert "Ait Abdallah" in lyon.inbox()[-1]
    assert "+212 6 00 00 00 01" in lyon.inbox()[-1]
    assert states(container) == [ProposalState.INTRODUCED, ProposalState.PROPOSED]
    with reading(container.engine) as session:
        assert session.scalars(select(Need.state)).one() is NeedState.INTRODUCED


def test_the_village_accepts_by_ussd_as_well(container: Container, lyon: Handset, reference: str) -> None:
    lyon.sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    assert secretary.dial().startswith(f"Ait Abdallah\nLyon-Taliouine s'intéresse à {reference}\n1 Répondre")
    assert "Lui donner votre numéro" in secretary.types("1")
    assert states(container)[0] is ProposalState.INTERESTED
    assert "code secret" in secretary.types("1")
    assert "Merci" in secretary.types("2580", "2580")
    assert states(container)[0] is ProposalState.INTRODUCED
    assert "+33 6 39 98 00 01" in secretary.inbox()[-1]


def test_the_village_may_refuse_and_the_other_side_hears_it(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"OUI {reference}")
    (noted,) = other(lyon, SECRETARY).sends(f"NON {reference}")
    assert reference in noted
    assert states(container)[0] is ProposalState.REFUSED
    assert "le village ne peut pas donner suite" in lyon.inbox()[-1]
    assert "+212" not in "".join(lyon.inbox())


def test_a_no_frees_the_slot_and_keeps_the_reason(container: Container, lyon: Handset, reference: str) -> None:
    assert reference in lyon.sends(f"NON {reference} trop loin")[0]
    with reading(container.engine) as session:
        assert session.scalars(select(Proposal.answer_reason).order_by(Proposal.id)).first() == "trop loin"
    assert states(container)[0] is ProposalState.DECLINED


def test_yes_without_a_reference_is_enough_when_one_need_waits(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert reference in lyon.sends("Oui")[0]
    assert states(container)[0] is ProposalState.INTERESTED


def test_yes_to_one_of_two_waiting_associations_is_asked_not_guessed(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"OUI {reference}")
    other(lyon, UTRECHT).sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    (asked,) = secretary.sends(f"OUI {reference}")
    assert f"1 Lyon-Taliouine {reference}\n2 Utrecht-Souss {reference}" in asked
    assert states(container) == [ProposalState.INTERESTED] * 2
    assert "votre contact à Utrecht-Souss" in confirms(secretary, "2")
    assert states(container) == [ProposalState.INTERESTED, ProposalState.INTRODUCED]


def test_no_to_one_of_two_waiting_associations_is_asked_and_needs_no_code(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"OUI {reference}")
    other(lyon, UTRECHT).sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    secretary.sends(f"NON {reference}")
    assert states(container) == [ProposalState.INTERESTED] * 2
    secretary.sends("1")
    assert states(container) == [ProposalState.REFUSED, ProposalState.INTERESTED]


def test_an_answer_given_twice_is_said_so_and_changes_nothing(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"OUI {reference}")
    (answer,) = lyon.sends(f"OUI {reference}")
    assert "déjà" in answer
    assert states(container)[0] is ProposalState.INTERESTED
    secretary = other(lyon, SECRETARY)
    confirms(secretary, f"OUI {reference}")
    assert "déjà" in secretary.sends(f"NON {reference}")[0]
    assert states(container)[0] is ProposalState.INTRODUCED


def test_an_sms_that_the_gateway_repeats_is_handled_and_answered_once(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert len(lyon.sends(f"OUI {reference}", "same")) == 1
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda _: lyon.sends(f"OUI {reference}", "same"), range(5))) == [[]] * 5
    with reading(container.engine) as session:
        assert session.scalar(select(func.count()).select_from(InboundEvent)) == 1
    assert len(other(lyon, SECRETARY).inbox()) == 5  # registered, verified, declared, verified, interest


def test_info_tells_what_the_one_who_asks_may_know(lyon: Handset, reference: str) -> None:
    assert "84 foyers" in lyon.sends(f"INFO {reference}")[0]
    assert "84 foyers" in other(lyon, SECRETARY).sends(f"INFO {reference}")[0]
    hidden = other(lyon, STRANGER).sends(f"INFO {reference}")[0]
    assert "84" not in hidden.replace("*384*84#", "")


def test_info_on_a_need_that_was_not_shown_says_no_more_than_on_none(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        hidden = need_of(session, clock()).reference
    unknown = fold(FRENCH.say("sms.reference_unknown", reference=hidden))
    assert lyon.sends(f"INFO {hidden}") == [unknown]
    assert lyon.sends(f"OUI {hidden}") == [unknown]
    assert reference != hidden


def test_help_names_the_words(lyon: Handset, reference: str) -> None:
    assert reference
    assert "OUI" in lyon.sends("AIDE")[0]
    assert "BESOIN" in other(lyon, SECRETARY).sends("aide")[0]


def test_stop_is_confirmed_once_and_then_nothing_is_said(container: Container, lyon: Handset, reference: str) -> None:
    assert "vous ne recevrez plus" in lyon.sends("STOP")[0]
    assert lyon.sends(f"INFO {reference}") == []
    assert lyon.sends("stop") == []
    with reading(container.engine) as session:
        phone = session.get_one(Phone, LYON)
        assert phone.stopped_at is not None
    assert "de nouveau" in lyon.sends("START")[0]
    assert len(lyon.sends(f"INFO {reference}")) == 1


def test_a_stranger_gets_help_three_times_an_hour(handset: NewHandset, clock: MovedClock) -> None:
    stranger = handset(STRANGER)
    answers = [stranger.sends(text) for text in ("bonjour", "", "OUI", "\x00\x00", "\u202e😀")]
    assert [len(answer) for answer in answers] == [1, 1, 1, 0, 0]
    clock.move(minutes=61)
    assert len(stranger.sends("bonjour")) == 1


def test_a_stranger_registers_by_sms(container: Container, handset: NewHandset) -> None:
    stranger = handset(STRANGER)
    assert stranger.sends("BESOIN")[0].startswith("Tiwizi. Langue")
    for answer in ("3", "1", "1", "2", "1", "taliwin", "1", "Ifri", "Association Ifri"):
        assert len(stranger.sends(answer)) == 1
    (answer,) = stranger.sends("1")
    assert "est inscrite" in answer
    assert stranger.sends("BESOIN")[0].startswith("Quel besoin ?")
    with reading(container.engine) as session:
        assert session.scalars(select(Consent.channel)).one() == "sms"


def test_a_machine_that_answers_answers_is_left_alone(handset: NewHandset) -> None:
    machine = handset(STRANGER)
    answers = [machine.sends(f"Need help? We answer on Monday. Ticket {number}") for number in range(40)]
    assert sum(len(answer) for answer in answers) == 30


def test_a_need_is_reported_by_sms_from_the_first_word_to_the_reference(
    container: Container, lyon: Handset, reference: str
) -> None:
    secretary = other(lyon, SECRETARY)
    assert secretary.sends("BESOIN")[0].startswith("Quel besoin ?\n1 Eau potable")
    for answer in ("1", "84", "320000", "1"):
        assert len(secretary.sends(answer)) == 1
    assert "Eau potable, 84 foyers" in secretary.sends("Puits")[0]
    (answer,) = secretary.sends("1")
    assert "besoin recu, réf." in answer
    with reading(container.engine) as session:
        assert session.scalar(select(func.count()).select_from(Need)) == 2
    assert reference


def test_what_was_begun_by_ussd_goes_on_by_sms(lyon: Handset, reference: str) -> None:
    assert reference
    secretary = other(lyon, SECRETARY)
    secretary.dial()
    secretary.types("1", "1", "84")
    assert secretary.sends("320000")[0].startswith("Part du village")


def test_a_text_that_answers_nothing_says_how_to_get_help(lyon: Handset, reference: str) -> None:
    assert reference
    assert "AIDE" in lyon.sends("merci beaucoup")[0]


def test_words_within_a_conversation_are_its_answer(container: Container, lyon: Handset, reference: str) -> None:
    lyon.sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    for text in ("BESOIN", "4", "84", "320000", "1"):
        secretary.sends(text)
    assert '"La piste du col"' in secretary.sends("La piste du col")[0]
    secretary.sends("2")
    secretary.sends("5")
    assert '"Besoin de tuyaux"' in secretary.sends("Besoin de tuyaux")[0]
    assert states(container)[0] is ProposalState.INTERESTED
    assert "OUI" in secretary.sends("AIDE")[0]
    confirms(secretary, f"OUI {reference}")
    assert states(container)[0] is ProposalState.INTRODUCED


@pytest.mark.parametrize("word", ["OUI", "NON", "INFO"])
def test_a_mistyped_reference_acts_on_nothing(container: Container, lyon: Handset, reference: str, word: str) -> None:
    wrong = reference[:-1] + next(letter for letter in "23456789" if letter != reference[-1])
    assert lyon.sends(f"{word} {wrong}") == [fold(FRENCH.say("sms.reference_unknown", reference=wrong))]
    assert states(container) == [ProposalState.PROPOSED] * 2


def test_two_processes_take_turns_in_one_conversation_by_sms(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert reference
    one, another = other(lyon, SECRETARY), Handset(Conversations(container), SECRETARY, lyon.ids)
    for number, text in enumerate(("BESOIN", "1", "84", "320000", "1", "Puits")):
        assert len((one, another)[number % 2].sends(text)) == 1
    assert "besoin recu" in another.sends("1")[0]
    assert "AIDE" in one.sends("1")[0]
    with reading(container.engine) as session:
        assert session.scalar(select(func.count()).select_from(Need)) == 2
    another.conversations.close()


@pytest.mark.parametrize("before", [("BESOIN", "1"), ("BESOIN", "1", "84", "320000", "1", "Puits")])
def test_an_sms_whose_commit_failed_is_handled_when_it_comes_again(
    lyon: Handset, reference: str, before: tuple[str, ...]
) -> None:
    assert reference
    secretary = other(lyon, SECRETARY)
    for text in before:
        secretary.sends(text)
    last = "84" if len(before) == 2 else "1"

    def fail(_session: Session) -> None:
        raise OSError("disk full")

    event.listen(Session, "before_commit", fail, once=True)
    with pytest.raises(OSError, match="disk full"):
        secretary.sends(last, "same id")
    (answer,) = secretary.sends(last, "same id")
    assert ("Cout total" if last == "84" else "besoin recu") in answer


def test_a_witness_is_told_who_answers(container: Container, lyon: Handset, reference: str, clock: MovedClock) -> None:
    lyon.sends(f"OUI {reference}")
    with transaction(container.engine) as session:
        know_phone(session, clock(), TREASURER)
        association = officer_of(session).association_id
        session.add(Officer(association_id=association, phone=TREASURER, role=OfficerRole.WITNESS, joined_at=clock()))
    (answer,) = other(lyon, TREASURER).sends(f"OUI {reference}")
    assert "président" in answer
    assert states(container)[0] is ProposalState.INTERESTED


def test_who_took_consent_back_is_not_introduced(container: Container, lyon: Handset, reference: str) -> None:
    lyon.sends(f"OUI {reference}")
    lyon.sends("STOP")
    secretary = other(lyon, SECRETARY)
    assert "+33" not in confirms(secretary, f"OUI {reference}")
    assert states(container)[0] is ProposalState.INTERESTED
    assert "AIDE" in secretary.sends("1")[0]  # nothing waits any more


def test_a_need_that_was_closed_is_said_to_be(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        need = need_by_reference(session, reference)
        assert need
        reject_need(session, clock(), actor="user:1", need_id=need.id, reason="double")
    assert "est clos" in lyon.sends(f"OUI {reference}")[0]


def test_a_stranger_who_says_start_or_asks_for_help_gets_help(handset: NewHandset) -> None:
    stranger = handset(STRANGER)
    assert [len(stranger.sends("START")) for _ in range(5)] == [1, 1, 1, 0, 0]


def test_help_is_help_also_in_the_middle_of_a_registration(handset: NewHandset) -> None:
    stranger = handset(STRANGER)
    stranger.dial()
    stranger.types("3", "1", "1", "2", "1", "taliwin", "1")
    assert "Tiwizi relie" in stranger.sends("AIDE")[0]
    assert stranger.sends("Ifri")[0].startswith("Nom de l'association")

"""Yes, no and what is asked about one need, by SMS."""

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.roles import OfficerRole
from service.domain.states import NeedState, ProposalState
from service.locales import speaker
from service.messaging.segments import fold
from service.models import Need, Officer, Proposal
from service.models.needs import need_by_reference
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.ussd.texting import code_in, confirms, other, states
from tests.world import SECRETARY, STRANGER, TREASURER, UTRECHT, need_of, officer_of

FRENCH = speaker("fr")


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


def test_info_tells_what_the_one_who_asks_may_know(lyon: Handset, reference: str) -> None:
    assert "84 foyers" in lyon.sends(f"INFO {reference}")[0]
    assert "84 foyers" in other(lyon, SECRETARY).sends(f"INFO {reference}")[0]
    hidden = other(lyon, STRANGER).sends(f"INFO {reference}")[0]
    assert "84" not in hidden.replace("*384*84#", "")


def test_info_tells_the_village_whom_its_need_waits_for(lyon: Handset, reference: str) -> None:
    secretary = other(lyon, SECRETARY)
    assert "réponse des associations attendue" in secretary.sends(f"INFO {reference}")[0]
    lyon.sends(f"OUI {reference}")
    assert "réponse du village attendue" in secretary.sends(f"INFO {reference}")[0]
    secretary.sends(f"NON {reference}")
    other(lyon, UTRECHT).sends(f"NON {reference}")
    assert "aucune association" in secretary.sends(f"INFO {reference}")[0]
    secretary.dial()
    assert "pas dit oui. On en cherche d'autres" in secretary.types("2", "1")
    assert "vérifi" in lyon.sends(f"INFO {reference}")[0].rpartition(":")[2]  # what others said is not hers to know


def test_info_on_a_need_that_was_not_shown_says_no_more_than_on_none(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        hidden = need_of(session, clock()).reference
    unknown = fold(FRENCH.say("sms.reference_unknown", reference=hidden))
    assert lyon.sends(f"INFO {hidden}") == [unknown]
    assert lyon.sends(f"OUI {hidden}") == [unknown]
    assert reference != hidden


@pytest.mark.parametrize("word", ["OUI", "NON", "INFO"])
def test_a_mistyped_reference_acts_on_nothing(container: Container, lyon: Handset, reference: str, word: str) -> None:
    wrong = reference[:-1] + next(letter for letter in "23456789" if letter != reference[-1])
    assert lyon.sends(f"{word} {wrong}") == [fold(FRENCH.say("sms.reference_unknown", reference=wrong))]
    assert states(container) == [ProposalState.PROPOSED] * 2


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


def test_a_yes_by_sms_alone_gives_no_number_away(container: Container, lyon: Handset, reference: str) -> None:
    lyon.sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    (asked,) = secretary.sends(f"OUI {reference}")
    code = code_in(asked)
    assert "+33" not in asked
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for text in ("OUI", "1", wrong, f"OUI {reference}"):
        assert "+33" not in secretary.sends(text)[0]
        assert states(container)[0] is ProposalState.INTERESTED
    new = code_in(secretary.inbox()[-1])
    assert new != code
    assert code_in(secretary.sends(code)[0]) == new  # the earlier one is worth nothing
    assert "+33 6 39 98 00 01" in secretary.sends(f"code {new} !")[0]
    assert states(container)[0] is ProposalState.INTRODUCED


def test_a_code_that_was_guessed_at_five_times_is_worth_nothing_any_more(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"OUI {reference}")
    secretary = other(lyon, SECRETARY)
    code = code_in(secretary.sends(f"OUI {reference}")[0])
    for step in range(1, 6):
        secretary.sends(f"{(int(code) + step) % 1_000_000:06}")
    secretary.sends(code)
    assert states(container)[0] is ProposalState.INTERESTED


@pytest.mark.parametrize("text", ["OUI pour {}", "oui, d'accord pour le besoin {}", "OUI {} svp merci"])
def test_a_reference_is_found_wherever_it_stands(
    container: Container, lyon: Handset, reference: str, text: str
) -> None:
    assert f"{reference} est not" in lyon.sends(text.format(reference))[0]
    assert states(container)[0] is ProposalState.INTERESTED


@pytest.mark.parametrize("text", ["OUI pour {}", "NON pas {}", "OUI {0}"])
def test_an_answer_about_another_need_is_not_taken_for_the_one_that_waits(
    container: Container, lyon: Handset, reference: str, clock: MovedClock, text: str
) -> None:
    with transaction(container.engine) as session:
        hidden = need_of(session, clock()).reference
    for meant in (hidden, "K7-4Q3", "K7 4Q3" if text.startswith("OUI {") else "K7-4Q3"):
        assert "ne trouvons pas" in lyon.sends(text.format(meant))[0]
    assert states(container) == [ProposalState.PROPOSED] * 2
    assert reference not in {hidden, "K7-4Q3"}


def test_arabic_no_and_an_amount_is_a_no_since_it_is_no_slip(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert lyon.sends(f"لا {reference} 5000")
    assert states(container)[0] is ProposalState.DECLINED

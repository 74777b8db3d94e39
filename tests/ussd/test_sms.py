"""What people text, and what they are answered."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.states import ProposalState
from service.models import Consent, InboundEvent, Need, Phone
from service.models.session import reading
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.ussd.texting import NewHandset, confirms, other, states
from tests.world import LYON, SECRETARY, STRANGER
from ussd.sessions import Conversations


def test_an_sms_that_the_gateway_repeats_is_handled_and_answered_once(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert len(lyon.sends(f"OUI {reference}", "same")) == 1
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda _: lyon.sends(f"OUI {reference}", "same"), range(5))) == [[]] * 5
    with reading(container.engine) as session:
        assert session.scalar(select(func.count()).select_from(InboundEvent)) == 1
    assert len(other(lyon, SECRETARY).inbox()) == 5  # registered, verified, declared, verified, interest


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


def test_a_stranger_who_says_start_or_asks_for_help_gets_help(handset: NewHandset) -> None:
    stranger = handset(STRANGER)
    assert [len(stranger.sends("START")) for _ in range(5)] == [1, 1, 1, 0, 0]


def test_help_is_help_also_in_the_middle_of_a_registration(handset: NewHandset) -> None:
    stranger = handset(STRANGER)
    stranger.dial()
    stranger.types("3", "1", "1", "2", "1", "taliwin", "1")
    assert "Tiwizi relie" in stranger.sends("AIDE")[0]
    assert stranger.sends("Ifri")[0].startswith("Nom de l'association")


def test_a_newcomer_who_asks_for_help_in_the_middle_of_a_registration_by_sms_gets_it_and_goes_on(
    handset: NewHandset,
) -> None:
    stranger = handset(STRANGER)
    for text in ("BESOIN", "3", "1", "1", "2"):
        assert len(stranger.sends(text)) == 1
    assert [len(stranger.sends("AIDE")) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert "taliwin" not in stranger.sends("1")[0]
    assert "Taliouine" in stranger.sends("taliwin")[0]


def test_a_stranger_is_answered_the_same_whatever_there_is(container: Container, lyon: Handset, reference: str) -> None:
    absent = reference[:-1] + next(letter for letter in "23456789" if letter != reference[-1])
    answers = set()
    for place, text in enumerate(("INFO {}", "OUI {}", "DON {} 500", "CONFIRMER {}", "LISTE")):
        for which, number in ((reference, 10), (absent, 20)):
            phone = other(lyon, f"+2126000001{number + place}")
            (answer,) = phone.sends(text.format(which))
            answers.add((place, answer))
    assert len(answers) == 5
    assert states(container) == [ProposalState.PROPOSED] * 2

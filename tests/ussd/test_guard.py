"""Machines that write by themselves are left alone; people who write again, or under our text, are not."""

import pytest
from sqlalchemy import func, select

from service.container import Container
from service.models import InboundEvent, Message
from service.models.session import reading
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.texting import NewHandset, code_in, other
from tests.world import LYON, SECRETARY, STRANGER
from ussd.sessions import Conversations
from ussd.transports.guard import MOST, SAME
from ussd.transports.sms import Text, receive


def answered(phone: Handset, texts: list[str]) -> list[int]:
    """Return with how many texts each is answered."""
    return [len(phone.sends(text)) for text in texts]


def test_the_same_words_again_and_again_are_answered_three_times(
    lyon: Handset, reference: str, clock: MovedClock
) -> None:
    assert reference
    away = "I am out of the office until Monday"
    assert answered(lyon, [away] * 5) == [1] * SAME + [0, 0]
    clock.move(minutes=11)
    assert answered(lyon, [away]) == [1]


def test_the_same_answer_to_another_question_is_no_loop(lyon: Handset, reference: str) -> None:
    assert reference
    secretary = other(lyon, SECRETARY)
    secretary.sends("BESOIN")
    assert answered(secretary, ["1", "1500", "1500", "1", "Puits", "2", "5", "Puits", "2", "5", "Puits"]) == [1] * 11


def test_no_phone_is_answered_more_than_so_often_an_hour(lyon: Handset, reference: str, clock: MovedClock) -> None:
    assert reference
    assert sum(answered(lyon, [f"numéro {number} merci" for number in range(MOST + 10)])) == MOST
    assert lyon.sends("STOP")  # at any time
    clock.move(minutes=61)
    assert lyon.sends("START")


@pytest.mark.parametrize("mark", ["", "Re: ", "RE: Fwd: ", "> ", "TR : "])
def test_our_own_text_that_comes_back_is_not_answered(lyon: Handset, reference: str, mark: str) -> None:
    assert reference
    (ours,) = lyon.sends("AIDE")
    assert answered(lyon, [mark + ours]) == [0]


def test_a_screen_that_comes_back_within_an_answer_of_a_machine_is_not_answered(lyon: Handset, reference: str) -> None:
    assert reference
    (menu,) = lyon.sends("MENU")
    assert answered(lyon, [f"Message automatique. Vous avez écrit : {menu.upper()}"]) == [0]


def test_who_answers_under_the_text_we_sent_is_answered(lyon: Handset, reference: str) -> None:
    (ours,) = lyon.sends(f"INFO {reference}")
    assert "est not" in lyon.sends(f"OUI {reference}\n> {ours}")[0]


def test_two_machines_of_ours_fall_silent(
    container: Container, handset: NewHandset, conversations: Conversations
) -> None:
    machine, read = handset(STRANGER), 0
    machine.sends("bonjour")
    for number in range(100):
        texts = machine.inbox()[read:]
        read += len(texts)
        if not texts:
            break
        for place, text in enumerate(texts):
            receive(conversations, Text("africastalking", f"loop{number}-{place}", STRANGER, text))
    assert number < SAME
    assert rows(container, Message) < SAME


@pytest.mark.parametrize("name", ["Tiwizi", "INWI", "36111", "Maroc Telecm"])
def test_a_name_or_a_short_number_is_kept_and_never_answered(
    container: Container, handset: NewHandset, conversations: Conversations, name: str
) -> None:
    handset(STRANGER)
    receive(conversations, Text("africastalking", "one", name[:11], "BESOIN"))
    assert (rows(container, InboundEvent), rows(container, Message)) == (1, 0)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2580", "****"),
        ("25 80", "** **"),
        ("mon code est 2580", "mon code est ****"),
        ("PIN 2580", "PIN ****"),
        ("Code : ٢٥٨٠", "Code : ****"),
        ("REJOINDRE 482913", "REJOINDRE ******"),
        ("OUI {reference} 2580", "OUI {reference} ****"),
        ("OUI K7-422 2580.", "OUI K7-422 ****."),
        ("OUI K7-4Q2 2580", "OUI K7-4Q2 ****"),
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("appelez le +33 6 39 98 00 01", "appelez le +33 6 39 98 00 01"),
        ("NON {reference} plus que 20000", "NON {reference} plus que 20000"),
    ],
)
def test_a_secret_that_was_texted_is_not_kept(
    container: Container, lyon: Handset, reference: str, text: str, kept: str
) -> None:
    lyon.sends(text.format(reference=reference))
    with reading(container.engine) as session:
        assert session.scalars(select(InboundEvent.payload)).one()["text"] == kept.format(reference=reference)


def test_a_code_sent_back_is_kept_nowhere_also_when_the_world_moved(
    container: Container, lyon: Handset, reference: str
) -> None:
    lyon.sends(f"DON {reference} 5000")
    code = code_in(lyon.sends("1")[0])
    lyon.sends(f"NON {reference}")
    assert "entre-temps" in lyon.sends(code)[0]
    with reading(container.engine) as session:
        payloads = session.scalars(select(InboundEvent.payload).where(InboundEvent.phone == LYON)).all()
        assert session.scalar(select(func.count()).where(Message.text.contains(code))) == 1  # the one that asks
    assert code not in str(payloads)

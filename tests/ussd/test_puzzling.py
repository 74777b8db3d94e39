"""What no keyword understood is in the inbox; what was understood is not."""

import pytest
from sqlalchemy import select

from service.container import Container
from service.models import Conversation
from service.models.session import reading, transaction
from service.usecases.inbox import heard_from, note_text
from tests.ussd.conftest import Handset
from tests.ussd.texting import NewHandset, code_in
from tests.world import STRANGER, diaspora, need_of, proposed, village


def waits(container: Container, number: str) -> bool:
    with reading(container.engine) as session:
        found = session.scalars(select(Conversation).where(Conversation.phone == number)).one()
        assert (found.waiting_since is None) == (found.resolved_at is not None)
        return found.waiting_since is not None


@pytest.mark.parametrize(
    ("text", "puzzling"),
    [
        ("La pompe est cassée depuis hier", True),
        ("AIDE", False),
        ("LISTE", False),
        ("STOP", False),
    ],
)
def test_a_known_person_waits_for_an_answer_when_nothing_was_understood(
    container: Container, secretary: Handset, text: str, *, puzzling: bool
) -> None:
    secretary.sends(text)
    assert waits(container, secretary.number) is puzzling


@pytest.mark.parametrize(("text", "puzzling"), [("Bonjour à tous", True), ("AIDE", False), ("BESOIN", False)])
def test_a_stranger_waits_for_an_answer_when_nothing_was_understood(
    container: Container, handset: NewHandset, text: str, *, puzzling: bool
) -> None:
    handset(STRANGER).sends(text)
    assert waits(container, STRANGER) is puzzling


def test_who_said_stop_and_writes_again_is_read_though_nobody_answers(container: Container, secretary: Handset) -> None:
    secretary.sends("STOP")
    assert secretary.sends("Appelez-moi, c'est urgent") == []
    assert waits(container, secretary.number)
    secretary.sends("START")


def test_an_answer_to_a_question_is_understood(container: Container, secretary: Handset) -> None:
    secretary.sends("BESOIN")
    secretary.sends("1")
    assert not waits(container, secretary.number)


CRY = "Salam, la route est coupee par la pluie et ma mere est malade"


@pytest.mark.parametrize(
    ("text", "read"), [(CRY, True), ("99 999 999", False), ("beaucoup", False), ("80 a 90", False)]
)
def test_a_cry_in_the_middle_of_a_dialogue_is_answered_and_read_by_a_person(
    container: Container, secretary: Handset, text: str, *, read: bool
) -> None:
    for said in ("BESOIN", "1", "1"):
        secretary.sends(said)
    assert "nombre de" in secretary.sends(text)[0]
    assert waits(container, secretary.number) is read
    with reading(container.engine) as session:
        assert heard_from(session, [secretary.number])[secretary.number][1] == text


def test_a_sentence_where_a_code_is_asked_is_read_without_its_figures(container: Container, lyon: Handset) -> None:
    with transaction(container.engine) as session:
        now = container.clock()
        village(session, now)
        need = need_of(session, now)
        proposed(session, now, need, diaspora(session, now))
        reference = need.reference
    lyon.sends(f"DON {reference} 500 EUR")
    code_in(lyon.sends("1")[0])
    lyon.sends("Mon code est 12345 ou 482913 merci")
    assert waits(container, lyon.number)
    with reading(container.engine) as session:
        assert not any(map(str.isdigit, heard_from(session, [lyon.number])[lyon.number][1]))


@pytest.mark.parametrize(("text", "read"), [("INFO", False), ("LISTE", False), ("OUI", True), (f"AIDE {CRY}", True)])
def test_a_plain_word_of_command_is_no_answer_to_a_person(
    container: Container, secretary: Handset, text: str, *, read: bool
) -> None:
    with transaction(container.engine) as session:
        note_text(session, container.clock(), secretary.number, understood=True)
        conversation = session.scalars(select(Conversation).where(Conversation.phone == secretary.number)).one()
        conversation.answered_at = container.clock()
    secretary.sends(text)
    assert waits(container, secretary.number) is read

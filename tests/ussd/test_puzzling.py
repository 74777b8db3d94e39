"""What no keyword understood is in the inbox; what was understood is not."""

import pytest
from sqlalchemy import select

from service.container import Container
from service.models import Conversation
from service.models.session import reading
from tests.ussd.conftest import Handset
from tests.ussd.texting import NewHandset
from tests.world import STRANGER


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

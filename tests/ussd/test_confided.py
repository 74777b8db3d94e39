"""Who answered a spot check is read by nobody: not the question, nor the answer, nor the thanks."""

import pytest
from sqlalchemy import func, select

from service.container import Container
from service.messaging.outbox import tell
from service.models import Conversation, InboundEvent, SpotQuestion
from service.models.history import Around, kept
from service.models.session import reading, transaction
from service.models.spotchecks import SpotAnswer, SpotCheck
from service.usecases.inbox import entries_of, heard_from
from service.usecases.personal import HIDDEN, personal_data
from service.usecases.spotchecks import conclude_checks
from tests.ussd.conftest import Handset
from tests.ussd.projects import project_of, staffed_village
from tests.ussd.residents import VILLAGER, finished, residents
from tests.ussd.texting import NewHandset


@pytest.fixture
def villager(container: Container, handset: NewHandset) -> Handset:
    """A resident who was just asked whether the works are done."""
    phone = handset(VILLAGER)
    with transaction(container.engine) as session:
        now = container.clock()
        staffed_village(session, now)
        project_of(session, now)
        residents(session, now)
        finished(session, now)
    return phone


def read(container: Container) -> list[str | None]:
    """Return all that a person of the coordination reads of the villager."""
    with reading(container.engine) as session:
        around = Around((), phones=[VILLAGER], told=True)
        return [
            *(entry.text for entry in entries_of(session, VILLAGER)),
            *(entry.text for entry in entries_of(session, VILLAGER, container.clock())),
            *(one.text for one in kept(session, around, None, 50)),
            heard_from(session, [VILLAGER])[VILLAGER][1],
        ]


def conversations(container: Container) -> int:
    with reading(container.engine) as session:
        found = select(func.count()).where(Conversation.phone == VILLAGER)
        return session.scalar(found) or 0


@pytest.mark.parametrize("text", ["1", "2.", "OUI", "١"])
def test_an_answer_is_counted_and_read_by_nobody(container: Container, villager: Handset, text: str) -> None:
    assert ["notée" in said for said in villager.sends(text)] == [True]
    assert ["la première compte" in said for said in villager.sends("OUI")] == [True]
    assert set(read(container)) == {""}
    assert conversations(container) == 0
    with reading(container.engine) as session:
        assert session.scalars(select(SpotQuestion.answer).where(SpotQuestion.answer.is_not(None))).one()
        payloads = session.scalars(select(InboundEvent.payload).where(InboundEvent.phone == VILLAGER)).all()
        assert not any("text" in payload for payload in payloads)


def test_neither_is_one_that_a_dialogue_asked_for(container: Container, villager: Handset) -> None:
    villager.sends("MENU")
    villager.sends("1")
    assert "Nous disons seulement" in villager.sends("Non")[0]
    with reading(container.engine) as session:
        answered = session.scalars(select(SpotQuestion.answer).where(SpotQuestion.answer.is_not(None))).all()
    assert answered == [SpotAnswer.NO]
    assert set(read(container)) == {None, "MENU"}


def test_an_answer_that_comes_too_late_waits_for_nobody(container: Container, villager: Handset) -> None:
    with transaction(container.engine) as session:
        for question in session.scalars(select(SpotQuestion)):
            question.answer = SpotAnswer.YES
        session.flush()
        assert conclude_checks(session, container.clock()) == 1
        assert session.scalars(select(SpotCheck.told_at)).one()
    assert "Aucune question n'attend" in villager.sends("2")[0]
    assert "Aucune question n'attend" in villager.sends("OUI")[0]
    assert (conversations(container), set(read(container))) == (0, {None, ""})


def test_not_even_an_export_of_their_data_says_what_they_answered(container: Container, villager: Handset) -> None:
    villager.sends("2")
    with transaction(container.engine) as session:
        kept_of_them = personal_data(session, container.clock(), actor="user:1", phone=VILLAGER)
    assert [one["answer"] for one in kept_of_them["rows"]["spot_questions"]] == [HIDDEN]


def test_what_else_they_write_is_read(container: Container, villager: Handset) -> None:
    villager.sends("1")
    villager.sends("La pompe est cassée depuis hier")
    assert conversations(container) == 1
    assert "La pompe est cassée depuis hier" in read(container)
    assert "1" not in read(container)


def test_a_figure_of_who_was_never_asked_is_read(container: Container, villager: Handset) -> None:
    with transaction(container.engine) as session:
        for question in session.scalars(select(SpotQuestion)):
            session.delete(question)
        tell(session, container.clock(), event="x", phone=VILLAGER, template="help_resident", reply=True)
    villager.sends("1")
    assert "1" in read(container)

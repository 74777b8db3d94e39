"""After a drop: the carrier tells how a session ended, and who was cut off is told once how to go on."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.roles import UserRole
from service.locales import Language
from service.messaging.segments import measure
from service.models import Message, Need, Phone, User
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.conftest import NEED, Handset, rows
from tests.ussd.texting import NewHandset, other
from tests.world import SECRETARY, STRANGER, TREASURER
from ussd.drops import invite_back
from ussd.sessions import Conversations

CUT, WELL = "Incomplete", "Success"
BEGUN = NEED[:3]


@dataclass
class Line:
    """What a carrier tells when a call is over."""

    conversations: Conversations
    clock: MovedClock

    def ends(self, phone: Handset, status: str = CUT) -> list[str]:
        """End the session that a phone is in; return what the phone is sent."""
        before = len(phone.inbox())
        self.clock.move(seconds=5)
        with transaction(self.conversations.container.engine) as session:
            invite_back(self.conversations, session, phone=phone.number, carrier_session=phone.session, status=status)
        return phone.inbox()[before:]


@pytest.fixture
def line(conversations: Conversations, clock: MovedClock) -> Line:
    return Line(conversations, clock)


def begins(phone: Handset, *typed: str) -> None:
    """Dial, begin anew where something was begun before, and type."""
    if "1 Continuer" in phone.dial():
        phone.types("2")
    phone.types(*typed)


def test_a_report_that_was_cut_off_is_invited_back_and_goes_on_by_sms(
    container: Container, secretary: Handset, line: Line
) -> None:
    begins(secretary, *BEGUN)
    (invited,) = line.ends(secretary)
    assert "*384*84#" in invited
    assert "SUITE" in invited
    assert secretary.sends("SUITE")[0].startswith("Cout total")
    for answer in ("320000", "1", "Puits"):
        secretary.sends(answer)
    assert "besoin recu" in secretary.sends("1")[0]
    assert rows(container, Need) == 1


def test_the_next_answer_alone_goes_on_as_well(secretary: Handset, line: Line) -> None:
    begins(secretary, *BEGUN)
    line.ends(secretary)
    assert secretary.sends("320000")[0].startswith("Part du village")


def test_the_same_draft_is_invited_back_once_as_long_as_it_is_kept(
    secretary: Handset, line: Line, clock: MovedClock
) -> None:
    begins(secretary, *BEGUN)
    assert len(line.ends(secretary)) == 1
    assert line.ends(secretary) == []
    begins(secretary, *BEGUN)
    assert line.ends(secretary) == []
    clock.move(hours=25)
    begins(secretary, *BEGUN)
    assert len(line.ends(secretary)) == 1


def test_another_draft_is_invited_back_too(secretary: Handset, line: Line) -> None:
    begins(secretary, *BEGUN)
    assert len(line.ends(secretary)) == 1
    begins(secretary, "3", "1", "2", "2")  # Other, officers, add: the treasurer
    assert "numéro" in secretary.seen[-1].text
    assert len(line.ends(secretary)) == 1


def test_nobody_is_written_to_after_a_session_that_ended_well(secretary: Handset, line: Line) -> None:
    begins(secretary, *BEGUN)
    assert line.ends(secretary, WELL) == []


@pytest.mark.parametrize("typed", [(), ("1",), ("2",), ("3",), (*NEED, "1")], ids=str)
def test_nobody_is_written_to_when_nothing_was_begun_or_all_was_said(
    secretary: Handset, line: Line, typed: tuple[str, ...]
) -> None:
    begins(secretary, *typed)
    assert line.ends(secretary) == []


def test_nobody_is_written_to_who_went_on_since(secretary: Handset, line: Line, clock: MovedClock) -> None:
    begins(secretary, *BEGUN)
    first = Handset(secretary.conversations, SECRETARY, secretary.ids, secretary.session)
    clock.move(seconds=20)
    secretary.dial()
    assert line.ends(first) == []
    secretary.types("1")
    assert secretary.sends("320000")
    assert line.ends(secretary) == []


def test_who_said_stop_is_not_written_to(container: Container, secretary: Handset, line: Line) -> None:
    begins(secretary, *BEGUN)
    with transaction(container.engine) as session:
        session.get_one(Phone, SECRETARY).stopped_at = container.clock()
    assert line.ends(secretary) == []
    assert secretary.sends("START")
    begins(secretary, *BEGUN)
    assert len(line.ends(secretary)) == 1


def test_a_stranger_who_has_agreed_to_nothing_yet_is_not_written_to(handset: NewHandset, line: Line) -> None:
    stranger = handset(STRANGER)
    stranger.dial()
    stranger.types("3", "1", "1", "2", "1", "taliwin")
    assert line.ends(stranger) == []


def test_a_session_of_another_phone_ends_nothing(secretary: Handset, line: Line) -> None:
    begins(secretary, *BEGUN)
    assert line.ends(Handset(secretary.conversations, TREASURER, secretary.ids, secretary.session)) == []


@pytest.mark.parametrize("language", Language)
def test_the_invitation_speaks_the_language_of_who_was_cut_off_and_is_short(
    container: Container, secretary: Handset, line: Line, clock: MovedClock, language: Language
) -> None:
    with transaction(container.engine) as session:
        know_phone(session, clock(), SECRETARY, language)
    begins(secretary, *BEGUN)
    (invited,) = line.ends(secretary)
    assert measure(invited).parts == 1
    word = invited.rstrip(".").split()[-1]
    assert secretary.sends(word) == secretary.sends("SUITE")  # the word it names is one


def test_a_coordinator_has_no_draft_to_lose(
    container: Container, secretary: Handset, line: Line, clock: MovedClock
) -> None:
    coordinator = other(secretary, "+212600000050")
    with transaction(container.engine) as session:
        user = User(name="Zahra", role=UserRole.COORDINATOR, password_hash="", password_once=False, created_at=clock())
        user.phone = coordinator.number
        session.add(user)
    begins(coordinator, "1")
    assert line.ends(coordinator) == []


def test_another_process_knows_what_was_begun(
    container: Container, secretary: Handset, line: Line, clock: MovedClock
) -> None:
    begins(secretary, *BEGUN)
    secretary.conversations.journals.flush()
    process = Conversations(container)
    assert len(Line(process, clock).ends(secretary)) == 1
    assert line.ends(secretary) == []
    process.close()
    with reading(container.engine) as session:
        assert session.scalars(select(Message.template).order_by(Message.id)).all()[-1] == "dropped"

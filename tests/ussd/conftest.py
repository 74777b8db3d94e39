from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from sqlalchemy import func, select

from service.container import Container
from service.models import Message
from service.models.base import Base
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.service.gateways.conftest import centre, npm
from tests.world import LYON, SECRETARY, UTRECHT, diaspora, need_of, proposed, settle, village
from ussd.engine.replay import Screen
from ussd.sessions import Conversations, Turn
from ussd.transports.sms import Text, receive

__all__ = ["centre", "npm"]  # SMS centres serve here as well

# The answers of the short form, up to its summary.
NEED = ("1", "1", "84", "320 000", "60000", "Puits du bas")


@dataclass
class Handset:
    """A phone whose carrier sends the whole text each time, as Africa's Talking does."""

    conversations: Conversations
    number: str
    ids: Iterator[int]
    session: str = ""
    text: str = ""
    seen: list[Screen] = field(default_factory=list)

    def dial(self) -> str:
        self.session, self.text = f"ATUid_{self.number}_{next(self.ids)}", ""
        return self._turn()

    def types(self, *answers: str) -> str:
        for answer in answers:
            self.text = f"{self.text}*{answer}" if self.text else answer
            self._turn()
        return self.seen[-1].text

    def again(self) -> Screen:
        return self.conversations.answer(Turn("africastalking", self.session, self.number, self.text))

    def sends(self, text: str, message_id: str = "") -> list[str]:
        """Send an SMS and return what it was answered."""
        before = len(self.inbox())
        receive(self.conversations, Text("africastalking", message_id or f"id{next(self.ids)}", self.number, text))
        return self.inbox()[before:]

    def inbox(self) -> list[str]:
        with reading(self.conversations.container.engine) as session:
            return list(session.scalars(select(Message.text).where(Message.phone == self.number).order_by(Message.id)))

    def _turn(self) -> str:
        self.seen.append(self.again())
        return self.seen[-1].text


@pytest.fixture
def conversations(container: Container) -> Iterator[Conversations]:
    """The conversations of one process."""
    held = Conversations(container)
    yield held
    held.close()


@pytest.fixture
def handset(conversations: Conversations) -> Callable[[str], Handset]:
    settle(conversations.container.engine)
    ids = count(1)
    return lambda number: Handset(conversations, number, ids)


def rows(container: Container, entity: type[Base]) -> int:
    with reading(container.engine) as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


@pytest.fixture
def secretary(container: Container, handset: Callable[[str], Handset], clock: MovedClock) -> Handset:
    phone = handset(SECRETARY)
    with transaction(container.engine) as session:
        village(session, clock())
    return phone


@pytest.fixture
def lyon(handset: Callable[[str], Handset]) -> Handset:
    return handset(LYON)


@pytest.fixture
def reference(container: Container, handset: Callable[[str], Handset], clock: MovedClock) -> str:
    """A verified need of the village, shown to Lyon and to Utrecht."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        village(session, clock())
        need = need_of(session, clock())
        proposed(session, clock(), need, diaspora(session, clock()))
        proposed(session, clock(), need, diaspora(session, clock(), UTRECHT, "Utrecht-Souss"))
        return need.reference

"""What was called back while it was being sent, or was in doubt, is not sent when it comes back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs.broadcasts import send_broadcasts
from service.container import Container
from service.domain.broadcasts import Audience, Who
from service.domain.roles import UserRole
from service.domain.states import MessageState
from service.gateways.base import Outcome, Outgoing, Sent
from service.messaging.outbox import tell
from service.messaging.receipts import DOUBTED
from service.messaging.sender import drain
from service.messaging.unknown import resend_unknown
from service.models import Message, User
from service.models.session import reading, transaction
from service.usecases.broadcasts import approve, cancel, pause, resume, write_broadcast
from service.usecases.leaving import forget
from service.usecases.phones import know_phone, switch_off
from tests.conftest import MovedClock
from tests.service.messaging.test_budget import guarded
from tests.service.messaging.test_sender import FakeGateway
from tests.world import LYON, SECRETARY, settle, village

PHONE = "+33639980001"
LATER = Sent(Outcome.RETRY, reason="busy")


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def post(container: Container, gateway: FakeGateway) -> Container:
    return guarded(container, gateway)


def somebody(post: Container, name: str) -> User:
    values = {"role": UserRole.COORDINATOR, "password_hash": "", "password_once": False, "created_at": post.clock()}
    with transaction(post.engine) as session:
        user = User(name=name, **values)
        session.add(user)
    return user


@pytest.fixture
def coordinator(post: Container) -> User:
    return somebody(post, "Amina")


@pytest.fixture
def broadcast(post: Container, gateway: FakeGateway, coordinator: User) -> int:
    """One that a village of one officer is to get, and is in the outbox alone."""
    settle(post.engine)
    with transaction(post.engine) as session:
        village(session, post.clock())
    while drain(post):
        gateway.sent.clear()
    writer = somebody(post, "Zahra")
    with transaction(post.engine) as session:
        audience, texts = Audience(Who.VILLAGES), {"fr": "Réunion.", "ar": "اجتماع."}
        number = write_broadcast(session, post.clock(), user=writer, audience=audience, texts=texts, form="0" * 32)
        approve(session, post.clock(), user=coordinator, broadcast_id=number)
    send_broadcasts(post)
    return number


def amid_the_call(gateway: FakeGateway, done: Callable[[], None]) -> None:
    """Have something happen during the next call, which then is to be made again; the one after that is taken."""

    def answer(_: Outgoing) -> Sent:
        gateway.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
        done()
        return LATER

    gateway.answer = answer


def outcome(post: Container, phone: str) -> tuple[MessageState, str]:
    with reading(post.engine) as session:
        last = select(Message).where(Message.phone == phone).order_by(Message.id.desc()).limit(1)
        message = session.scalars(last).one()
        return message.state, message.reason


def test_a_broadcast_that_was_cancelled_amid_a_call_is_not_tried_again(
    post: Container, gateway: FakeGateway, clock: MovedClock, coordinator: User, broadcast: int
) -> None:
    def call_back() -> None:
        with transaction(post.engine) as session:
            cancel(session, clock(), user=coordinator, broadcast_id=broadcast)

    amid_the_call(gateway, call_back)
    drain(post)
    clock.move(minutes=5)
    drain(post)
    assert len(gateway.sent) == 1
    assert outcome(post, SECRETARY) == (MessageState.CANCELLED, "withdrawn")


def test_a_broadcast_that_was_held_amid_a_call_goes_on_when_it_is_resumed(
    post: Container, gateway: FakeGateway, clock: MovedClock, coordinator: User, broadcast: int
) -> None:
    def hold() -> None:
        with transaction(post.engine) as session:
            pause(session, clock(), user=coordinator, broadcast_id=broadcast)

    amid_the_call(gateway, hold)
    drain(post)
    for waited in (timedelta(minutes=5), timedelta(days=8)):  # also longer than it is usually worth sending
        clock.now += waited
        drain(post)
    assert len(gateway.sent) == 1
    with transaction(post.engine) as session:
        resume(session, clock(), user=coordinator, broadcast_id=broadcast)
    drain(post)
    assert outcome(post, SECRETARY)[0] is MessageState.ACCEPTED


def test_what_is_in_doubt_is_not_sent_once_more_to_a_phone_that_was_switched_off(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    gateway.answer = lambda _: Sent(Outcome.UNKNOWN, reason="time-out")
    with transaction(post.engine) as session:
        tell(session, clock(), event="a", phone=PHONE, template="refused", reference="K7", association="A")
    drain(post)
    with transaction(post.engine) as session:
        switch_off(session, clock(), PHONE)
    clock.now += DOUBTED
    with transaction(post.engine) as session:
        assert resend_unknown(session, clock()) == 0
    assert outcome(post, PHONE)[0] is MessageState.UNKNOWN


def test_what_comes_back_for_a_phone_that_was_switched_off_amid_the_call_is_not_tried_again(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    def lose_the_phone() -> None:
        with transaction(post.engine) as session:
            switch_off(session, clock(), PHONE)

    amid_the_call(gateway, lose_the_phone)
    with transaction(post.engine) as session:
        tell(session, clock(), event="a", phone=PHONE, template="refused", reference="K7", association="A")
    drain(post)
    clock.move(minutes=5)
    drain(post)
    assert len(gateway.sent) == 1
    assert outcome(post, PHONE) == (MessageState.CANCELLED, "left")


def tell_of_a_number(post: Container) -> Callable[[], None]:
    """Tell a phone the number of somebody; returns what forgets that one."""

    def forget_them() -> None:
        with transaction(post.engine) as session:
            forget(session, post.clock(), phone=LYON)

    with transaction(post.engine) as session:
        know_phone(session, post.clock(), LYON)
        tell(
            session,
            post.clock(),
            event="a",
            phone=SECRETARY,
            template="contact_changed",
            reference="K7",
            diaspora="A",
            contact="Ali",
            number=LYON,
        )
    return forget_them


def test_what_told_of_somebody_who_is_forgotten_amid_the_call_does_not_come_empty(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    amid_the_call(gateway, tell_of_a_number(post))
    drain(post)
    clock.move(minutes=5)
    drain(post)
    assert len(gateway.sent) == 1
    assert outcome(post, SECRETARY)[0] is MessageState.CANCELLED


def test_what_told_of_somebody_who_is_forgotten_while_it_is_in_doubt_does_not_come_empty(
    post: Container, gateway: FakeGateway, clock: MovedClock
) -> None:
    gateway.answer = lambda _: Sent(Outcome.UNKNOWN, reason="time-out")
    forget_them = tell_of_a_number(post)
    drain(post)
    forget_them()
    clock.now += DOUBTED
    with transaction(post.engine) as session:
        assert resend_unknown(session, clock()) == 0

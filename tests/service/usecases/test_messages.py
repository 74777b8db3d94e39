"""What those who look after the service see of messages, and send again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import count, product
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.errors import MoveError, NotFoundError
from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState
from service.gateways.base import Outcome, Sent
from service.gateways.registry import RECEIPTS
from service.messaging.health import SILENT_AFTER, locked_state, start_gateway, stop_gateway, weigh
from service.messaging.outbox import tell
from service.messaging.receipts import advance, take_receipt
from service.messaging.sender import drain
from service.models import AuditEntry, Message, Spending
from service.models.messages import oldest_due
from service.models.session import reading, transaction
from service.usecases.leaving import forget
from service.usecases.messages import (
    dead_letters,
    gateways_now,
    in_doubt,
    note_arrived,
    overview,
    replay,
    spending_now,
)
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.world import LYON, SECRETARY, diaspora, settle, village

PHONE, OTHER = "+212612345678", "+33639980002"
NAME = "africastalking"
REFUSED, IN_DOUBT = Sent(Outcome.REFUSED, reason="403 InvalidPhoneNumber"), Sent(Outcome.UNKNOWN, reason="ReadTimeout")


@dataclass
class Post:
    """A service whose messages go through the fake gateway."""

    container: Container
    gateway: ScriptedGateway
    numbers: "count[int]" = field(default_factory=count)

    def queue(self, phone: str = PHONE, template: str = "need_saved") -> int:
        now, reference = self.container.clock(), f"K{next(self.numbers)}"
        with transaction(self.container.engine) as session:
            tell(session, now, event=reference, phone=phone, template=template, reference=reference)
            return session.scalars(select(Message.id).order_by(Message.id.desc())).first() or 0

    def ends_as(self, sent: Sent, phone: str = PHONE) -> int:
        """Queue a message and let the gateway answer so."""
        number, before = self.queue(phone), self.gateway.answer
        self.gateway.answer = lambda _: sent
        assert drain(self.container) == 1
        self.gateway.answer = before
        return number

    def read(self, number: int) -> Message:
        with reading(self.container.engine) as session:
            return session.get_one(Message, number)

    def replay(self, number: int, resent: int | None = None) -> None:
        with transaction(self.container.engine) as session:
            replay(session, self.container.clock(), actor="user:1", message_id=number, resent=resent)


@pytest.fixture
def post(container: Container) -> Post:
    settings = container.settings.model_copy(update={"sms_routes": {"*": (NAME,)}})
    gateway = ScriptedGateway()
    return Post(replace(container, settings=settings, gateways={NAME: gateway}), gateway)


@pytest.mark.parametrize("sent", [REFUSED, IN_DOUBT])
def test_what_did_not_leave_is_sent_once_more_with_a_new_life(post: Post, clock: MovedClock, sent: Sent) -> None:
    number = post.ends_as(sent)
    clock.move(days=8)  # its first life is over
    post.replay(number)
    message = post.read(number)
    assert (message.state, message.attempts, message.reason, message.final_at) == (MessageState.QUEUED, 0, "", None)
    assert (message.gateway, message.provider_id, message.attempt_id, message.lease_until) == (None, None, None, None)
    assert message.expires_at == clock() + MANNERS[message.kind].life
    assert drain(post.container) == 1
    assert post.read(number).state is MessageState.ACCEPTED
    assert drain(post.container) == 0
    first, second = post.gateway.sent
    assert (first.phone, first.text) == (second.phone, second.text)
    assert first.id != second.id  # a gateway that knows the first would not carry it again
    with reading(post.container.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "message.replayed")).one()
    before = "failed" if sent is REFUSED else "unknown"
    assert (entry.actor, entry.subject, entry.data) == ("user:1", f"message:{number}", {"before": before})


def test_what_came_too_late_may_be_sent_all_the_same(post: Post, clock: MovedClock) -> None:
    number = post.queue()
    clock.move(days=8)
    assert drain(post.container) == 0
    assert (post.read(number).state, post.read(number).reason) == (MessageState.EXPIRED, "too late")
    post.replay(number)
    assert drain(post.container) == 1


def test_a_click_that_comes_twice_is_one(post: Post) -> None:
    number = post.ends_as(IN_DOUBT)
    post.replay(number, resent=0)
    with pytest.raises(MoveError):
        post.replay(number, resent=0)
    post.gateway.answer = lambda _: IN_DOUBT
    drain(post.container)
    with pytest.raises(MoveError):  # in doubt again, but that is another decision
        post.replay(number, resent=0)
    post.replay(number, resent=post.read(number).resent)


def test_of_two_who_click_at_the_same_moment_one_is_told_so(post: Post) -> None:
    number = post.ends_as(REFUSED)
    at_once, outcomes = Barrier(2), []

    def click() -> None:
        at_once.wait()
        try:
            post.replay(number)
        except MoveError:
            outcomes.append("refused")
        else:
            outcomes.append("replayed")

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "replayed"]
    with reading(post.container.engine) as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "message.replayed")).all()) == 1


def test_what_is_not_dead_is_left_as_it_is(post: Post) -> None:
    waiting = post.queue()
    with pytest.raises(MoveError):
        post.replay(waiting)
    drain(post.container)
    taken = post.read(waiting)
    assert taken.state is MessageState.ACCEPTED
    with pytest.raises(MoveError):
        post.replay(waiting)
    with transaction(post.container.engine) as session:
        receipt = {"gateway": NAME, "provider_id": str(taken.provider_id), "phone": PHONE}
        take_receipt(session, post.container.clock(), **receipt, status="Failed", reason="AbsentSubscriber")
    assert post.read(waiting).state is MessageState.FAILED  # it did leave: the phone did not take it
    with pytest.raises(MoveError):
        post.replay(waiting)
    with pytest.raises(NotFoundError):
        post.replay(waiting + 1)


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_sent_again_to_who_said_stop_or_left(post: Post, clock: MovedClock, *, gone: bool) -> None:
    number = post.ends_as(REFUSED)
    with transaction(post.container.engine) as session:
        if gone:
            forget(session, clock(), phone=PHONE)
        else:
            stop(session, clock(), PHONE, "ussd")
    with pytest.raises(MoveError):
        post.replay(number)
    with reading(post.container.engine) as session:
        assert [letter.may_replay for letter in dead_letters(session, 10)] == [False]
    assert drain(post.container) == 0


def test_what_was_reserved_for_one_in_doubt_stays_spent(post: Post, clock: MovedClock) -> None:
    number = post.ends_as(IN_DOUBT)
    once = post.read(number).cost
    assert once
    post.replay(number)
    drain(post.container)
    with reading(post.container.engine) as session:
        assert session.get_one(Spending, (clock().astimezone(UTC).date(), "all")).amount == 2 * once


def test_who_says_that_it_came_ends_the_doubt(post: Post, clock: MovedClock) -> None:
    number = post.ends_as(IN_DOUBT)
    with transaction(post.container.engine) as session:
        note_arrived(session, clock(), actor="user:1", message_id=number)
    message = post.read(number)
    assert (message.state, message.final_at) == (MessageState.DELIVERED, clock())
    for settled in (number, post.ends_as(REFUSED)):
        with pytest.raises(MoveError), transaction(post.container.engine) as session:
            note_arrived(session, clock(), actor="user:1", message_id=settled)


def test_no_receipt_puts_a_message_back_in_the_queue(clock: MovedClock) -> None:
    told = {state for table in RECEIPTS.values() for state in table.values()}
    assert told
    for before, state in product(MessageState, told):
        message = Message(state=before)
        moved = advance(message, state, clock(), "")
        assert message.state is (state if moved else before)
        assert message.state is before or message.state is not MessageState.QUEUED


def test_the_overview_counts_each_kind_in_each_state(post: Post, clock: MovedClock) -> None:
    due = clock()
    # The doubt comes last: its phone waits.
    dead, doubtful = post.ends_as(REFUSED), post.ends_as(IN_DOUBT)
    clock.move(minutes=1)
    post.queue()
    post.queue(OTHER, "need_verified")
    with reading(post.container.engine) as session:
        seen = overview(session, clock(), [NAME])
        assert session.scalars(select(Message.id).where(in_doubt())).all() == [doubtful]
        [letter] = dead_letters(session, 10)
    assert letter.last
    assert (letter.id, letter.last.begun_at, letter.last.reason) == (dead, due, REFUSED.reason)
    assert seen.counts == {
        (MessageState.UNKNOWN, Kind.RECORD): 1,
        (MessageState.FAILED, Kind.RECORD): 1,
        (MessageState.QUEUED, Kind.RECORD): 1,
        (MessageState.QUEUED, Kind.NEWS): 1,
    }
    assert (seen.dead, seen.oldest_due) == ({Kind.RECORD: 1}, clock())
    assert (seen.count(MessageState.QUEUED), seen.count(MessageState.QUEUED, kind=Kind.NEWS)) == (2, 1)


@pytest.mark.parametrize("gateway", [None, NAME])
def test_the_oldest_that_is_due_is_found_wherever_it_waits(post: Post, clock: MovedClock, gateway: str | None) -> None:
    first = clock()
    for number, template in enumerate(("need_verified", "need_saved")):
        message = post.queue(template=template)
        with transaction(post.container.engine) as session:
            session.get_one(Message, message).gateway = gateway
            session.get_one(Message, message).next_at = first + timedelta(minutes=number)
    with reading(post.container.engine) as session:
        assert oldest_due(session, first + timedelta(hours=1), [NAME]) == first
        assert oldest_due(session, first - timedelta(seconds=1), [NAME]) is None


def test_a_gateway_is_seen_stopped_silent_and_failing(post: Post, clock: MovedClock) -> None:
    def seen() -> list[tuple[str, int, bool, str]]:
        with reading(post.container.engine) as session:
            return [
                (one.name, one.weight, one.silent, one.stopped_by) for one in gateways_now(session, clock(), [NAME])
            ]

    assert seen() == [("*", 100, False, ""), (NAME, 100, False, "")]
    with transaction(post.container.engine) as session:
        weigh(locked_state(session, NAME), clock(), 0, 3)
    assert seen()[1] == (NAME, 50, False, "")
    with transaction(post.container.engine) as session:
        locked_state(session, NAME).heard_at = clock()
    clock.now += SILENT_AFTER + timedelta(seconds=1)
    assert seen()[1] == (NAME, 2, True, "")
    with transaction(post.container.engine) as session:
        stop_gateway(session, clock(), NAME, "cli")
        stop_gateway(session, clock(), "*", "cli")
    assert seen() == [("*", 0, False, "cli"), (NAME, 0, True, "cli")]
    with transaction(post.container.engine) as session:
        start_gateway(session, clock(), "*", "cli")
    assert [by for *_, by in seen()] == ["", "cli"]


def test_spending_names_countries_and_associations_and_no_phone(post: Post, clock: MovedClock) -> None:
    settle(post.container.engine)
    with transaction(post.container.engine) as session:
        village(session, clock(), SECRETARY)
        diaspora(session, clock(), LYON)
    post.queue(LYON)
    drain(post.container)
    settings = post.container.settings.model_copy(update={"cap_association": Decimal(0)})
    with reading(post.container.engine) as session:
        spent = spending_now(session, settings, clock())
    assert spent[0].scope == "all"
    assert {(one.scope, one.whose) for one in spent[1:]} == {
        ("country", "FR"),
        ("country", "MA"),
        ("village", "Ait Abdallah"),
        ("diaspora", "Lyon-Taliouine"),
    }
    assert sum(one.amount for one in spent if one.scope == "country") == spent[0].amount > 0
    assert {one.part for one in spent if one.scope in {"village", "diaspora"}} == {1.0}  # a cap of nothing is full

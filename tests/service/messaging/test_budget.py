"""The money guard: what may be spent is never overspent, and what is over waits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import func, select

from service.container import Container
from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.gateways.base import Outcome, Outgoing, Sent
from service.locales import Language
from service.messaging.budget import Wanted, caps, price_of_part, reserve, spent_today
from service.messaging.claims import CAP_WAIT
from service.messaging.health import stop_gateway
from service.messaging.outbox import tell
from service.messaging.sender import MOST_ATTEMPTS, drain
from service.models import Contact, Message, Spending
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.messaging.test_sender import FakeGateway
from tests.world import LYON, UTRECHT, diaspora, settle

GATEWAY = "africastalking"
PRICE = Decimal("0.08")


def guarded(container: Container, gateway: FakeGateway, **caps: str) -> Container:
    wanted = {name: Decimal(amount) for name, amount in caps.items()}
    settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}, **wanted})
    return replace(container, settings=settings, gateways={gateway.name: gateway})


def queue(post: Container, *phones: str, template: str = "need_saved", event: str = "e") -> None:
    with transaction(post.engine) as session:
        for number, phone in enumerate(phones):
            tell(session, post.clock(), event=f"{event}{number}", phone=phone, template=template, reference="K7-4Q2")


def spent(post: Container) -> dict[str, int]:
    with reading(post.engine) as session:
        rows = session.execute(select(Spending.scope, Spending.amount))
        return {scope: amount for scope, amount in rows}  # noqa: C416  # rows are no pairs to the type checker


def count(post: Container, state: MessageState) -> int:
    with reading(post.engine) as session:
        return session.scalar(select(func.count()).where(Message.state == state)) or 0


@pytest.mark.parametrize(
    ("phone", "gateway", "price"),
    [
        ("+212612345678", "smpp", 30),
        ("+212612345678", "android", 0),
        ("+33639980001", "smpp", 80),
        ("+33639980001", "console", 80),
    ],
)
def test_a_part_costs_what_its_gateway_or_its_prefix_does(
    container: Container, phone: str, gateway: str, price: int
) -> None:
    prices = {"android": Decimal(0), "+212": Decimal("0.03"), "+2": Decimal(9), "*": PRICE}
    settings = container.settings.model_copy(update={"sms_prices": prices})
    assert price_of_part(settings, gateway, phone) == price


def test_what_is_sent_is_spent_by_day_country_phone_and_association(container: Container) -> None:
    settle(container.engine)
    post = guarded(container, FakeGateway())
    with transaction(post.engine) as session:
        association = diaspora(session, post.clock()).id
    queue(post, LYON, "+212612345678")
    assert drain(post) == 2
    assert spent(post) == {
        "all": 160,
        "country:FR": 80,
        "country:MA": 80,
        f"phone:{LYON}": 80,
        "phone:+212612345678": 80,
        f"diaspora:{association}": 80,
    }
    with reading(post.engine) as session:
        assert f"phone:{LYON}" not in spent_today(session, post.clock().astimezone(UTC).date())


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [(Outcome.ACCEPTED, 80), (Outcome.UNKNOWN, 80), (Outcome.REFUSED, 0), (Outcome.RETRY, 0)],
)
def test_what_surely_did_not_leave_is_not_spent(container: Container, outcome: Outcome, kept: int) -> None:
    post = guarded(container, FakeGateway(lambda _: Sent(outcome)))
    queue(post, LYON)
    drain(post)
    assert set(spent(post).values()) == {kept}


@pytest.mark.parametrize("cap", ["cap_day", "cap_country", "cap_phone"])
def test_what_is_over_a_cap_waits_and_leaves_the_next_day(container: Container, clock: MovedClock, cap: str) -> None:
    gateway = FakeGateway()
    post = guarded(container, gateway, **{cap: "0.24"})
    post = replace(post, settings=post.settings.model_copy(update={"cap_reserve": 0}))
    phones = [LYON] * 5 if cap == "cap_phone" else [f"+3363998000{number}" for number in range(5)]
    queue(post, *phones)
    drain(post)
    assert len(gateway.sent) == 3
    with reading(post.engine) as session:
        waiting = session.scalars(select(Message).where(Message.state == MessageState.QUEUED)).all()
        assert [message.attempts for message in waiting] == [0, 0]
        assert waiting[0].reason == f"cap: {'all' if cap == 'cap_day' else cap.removeprefix('cap_')}"
    clock.now += CAP_WAIT
    drain(post)
    assert len(gateway.sent) == 3
    clock.move(days=1)
    drain(post)
    assert len(gateway.sent) == 5


@pytest.mark.parametrize("wanted", [9, 12])
def test_a_part_of_the_day_is_kept_for_replies_and_for_what_protects_people(container: Container, wanted: int) -> None:
    gateway = FakeGateway()
    post = guarded(container, gateway, cap_day="0.80")  # ten parts, of which two are kept, one of them for security
    queue(post, *(f"+336399800{number:02}" for number in range(wanted)))
    drain(post)
    assert len(gateway.sent) == 8
    queue(post, *(f"+336399801{number:02}" for number in range(4)), template="which_reference", event="reply")
    drain(post)
    assert len(gateway.sent) == 9
    queue(post, *(f"+336399802{number:02}" for number in range(4)), template="vouched", event="security")
    drain(post)
    assert len(gateway.sent) == 10
    assert spent(post)["all"] == 800


def asked(post: Container, kind: Kind, phones: Sequence[str]) -> int:
    """Ask for a part to each phone; return what was reserved."""
    wanted = [Wanted(number, phone, 1, kind) for number, phone in enumerate(phones)]
    with transaction(post.engine) as session:
        return sum(reserve(session, post.settings, post.clock().date(), GATEWAY, wanted)[0].values())


def test_with_the_default_caps_a_country_full_of_news_still_answers_and_protects(container: Container) -> None:
    phones = [f"+2126{number:08}" for number in range(700)]
    assert asked(container, Kind.NEWS, phones) == 32_000
    assert asked(container, Kind.RECORD, phones) == 0
    # However many ask, some is left for security.
    assert asked(container, Kind.REPLY, phones) == 4_000
    assert asked(container, Kind.SECURITY, phones) == 4_000
    assert spent(container)["country:MA"] == 1000 * container.settings.cap_country


def test_with_the_default_caps_an_association_full_of_news_still_answers_and_protects(container: Container) -> None:
    settle(container.engine)
    with transaction(container.engine) as session:
        phones = [f"+336399801{number:02}" for number in range(4)]
        for phone in phones:
            know_phone(session, container.clock(), phone, Language.FR)
        association = diaspora(session, container.clock())
        association.contacts += [Contact(phone=phone, name=phone, joined_at=container.clock()) for phone in phones]
    assert [asked(container, kind, phones * 50) for kind in (Kind.ALERT, Kind.REPLY, Kind.SECURITY)] == [
        8_000,
        960,
        1_040,
    ]


def test_the_console_costs_nothing_and_has_no_caps(container: Container) -> None:
    post = replace(container, settings=container.settings.model_copy(update={"cap_day": Decimal(0)}))
    queue(post, LYON)
    drain(post)
    assert count(post, MessageState.DELIVERED) == 1
    assert spent(post) == {}


def test_nothing_goes_to_a_country_that_is_not_on_the_list(container: Container) -> None:
    gateway = FakeGateway()
    post = guarded(container, gateway)
    queue(post, "+8613912345678", UTRECHT)
    drain(post)
    assert [one.phone for one in gateway.sent] == [UTRECHT]
    with reading(post.engine) as session:
        failed = session.scalars(select(Message).where(Message.state == MessageState.FAILED)).one()
        assert (failed.phone, failed.reason) == ("+8613912345678", "country not allowed")


def test_a_hundred_senders_at_once_spend_no_more_than_the_cap(container: Container) -> None:
    day, together = date(2026, 11, 23), Barrier(100)
    settings = container.settings.model_copy(update={"cap_day": Decimal("2.00"), "cap_reserve": 0})

    def send(number: int) -> int:
        together.wait()
        with transaction(container.engine) as session:
            costs, _ = reserve(session, settings, day, GATEWAY, [Wanted(number, f"+3363998{number:04}", 1, Kind.NEWS)])
        return sum(costs.values())

    with ThreadPoolExecutor(100) as pool:
        reserved = sum(pool.map(send, range(100)))
    assert reserved == 2000
    assert spent(container)["all"] == 2000 == caps(settings)["all"]


def test_many_senders_over_a_cap_send_no_more_than_it_allows(container: Container) -> None:
    gateway = FakeGateway()
    post = guarded(container, gateway, cap_country="0.80")
    queue(post, *(f"+336399800{number:02}" for number in range(40)))
    workers = [Thread(target=drain, args=(post,)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(gateway.sent) == 8
    assert spent(post)["country:FR"] == 640
    assert count(post, MessageState.QUEUED) == 32


def test_money_given_back_can_be_spent(container: Container, clock: MovedClock) -> None:
    gateway = FakeGateway(lambda _: Sent(Outcome.RETRY, reason="no route"))
    post = guarded(container, gateway, cap_phone="0.08")
    queue(post, LYON)
    drain(post)
    gateway.answer = lambda _: Sent(Outcome.ACCEPTED)
    clock.now += timedelta(minutes=2)
    drain(post)
    assert count(post, MessageState.ACCEPTED) == 1


def test_who_joins_an_association_during_a_call_gives_it_no_money(container: Container) -> None:
    settle(container.engine)
    joined = []

    def join(_: Outgoing) -> Sent:
        with transaction(container.engine) as session:
            joined.append(diaspora(session, container.clock()).id)
        return Sent(Outcome.RETRY)

    post = guarded(container, FakeGateway(join))
    queue(post, LYON)
    drain(post, limit=1)
    assert spent(post) == {"all": 0, "country:FR": 0, f"phone:{LYON}": 0, f"diaspora:{joined[0]}": 0}


def in_doubt(message: Outgoing) -> Sent:
    return Sent(Outcome.UNKNOWN, message.id, "time-out")


def test_what_is_handed_over_again_under_the_same_id_is_paid_for_once(container: Container, clock: MovedClock) -> None:
    gateway = FakeGateway(in_doubt, repeatable=True)
    post = guarded(container, gateway)
    queue(post, LYON)
    begun = clock().date()
    for _ in range(MOST_ATTEMPTS):
        drain(post)
        # Also when the next day has begun meanwhile, or the price is another.
        clock.move(days=1)
        post = replace(post, settings=post.settings.model_copy(update={"sms_prices": {"*": Decimal("0.30")}}))
    assert len(gateway.sent) == MOST_ATTEMPTS
    with reading(post.engine) as session:
        message = session.scalars(select(Message)).one()
        assert (message.state, message.cost, message.cost_day) == (MessageState.UNKNOWN, 80, begun)
        assert {(one.day, one.amount) for one in session.scalars(select(Spending))} == {(begun, 80)}


@pytest.mark.parametrize(("outcome", "kept"), [(Outcome.RETRY, 80), (Outcome.REFUSED, 0)])
def test_what_is_in_doubt_is_paid_for_until_its_gateway_refuses_it(
    container: Container, clock: MovedClock, outcome: Outcome, kept: int
) -> None:
    gateway = FakeGateway(in_doubt, repeatable=True)
    post = guarded(container, gateway)
    queue(post, LYON)
    for answer in (in_doubt, lambda _: Sent(outcome), lambda _: Sent(Outcome.ACCEPTED)):
        gateway.answer = answer
        drain(post)
        clock.move(hours=1)
        if answer is not in_doubt:
            assert set(spent(post).values()) == {kept}


def test_what_is_in_doubt_and_not_begun_again_stays_paid_for_and_its_gateways(
    container: Container, clock: MovedClock
) -> None:
    gateway, stopping = FakeGateway(in_doubt, repeatable=True), Event()
    post = guarded(container, gateway)
    queue(post, LYON)
    drain(post)
    clock.move(hours=1)

    def stop(_: Outgoing) -> Sent:
        stopping.set()
        return Sent(Outcome.ACCEPTED)

    gateway.answer = stop
    queue(post, UTRECHT, template="which_reference", event="reply")  # goes first
    drain(post, stopping=stopping)
    assert [one.phone for one in gateway.sent] == [LYON, UTRECHT]
    with transaction(post.engine) as session:
        stop_gateway(session, clock(), gateway.name, "user:1")
        message = session.scalars(select(Message).where(Message.phone == LYON)).one()
        assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
        assert (message.gateway, message.cost) == (gateway.name, 80)
    assert spent(post)[f"phone:{LYON}"] == 80

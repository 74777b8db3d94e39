"""Nothing is kept longer than it may be, and who has gone is forgotten; facts stay."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from service.domain.kinds import Kind
from service.domain.roles import OfficerRole, UserRole
from service.domain.states import MessageState
from service.messaging.budget import Wanted, reserve
from service.messaging.outbox import tell
from service.models import (
    AnsweredTurn,
    InboundEvent,
    JournalRow,
    Message,
    Need,
    Officer,
    Phone,
    Receipt,
    Spending,
    UserSession,
    WrongGuess,
)
from service.models.inbound import SMS_PART
from service.models.secrets import SecretKind
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.phones import know_phone
from service.usecases.purge import forget_inactive, purge
from service.usecases.sessions import begin
from service.usecases.users import create_user
from tests.conftest import MovedClock
from tests.world import SECRETARY, STRANGER, TREASURER, need_of, settle, village

YEAR, MONTH = timedelta(days=365), timedelta(days=30)


@pytest.fixture(autouse=True)
def ait_abdallah(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        association = village(session, clock())
        know_phone(session, clock(), TREASURER)
        association.officers.append(Officer(phone=TREASURER, role=OfficerRole.TREASURER, joined_at=clock()))
        need_of(session, clock())


def event(session_id: str, at: datetime) -> InboundEvent:
    return InboundEvent(
        gateway="console", kind="sms", external_id=session_id, phone=STRANGER, payload={"text": "x"}, received_at=at
    )


def run(engine: Engine, now: datetime) -> dict[str, int]:
    with transaction(engine) as session:
        return purge(session, now)


def test_raw_texts_go_after_a_year_and_are_still_known_by_their_id(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        session.add_all([event("old", clock()), event("young", clock() + timedelta(days=2))])
    clock.now += YEAR + timedelta(days=1)
    assert run(engine, clock())["inbound"] == 1
    assert "inbound" not in run(engine, clock())
    with reading(engine) as session:
        kept = {one.external_id: (one.phone, one.payload) for one in session.scalars(select(InboundEvent))}
    assert kept == {"old": ("", {}), "young": (STRANGER, {"text": "x"})}


def test_parts_of_a_long_text_whose_rest_never_came_go_after_a_day(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        session.add_all([event("old", clock()), event("young", clock() + timedelta(hours=2))])
        session.execute(update(InboundEvent).values(kind=SMS_PART))
    clock.move(hours=25)
    assert run(engine, clock())["parts"] == 1
    with reading(engine) as session:
        assert session.scalars(select(InboundEvent.external_id)).all() == ["young"]


def test_texts_sent_lose_their_words_after_a_year_but_not_what_is_on_its_way(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        tell(session, clock(), event="y", phone=STRANGER, template="refused", reference="K7-4Q2")
        session.execute(update(Message).where(Message.phone != STRANGER).values(state=MessageState.DELIVERED))
        delivered = session.scalars(select(Message).where(Message.phone != STRANGER).limit(1)).one()
        session.add(
            Receipt(
                gateway="console",
                provider_id="x",
                phone=delivered.phone,
                status="Success",
                message_id=delivered.id,
                received_at=clock(),
            )
        )
    clock.now += YEAR + timedelta(days=1)
    done = run(engine, clock())
    assert done["receipts"] == 1
    with reading(engine) as session:
        texts = {one.phone == STRANGER: one.text for one in session.scalars(select(Message))}
        keys = session.scalar(select(func.count(Message.key)))
    assert texts[False] == ""
    assert "K7-4Q2" in texts[True]
    assert keys == done["messages"] + 1


def test_sessions_that_have_ended_go(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        user, _ = create_user(session, clock(), name="Zahra", role=UserRole.VIEWER)
        begin(session, clock(), user, device="Firefox", network="41.250.*.*", half=False, replaces=None)
        clock.move(minutes=20)
        begin(session, clock(), user, device="Firefox", network="41.250.*.*", half=False, replaces=None)
    clock.move(minutes=11)
    assert run(engine, clock()) == {"sessions": 1}
    with reading(engine) as session:
        assert session.scalar(select(func.count(UserSession.id))) == 1


def test_journals_turns_guesses_and_sums_go_in_their_time(
    engine: Engine, clock: MovedClock, settings: Settings
) -> None:
    now = clock()
    with transaction(engine) as session:
        for phone, at in ((SECRETARY, now), (TREASURER, now + MONTH)):
            session.add(
                JournalRow(
                    phone=phone,
                    session="s",
                    state={},
                    ended=False,
                    text_length=0,
                    text_hash="",
                    replies={},
                    touched_at=at,
                )
            )
        session.add(AnsweredTurn(key="k", reply="END", answered_at=now))
        session.add(WrongGuess(kind=SecretKind.PIN, at=now))
        reserve(session, settings, now.date(), "smpp", [Wanted(1, STRANGER, 1, Kind.NEWS)])
    clock.now += MONTH + timedelta(days=1)
    assert run(engine, clock()) == {"journals": 1, "turns": 1, "guesses": 1}
    with reading(engine) as session:
        assert session.scalars(select(JournalRow.phone)).all() == [TREASURER]
    clock.now += MONTH
    assert run(engine, clock())["spending"] > 0
    with reading(engine) as session:
        assert session.scalars(select(Spending)).all() == []


def test_who_was_not_heard_of_for_two_years_is_forgotten_and_what_they_reported_stays(
    engine: Engine, clock: MovedClock
) -> None:
    clock.move(days=729)
    with transaction(engine) as session:
        assert forget_inactive(session, clock()) == 0
    with transaction(engine) as session:
        know_phone(session, clock(), TREASURER)
    clock.move(days=2)
    with transaction(engine) as session:
        assert forget_inactive(session, clock()) == 1
    with reading(engine) as session:
        assert session.get(Phone, SECRETARY) is None
        assert session.get(Phone, TREASURER) is not None
        assert session.scalar(select(func.count(Need.id))) == 1


def test_who_dials_is_heard_of_though_a_dial_writes_only_its_journal(engine: Engine, clock: MovedClock) -> None:
    clock.move(days=729)
    with transaction(engine) as session:
        session.add(
            JournalRow(
                phone=SECRETARY,
                session="s",
                state={},
                ended=True,
                text_length=0,
                text_hash="",
                replies={},
                touched_at=clock(),
            )
        )
    clock.move(days=5)
    run(engine, clock())
    with transaction(engine) as session:
        assert session.get_one(Phone, SECRETARY).seen_at == clock() - timedelta(days=5)
        assert forget_inactive(session, clock()) == 1  # the treasurer
        assert session.get(Phone, SECRETARY) is not None

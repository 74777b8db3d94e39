"""The verdict: it says nothing of a small world where all went well, and names each fault that is put there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from service.domain.kinds import Pace
from service.domain.states import MessageState
from service.matching.scoring import Weights
from service.messaging.outbox import tell
from service.models import Attempt, InboundEvent, Message, Phone, Receipt
from service.models.session import transaction
from service.usecases.digests import send_digests
from service.usecases.matching import match_needs
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.crash.phones import Told
from tests.crash.verdict import judge
from tests.peers.africastalking import Accepted
from tests.world import LYON, SECRETARY, TREASURER, diaspora, need_of, settle, village

SILENT = TREASURER
ANSWER = "which_reference"
Ledger = list[Accepted]


def well(engine: Engine, clock: MovedClock) -> tuple[list[Told], Ledger]:
    """Play a text with its answer, a digest of two alerts, and a STOP; return what was told and carried."""
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        village(session, clock(), SILENT, name="Ait Ali")
        diaspora(session, clock())
        session.get_one(Phone, LYON).pace = Pace.DAILY
        need_of(session, clock())
        need_of(session, clock()).title = "Puits du haut"
        match_needs(session, clock(), 3, Weights())
        event = {"gateway": "africastalking", "kind": "sms", "external_id": "1", "phone": SECRETARY, "payload": {}}
        session.add(InboundEvent(**event, received_at=clock()))
        tell(session, clock(), event="sms:africastalking:1", phone=SECRETARY, template=ANSWER, reply=True)
    with transaction(engine) as session:
        stop(session, clock(), SILENT, "sms")
    told = [Told("text", "1", SECRETARY), Told("stop", SILENT, SILENT, at=clock())]
    with transaction(engine) as session:
        clock.move(days=2)
        send_digests(session, clock(), (0, 0))
        sent = session.scalars(select(Message).where(Message.state == MessageState.QUEUED)).all()
        for one in sent:
            one.state = MessageState.DELIVERED
        return told, [Accepted(f"id-{one.id}", one.phone, one.text, "") for one in sent]


def change(template: str, **values: object) -> Callable[[Session, Ledger], object]:
    """Return what writes these values into all messages of a template."""
    return lambda session, _: session.execute(update(Message).where(Message.template == template).values(values))


def no_answer(session: Session, _: Ledger) -> None:
    session.execute(delete(Message).where(Message.template == ANSWER))


def no_alert(session: Session, _: Ledger) -> None:
    alert = session.scalars(select(Message.id).where(Message.template == "alert")).first()
    session.execute(delete(Message).where(Message.id == alert))


def no_stop(session: Session, _: Ledger) -> None:
    session.get_one(Phone, SILENT).stopped_at = None


def begun_after_stop(session: Session, _: Ledger) -> None:
    one = session.scalars(select(Message).where(Message.phone == SILENT, Message.template != "stopped")).first()
    assert one
    begun = one.created_at + timedelta(seconds=1)
    session.add(Attempt(message_id=one.id, gateway="", begun_at=begun, ended_at=begun, outcome="accepted"))


def carried_after_stop(session: Session, ledger: Ledger) -> None:
    others = session.scalars(select(Message.text).where(Message.phone == SILENT, Message.template != "stopped"))
    ledger += [Accepted(f"late-{number}", SILENT, words, "") for number, words in enumerate(others)]


def digest_twice(session: Session, _: Ledger) -> None:
    one = session.scalars(select(Message).where(Message.template == "digest")).one()
    values = {column.name: getattr(one, column.name) for column in Message.__table__.columns if not column.primary_key}
    session.add(Message(**{**values, "key": "again", "state": MessageState.UNKNOWN}))


def told_by_itself(session: Session, ledger: Ledger) -> None:
    words = session.scalars(select(Message.text).where(Message.template == "alert")).first()
    ledger.append(Accepted("alone", LYON, str(words), ""))


FAULTS = {
    "lost": (
        no_answer,
        no_alert,
        no_stop,
        # Of a kind that is sent once more, and was not.
        change("association_verified", state=MessageState.UNKNOWN),
        change(ANSWER, state=MessageState.CANCELLED),
        change("stopped", state=MessageState.CANCELLED),
        change("alert", digest_id=None),
        change("alert", state=MessageState.GATHERED),
        change("alert", state=MessageState.CANCELLED, reason="no longer news"),
    ),
    "doubled_facts": (digest_twice,),
    "doubled_sends": (told_by_itself,),
    "after_stop": (begun_after_stop, carried_after_stop),
}


def test_where_all_went_well_it_says_nothing(engine: Engine, clock: MovedClock) -> None:
    told, ledger = well(engine, clock)
    with transaction(engine) as session:
        states = dict(session.execute(select(Message.state, func.count()).group_by(Message.state)).all())
    assert {MessageState.DIGESTED, MessageState.CANCELLED, MessageState.DELIVERED} == set(states)
    assert judge(engine, told, ledger, clock()).wrong == []


@pytest.mark.parametrize(("named", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults])
def test_a_fault_is_named(
    engine: Engine, clock: MovedClock, named: str, fault: Callable[[Session, Ledger], object]
) -> None:
    told, ledger = well(engine, clock)
    with transaction(engine) as session:
        fault(session, ledger)
    verdict = judge(engine, told, ledger, clock())
    assert getattr(verdict, named)
    assert not verdict.held


def test_what_was_carried_and_stays_in_doubt_is_no_success(engine: Engine, clock: MovedClock) -> None:
    told, ledger = well(engine, clock)
    digest = next(one for one in ledger if one.phone == LYON)
    with transaction(engine) as session:
        change("digest", state=MessageState.UNKNOWN)(session, ledger)
    # Nobody sends a digest twice, and no receipt speaks of one that never left.
    assert judge(engine, told, [one for one in ledger if one is not digest], clock()).held
    with transaction(engine) as session:
        change("alert", resent=1)(session, ledger)  # so the receipt may be another's
        receipt = Receipt(gateway="", provider_id=digest.message_id, phone=LYON, status="Success", reason="")
        receipt.received_at = clock()
        session.add(receipt)
    verdict = judge(engine, told, ledger, clock())
    assert (verdict.wrong, verdict.unknown_carried, verdict.held) == ([], 1, False)

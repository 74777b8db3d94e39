"""What became of a claim: the outcomes of its calls are recorded."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, bindparam, case, cast, func, insert, select, true, update
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.gateways.base import Gateway, Outcome, Sent
from service.gateways.registry import OWN_PHONES
from service.messaging.budget import release
from service.messaging.claims import Call
from service.messaging.health import fell_silent, locked_state, weigh
from service.messaging.receipts import PROVIDER_ID_LENGTH, adopt_receipts, find_unknown, lock_phones
from service.models import Attempt, GatewayState, Message, Receipt
from service.models.base import table_of
from service.models.many import AMONG, PAIRS, for_each_database, pairs_in

MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=1)  # then 4, 16 and 64 minutes: an outage of an hour loses nothing
GROWTH = 4
# Of what surely did not reach a gateway that is not heard: every quarter of an hour it tries again, while it lives.
PATIENT = 3
JITTER = (0.75, 1.25)
LONGEST_REASON, LONGEST_COST = 200, 20
STATES = {
    Outcome.ACCEPTED: MessageState.ACCEPTED,
    Outcome.DELIVERED: MessageState.DELIVERED,
    Outcome.REFUSED: MessageState.FAILED,
    Outcome.UNKNOWN: MessageState.UNKNOWN,
    Outcome.RETRY: MessageState.QUEUED,
}
# After its lease a message counts as in doubt; an answer that comes then ends the doubt.
OPEN = {MessageState.ATTEMPTING, MessageState.UNKNOWN}
GONE = {Outcome.ACCEPTED, Outcome.DELIVERED}
UNSENT = {Outcome.REFUSED, Outcome.RETRY}
FINAL = {MessageState.DELIVERED, MessageState.FAILED}
MESSAGES = table_of(Message)
ATTEMPT, RECEIPTS = table_of(Attempt), table_of(Receipt)
ATTEMPTS = for_each_database(
    lambda among: insert(ATTEMPT).from_select(
        ["message_id", "gateway", "begun_at", "ended_at", "outcome", "reason", "cost"],
        select(
            MESSAGES.c.id,
            bindparam("through", type_=ATTEMPT.c.gateway.type),
            bindparam("begun", type_=ATTEMPT.c.begun_at.type),
            bindparam("now", type_=ATTEMPT.c.ended_at.type),
            bindparam("outcome", type_=ATTEMPT.c.outcome.type),
            bindparam("why", type_=ATTEMPT.c.reason.type),
            bindparam("costs", type_=ATTEMPT.c.cost.type),
        ).where(among(MESSAGES.c.id, "ids")),
    )
)


EARLY = for_each_database(
    lambda among: (
        select(RECEIPTS.c.provider_id)
        .where(RECEIPTS.c.gateway == bindparam("carried_by"), among(RECEIPTS.c.provider_id, "theirs"))
        .where(RECEIPTS.c.message_id.is_(None))
        .distinct()
    )
)


def _outcome(dialect: str) -> Update:
    """Return the statement for what became of the messages in PAIRS, each with the gateway's id or None."""
    row, theirs = pairs_in(dialect)
    # PostgreSQL does not know how few pairs there are, and would read a small table as a whole. SQLite begins with the
    # pairs, unless it is told more.
    few = AMONG[dialect](MESSAGES.c.id, "ids") if dialect == "postgresql" else true()
    return (
        update(MESSAGES)
        .where(MESSAGES.c.id == cast(row, MESSAGES.c.id.type), few)
        .values(
            state=bindparam("to"),
            gateway=bindparam("through"),
            # With the rest: each write of a row makes PostgreSQL write all its indexes.
            provider_id=func.coalesce(theirs, MESSAGES.c.provider_id),
            reason=bindparam("why"),
            final_at=bindparam("ended"),
        )
    )


SETTLE = {
    dialect: _outcome(dialect).values(
        lease_until=bindparam("lease"),
        attempt_id=case((bindparam("ours"), MESSAGES.c.attempt_id)),
        next_at=func.coalesce(bindparam("then", type_=MESSAGES.c.next_at.type), MESSAGES.c.next_at),
        attempts=bindparam("tries"),
        cost=bindparam("costs"),
    )
    for dialect in AMONG
}
# What was taken is the same whatever stood in the row.
TAKEN = {
    dialect: _outcome(dialect).values(
        lease_until=None,
        accepted_at=func.coalesce(MESSAGES.c.accepted_at, bindparam("now", type_=MESSAGES.c.accepted_at.type)),
    )
    for dialect in AMONG
}


@dataclass(frozen=True)
class Answered:
    """A call with what became of each of its messages, in their order; None when it was never begun."""

    call: Call
    sent: Sequence[Sent] | None


def settle(session: Session, gateway: Gateway, now: datetime, answered: Sequence[Answered]) -> None:
    """Record the outcomes of calls in the caller's transaction.

    What is no longer this claim's is left as it is.
    """
    if not answered:
        return
    away = False
    if any(one.sent is None or not UNSENT.isdisjoint(sent.outcome for sent in one.sent) for one in answered):
        # Money goes back, and who claims locks the gateway before the sums: who waits for each other waits for ever.
        # Else the gateway is locked afterwards, and others may claim while this is written.
        away = fell_silent(locked_state(session, gateway.name), now)
    attempts = {one.call.attempt_id for one in answered}
    give_back(session, [number for one in answered if one.sent is None for number in one.call.ids], attempts)
    outcomes = {
        number: (one.call, sent)
        for one in answered
        if one.sent is not None
        for number, sent in zip(one.call.ids, one.sent, strict=True)
    }
    if not outcomes:
        return
    lock_phones(session, {message.phone for one in answered for message in one.call.messages})
    if gone := {number: sent for number, (_, sent) in outcomes.items() if sent.outcome in GONE}:
        _write_gone(session, gateway.name, now, attempts, gone)
    if stayed := [number for number in outcomes if number not in gone]:
        mine = [
            one
            for one in _locked(session, stayed)
            if one.state in OPEN and one.attempt_id == outcomes[one.id][0].attempt_id
        ]
        _write(session, gateway, now, {one: outcomes[one.id][1] for one in mine}, away=away)
    _note_attempts(session, gateway.name, now, outcomes)


# SQLite would begin with an index of all in the states that count, if they were named.
HELD = for_each_database(
    lambda among: (
        select(MESSAGES.c.id)
        .where(among(MESSAGES.c.id, "ids"), among(MESSAGES.c.attempt_id, "claims"))
        .where(MESSAGES.c.state.not_in(set(MessageState) - OPEN))
        .order_by(MESSAGES.c.id)
        .with_for_update()
    )
)
MINE = for_each_database(
    lambda among: (
        select(
            *(MESSAGES.c[name] for name in ("id", "phone", "state", "attempt_id", "attempts")),
            *(MESSAGES.c[name] for name in ("cost", "cost_day", "provider_id", "lease_until")),
        )
        .where(among(MESSAGES.c.id, "ids"))
        .order_by(MESSAGES.c.id)
        .with_for_update()
    )
)


def _locked(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    connection = session.connection()
    return connection.execute(MINE[connection.dialect.name], {"ids": ids}).all()


def _write_gone(
    session: Session, gateway: str, now: datetime, attempts: Collection[str], gone: Mapping[int, Sent]
) -> None:
    connection = session.connection()
    held = connection.scalars(HELD[connection.dialect.name], {"ids": list(gone), "claims": list(attempts)}).all()
    same: dict[tuple[Outcome, str], dict[int, str | None]] = defaultdict(dict)
    for number in held:
        how = gone[number]
        same[how.outcome, how.reason][number] = how.provider_id and how.provider_id[:PROVIDER_ID_LENGTH]
    for (outcome, reason), named in same.items():
        values = {
            "to": STATES[outcome],
            "through": gateway,
            "why": reason[:LONGEST_REASON],
            "now": now,
            "ended": now if STATES[outcome] in FINAL else None,
        }
        connection.execute(TAKEN[connection.dialect.name], {**values, PAIRS: named, "ids": list(named)})
        _adopt(session, gateway, {theirs: number for number, theirs in named.items() if theirs})


def _write(session: Session, gateway: Gateway, now: datetime, sent: Mapping[Any, Sent], *, away: bool) -> None:
    connection = session.connection()
    same: dict[tuple[tuple[str, object], ...], list[Any]] = defaultdict(list)
    for one, how in sent.items():
        same[tuple(_row(gateway, now, one, how, away=away).items())].append(one)
    release(session, [one for values, messages in same.items() if not dict(values)["costs"] for one in messages])
    theirs = {
        one.id: how.provider_id[:PROVIDER_ID_LENGTH]
        for one, how in sent.items()
        if how.provider_id and how.outcome is not Outcome.RETRY
    }
    # One statement for many rows takes a tenth of one for each.
    for values, messages in same.items():
        named = {one.id: theirs.get(one.id) for one in messages}
        connection.execute(SETTLE[connection.dialect.name], {**dict(values), PAIRS: named, "ids": list(named)})
    _adopt(session, gateway.name, {name: number for number, name in theirs.items()})
    unknown = [one.phone for row, found in same.items() if dict(row)["to"] is MessageState.UNKNOWN for one in found]
    for phone in unknown:
        find_unknown(session, gateway.name, phone)


def _row(gateway: Gateway, now: datetime, one: Any, sent: Sent, *, away: bool) -> dict[str, object]:
    """Return what an outcome makes of a message; most of a call are made the same. `away`: the gateway is not heard."""
    state = STATES[sent.outcome]
    # An id that we gave says that this gateway may have the message already: then no other may carry it.
    begun = gateway.repeatable and one.provider_id is not None
    again = sent.outcome is Outcome.RETRY and not begun
    attempts = min(one.attempts, PATIENT) if again and away else one.attempts
    if state is MessageState.UNKNOWN and gateway.repeatable and attempts < MOST_ATTEMPTS:
        # The same gateway carries the same id once: there, and only there, it is sent again without harm.
        state = MessageState.QUEUED
    if sent.outcome is Outcome.RETRY and attempts >= MOST_ATTEMPTS:
        state = MessageState.FAILED if again else MessageState.UNKNOWN
    waits = state is MessageState.QUEUED
    return {
        "to": state,
        "through": None if again and waits else gateway.name,
        "why": sent.reason[:LONGEST_REASON],
        # Of what is in doubt, it says when it was called.
        "lease": one.lease_until if state is MessageState.UNKNOWN else None,
        "ours": not again,
        # Of what is in doubt, since when.
        "then": now + wait(attempts) if waits else now if state is MessageState.UNKNOWN else None,
        "tries": attempts,
        "costs": 0 if again or sent.outcome is Outcome.REFUSED else one.cost,
        "ended": now if state is MessageState.FAILED else None,
    }


def _adopt(session: Session, gateway: str, theirs: Mapping[object, object]) -> None:
    """Give messages whose gateway's id has just become known the receipts that came before."""
    if not theirs:
        return
    connection = session.connection()
    early = EARLY[connection.dialect.name]
    for provider_id in connection.scalars(early, {"carried_by": gateway, "theirs": list(theirs)}).all():
        adopt_receipts(session, session.get_one(Message, theirs[provider_id], populate_existing=True))


def _note_attempts(session: Session, gateway: str, now: datetime, outcomes: Mapping[int, tuple[Call, Sent]]) -> None:
    same: dict[tuple[datetime, str, str, str], list[int]] = defaultdict(list)
    for number, (call, sent) in outcomes.items():
        same[call.begun_at, sent.outcome.value, sent.reason[:LONGEST_REASON], sent.cost[:LONGEST_COST]].append(number)
    connection = session.connection()
    for (begun, outcome, why, costs), ids in same.items():
        values = {"through": gateway, "begun": begun, "now": now, "outcome": outcome, "why": why, "costs": costs}
        connection.execute(ATTEMPTS[connection.dialect.name], {**values, "ids": ids})


def give_back(session: Session, ids: Sequence[int], attempts: Collection[str]) -> None:
    """Put back in the queue, unspent and uncounted, what these attempts claimed and surely did not send."""
    if not ids:
        return
    mine = [one for one in _locked(session, ids) if one.attempt_id in attempts]
    release(session, [one for one in mine if one.provider_id is None])
    begun = Message.provider_id.is_not(None)  # by an earlier attempt: it stays its gateway's, and paid for
    left = {"attempt_id": case((begun, Message.attempt_id)), "cost": case((begun, Message.cost), else_=0)}
    session.execute(
        update(Message)
        .where(Message.id.in_([one.id for one in mine if one.state in OPEN]))
        .values(state=MessageState.QUEUED, attempts=Message.attempts - 1, lease_until=None, **left)
        .execution_options(synchronize_session=False)
    )


def weigh_answers(state: GatewayState, now: datetime, answered: Sequence[Answered]) -> None:
    """Note in a gateway's state how its calls went."""
    outcomes = [sent.outcome for one in answered for sent in one.sent or ()]
    badly = sum(outcome in {Outcome.RETRY, Outcome.UNKNOWN} for outcome in outcomes)
    # A number that is refused says nothing of the gateway, nor does a phone that took what it may be unable to send.
    well = 0 if state.name in OWN_PHONES else sum(outcome in GONE for outcome in outcomes)
    weigh(state, now, well, badly)


def wait(attempts: int) -> timedelta:
    """Return how long a message waits after so many attempts."""
    jitter = secrets.SystemRandom().uniform(*JITTER)
    return FIRST_WAIT * jitter * float(GROWTH ** (attempts - 1))

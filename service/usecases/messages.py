"""Messages as those see them who look after the service: what waits, what is in doubt, what did not leave."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.kinds import MANNERS, Kind
from service.domain.states import MESSAGE_MOVES, MessageState, move
from service.gateways.base import Balance
from service.gateways.registry import PINGS
from service.messaging.balances import balance_of, is_low
from service.messaging.budget import ALL, caps, spent_today
from service.messaging.claims import ONCE_MORE
from service.messaging.health import WHOLE, weight
from service.messaging.liveness import silent
from service.messaging.receipts import advance, lock_phones
from service.models import Attempt, DiasporaAssociation, GatewayState, Message, Phone, User, VillageAssociation
from service.models.audit import record
from service.models.gateways import ALL as ALL_GATEWAYS
from service.models.messages import MOST_COUNTED, count_dead, count_unfinished, is_dead, last_attempts, oldest_due
from service.settings import Settings

OWNERS: Mapping[str, type[VillageAssociation | DiasporaAssociation]] = {
    "village": VillageAssociation,
    "diaspora": DiasporaAssociation,
}


@dataclass(frozen=True)
class Overview:
    """How many messages of each kind are in each state, how many are dead letters, since when the oldest is due.

    What ended well is not counted.
    """

    counts: Mapping[tuple[MessageState, Kind], int]
    dead: Mapping[Kind, int]
    oldest_due: datetime | None

    def count(self, *states: MessageState, kind: Kind | None = None) -> int:
        """Return how many messages are in one of the states, of one kind or of all."""
        return sum(self.counts.get((state, one), 0) for state in states for one in ([kind] if kind else Kind))

    def at_least(self, *states: MessageState) -> bool:
        """Tell whether one of the states has more than is counted."""
        return any(self.count(state) >= MOST_COUNTED for state in states)


@dataclass(frozen=True)
class Letter:
    """A message that somebody may have to see to; not its text, which may tell a code or another's number.

    `resent` is to be handed back to `replay`. `may_replay` is False when its reader said STOP or is gone.
    """

    id: int
    phone: str
    kind: Kind
    template: str
    state: MessageState
    reason: str
    attempts: int
    resent: int
    written_at: datetime
    may_replay: bool
    last: Attempt | None


@dataclass(frozen=True)
class GatewayView:
    """How a gateway fares; `weight` 0 to 100. The one named `*` is the switch of all.

    `silent` tells that it was not heard for long, or ever, and should have been. `balance` is the credit of its account
    as it was seen at `balance_at`, None where it has none.
    """

    name: str
    weight: int
    silent: bool
    heard_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str
    balance: Balance | None
    balance_at: datetime | None

    def is_low(self, limit: Decimal) -> bool:
        """Tell whether its account has less credit than `limit`, in units of the account's currency."""
        return is_low(self.balance, limit)


@dataclass(frozen=True)
class Spent:
    """What was reserved today for one scope, and its cap, in thousandths; `whose` is a country or an association."""

    scope: str
    whose: str
    amount: int
    cap: int

    @property
    def part(self) -> float:
        """How much of the cap that is, 0 to 1."""
        return self.amount / self.cap if self.cap else 1.0


def overview(session: Session, now: datetime, gateways: Collection[str]) -> Overview:
    """Return how messages fare; `gateways` are those that routes name."""
    return Overview(count_unfinished(session), count_dead(session), oldest_due(session, now, gateways))


def in_doubt() -> ColumnElement[bool]:
    """Tell, of a message, whether nobody knows if it left."""
    return Message.state == MessageState.UNKNOWN


def dead_letters(session: Session, limit: int) -> list[Letter]:
    """Return the messages that did not leave and will not by themselves, the newest first."""
    rows = session.execute(
        select(Message, Phone.stopped_at)
        .join(Phone, Phone.number == Message.phone)
        .where(is_dead())
        .order_by(Message.id.desc())
        .limit(limit)
    )
    return letters(session, rows.all())


def letters(session: Session, rows: Iterable[Any]) -> list[Letter]:
    """Return what may be done about messages, each given with when its phone said STOP, `stopped_at`."""
    found = [(row.Message, row.stopped_at) for row in rows]
    last = last_attempts(session, [message.id for message, _ in found])
    return [
        Letter(
            id=one.id,
            phone=one.phone,
            kind=one.kind,
            template=one.template,
            state=one.state,
            reason=one.reason,
            attempts=one.attempts,
            resent=one.resent,
            written_at=one.created_at,
            may_replay=bool(one.text) and stopped_at is None,
            last=last.get(one.id),
        )
        for one, stopped_at in found
    ]


def replay(session: Session, now: datetime, *, actor: str, message_id: int, resent: int | None = None) -> Message:
    """Put a dead letter, or one in doubt, back in the queue with a new life; one in doubt may so arrive twice.

    `resent` is how often it had been when that was decided: so a click that comes twice is one.
    Raises NotFoundError; MoveError when it is neither, was replayed since, or its reader said STOP or was forgotten.
    """
    message = _locked(session, message_id)
    phone = session.get_one(Phone, message.phone, populate_existing=True)
    decided_already = resent not in {None, message.resent}
    if decided_already or message.accepted_at or phone.stopped_at or not message.text:
        raise MoveError(before=message.state, after=MessageState.QUEUED)
    before = message.state
    message.state = move(MESSAGE_MOVES, before, MessageState.QUEUED)
    message.resent = max(message.resent, ONCE_MORE) + 1
    message.attempts, message.attempt_id, message.lease_until = 0, None, None
    message.gateway, message.provider_id, message.reason = None, None, ""
    # What was reserved for one in doubt stays spent: it may have left.
    message.cost, message.cost_day = 0, None
    message.next_at, message.expires_at, message.final_at = now, now + MANNERS[message.kind].life, None
    record(session, now, actor, "message.replayed", f"message:{message.id}", before=before)
    return message


def note_arrived(session: Session, now: datetime, *, actor: str, message_id: int) -> Message:
    """Note that a message in doubt arrived, as its reader said.

    Raises NotFoundError, or MoveError when it is not in doubt.
    """
    message = _locked(session, message_id)
    if message.state is not MessageState.UNKNOWN:
        raise MoveError(before=message.state, after=MessageState.DELIVERED)
    advance(message, MessageState.DELIVERED, now, "")
    record(session, now, actor, "message.arrived", f"message:{message.id}")
    return message


def gateways_now(session: Session, now: datetime, names: Collection[str]) -> list[GatewayView]:
    """Return how these gateways fare, after the switch of all."""
    states = {state.name: state for state in session.scalars(select(GatewayState))}
    heard = {name for name in names if name in PINGS or (name in states and states[name].heard_at)}
    silences = {one.name for one in silent(session, now, heard)}
    every = (ALL_GATEWAYS, *sorted(names))
    return [_view(session, now, name, states.get(name), silent=name in silences) for name in every]


def spending_now(session: Session, settings: Settings, now: datetime, least: float = 0.0) -> list[Spent]:
    """Return what was reserved today in all, then by country and association, the nearest to its cap first.

    What is less than the part `least` of its cap, 0 to 1, is left out.
    """
    most = caps(settings)
    amounts = {ALL: 0, **spent_today(session, now.astimezone(UTC).date())}
    near = [one for one in (_spent(*entry, most) for entry in amounts.items()) if one.part >= least]
    names = {kind: _names(session, entity, kind, near) for kind, entity in OWNERS.items()}
    found = [replace(one, whose=names[one.scope].get(one.whose, "")) if one.scope in names else one for one in near]
    return sorted(found, key=lambda one: (one.scope != ALL, -one.part, one.scope, one.whose))


def _locked(session: Session, message_id: int) -> Message:
    # The phone first, as STOP and whoever forgets it do.
    phone = session.scalar(select(Message.phone).where(Message.id == message_id))
    if phone is None:
        raise NotFoundError
    lock_phones(session, {phone})
    return session.get_one(Message, message_id, with_for_update=True, populate_existing=True)


def _view(session: Session, now: datetime, name: str, state: GatewayState | None, *, silent: bool) -> GatewayView:
    state = state or GatewayState(name=name, weight=WHOLE, stopped_by="")
    return GatewayView(
        name,
        weight(state, now),
        silent,
        state.heard_at,
        state.stopped_at,
        _who(session, state.stopped_by),
        balance_of(state),
        state.balance_at,
    )


def _who(session: Session, actor: str) -> str:
    kind, _, number = actor.partition(":")
    user = session.get(User, int(number)) if kind == "user" else None
    return user.name if user else actor


def _spent(scope: str, amount: int, most: Mapping[str, int]) -> Spent:
    kind, _, whose = scope.partition(":")
    return Spent(kind, whose, amount, most[kind])


def _names(session: Session, entity: Any, kind: str, spent: Sequence[Spent]) -> dict[str, str]:
    """Return the names of the associations of a kind that something was spent on, by what their scope calls them."""
    ids = [int(one.whose) for one in spent if one.scope == kind]
    found = session.execute(select(entity.id, entity.name).where(entity.id.in_(ids))) if ids else ()
    return {str(number): name for number, name in found}

"""The outbox: messages to people, written in the transaction of the fact that causes them."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, func, select, union_all
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.kinds import KIND_OF, PRIORITIES, Kind
from service.domain.states import MessageState
from service.models.base import Base, Id, stored


class Message(Base):
    """An SMS on its way. `key` is the business key (event, receiver, template): the same fact is never told twice.

    `gateway` is None until a due message is routed, `accepted_at` until a gateway took it, and again when that was a
    phone of one's own which could not send it. `line` is what a digest says of it, `digest_id` the digest that did.
    `cost` is what is reserved for it on `cost_day`, in thousandths of the caps' currency. `subject` is what it is about
    as the audit trail names it, `need:5`; None for answers and what concerns nothing that is kept. `resent` grows each
    time it is sent again for good: 1 says that the service did, more that people did.
    """

    __tablename__ = "messages"
    __table_args__ = (
        # To the id, which puts in order what is due at the same moment: else PostgreSQL sorts all of it each time.
        Index(None, "state", "gateway", "priority", "next_at", "id"),
        Index(
            None,
            *("gateway", "provider_id"),
            sqlite_where=sql("provider_id IS NOT NULL"),
            postgresql_where=sql("provider_id IS NOT NULL"),
        ),
        # What ended and was never taken by a gateway: few, and told by the index alone on the first page.
        Index(
            "ix_messages_dead",
            *("state", "final_at", "kind", "id"),
            sqlite_where=sql("accepted_at IS NULL AND final_at IS NOT NULL"),
            postgresql_where=sql("accepted_at IS NULL AND final_at IS NOT NULL"),
        ),
        Index(
            None,
            "subject",
            "id",
            sqlite_where=sql("subject IS NOT NULL"),
            postgresql_where=sql("subject IS NOT NULL"),
        ),
        # Those of one state, kind, gateway or phone are listed the newest first, however many they are.
        Index(None, "state", "id", "kind"),
        Index(None, "kind", "id"),
        Index(None, "gateway", "id"),
        Index(None, "phone", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    subject: Mapped[str | None] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"))
    template: Mapped[str] = mapped_column(String(60))
    kind: Mapped[Kind] = mapped_column(stored(Kind))
    priority: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(String(160), default="")
    parts: Mapped[int]
    state: Mapped[MessageState] = mapped_column(stored(MessageState))
    gateway: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_id: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    resent: Mapped[int] = mapped_column(default=0)
    cost: Mapped[int] = mapped_column(default=0)
    cost_day: Mapped[date | None]
    digest_id: Mapped[int | None] = mapped_column(Id)
    next_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]


class Attempt(Base):
    """One call to a gateway for one message, as it ended; `cost` in the gateway's words."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(20))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    cost: Mapped[str] = mapped_column(String(20), default="")


class Receipt(Base):
    """A delivery receipt as it came, matched or not."""

    __tablename__ = "receipts"
    __table_args__ = (
        Index(None, "gateway", "provider_id"),
        # Those that fit no message yet are few.
        Index(
            "ix_receipts_unmatched",
            *("gateway", "phone"),
            sqlite_where=sql("message_id IS NULL"),
            postgresql_where=sql("message_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(20))
    provider_id: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60), default="")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    received_at: Mapped[datetime]


def count_messages(session: Session) -> Mapping[tuple[MessageState, Kind], int]:
    """Return how many messages of each kind are in each state.

    The index alone tells (a kind by its priority), in its own order: a tenth of a second for a million.
    """
    columns = (Message.state, Message.gateway, Message.priority)
    counts: Counter[tuple[MessageState, Kind]] = Counter()
    for state, _, priority, count in session.execute(select(*columns, func.count()).group_by(*columns)):
        counts[state, KIND_OF[priority]] += count
    return counts


# Of more in one state a page says only that they are more.
MOST_COUNTED = 10_000
ENDED_WELL = frozenset({MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.DIGESTED, MessageState.CANCELLED})


def count_unfinished(session: Session) -> Mapping[tuple[MessageState, Kind], int]:
    """Return how many messages of each kind are in each state but those that ended well: up to 10,000 a state."""
    columns = (Message.state, Message.priority)
    looks = [
        select(*columns).where(Message.state == state).limit(MOST_COUNTED).subquery()
        for state in MessageState
        if state not in ENDED_WELL
    ]
    each = union_all(*(select(look.c.state, look.c.priority) for look in looks)).subquery()
    rows = session.execute(select(each.c.state, each.c.priority, func.count()).group_by(each.c.state, each.c.priority))
    return {(state, KIND_OF[priority]): count for state, priority, count in rows}


def oldest_due(session: Session, now: datetime, gateways: Collection[str]) -> datetime | None:
    """Return since when the message that waits longest is due, None when none is.

    `gateways` are those that messages may be routed to. The index leads to the first of each gateway and priority.
    """
    routed = [Message.gateway.is_(None), *(Message.gateway == name for name in sorted(gateways))]
    firsts = [
        select(func.min(Message.next_at).label("due")).where(
            Message.state == MessageState.QUEUED, through, Message.priority == priority, Message.next_at <= now
        )
        for through in routed
        for priority in PRIORITIES
    ]
    due: datetime | None = session.scalar(select(func.min(union_all(*firsts).subquery().c.due)))
    return due


def is_dead() -> ColumnElement[bool]:
    """Tell, of a message, whether it is a dead letter: at its end, and no gateway took it for good."""
    dead = Message.state.in_([MessageState.FAILED, MessageState.EXPIRED])
    # Of those it is true anyway; it says that the index of the few has them.
    return dead & Message.accepted_at.is_(None) & Message.final_at.is_not(None)


def count_dead(session: Session, since: datetime | None = None) -> Mapping[Kind, int]:
    """Return how many dead letters there are of each kind; with `since`, of those that ended since."""
    found = select(Message.kind, func.count()).where(is_dead()).group_by(Message.kind)
    rows = session.execute(found if since is None else found.where(Message.final_at >= since))
    return {kind: count for kind, count in rows}  # noqa: C416  # rows are no pairs to the type checker


def last_attempts(session: Session, message_ids: Collection[int]) -> Mapping[int, Attempt]:
    """Return the last attempt of each message that had one."""
    attempts = select(Attempt).where(Attempt.message_id.in_(message_ids)).order_by(Attempt.id)
    return {attempt.message_id: attempt for attempt in session.scalars(attempts)}


def count_unmatched_receipts(session: Session) -> int:
    """Return how many receipts fit no message."""
    return session.scalar(select(func.count()).select_from(Receipt).where(Receipt.message_id.is_(None))) or 0

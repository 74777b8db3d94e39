"""What nobody can tell of: receipts that come later settle it, and what stays in doubt is sent once more, or shown."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState
from service.messaging.claims import FRESH_DOUBT, ONCE_MORE
from service.messaging.receipts import DOUBTED, adopt_receipts, find_unknown, lock_phones
from service.models import Message, Receipt

AT_ONCE = 500


def resend_unknown(session: Session, now: datetime) -> int:
    """Queue once more, and only once, what is in doubt for long and does no harm when it comes twice.

    The rest stays unknown, for people to look at. Returns how many were queued.
    """
    sent = 0
    for kind, manner in MANNERS.items():
        if not manner.twice:
            continue
        # A reply is worth nothing an hour later.
        since = now - (FRESH_DOUBT if kind is Kind.REPLY else DOUBTED)
        again = update(Message).where(
            Message.state == MessageState.UNKNOWN,
            Message.kind == kind,
            Message.resent == 0,
            Message.next_at <= since,
            Message.expires_at > now,
        )
        values = {"state": MessageState.QUEUED, "attempts": 0, "next_at": now, "reason": "sent once more"}
        values["resent"] = ONCE_MORE
        unbound = {"gateway": None, "provider_id": None, "attempt_id": None, "lease_until": None}
        done = session.execute(again.values(**values, **unbound).execution_options(synchronize_session=False))
        sent += done.rowcount  # type: ignore[attr-defined]  # an update has it
    return sent


def adopt_late_receipts(session: Session) -> int:
    """Match receipts that are still nobody's with messages; returns how many messages had some."""
    # For each receipt its message, or a database might read all messages to find those of a few receipts.
    theirs = select(Message.id).where(Message.gateway == Receipt.gateway, Message.provider_id == Receipt.provider_id)
    its = theirs.limit(1).scalar_subquery()
    known = select(its).where(Receipt.message_id.is_(None), its.is_not(None)).distinct().limit(AT_ONCE)
    for message_id in (found := session.scalars(known).all()):
        lock_phones(session, {session.get_one(Message, message_id).phone})
        adopt_receipts(session, session.get_one(Message, message_id, populate_existing=True))
    doubted = select(Message.gateway, Message.phone).where(
        Message.state == MessageState.UNKNOWN,
        exists().where(
            Receipt.gateway == Message.gateway, Receipt.phone == Message.phone, Receipt.message_id.is_(None)
        ),
    )
    pairs = session.execute(doubted.distinct().limit(AT_ONCE)).all()
    for gateway, phone in pairs:
        lock_phones(session, {phone})
        find_unknown(session, str(gateway), phone)
    return len(found) + len(pairs)

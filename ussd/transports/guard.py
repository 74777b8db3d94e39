"""What keeps two machines from writing to each other for ever."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.text import clean
from service.models.inbound import InboundEvent
from service.models.messages import Message

# A person sends the same words again when no answer came; a machine goes on.
SAME, SAME_WINDOW = 3, timedelta(minutes=10)
MOST, WINDOW = 40, timedelta(hours=1)
FEWEST_LETTERS = 2  # of words; figures are answers, which may well be the same
# How our messages begin, also where an auto-responder puts its own marks before.
OURS = re.compile(r"\W*(?:(?:re|rep|fw|fwd|tr)\b\W*)*(?:tiwizi|تيويزي)\s*:", re.IGNORECASE)
SENT_LATELY, QUOTED_OF, SHORTEST_QUOTED = timedelta(days=1), 20, 20


def is_loop(session: Session, now: datetime, phone: str, kind: str, text: str, *, answer: bool) -> bool:
    """Tell whether this text, recorded just now, is one too many: the same words again and again, or ever more.

    What is an `answer` to a question may be the same as before: a name, a yes.
    """
    recent = session.execute(
        select(InboundEvent.received_at, InboundEvent.payload)
        .where(InboundEvent.phone == phone, InboundEvent.kind == kind, InboundEvent.received_at > now - WINDOW)
        .order_by(InboundEvent.id.desc())
        .limit(MOST + 1)
    ).all()
    same = [at for at, payload in recent if at > now - SAME_WINDOW and payload.get("text") == text]
    words = not answer and sum(letter.isalpha() for letter in text) >= FEWEST_LETTERS
    return len(recent) > MOST or (words and len(same) > SAME)


def is_ours(session: Session, now: datetime, phone: str, text: str) -> bool:
    """Tell whether this is a message of ours that comes back, as it was or quoted."""
    if OURS.match(clean(text)):
        return True
    said = _same_words(text)
    if len(said) < SHORTEST_QUOTED:
        return False
    sent = select(Message.text).where(Message.phone == phone, Message.created_at > now - SENT_LATELY)
    ours = map(_same_words, session.scalars(sent.order_by(Message.id.desc()).limit(QUOTED_OF)))
    return any(len(one) >= SHORTEST_QUOTED and one in said for one in ours)


def _same_words(text: str) -> str:
    return clean(text).casefold()

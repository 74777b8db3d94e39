"""After a drop: one SMS that says how to go on with what was begun, since nothing of it is lost."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.messaging.outbox import tell
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.messages import Message
from service.models.users import user_at
from ussd.engine.journal import DRAFTED
from ussd.sessions import DRAFT_KEPT, Conversations

WELL = "Success"
TEMPLATE = "dropped"


def invite_back(
    conversations: Conversations, session: Session, *, phone: str, carrier_session: str, status: str
) -> None:
    """Tell someone we know how to go on, in the caller's transaction: once for each draft, as long as it is kept.

    Nothing when the carrier's session ended well, when nothing worth going on with was begun in it, or when the person
    has gone on since.
    """
    now = conversations.container.clock()
    journal = conversations.draft(session, phone, carrier_session) if status != WELL else None
    if not journal or not (active_officer(session, phone) or active_contact(session, phone) or user_at(session, phone)):
        return
    draft = next(key for key, _ in reversed(journal.entries) if key.startswith(DRAFTED))
    told = select(Message.id).where(
        Message.phone == phone,
        Message.template == TEMPLATE,
        Message.key.startswith(f"{draft}:", autoescape=True),
        Message.created_at > now - DRAFT_KEPT,
    )
    if session.scalar(told.limit(1)) is None:
        code = conversations.container.settings.ussd_code
        tell(session, now, event=f"{draft}:{carrier_session}", phone=phone, template=TEMPLATE, code=code)

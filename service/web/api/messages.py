"""Messages: how each fares, and never what it says."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import defer

from service.domain.kinds import Kind
from service.domain.phone import mask_phone
from service.domain.scopes import Scope
from service.domain.states import MessageState
from service.models.messages import Message
from service.models.spotchecks import TEMPLATES
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut

operations = Operations("Messages")


class MessageShown(BaseModel):
    """A message on its way."""

    id: int
    state: MessageState
    kind: Kind
    template: str
    phone: str = Field(description="Masked without people:read, and where residents were asked.")
    language: str
    parts: int
    gateway: str | None
    attempts: int
    created_at: datetime
    next_at: datetime
    accepted_at: datetime | None
    final_at: datetime | None


class MessageQuery(PageQuery):
    """Which messages."""

    state: MessageState | None = None


@operations.get("/messages", Scope.MESSAGES_READ)
def several(call: Call, query: MessageQuery) -> Page[MessageShown]:
    """List messages: their states, not their texts."""
    found = select(Message).filter_by(**asked(state=query.state))
    rows, following = cut(call, query, found.options(defer(Message.text), defer(Message.line)), Message.id)
    return Page(items=[_shown(call, message) for message in rows], next=following)


@operations.get("/messages/<number:number>", Scope.MESSAGES_READ)
def one(call: Call, number: int) -> MessageShown:
    """Show a message's state."""
    return _shown(call, call.find(Message, number))


def _shown(call: Call, message: Message) -> MessageShown:
    plain = {name: getattr(message, name) for name in MessageShown.model_fields if name != "phone"}
    # Who has answered a spot check was promised that nobody is told.
    number = mask_phone(message.phone) if message.template in TEMPLATES else message.phone
    return MessageShown(**plain, phone=call.phone(number))

"""Inbound SMS: each is handled once, in one transaction with the answer it causes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError
from service.domain.money import Money
from service.domain.states import NeedState
from service.messaging.outbox import tell
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact, active_contact
from service.models.inbound import first_time
from service.models.messages import Message
from service.models.needs import Need, need_by_reference
from service.models.phones import Phone
from service.models.proposals import open_proposals, proposal_of, waiting_interests
from service.models.session import transaction
from service.usecases.phones import know_phone, start, stop
from service.usecases.proposals import accept_interest, decline, express_interest, refuse_interest
from ussd.sessions import Conversations
from ussd.transports.keywords import Action, Command, read_command

CHANNEL = "sms"
LONGEST_REASON = 200
# An unknown phone may be a machine that answers answers: so many texts of help, and turns of a registration, an hour.
UNKNOWN_ANSWERS, UNKNOWN_TURNS, UNKNOWN_WINDOW = 3, 30, timedelta(hours=1)


@dataclass(frozen=True)
class Text:
    """An SMS as a gateway delivered it; `id` is the gateway's own, so that its repetition changes nothing."""

    gateway: str
    id: str
    phone: str
    text: str
    payload: dict[str, str] = field(default_factory=dict)


def receive(conversations: Conversations, text: Text) -> None:
    """Handle an SMS and queue its one answer. Durable when this returns."""
    try:
        _receive(conversations, text)
    except (MoveError, NotAllowedError, NotFoundError) as error:
        _receive(conversations, text, refusal=error)


def _receive(conversations: Conversations, text: Text, refusal: TiwiziError | None = None) -> None:
    container = conversations.container
    now = container.clock()
    with transaction(container.engine) as session:
        new = first_time(
            session,
            gateway=text.gateway,
            kind=CHANNEL,
            external_id=text.id,
            phone=text.phone,
            payload=text.payload,
            received_at=now,
        )
        if new:
            _Inbox(conversations, session, now, text).handle(refusal)


class _Inbox:
    """One text being handled, in one transaction."""

    def __init__(self, conversations: Conversations, session: Session, now: datetime, text: Text) -> None:
        self.conversations, self.container = conversations, conversations.container
        self.session, self.now, self.text = session, now, text
        self.officer = active_officer(session, text.phone)
        self.contact = active_contact(session, text.phone)
        self.stranger = not (self.officer or self.contact)
        phone = session.get(Phone, text.phone)
        self.stopped = bool(phone and phone.stopped_at)

    def handle(self, refusal: TiwiziError | None) -> None:
        command = read_command(self.text.text)
        if refusal:
            self._refuse(refusal, command)
        elif command and command.action is Action.STOP:
            stop(self.session, self.now, self.text.phone, CHANNEL)
        elif command and command.action is Action.START and self.stopped:
            start(self.session, self.now, self.text.phone, CHANNEL)
        elif self.stopped:
            # No answer would reach them, and nobody decides by questions unseen: START alone brings them back.
            return
        elif self.stranger:
            self._stranger(command)
        elif command and self._is_meant(command):
            self._obey(command)
        elif not self._converse(self.text.text):
            self._reply("not_understood")

    def _is_meant(self, command: Command) -> bool:
        """Tell whether a keyword is one: within a conversation, words that go on are an answer to its question."""
        if command.about_one or not self.conversations.goes_on_by_sms(self.session, self.text.phone):
            return True
        return command.action in {Action.HELP, Action.INFO, Action.NEED} and not command.rest

    def _obey(self, command: Command) -> None:
        know_phone(self.session, self.now, self.text.phone)
        if command.mistyped:
            self._reply("reference_unknown", reference=command.mistyped)
            return
        match command.action:
            case Action.HELP | Action.START if self.officer:
                self._reply("help_village", code=self.container.settings.ussd_code)
            case Action.HELP | Action.START:
                self._reply("help_diaspora")
            case Action.INFO:
                self._inform(command)
            case Action.NEED if self.officer:
                self._converse("", start="need")
            case Action.YES | Action.NO if self.contact:
                self._contact_answers(self.contact, command)
            case Action.YES | Action.NO if self.officer:
                self._officer_answers(self.officer, command)
            case _:
                self._reply("not_understood")

    def _contact_answers(self, contact: Contact, command: Command) -> None:
        reference = command.reference or self._only_reference()
        if not reference:
            self._reply("which_reference")
        elif command.action is Action.YES:
            code = self.container.settings.ussd_code
            express_interest(self.session, self.now, contact=contact, reference=reference, code=code)
            self._reply("interest_noted", reference=reference)
        else:
            reason = command.rest[:LONGEST_REASON]
            decline(self.session, self.now, contact=contact, reference=reference, reason=reason)
            self._reply("decline_noted", reference=reference)

    def _officer_answers(self, officer: Officer, command: Command) -> None:
        waiting = waiting_interests(self.session, officer.association_id)
        meant = [one for one in waiting if command.reference in {None, one.need.reference}]
        if len(meant) > 1:
            # Two associations wait under one code: the phone's menu tells them apart.
            self._reply("which_interest", code=self.container.settings.ussd_code)
        elif not meant and command.reference:
            self._unknown_or_answered(officer, command.reference)
        elif not meant:
            self._reply("not_understood")
        else:
            decide = accept_interest if command.action is Action.YES else refuse_interest
            decide(self.session, self.now, officer=officer, proposal_id=meant[0].id)
            if command.action is Action.NO:
                self._reply("refusal_noted", reference=meant[0].need.reference)

    def _unknown_or_answered(self, officer: Officer, reference: str) -> None:
        need = need_by_reference(self.session, reference)
        mine = need and need.association_id == officer.association_id
        self._reply("already_answered" if mine else "reference_unknown", reference=reference)

    def _inform(self, command: Command) -> None:
        reference = command.reference or self._only_reference()
        need = self._need(reference) if reference else None
        if need:
            association = need.association
            self._reply(
                "info",
                reference=need.reference,
                sector=need.sector,
                douar=association.douar,
                commune=association.commune,
                households=need.households,
                amount=Money(need.cost),
                share=Money(need.village_share),
                title=need.title,
                state=need.state,
            )
        elif reference:
            self._reply("reference_unknown", reference=reference)
        else:
            self._reply("which_reference")

    def _only_reference(self) -> str | None:
        """Return the reference that is meant when just one proposal waits for this contact."""
        waiting = open_proposals(self.session, self.contact.association_id) if self.contact else []
        return waiting[0].need.reference if len(waiting) == 1 else None

    def _need(self, reference: str) -> Need | None:
        """Return the need if the one who asks may know of it."""
        if self.contact:
            shown = proposal_of(self.session, reference, self.contact.association_id)
            return shown.need if shown else None
        need = need_by_reference(self.session, reference)
        return need if need and self.officer and need.association_id == self.officer.association_id else None

    def _converse(self, typed: str, start: str = "") -> bool:
        before = self._messages()
        screen = self.conversations.answer_sms(self.session, self.text.phone, typed, start)
        # What a conversation wrote at its end is told by the fact's own message: one answer a text.
        if screen and not (screen.ended and self._messages() > before):
            self._reply("dialogue", text=screen.text)
        return bool(screen)

    def _stranger(self, command: Command | None) -> None:
        given = self._answers_given()
        asks = command.action if command else None
        if asks is not Action.HELP and given < UNKNOWN_TURNS:
            starts = "need" if asks is Action.NEED else ""
            if self._converse(self.text.text, start=starts):
                return
        if given < UNKNOWN_ANSWERS:
            self._reply("help_unknown", code=self.container.settings.ussd_code)

    def _messages(self) -> int:
        return self.session.scalar(select(func.count()).where(Message.phone == self.text.phone)) or 0

    def _answers_given(self) -> int:
        recent = select(func.count()).where(
            Message.phone == self.text.phone, Message.created_at > self.now - UNKNOWN_WINDOW
        )
        return self.session.scalar(recent) or 0

    def _refuse(self, refusal: TiwiziError, command: Command | None) -> None:
        reference = (command.reference if command else None) or ""
        match refusal:
            case NotAllowedError():
                self._reply("not_allowed")
            case MoveError() if self._closed(reference):
                self._reply("closed", reference=reference)
            case MoveError():
                self._reply("already_answered", reference=reference)
            case _:
                self._reply("reference_unknown", reference=reference)

    def _closed(self, reference: str) -> bool:
        need = need_by_reference(self.session, reference)
        return need is not None and need.state is NeedState.REJECTED

    def _reply(self, template: str, **values: Any) -> None:
        event = f"{CHANNEL}:{self.text.gateway}:{self.text.id}"
        tell(self.session, self.now, event=event, phone=self.text.phone, template=template, reply=True, **values)

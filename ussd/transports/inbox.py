"""An SMS being handled: who wrote it, what waits for an answer, and the one reply it may get."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.locales import DEFAULT_LANGUAGE, speaker
from service.messaging.outbox import tell
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.messages import Message
from service.models.phones import Phone
from service.models.spotchecks import active_resident
from service.models.users import user_at
from service.settings import Settings
from ussd.sessions import Conversations
from ussd.transports.forms import Given
from ussd.transports.guard import is_loop, is_ours
from ussd.transports.keywords import is_sentence, read_command
from ussd.transports.question import Question, kept

CHANNEL = "sms"
LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Text:
    """An SMS as a gateway delivered it; `id` is the gateway's own, so that its repetition changes nothing."""

    gateway: str
    id: str
    phone: str
    text: str
    payload: dict[str, str] = field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        """Whether its sender can be written to: not a name, nor the few digits of a service."""
        return self.phone.startswith("+")


class Inbox:
    """One text, in the transaction that handles it; `again` when an error undid the first time.

    `puzzling` is whether nothing in it was understood, or not all of it: then a person reads it.
    """

    def __init__(
        self, conversations: Conversations, session: Session, now: datetime, text: Text, *, again: bool
    ) -> None:
        """Look up who wrote and what was asked; write nothing."""
        self.conversations, self.session, self.now = conversations, session, now
        self.phone, self.text = text.phone, text.text
        self.officer = active_officer(session, text.phone)
        self.contact = active_contact(session, text.phone)
        self.user = user_at(session, text.phone)
        speaks = bool(self.officer or self.contact or self.user)
        self.resident = None if speaks else active_resident(session, text.phone)
        self.known = speaks or bool(self.resident)
        phone = session.get(Phone, text.phone)
        self.stopped = bool(phone and phone.stopped_at)
        self.language = phone.language if phone else DEFAULT_LANGUAGE
        self.command = read_command(text.text)
        self.puzzling = False
        waiting = None if again else conversations.asked_by_sms(session, text.phone)
        self.question = Question(*waiting) if waiting else None
        self.kept = kept(text.text, self.command, self.question)
        self._event = f"{CHANNEL}:{text.gateway}:{text.id}"

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        return self.conversations.container.settings

    def from_machine(self) -> bool:
        """Tell whether a machine seems to write: it is not answered, or it would answer."""
        answer = bool(self.question and self.question.fits(self.text))
        if is_loop(self.session, self.now, self.phone, CHANNEL, self.kept, answer=answer):
            return True
        # Who answers under the text we sent has written an answer.
        answers = self.command and self.command.about_one
        return not answers and is_ours(self.session, self.now, self.phone, self.text)

    def reply(self, template: str, **values: Any) -> None:
        """Queue `sms.<template>` as the answer."""
        tell(self.session, self.now, event=self._event, phone=self.phone, template=template, reply=True, **values)

    def say(self, key: str) -> None:
        """Queue a text of the screens as the answer."""
        self.reply("dialogue", text=speaker(self.language).say(key))

    def ask_which(self, words: Sequence[str]) -> None:
        """Ask which of these keywords was meant."""
        or_else = speaker(self.language).say("phrase.or")
        self.reply("which_word", words=or_else.join(word.upper() for word in words))

    def converse(self, typed: str | None, begin: str = "", given: Given = ()) -> bool:
        """Go on with the conversation, or begin one; False when none is begun. See `Conversations.answer_sms`."""
        before = self._messages()
        screen = self.conversations.answer_sms(self.session, self.phone, typed, begin, given)
        # What a conversation wrote at its end is told by the fact's own message: one answer a text.
        if screen and not (screen.ended and self._messages() > before):
            self.reply("dialogue", text=screen.text)
        return bool(screen)

    def goes_on(self) -> bool:
        """Take the text as the answer to what waits; False when nothing is begun.

        A sentence that is none may be a cry for help: a person reads it as well.
        """
        going = self.converse(self.question.answer(self.command, self.text) if self.question else self.text)
        if going and self.question and not self.question.fits(self.text):
            self.puzzling = is_sentence(self.text)
        return going

    def replies_lately(self, *templates: str) -> int:
        """Return how many messages, or of these templates, this phone was sent within the hour."""
        of_these = (Message.template.in_(templates),) if templates else ()
        return self._messages(Message.created_at > self.now - LATELY, *of_these)

    def _messages(self, *where: Any) -> int:
        return self.session.scalar(select(func.count()).where(Message.phone == self.phone, *where)) or 0

"""Ways to the service: its functions, its hooks over HTTP; and the phones that people hold, by USSD and by SMS."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from flask.testing import FlaskClient
from sqlalchemy import select

from service.messaging.segments import measure
from service.models import Message
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from ussd.drops import invite_back
from ussd.engine.replay import Screen
from ussd.sessions import Conversations, Turn
from ussd.transports.sms import Text, receive

GATEWAY = "africastalking"
HOOKS = f"/hooks/{GATEWAY}/a-hook-token-for-tests-only"
CODE_SENT = re.compile(r"\b\d{6}\b")
CODE = "*384*84#"
CUT = "Incomplete"


class Carrier(Protocol):
    """What brings turns and texts to the service."""

    def turn(self, session: str, number: str, text: str) -> Screen:
        """Bring what was typed since the dial; return the screen."""
        ...

    def sms(self, message_id: str, number: str, text: str) -> None:
        """Bring a text."""
        ...

    def end(self, session: str, number: str) -> None:
        """Say that a session is over."""
        ...


@dataclass(frozen=True)
class Direct:
    """Calls the conversations."""

    conversations: Conversations

    def turn(self, session: str, number: str, text: str) -> Screen:
        """Answer a turn."""
        return self.conversations.answer(Turn(GATEWAY, session, number, text))

    def sms(self, message_id: str, number: str, text: str) -> None:
        """Handle a text."""
        receive(self.conversations, Text(GATEWAY, message_id, number, text))

    def end(self, session: str, number: str) -> None:
        """Handle a session's end."""
        with transaction(self.conversations.container.engine) as facts:
            invite_back(self.conversations, facts, phone=number, carrier_session=session, status=CUT)


@dataclass(frozen=True)
class Http:
    """Posts Africa's Talking's forms, each twice, as a carrier that heard no answer does."""

    client: FlaskClient

    def turn(self, session: str, number: str, text: str) -> Screen:
        """Post a turn; both times the same bytes must come back."""
        form = {"sessionId": session, "phoneNumber": number, "serviceCode": CODE, "text": text}
        goes_on, _, shown = self._post("ussd", form).partition(" ")
        assert goes_on in {"CON", "END"}
        return Screen(shown, ended=goes_on == "END")

    def sms(self, message_id: str, number: str, text: str) -> None:
        """Post a text."""
        form = {"id": message_id, "from": number, "to": "+212600000000", "date": "2026-11-23 10:00:00", "text": text}
        assert self._post("sms", form) == ""

    def end(self, session: str, number: str) -> None:
        """Post a session's end."""
        form = {"sessionId": session, "phoneNumber": number, "serviceCode": CODE, "status": CUT}
        assert self._post("ussd-end", form) == ""

    def _post(self, hook: str, form: dict[str, str]) -> str:
        first, again = (self.client.post(f"{HOOKS}/{hook}", data=form) for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.data == again.data
        return first.text


@dataclass
class Phone:
    """A phone on USSD. `answered` are its turns so far: session, text, screen. A person takes 5 s for each."""

    number: str
    carrier: Carrier
    conversations: Conversations
    clock: MovedClock
    ids: Iterator[int]
    session: str = ""
    text: str = ""
    answered: list[tuple[str, str, Screen]] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    read: int = 0

    def dials(self, *typed: str) -> Screen:
        """Begin a session, and type."""
        return self.dials_long("", *typed)

    def dials_long(self, first: str, *typed: str) -> Screen:
        """Begin a session with answers in the dialled code."""
        self.clock.move(seconds=5)
        self.session, self.text = f"ATUid_{self.number}_{next(self.ids)}", first
        screen = self._turn()
        return self.types(*typed) if typed else screen

    def types(self, *typed: str) -> Screen:
        """Type answers one after the other; all but the last go on."""
        for answer in typed:
            assert not (self.answered and self.answered[-1][2].ended), "the session is over"
            self.loses(self.filled(answer))
            self._turn()
        return self.answered[-1][2]

    def loses(self, typed: str) -> None:
        """Type an answer that the service does not get to see on its own."""
        self.clock.move(seconds=5)
        self.text = f"{self.text}*{typed}" if self.text else typed

    def late(self, before: int) -> None:
        """Bring the turn of so many turns before once more: it gets the reply it got."""
        session, text, screen = self.answered[-1 - before]
        assert self.carrier.turn(session, self.number, text) == screen

    def drops(self) -> None:
        """Lose the network."""
        self.carrier.end(self.session, self.number)

    def texts(self, text: str) -> str:
        """Send an SMS; return what came back, one text after the other."""
        self.clock.move(seconds=5)
        before = self.inbox()
        self.sent.append((f"id{self.number}{next(self.ids)}", self.filled(text)))
        self._bring(*self.sent[-1])
        after = self.inbox()
        # Who is forgotten has but one text left: this answer.
        return "\n\n".join(after[len(before) :] if after[: len(before)] == before else after)

    def filled(self, text: str) -> str:
        """Return what is typed: `<code>` is the code that this phone was sent last."""
        if "<code>" not in text:
            return text
        codes = [code for received in self.inbox() for code in CODE_SENT.findall(received)]
        assert codes, "no code was sent"
        return text.replace("<code>", codes[-1])

    def inbox(self) -> list[str]:
        """Return every text that was written to this phone."""
        with reading(self.conversations.container.engine) as session:
            return list(session.scalars(select(Message.text).where(Message.phone == self.number).order_by(Message.id)))

    def unread(self) -> list[str]:
        """Return the texts that came since this was asked before."""
        before, texts = self.read, self.inbox()
        self.read = len(texts)
        return texts[before:]

    def _bring(self, message_id: str, text: str) -> None:
        self.carrier.sms(message_id, self.number, text)

    def _turn(self) -> Screen:
        screen = self.carrier.turn(self.session, self.number, self.text)
        size = measure(screen.text)
        assert size.units <= (160 if size.encoding == "gsm7" else 70), screen.text
        self.answered.append((self.session, self.text, screen))
        return screen


@dataclass
class SmsPhone(Phone):
    """A phone that has no USSD: each answer is a text of its own."""

    def types(self, *typed: str) -> Screen:
        """Send each answer; each is answered."""
        answer = ""
        for text in typed:
            answer = self.texts(text)
            assert answer, "no text came back"
        return Screen(answer, ended=False)

    def late(self, before: int) -> None:
        """Bring a text, perhaps once more."""
        self._bring(*self.sent[-1 - before])

"""Phones that people hold: each reads its screen and types what fits, and writes down what it was told."""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import select

from service.domain.sectors import Urgency
from service.domain.states import MessageState, ProposalState
from service.models import Message, Need, Proposal
from service.models.diaspora import Contact
from service.models.session import reading, transaction
from service.usecases.needs import verify_need
from tests.crash.line import Line
from tests.crash.stage import People

CODE = "*384*84#"
REFERENCE = re.compile(r"\b[A-Z0-9]{2,3}-[A-Z0-9]{3}\b")
MOST_TURNS = 60
DOUBLED = 0.1  # of the answered turns are brought again
HEARD_OF = 0.3  # of the sessions' ends are told
VERIFIED = 0.15  # of the needs are shown to those abroad
CALLS_OF_A_VILLAGE = 3
STOPPED = 0.2  # of the villages say STOP after their calls
ASKED_BEFORE = 2  # so that answers may wait when it comes
AT_THE_CARRIER = 0.5  # of the STOPs are told by the opt-out hook
STARTED = 0.1  # of those begin again, after each village
# What is typed where the screen says so: the first that fits.
REPORTING = {
    "1 Envoyer": "1",
    "1 Continuer": "1",
    "1 Signaler": "1",
    "Quel besoin": "1",
    "Combien de foyers": "84",
    "Cout total": "320 000",
    "Part du village": "60000",
    "En quelques mots": "<name>",
}
REGISTERING = {
    "1 Envoyer": "1",
    "1 Continuer": "1",
    "3 Français": "3",
    "J'accepte": "1",
    "1 Inscrire": "1",
    "Votre role": "2",
    "Votre province": "2",
    "Nom de la commune": "tafraout",
    "Quelle commune": "1",
    "Nom du douar": "Ifri",
    "Nom de l'association": "<name>",
}


@dataclass(frozen=True)
class Told:
    """What a carrier was answered for: `kind` is what should be there, `name` under which name, for whom, and how.

    `at` is the moment and `carried` how many lines the ledger had: after a STOP was answered, before a START was sent.
    """

    kind: str
    name: str
    phone: str
    reference: str = ""
    at: datetime | None = None
    carried: int = 0


@dataclass
class Notes:
    """What all phones were told, and what surprised them."""

    told: list[Told] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    ended: bool = False


class Phones(threading.Thread):
    """One person after the other, until told to stop: then the story that was begun is told to its end."""

    def __init__(
        self,
        number: int,
        seed: int,
        line: Line,
        people: People,
        ledger: Path,
        guard: threading.Lock,
        go_on: threading.Event,
        *,
        apart: bool,
    ) -> None:
        super().__init__(name=f"phones {number}", daemon=True)
        self._dice = random.Random(f"{seed}:{number}")  # noqa: S311  # the same again for the same seed
        self._line, self._people, self._guard, self._go_on = line, people, guard, go_on
        self._ledger, self._apart = ledger, apart
        self._names = (f"{number}x{story}" for story in count(1))
        self._unverified: list[str] = []
        self._silent: list[str] = []
        self._over = threading.Event()
        self.notes = Notes()

    def stop(self) -> None:
        """Tell the story that was begun to its end."""
        self._over.set()

    def run(self) -> None:
        """Tell stories."""
        self._tell()
        self.notes.ended = True

    def _tell(self) -> None:
        while not self._over.is_set():
            if self._dice.random() < VERIFIED:
                self._registers()
            with self._guard:
                phone = self._people.officer()
            for _ in range(CALLS_OF_A_VILLAGE):
                self._go_on.wait()
                story = self._dice.choice((self._reports, self._reports_at_once, self._texts_a_need, self._asks))
                story(phone)
                if self._over.is_set():
                    return
            if self._dice.random() < STOPPED:
                self._stops(phone)
            if self._silent and self._dice.random() < STARTED:
                self._starts(self._silent.pop(0))
            if not self._apart:
                self._verify_needs()
                self._answers_from_abroad()

    def _registers(self) -> None:
        with self._guard:
            phone = self._people.newcomer()
        name = f"Ifri {next(self._names)}"
        if self._dials(phone, REGISTERING, name):
            self.notes.told.append(Told("association", name, phone))

    def _reports(self, phone: str) -> None:
        self._note_need(phone, name := self._title(), self._dials(phone, REPORTING, name))

    def _reports_at_once(self, phone: str) -> None:
        name = self._title()
        self._note_need(phone, name, self._dials(phone, REPORTING, name, f"1*1*84*320 000*60000*{name}"))

    def _note_need(self, phone: str, name: str, said: str) -> None:
        reference = REFERENCE.search(said)
        if reference:
            self.notes.told.append(Told("need", name, phone, reference[0]))
            self._unverified.append(reference[0])
        elif said:
            self.notes.surprises.append(f"need {name}: {said}")

    def _verify_needs(self) -> None:
        """Verify some when their village calls no more: who is answered from abroad has another first screen."""
        for reference in self._unverified:
            if self._dice.random() < VERIFIED:
                self._verify(reference)
        self._unverified.clear()

    def _verify(self, reference: str) -> None:
        with transaction(self._people.engine) as session:
            need = session.scalars(select(Need).where(Need.reference == reference)).one_or_none()
            if need is None:
                return  # the end will tell
            verify_need(session, self._people.clock(), actor="user:1", need_id=need.id, urgency=Urgency.HIGH)

    def _texts_a_need(self, phone: str) -> None:
        name = self._title()
        self._texts(phone, f"BESOIN EAU 84 foyers 320000 DH {name}")
        self._texts(phone, "60000")
        # What ends a conversation is answered by the fact's own message.
        self._texts(phone, "1", "kept")
        self.notes.told.append(Told("need by text", name, phone))

    def _asks(self, phone: str, kind: str = "text") -> None:
        self._texts(phone, f"INFO K7-{self._dice.randrange(100, 999)}", kind)

    def _stops(self, phone: str) -> None:
        for _ in range(ASKED_BEFORE):
            self._asks(phone)
        if self._dice.random() < AT_THE_CARRIER:
            for _ in range(self._times()):
                self._line.bring("opt-out", {"phoneNumber": phone})
            self._note_now("opt-out", phone)
        else:
            self._texts(phone, "STOP", "kept")
            self._note_now("stop", phone)
        self._asks(phone, "unheard")
        self._silent.append(phone)

    def _starts(self, phone: str) -> None:
        self._note_now("start", phone)
        self._texts(phone, "START", "kept")
        self._asks(phone)

    def _note_now(self, kind: str, phone: str) -> None:
        lines = self._ledger.read_bytes().count(b"\n") if self._ledger.exists() else 0
        self.notes.told.append(Told(kind, phone, phone, at=self._people.clock(), carried=lines))

    def _answers_from_abroad(self) -> None:
        # Who waits for a digest has not heard yet.
        gathering = select(Contact.association_id).join(Message, Message.phone == Contact.phone)
        unheard = gathering.where(Message.state == MessageState.GATHERED)
        waiting_for = select(Proposal).where(
            Proposal.state == ProposalState.PROPOSED, Proposal.diaspora_id.not_in(unheard)
        )
        with reading(self._people.engine) as session:
            waiting = session.scalars(waiting_for.limit(20)).all()
            if not waiting:
                return
            one = self._dice.choice(waiting)
            phone, reference = one.diaspora.active_contacts[0].phone, one.need.reference
        self._texts(phone, f"{self._dice.choice(('OUI', 'NON'))} {reference}")
        self.notes.told.append(Told("answer", reference, phone))

    def _texts(self, phone: str, text: str, kind: str = "text") -> None:
        its_id = f"sms-{next(self._names)}"
        form = {"id": its_id, "from": phone, "to": "+212600000000", "date": "2026-11-23 10:00:00", "text": text}
        for _ in range(self._times()):
            self._line.bring("sms", form)
        self.notes.told.append(Told(kind, its_id, phone))

    def _dials(self, phone: str, answers: Mapping[str, str], name: str, typed: str = "") -> str:
        """Play a session to its end; return the last screen, nothing when there was none."""
        form = {"sessionId": f"ATUid_{name}_{phone}", "phoneNumber": phone, "serviceCode": CODE}
        for _ in range(MOST_TURNS):
            said = self._turn({**form, "text": typed})
            if said.startswith("END "):
                if self._dice.random() < HEARD_OF:
                    self._line.bring("ussd-end", {**form, "status": "Success"})
                return said
            answer = next((answer for words, answer in answers.items() if words in said), "0").replace("<name>", name)
            typed = f"{typed}*{answer}" if typed else answer
        self.notes.surprises.append(f"{name}: no end after {typed}: {said}")
        return ""

    def _turn(self, form: dict[str, str]) -> str:
        said = self._line.bring("ussd", form)
        if self._times() > 1 and (again := self._line.bring("ussd", form)) != said:
            self.notes.surprises.append(f"another answer to the same turn: {said!r}, then {again!r}")
        return said

    def _times(self) -> int:
        return 2 if self._dice.random() < DOUBLED else 1

    def _title(self) -> str:
        return f"Puits {next(self._names)}"

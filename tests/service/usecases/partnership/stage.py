"""A village, two associations of emigrants, a neighbour and a coordinator, who do what they like in any order."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError, TiwiziError
from service.domain.roles import OfficerRole
from service.locales import Language
from service.models import Officer
from service.models.associations import active_officer
from service.models.diaspora import Contact, active_contact
from service.models.session import transaction
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.usecases.partnership.promises import PROMISES
from tests.service.usecases.partnership.seen import Persons, Seen
from tests.ussd.facts import Snapshot
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT, diaspora, need_of, proposed, village

CODE, PEPPER, COORDINATOR = "*384*84#", "a-key-that-protects-nothing-but-tests", "user:1"
PRESIDENT, WITNESS, NEIGHBOUR = "+212600000003", "+212600000004", "+212600000005"
LYON_TOO = "+33639980002"
SPARE = ("+212600000006", "+212600000007")
VILLAGE, ABROAD = (SECRETARY, TREASURER, PRESIDENT, WITNESS), (LYON, LYON_TOO, UTRECHT)
# Who may try what officers do: those of the village, a newcomer, and one of another village.
OFFICER = st.sampled_from((*VILLAGE[:3] * 3, WITNESS, *SPARE, NEIGHBOUR))
CONTACT = st.sampled_from(ABROAD)
ANYBODY = st.sampled_from((*VILLAGE, *SPARE, NEIGHBOUR, *ABROAD))
PICK, SELDOM = st.integers(0, 7), st.integers(0, 3)


def has(table: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a rule be tried only where there is something to try it on."""
    return precondition(lambda stage: bool(stage.seen[table]))


def everybody(session: Session, now: datetime) -> None:
    """Let them be there, with a need of water that both associations were shown, and one that waits for a round."""
    association = village(session, now)
    for phone, role in (
        (TREASURER, OfficerRole.TREASURER),
        (PRESIDENT, OfficerRole.PRESIDENT),
        (WITNESS, OfficerRole.WITNESS),
    ):
        know_phone(session, now, phone, Language.FR)
        association.officers.append(Officer(phone=phone, role=role, joined_at=now))
    village(session, now, NEIGHBOUR, name="Tamaloukt")
    session.flush()
    lyon, utrecht = diaspora(session, now), diaspora(session, now, UTRECHT, "Utrecht-Souss")
    know_phone(session, now, LYON_TOO, Language.FR)
    lyon.contacts.append(Contact(name="Hassan", phone=LYON_TOO, joined_at=now))
    need = need_of(session, now)
    for one in (lyon, utrecht):
        proposed(session, now, need, one)


def officer(session: Session, phone: str) -> Officer:
    """Return who speaks from this phone for a village. Raises NotFoundError: who is nobody is not listened to."""
    found = active_officer(session, phone)
    if not found:
        raise NotFoundError
    return found


def contact(session: Session, phone: str) -> Contact:
    """Return who speaks from this phone for an association abroad. Raises NotFoundError as `officer`."""
    found = active_contact(session, phone)
    if not found:
        raise NotFoundError
    return found


class Stage(RuleBasedStateMachine):
    """What is done, allowed or not, and what must be so after each step; `reached` counts what came of it."""

    reached: Counter[str]

    def __init__(self, engine: Engine, clock: MovedClock, furnished: Snapshot) -> None:
        super().__init__()
        self.engine, self.clock = engine, clock
        self.clock.now = MovedClock().now
        furnished.restore(engine)
        self.seen, self.persons = Seen.of(engine), Persons()
        self.persons.meet(self.seen)
        (need,) = self.seen["needs"]
        self.need: int = need["id"]
        self.reference: str = need["reference"]

    def does(self, name: str, act: Callable[[Session, datetime], object]) -> bool:
        """Let something be done, and look whether every promise was kept; what is refused must change nothing."""
        self.clock.move(minutes=1)
        before = self.seen
        try:
            with transaction(self.engine) as session:
                act(session, self.clock())
        except TiwiziError as refused:
            self.reached[f"{name}: {type(refused).__name__}"] += 1
            assert Seen.of(self.engine) == before
            return False
        self.reached[name] += 1
        self.seen = Seen.of(self.engine)
        self.persons.meet(self.seen)
        for promise in PROMISES:
            promise(before, self.seen, self.persons)
        self.look()
        return True

    def look(self) -> None:
        """Look whether the service says of all this what was written."""

    def number(self, table: str, pick: int, **values: object) -> int:
        """Return the number of such a row; one that is not there when none is."""
        found = self.seen.where(table, **values)[::-1]
        number: int = found[pick % len(found)]["id"] if found else 0
        return number

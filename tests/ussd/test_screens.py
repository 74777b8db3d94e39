"""Every screen that any caller can reach, in every language, fits the smallest phone and offers a way on."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.domain.sectors import Sector
from service.domain.states import NeedState
from service.locales import Language
from service.messaging.segments import measure
from service.models.base import Base
from service.models.session import make_engine, transaction
from service.usecases.phones import know_phone, stop
from service.usecases.proposals import express_interest
from tests.ussd.walk import NOW, Walker
from tests.world import LYON, SECRETARY, STRANGER, diaspora, need_of, proposed, settle, village
from ussd.engine.journal import Journal
from ussd.engine.replay import Screen

LONGEST = {
    Language.AR: "جمعية أيت عبد الله للتنمية والتعاون تالوين",
    Language.FR: "Association Aït Abdallah développement eau",
    Language.SHI: "Tamsmunt n Ayt 3bdllah i tnmukkrt d waman",
    Language.EN: "Ait Abdallah Association for water & roads",
}
WRONG = ("", "xyz", "999999999999", "x" * 300, "ه" * 300, "😀")


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('screens')}/tiwizi.db")
    Base.metadata.create_all(engine)
    settle(engine)
    yield engine
    engine.dispose()


class Walk(Walker):
    """Walks everywhere, also where a wrong answer leads."""

    def __init__(self, session: Session, phone: str, language: Language) -> None:
        super().__init__(session, phone, language)
        self.seen: dict[str, Screen] = {}
        self.been: set[tuple[object, ...]] = set()

    def all(self) -> dict[str, Screen]:
        journal, screen = self.first()
        self._look(screen)
        ahead = [journal]
        while ahead:
            here = ahead.pop()
            for typed in self._inputs(here):
                there, screen = self.step(here, typed)
                self._look(screen)
                place = (_path(there), there.page, there.correcting, len(there.later))
                if not screen.ended and place not in self.been:
                    self.been.add(place)
                    ahead.append(there)
            if here.begun:
                self._look(self.player.resume(deepcopy(here)))
        return self.seen

    def _inputs(self, journal: Journal) -> list[str]:
        longest_first = sorted(range(len(journal.shown)), key=lambda n: -len(journal.shown[n][1]))
        options = [str(n + 1) for n in longest_first]
        return [*options, "98", "320000", "20000", "1", "Taliouine", LONGEST[self.language][:40], *WRONG, "00", "0"]

    def _look(self, screen: Screen) -> None:
        self.seen[screen.text] = screen


def _path(journal: Journal) -> tuple[object, ...]:
    """Where a journal stands: which questions were answered, and in which language."""
    return tuple(value if key == "language" else key for key, value in journal.entries)


def callers(session: Session, language: Language) -> dict[str, Walk]:
    """Everyone who dials: with nothing, with needs in all states, with one and with two interests waiting."""
    name = LONGEST[language][:40]
    quiet = "+212600000021"
    village(session, NOW, SECRETARY, language, name)
    village(session, NOW, quiet, language, name)
    for state in NeedState:
        need_of(session, NOW, verified=False).state = state
        need_of(session, NOW, verified=False).state_reason = "x" * 200
    for sector in Sector:
        need_of(session, NOW, quiet, verified=False).sector = sector
    lyon = diaspora(session, NOW, LYON, name, language)
    utrecht = diaspora(session, NOW, "+31600000001", f"{name[:38]} 2", language)
    waiting = "+212600000022"
    village(session, NOW, waiting, language, name)
    for phone, others in ((SECRETARY, [lyon]), (waiting, [lyon, utrecht])):
        need = need_of(session, NOW, phone)
        for other in others:
            proposed(session, NOW, need, other)
            contact = other.active_contacts[0]
            express_interest(session, NOW, contact=contact, reference=need.reference, code="*384*84#")
    know_phone(session, NOW, STRANGER, language)
    stop(session, NOW, quiet, "ussd")
    paris = diaspora(session, NOW, "+33639980002", f"{name[:38]} 3", language)
    stop(session, NOW, paris.active_contacts[0].phone, "ussd")
    phones = {
        "stranger": STRANGER,
        "quiet": quiet,
        "waiting": SECRETARY,
        "two": waiting,
        "contact": LYON,
        "silent": "+33639980002",
    }
    return {who: Walk(session, phone, language) for who, phone in phones.items()}


@pytest.mark.parametrize("language", Language)
def test_every_screen_fits_and_leads_somewhere(country: Engine, language: Language) -> None:
    with transaction(country) as session:
        for who, walk in callers(session, language).items():
            screens = walk.all()
            _write_down(language, who, screens)
            for text, screen in screens.items():
                size = measure(text)
                assert size.units <= (160 if size.encoding == "gsm7" else 70), text
                assert screen.ended or text.split("\n")[-1][0].isdigit(), f"no way on: {text}"
                assert "{" not in text
        session.rollback()


def _write_down(language: Language, who: str, screens: dict[str, Screen]) -> None:
    """Leave the screens where a person can read them aloud."""
    folder = Path("build/screens")
    folder.mkdir(parents=True, exist_ok=True)
    shown = (f"{text}\n[{measure(text).units} {measure(text).encoding}]" for text in screens)
    (folder / f"{language}-{who}.txt").write_text("\n\n".join(shown))

"""A tour of the dialogues as a person would go through them: each screen once, in the order of the conversation."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from service.domain.reference import ALPHABET, check_character
from service.domain.roles import OfficerRole
from service.domain.states import NeedState
from service.locales import Language
from service.models import DiasporaAssociation
from service.usecases.associations import reject_association
from service.usecases.phones import know_phone, stop
from service.usecases.proposals import express_interest
from tests.ussd.scenery import PHONES, colleague
from tests.ussd.walk import NOW, Walker
from tests.world import LYON, SECRETARY, STRANGER, TALIOUINE, UTRECHT, diaspora, need_of, officer_of, proposed, village
from ussd.engine.journal import DRAFTED, ENTERED, Journal
from ussd.engine.replay import BACK, MORE, Screen

# What people type where no line is chosen; the association's name in the letters of the language.
TYPED: Mapping[str, str | Mapping[Language, str]] = {
    "need.households": "84",
    "need.cost": "320000",
    "need.share": "60000",
    "need.title": {Language.AR: "بئر أسفل", Language.SHI: "Anu n izddar", Language.EN: "Lower well"},
    "association.place.typed": "taliouine",
    "association.douar": {Language.AR: "إفري"},
    "association.name": {Language.AR: "أيت عبد الله"},
}
DROPPED = "(coupure, puis rappel)"
PROVINCE = TALIOUINE[:6]
FRENCH = {"need.title": "Puits du bas", "association.douar": "Ifri", "association.name": "Ait Abdallah"}
REFERENCE = re.compile(r"\b[2-9A-Z]{2}-[2-9A-Z]{3}\b")


@dataclass(frozen=True)
class Scene:
    """One screen, with its further pages. `after` is the number of the one before, from which `typed` leads here."""

    number: int
    after: int
    typed: str
    dialogue: str
    keys: frozenset[str]
    pages: tuple[str, ...]
    journal: Journal
    ended: bool


class Tour:
    """All that the callers of one language are shown; a screen that says nothing new in its dialogue is passed over."""

    def __init__(self, language: Language) -> None:
        """Begin with nothing told."""
        self.language = language
        self.told: set[str] = set()
        self._told_in: set[tuple[str, str]] = set()
        self._count = 0
        self._examples: dict[str, str] = {}

    def of(self, session: Session, phone: str) -> list[Scene]:
        """Return what one caller is shown that nobody before was: dialogue after dialogue, numbered in this order."""
        walker = Walker(session, phone, self.language)
        before = self._count
        scenes = list(self._from(walker, self._scene(walker, *walker.first(), 0, "")))
        draft = next((scene for scene in scenes if scene.journal.begun and not scene.ended), None)
        if draft and "resume" not in self.told:
            journal = deepcopy(draft.journal)
            screen = walker.player.resume(journal)
            scenes.append(self._scene(walker, journal, screen, draft.number, DROPPED))
        dialogues = list(dict.fromkeys(scene.dialogue for scene in scenes))
        scenes.sort(key=lambda scene: dialogues.index(scene.dialogue))
        numbers = {0: 0, **{scene.number: number for number, scene in enumerate(scenes, before + 1)}}
        return [replace(scene, number=numbers[scene.number], after=numbers[scene.after]) for scene in scenes]

    def _from(self, walker: Walker, scene: Scene) -> Iterator[Scene]:
        yield scene
        for answer, said in [] if scene.ended else self._answers(scene):
            walker.heard()
            journal, screen = walker.step(scene.journal, answer)
            if self._is_new(_dialogue(journal), walker.heard(clear=False)):
                yield from self._from(walker, self._scene(walker, journal, screen, scene.number, said))

    def _is_new(self, dialogue: str, keys: frozenset[str]) -> bool:
        # What was not understood is told elsewhere, once for all questions; so are back and the menu.
        misread = any(key.startswith("expect.") for key in keys)
        return not misread and any((dialogue, key) not in self._told_in for key in keys)

    def _scene(self, walker: Walker, journal: Journal, screen: Screen, after: int, typed: str) -> Scene:
        keys, pages, here = walker.heard(), [screen.text], journal
        while not screen.ended and here.more:
            here, page = walker.step(here, MORE)
            pages.append(page.text)
        dialogue = _dialogue(journal)
        self.told |= keys
        self._told_in |= {(dialogue, key) for key in keys}
        self._count += 1
        shown = tuple(self._settled(page) for page in pages)
        return Scene(self._count, after, self._settled(typed), dialogue, keys, shown, journal, screen.ended)

    def _answers(self, scene: Scene) -> list[tuple[str, str]]:
        """Return what a person may type here, and how to say so."""
        shown = enumerate(scene.journal.shown, 1)
        chosen_first = sorted(shown, key=lambda line: line[1][0] not in {self.language, PROVINCE})
        lines = [(str(number), f"{number} {text}") for number, (_, text) in chosen_first]
        words = [(word, word) for key in scene.keys & TYPED.keys() if (word := self.words(key)) and not lines]
        return [*lines, *words, (BACK, scene.pages[-1].split("\n")[-1])]

    def _settled(self, text: str) -> str:
        """Put examples in the place of references, which are random: the same ones at every run."""
        return REFERENCE.sub(lambda found: self._example(found[0]), text)

    def _example(self, reference: str) -> str:
        if reference not in self._examples:
            body = f"K74{ALPHABET[len(self._examples)]}"
            self._examples[reference] = f"{body[:2]}-{body[2:]}{check_character(body)}"
        return self._examples[reference]

    def words(self, key: str) -> str:
        """Return what a speaker of the language types at a question."""
        typed = TYPED[key]
        return typed if isinstance(typed, str) else typed.get(self.language, FRENCH[key])


def _dialogue(journal: Journal) -> str:
    entered = [key for key, _ in journal.entries if key.startswith((DRAFTED, ENTERED))]
    return str(entered[-1][1:])


def callers(session: Session, language: Language) -> dict[str, str]:
    """Set the stage; return the phones of those who dial, by what they are in French."""
    voice = Tour(language)
    name, title = voice.words("association.name"), voice.words("need.title")
    busy, one, two, stopped, rejected = (f"+21260000002{number}" for number in range(5))
    know_phone(session, NOW, STRANGER, language)
    village(session, NOW, SECRETARY, language, name)
    know_phone(session, NOW, PHONES["witness"], language)
    colleague(OfficerRole.WITNESS, PHONES["witness"])(session, NOW)
    for phone in (busy, one, two, stopped, rejected):
        village(session, NOW, phone, language, name)
    for state in NeedState:
        need = need_of(session, NOW, busy, verified=False)
        need.state, need.state_reason, need.title = state, "...", title
    lyon, utrecht = (
        diaspora(session, NOW, *who, language) for who in ((LYON, "Lyon-Taliouine"), (UTRECHT, "Utrecht-Souss"))
    )
    _interested(session, one, lyon)
    _interested(session, two, lyon, utrecht)
    stop(session, NOW, stopped, "ussd")
    its_id = officer_of(session, rejected).association_id
    reject_association(session, NOW, actor="user:1", association_id=its_id, reason="...")
    return {
        "Un téléphone inconnu": STRANGER,
        "Un responsable d'association": SECRETARY,
        "Un responsable qui a signalé des besoins": busy,
        "Un responsable à qui une association s'intéresse": one,
        "Un responsable à qui deux associations s'intéressent": two,
        "Un responsable qui a dit STOP": stopped,
        "Un responsable dont l'association n'est pas retenue": rejected,
        "Un témoin": PHONES["witness"],
        "Le contact d'une association de MRE": LYON,
    }


def _interested(session: Session, phone: str, *others: DiasporaAssociation) -> None:
    need = need_of(session, NOW, phone)
    for other in others:
        proposed(session, NOW, need, other)
        contact = other.active_contacts[0]
        express_interest(session, NOW, contact=contact, reference=need.reference, code="*384*84#")

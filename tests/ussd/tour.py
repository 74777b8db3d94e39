"""A tour of the dialogues as a person would go through them: each screen once, in the order of the conversation."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from service.domain.reference import ALPHABET, check_character
from service.locales import Language
from tests.ussd.cast import CAST, INVITATION, PIN, Names, Play
from tests.ussd.walk import NOW, Walker
from tests.world import TALIOUINE
from ussd.engine.journal import DRAFTED, ENTERED, Journal, typed
from ussd.engine.replay import BACK, MORE, Screen

# What people type where no line is chosen; words in the letters of the language, elsewhere as in French.
TYPED: Mapping[str, str | Mapping[Language, str]] = {
    "association.place.typed": "taliouine",
    "association.douar": {Language.FR: "Ifri", Language.AR: "إفري"},
    "association.name": {Language.FR: "Ait Abdallah", Language.AR: "أيت عبد الله"},
    "join.code": INVITATION,
    "resident.reference": "1",
    "need.households": "84",
    "need.cost": "320000",
    "need.share": "60000",
    "need.title": {
        Language.FR: "Puits du bas",
        Language.AR: "بئر أسفل",
        Language.SHI: "Anu n izddar",
        Language.EN: "Lower well",
    },
    "need.people": "620",
    "need.people.summer": "900",
    "need.cash": "20000",
    "need.cash.labour": "30000",
    "need.cash.materials": "5000",
    "need.cash.land": "5000",
    "progress.milestone.percent": "60",
    "progress.spent": "200000",
    "progress.next": {
        Language.FR: "Poser la pompe",
        Language.AR: "تركيب المضخة",
        Language.SHI: "Asrs n lbumba",
        Language.EN: "Fit the pump",
    },
    "progress.next.day": "15/3",
    "testimony.words": {
        Language.FR: "L'eau arrive aux maisons",
        Language.AR: "وصل الماء إلى البيوت",
        Language.SHI: "Lkmn waman s tigmma",
        Language.EN: "Water reaches the houses",
    },
    "testimony.words.more": {
        Language.FR: "Les filles vont à l'école",
        Language.AR: "والبنات في المدرسة",
        Language.SHI: "Tifrkhin ar aqqrant",
        Language.EN: "Girls go to school",
    },
    "officers.add.number": "0612345678",
    "officers.hand_over.number": "0612345678",
    "pin.ask": PIN,
    "pin.new": PIN,
    "pin.again": PIN,
    "diaspora.name": {Language.FR: "Amis d'Ifri", Language.AR: "أصدقاء إفري"},
    "diaspora.city": {Language.FR: "Lyon", Language.AR: "ليون"},
    "diaspora.country.typed": {Language.FR: "Suisse", Language.AR: "سويسرا", Language.EN: "Sweden"},
    "diaspora.contact": {Language.FR: "Fatima", Language.AR: "فاطمة"},
    "diaspora.origins.typed": "taliouine",
    "diaspora.capacity": "5000",
    "profile.slots": "3",
    "pause.days": "30",
    "project.pause.day": "15/3",
    "pledge.amount": "5000",
    "plan.source.name": "INDH",
    "plan.amount": "20000",
    "arrival.amount": "50000",
    "arrival.count.other": "48000",
}
# What was asked last tells what a screen may lead to: a proof, to what is proven.
QUESTIONS_THAT_TELL = 3
DROPPED = "(coupure, puis rappel)"
PROVINCE = TALIOUINE[:6]
REFERENCE = re.compile(r"[2-9A-Z]{2}-[2-9A-Z]{3}\b")


@dataclass(frozen=True)
class Part:
    """Who dials, in French; `elsewhere` are the dialogues that another part tells."""

    title: str
    who: str
    elsewhere: Collection[str] = ()


PARTS = (
    Part("Qui appelle pour la première fois", "newcomer", ("officers.join", "diaspora.enrol")),
    Part("Qui a reçu un code d'invitation", "invited", ("diaspora.enrol",)),
    Part("Le président, le trésorier ou le secrétaire", "officer"),
    Part("… dont l'association n'est pas encore vérifiée", "new officer"),
    Part("… dont l'association n'est pas retenue", "rejected officer"),
    Part("… dont on attend une réponse", "awaited officer"),
    Part("… qui est seul responsable", "lone officer"),
    Part("… qui a des projets", "partnered officer"),
    Part("… dont les travaux sont finis", "finishing officer"),
    Part("… qui s'est trompé cinq fois de code secret", "forgetful officer"),
    Part("… qui a dit STOP", "stopped officer"),
    Part("… dont le numéro s'est tu longtemps", "silent officer"),
    Part("… à qui un collègue demande de confirmer son numéro", "voucher"),
    Part("Le témoin", "witness"),
    Part("Une association de MRE qui s'inscrit", "emigrant"),
    Part("Le contact d'une association de MRE", "contact"),
    Part("… dont l'association est partenaire", "partnered contact"),
    Part("… en pause", "paused contact"),
    Part("… seul à répondre, dont le numéro s'est tu longtemps", "silent contact"),
    Part("Qui habite un village", "resident", ("officers.join", "association.register", "diaspora.enrol")),
    Part("… qui n'a rien à répondre", "idle resident", ("officers.join", "association.register", "diaspora.enrol")),
    Part("Le coordinateur", "coordinator"),
    Part("… qui ne fait que regarder", "viewer"),
)


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
    read: Journal  # with the last page on the screen: a summary that was not read to its end is not sent
    ended: bool


class Tour:
    """All that the callers of one language are shown; a screen that says nothing new is passed through in silence."""

    def __init__(self, language: Language) -> None:
        """Begin with nothing told."""
        self.language = language
        self.told: set[str] = set()
        self._count = 0
        self._asked_at: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def of(self, session: Session, part: Part) -> list[Scene]:
        """Return what one caller is shown that nobody before was: dialogue after dialogue, numbered in this order."""
        walker = Walker(session, CAST[part.who], self.language)
        before = self._count
        first = self._scene(walker, *walker.first(), 0, "")
        scenes = [first, *self._after(walker, first, part, set())]
        draft = next((scene for scene in scenes if scene.journal.begun and not scene.ended), None)
        if draft and "resume" not in self.told:
            journal = draft.journal.copy()
            screen = walker.player.resume(journal)
            scenes.append(self._scene(walker, journal, screen, draft.number, DROPPED))
        return self._numbered(scenes, before)

    def _numbered(self, scenes: list[Scene], before: int) -> list[Scene]:
        """Bring the screens of a dialogue together, and number them in this order."""
        dialogues = list(dict.fromkeys(scene.dialogue for scene in scenes))
        scenes.sort(key=lambda scene: dialogues.index(scene.dialogue))
        numbers = {scene.number: number for number, scene in enumerate(scenes, before + 1)}
        self._asked_at = {key: numbers.get(number, number) for key, number in self._asked_at.items()}
        return [
            replace(scene, number=numbers[scene.number], after=numbers.get(scene.after, scene.after))
            for scene in scenes
        ]

    def _after(self, walker: Walker, scene: Scene, part: Part, been: set[object]) -> Iterator[Scene]:
        """Go on from a screen, told now or before."""
        for answer, said in [] if scene.ended else self._answers(scene):
            walker.heard()
            journal, screen = walker.step(scene.journal if answer == BACK else scene.read, answer)
            keys = walker.heard(clear=False)
            # What was not understood is told elsewhere, once for all questions.
            misread = any(key.startswith("expect.") for key in keys)
            place = (keys, *_questions(journal)[-QUESTIONS_THAT_TELL:])
            if misread or _dialogue(journal) in part.elsewhere or place in been:
                continue
            been.add(place)
            new = bool(keys - self.told)
            after = self._scene(walker, journal, screen, scene.number, said, new=new)
            if new:
                yield after
            yield from self._after(walker, after, part, been)

    def _scene(
        self, walker: Walker, journal: Journal, screen: Screen, after: int, said: str, *, new: bool = True
    ) -> Scene:
        keys, pages, here = walker.heard(), [screen.text], journal
        while not screen.ended and here.more:
            here, page = walker.step(here, MORE)
            pages.append(page.text)
        self.told |= keys
        self._count += new
        asked = walker.player.asked(journal) if not screen.ended else None
        # Where the same was asked before, that is the number to find it at.
        number = self._count if new or not asked else self._asked_at[asked.key]
        if asked:
            self._asked_at[asked.key] = number
        walker.heard()
        shown = tuple(self._settled(page) for page in pages) if new else tuple(pages)
        return Scene(number, after, self._settled(said), _dialogue(journal), keys, shown, journal, here, screen.ended)

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
            tens, ones = divmod(len(self._examples), len(ALPHABET))
            body = f"K7{ALPHABET[tens]}{ALPHABET[ones]}"
            self._examples[reference] = f"{body[:2]}-{body[2:]}{check_character(body)}"
        return self._examples[reference]

    def words(self, key: str) -> str:
        """Return what a speaker of the language types at a question."""
        typed = TYPED[key]
        return typed if isinstance(typed, str) else typed.get(self.language, typed[Language.FR])


def _questions(journal: Journal) -> list[str]:
    return [key for key, _ in journal.entries if typed(key)]


def _dialogue(journal: Journal) -> str:
    entered = [key for key, _ in journal.entries if key.startswith((DRAFTED, ENTERED))]
    return str(entered[-1][1:])


def play(session: Session, language: Language) -> None:
    """Bring on everybody who dials."""
    voice = Tour(language)
    name, title, step = (voice.words(key) for key in ("association.name", "need.title", "progress.next"))
    douar, contact = voice.words("association.douar"), voice.words("diaspora.contact")
    Play(session, NOW, language, Names(name, douar, title, step, contact)).begin()

"""Reading an SMS: the word that says what to do, the reference it is about, and the rest."""

from dataclasses import dataclass
from enum import StrEnum

from service.domain.reference import parse_reference
from service.domain.text import clean, search_key


class Action(StrEnum):
    """What a text asks for."""

    YES = "yes"
    NO = "no"
    INFO = "info"
    HELP = "help"
    STOP = "stop"
    START = "start"
    NEED = "need"


# French, Arabic, Tachelhit and English, as people text them; a word stands for one action only (a test sees to it).
WORDS: dict[Action, tuple[str, ...]] = {
    Action.YES: ("oui", "o", "ouii", "yes", "y", "ok", "wakha", "waxxa", "yah", "ih", "na3am", "نعم", "واخا"),
    Action.NO: ("non", "n", "no", "nn", "la", "lla", "oho", "uhu", "لا"),
    Action.INFO: ("info", "infos", "details", "lkhbar", "معلومات", "اخبار"),
    Action.HELP: ("aide", "help", "aider", "menu", "tiwisi", "3awn", "مساعدة", "مساعده"),
    Action.STOP: ("stop", "arret", "arreter", "hbes", "7bes", "stopper", "توقف", "قف"),
    Action.START: ("start", "reprendre", "reprise", "bdu", "ابدأ", "ابدا"),
    Action.NEED: ("besoin", "bsoin", "besoins", "need", "7aja", "haja", "lhajt", "حاجة", "حاجه"),
}
ACTIONS = {search_key(word): action for action, words in WORDS.items() for word in words}


@dataclass(frozen=True)
class Command:
    """A read text. `reference` is None when there is none that could be one; `rest` is what follows."""

    action: Action
    reference: str | None
    rest: str


def read_command(text: str) -> Command | None:
    """Return what a text asks for, or None when its first word is no keyword."""
    first, _, rest = clean(text).partition(" ")
    action = ACTIONS.get(search_key(first))
    if not action:
        return None
    reference, rest = _take_reference(rest)
    return Command(action, reference, rest)


def _take_reference(rest: str) -> tuple[str | None, str]:
    words = rest.split(" ")
    # "K7-4Q2", "k74q2", and "K7 4Q2" from a phone whose hyphen is hard to find.
    for count in (1, 2):
        if reference := parse_reference(" ".join(words[:count]).strip(".,;:!?")):
            return reference, " ".join(words[count:])
    return None, rest

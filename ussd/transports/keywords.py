"""Reading an SMS: the word that says what to do, the reference it is about, and the rest."""

import re
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


# Words this short begin sentences too (*La piste…*, *O village…*): followed by others, they say neither yes nor no.
SHORT = 2
CODE_LIKE = re.compile(r"(?=.*[0-9-])[0-9A-Z]{2}[-_.]?[0-9A-Z]{3}", re.IGNORECASE)


@dataclass(frozen=True)
class Command:
    """A read text. `reference` is None when there is none; `mistyped` is what was meant as one; `rest` follows."""

    action: Action
    reference: str | None
    rest: str
    mistyped: str = ""

    @property
    def about_one(self) -> bool:
        """Whether it names a need, rightly or not."""
        return bool(self.reference or self.mistyped)


def read_command(text: str) -> Command | None:
    """Return what a text asks for, or None when its first word is no keyword."""
    first, _, rest = clean(text).partition(" ")
    key = search_key(first)
    action = ACTIONS.get(key)
    if not action:
        return None
    command = _command(action, rest)
    sentence = command.rest and not command.about_one and len(key) <= SHORT
    return None if sentence and action in {Action.YES, Action.NO} else command


def _command(action: Action, rest: str) -> Command:
    words = rest.split(" ")
    # "K7-4Q2", "k74q2", and "K7 4Q2" from a phone whose hyphen is hard to find.
    for count in (1, 2):
        if reference := parse_reference(" ".join(words[:count]).strip(".,;:!?")):
            return Command(action, reference, " ".join(words[count:]))
    written = words[0].strip(".,;:!?")
    if CODE_LIKE.fullmatch(written):
        return Command(action, None, " ".join(words[1:]), mistyped=written.upper())
    return Command(action, None, rest)

"""Reading an SMS: the word that says what to do, the reference it is about, and the rest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product

from service.census.spelling import plain
from service.domain.reference import parse_reference
from service.domain.text import LATIN, clean


class Action(StrEnum):
    """What a text asks for."""

    YES = "yes"
    NO = "no"
    INFO = "info"
    HELP = "help"
    STOP = "stop"
    START = "start"
    NEED = "need"
    MENU = "menu"
    GO_ON = "go_on"
    PROGRESS = "progress"
    CONFIRM = "confirm"
    PROJECT = "project"
    ARRIVAL = "arrival"
    PLAN = "plan"
    MINE = "mine"
    TESTIMONY = "testimony"
    RETRACT = "retract"
    EXPERIENCE = "experience"
    SHEET = "sheet"
    OFFICERS = "officers"
    JOIN = "join"
    RESIDENT = "resident"
    ENROL = "enrol"
    PLEDGE = "pledge"
    PROFILE = "profile"
    PAUSE = "pause"
    LANGUAGE = "language"
    CALLBACK = "callback"
    PIN = "pin"
    LEAVE = "leave"


# French, English, Tachelhit and Darija in Latin letters, Arabic, as people text them. A word stands for one action, and
# one of four letters or more is never a slip of the thumb away from another action's (tests see to both).
WORDS: dict[Action, tuple[str, ...]] = {
    Action.YES: (
        "oui",
        "o",
        "yes",
        "y",
        "ok",
        "d'accord",
        "wakha",
        "waxxa",
        "yah",
        "ih",
        "na3am",
        "نعم",
        "واخا",
    ),
    Action.NO: ("non", "n", "no", "nn", "la", "lla", "oho", "uhu", "لا"),
    Action.INFO: ("info", "infos", "information", "details", "lkhbar", "معلومات", "اخبار"),
    Action.HELP: ("aide", "help", "aider", "tiwisi", "3awn", "مساعدة"),
    Action.STOP: (
        *("stop", "arret", "arretez", "arreter", "hbes", "7bes", "stopper", "stopall", "unsubscribe"),
        *("اوقفوا", "اوقف", "توقف", "قف"),
    ),
    Action.START: ("start", "reprendre", "reprise", "bdu", "ابدأ"),
    Action.NEED: ("besoin", "bsoin", "besoins", "need", "needs", "7aja", "haja", "lhajt", "حاجة"),
    Action.MENU: ("menu", "accueil", "umugh", "قائمة"),
    Action.GO_ON: ("suite", "continuer", "continue", "go on", "kmml", "kemmel", "تابع", "متابعة", "تتمة"),
    Action.PROGRESS: ("avancement", "progres", "progress", "azwur", "taqaddum", "تقدم"),
    Action.CONFIRM: ("confirmer", "confirm", "confirme", "sdid", "akkid", "تأكيد"),
    Action.PROJECT: ("projet", "projets", "project", "projects", "asnfar", "machrou3", "مشروع", "مشاريع"),
    Action.ARRIVAL: ("recu", "recue", "reception", "received", "arrived", "ilkm", "tlkm", "wslat", "استلمنا", "استلام"),
    Action.PLAN: ("plan", "financement", "budget", "aghawas", "lkhitta", "خطة", "تمويل"),
    Action.MINE: ("liste", "list", "mes besoins", "suivi", "my needs", "lhwayj", "lista", "لائحة", "حاجاتنا"),
    Action.TESTIMONY: ("temoignage", "temoigner", "testimony", "tughdit", "chahada", "شهادة"),
    Action.RETRACT: ("retirer", "retract", "kkis", "7yyed", "سحب"),
    Action.EXPERIENCE: ("experience", "experiences", "tirmit", "tajriba", "تجربة", "تجارب"),
    Action.SHEET: ("fiche", "sheet", "tawriqt", "wer9a", "بطاقة"),
    Action.OFFICERS: ("bureau", "officers", "lmaktab", "مكتب"),
    Action.JOIN: ("rejoindre", "join", "invitation", "kchem", "ldkhol", "انضمام", "دعوة"),
    Action.RESIDENT: ("habitant", "habitante", "habitants", "resident", "amzdagh", "sakin", "ساكن", "ساكنة"),
    Action.ENROL: ("inscription", "inscrire", "register", "enrol", "enroll", "zmmm", "tasjil", "تسجيل"),
    Action.PLEDGE: ("don", "dons", "donner", "promesse", "pledge", "donate", "tarzzift", "tabarru3", "تبرع", "تعهد"),
    Action.PROFILE: ("profil", "profile", "ighfawn", "malaf", "ملف", "ملفنا"),
    Action.PAUSE: ("pause", "sunfu", "stira7a", "استراحة", "توقف مؤقت"),
    Action.LANGUAGE: ("langue", "language", "awal", "lugha", "لغة"),
    Action.CALLBACK: ("rappel", "rappelez", "rappelez moi", "call me", "callback", "ghrat", "3iytu", "اتصلوا", "اتصال"),
    Action.PIN: ("code", "code secret", "pin", "tangalt", "ramz", "رمز"),
    Action.LEAVE: ("quitter", "leave", "ffgh", "khrej", "مغادرة", "انسحاب"),
}
# What no slip of the thumb may say: these end, begin and decide.
EXACT = frozenset({Action.YES, Action.NO, Action.STOP, Action.START})
# What may be about one need. Elsewhere the code of a need is five letters like others.
ABOUT_ONE = frozenset(
    {
        *(Action.YES, Action.NO, Action.INFO, Action.PLEDGE, Action.PROGRESS, Action.CONFIRM, Action.PROJECT),
        *(Action.ARRIVAL, Action.PLAN, Action.EXPERIENCE, Action.RESIDENT),
    }
)

# Words this short begin sentences too (*La piste…*, *O village…*): followed by others, they say neither yes nor no.
SHORT = 2
# A word of this many letters can be told with one of them wrong; what is nearly a shorter one is asked about.
TOLD, NEARLY, SWAPPED = 5, 4, 2
SENTENCE = 4  # words
PUNCTUATION = ".,;:!?،؛؟"
# What was meant as a code: a word, or two with figures among the letters; later in a text, not without its dash.
CODE_LIKE = re.compile(
    r"(?=.*[0-9-])[0-9A-Z]{2,3}[-_.]?[0-9A-Z]{3}|(?=.*[0-9])(?=.*[A-Z])[0-9A-Z]{2,3} [0-9A-Z]{3}", re.IGNORECASE
)
LATER_CODE_LIKE = re.compile(r"(?=.*[0-9])(?=.*[A-Z])[0-9A-Z]{2,3}[-_.][0-9A-Z]{3}", re.IGNORECASE)
LATEST = 12  # word of a text that is looked at for a code
DOUBLED = re.compile(r"(.)\1+")
ARTICLE = "ال"
# As in BESOIN:EAU and oui,K7-4Q2.
GLUED = re.compile(r"^([^\W\d]+)[,.;:!?=،؛؟]+(?=\S)")


@dataclass(frozen=True)
class Command:
    """A read text. `reference` is None when there is none; `mistyped` is what was meant as one; `rest` are the others.

    `word` is the keyword as it was typed.
    """

    action: Action
    reference: str | None
    rest: str
    mistyped: str = ""
    word: str = field(default="", compare=False)

    @property
    def about_one(self) -> bool:
        """Whether it names a need, rightly or not."""
        return bool(self.reference or self.mistyped)

    @property
    def alone(self) -> bool:
        """Whether nothing stands beside the word."""
        return not (self.about_one or self.rest)

    @property
    def contrary(self) -> str:
        """The word beside a yes that says no, or the other way round: *oui ou non*; none is empty."""
        contrary = {Action.YES: Action.NO, Action.NO: Action.YES}.get(self.action)
        words = [word.strip(PUNCTUATION) for word in self.rest.split(" ")]
        # A short one may be a word of any sentence, unless it stands there alone.
        telling = [word for word in words if len(word) > SHORT] or words
        return next((word for word in telling if INDEX[1].get(key_of(word)) is contrary), "") if contrary else ""


@dataclass(frozen=True)
class Guess:
    """What a text may have been meant to say: keywords of one action or of several.

    `command` is what it says when that is sure enough; else the one who wrote it is asked.
    """

    words: tuple[str, ...]
    command: Command | None


def key_of(word: str) -> str:
    """Return what tells a word: no case, no accents, no article, one spelling of Arabic letters, no letter doubled."""
    key = plain(word)
    # The article first: its letter may be doubled with that of the word.
    return DOUBLED.sub(r"\1", key.removeprefix(ARTICLE) if len(key) > NEARLY else key)


# By how many words they are: people write *mes besoins* and *mesbesoins*.
INDEX: dict[int, dict[str, Action]] = {3: {}, 2: {}, 1: {}}
# What is long enough to be told from what is nearly it: as it is spelled, and with its letters doubled.
LONG: dict[int, list[tuple[str, str, Action, str]]] = {count: [] for count in INDEX}
for _action, _words in WORDS.items():
    for _word in _words:
        _key = key_of(_word)
        for _count in {len(_word.split()), 1} if len(_key) >= NEARLY else {len(_word.split())}:
            INDEX[_count][_key] = _action
            if len(_key) >= NEARLY:
                LONG[_count].append((_key, plain(_word), _action, _word))


def read_command(text: str) -> Command | None:
    """Return what a text asks for, or None when it begins with no keyword."""
    words = _split(text)
    for count in range(min(len(words), max(INDEX)), 0, -1):
        typed = "".join(words[:count])
        if action := INDEX[count].get(key_of(typed)):
            command = replace(_command(action, " ".join(words[count:])), word=" ".join(words[:count]))
            return _unless_sentence(command)
        if count > 1 and _like(typed, count):
            # Not what its first word says: *توقف مؤقت* is a pause, also with a slip, and no STOP.
            return None
    return None


def nearly(text: str) -> Guess | None:
    """Return what a text that begins with no keyword was perhaps meant to ask for, when one letter of it is wrong.

    None when it is like no keyword.
    """
    words = _split(text)
    for count in range(min(len(words), max(INDEX)), 0, -1):
        if meant := _like("".join(words[:count]), count):
            rest = " ".join(words[count:])
            told = any(len(key_of(word)) >= TOLD for word in meant.values())
            sure = told and len(meant) == 1 and not EXACT & meant.keys()
            command = replace(_command(next(iter(meant)), rest), word=" ".join(words[:count]))
            return Guess(tuple(meant.values()), command if sure and _like_form(command) else None)
    return None


def _like_form(command: Command) -> bool:
    """Tell whether nothing follows a word, or what people write with one; a sentence may begin with anything."""
    if command.action is Action.LANGUAGE:
        return " " not in command.rest
    return not command.rest or command.about_one or any(map(str.isdigit, command.rest))


def _like(typed: str, count: int) -> dict[Action, str]:
    """Return the keywords of `count` words that are what was typed but for one slip, one for each action."""
    key, letters = key_of(typed), plain(typed)
    if len(letters) < NEARLY:
        return {}
    return {
        action: word
        for spelled, doubled, action, word in LONG[count]
        if one_slip(key, spelled) or one_slip(letters, doubled)
    }


def one_slip(typed: str, word: str) -> bool:
    """Tell whether one letter too many, missing or wrong, or two letters swapped, makes one of the other."""
    if abs(len(typed) - len(word)) > 1:
        return False
    begin = _alike(typed, word)
    typed, word = typed[begin:], word[begin:]
    end = _alike(typed[::-1], word[::-1])
    typed, word = typed[: len(typed) - end], word[: len(word) - end]
    return max(len(typed), len(word)) <= 1 or (len(typed) == SWAPPED and typed == word[::-1])


def _alike(typed: str, word: str) -> int:
    """Return with how many same letters both begin."""
    same = 0
    for letter, other in zip(typed, word, strict=False):
        if letter != other:
            break
        same += 1
    return same


def is_sentence(text: str) -> bool:
    """Tell whether somebody speaks rather than answers: four words or more, figures aside."""
    return sum(any(map(str.isalpha, word)) for word in _split(text)) >= SENTENCE


def _split(text: str) -> list[str]:
    return GLUED.sub(r"\1 ", clean(text)).split(" ")


def _unless_sentence(command: Command) -> Command | None:
    sentence = command.rest and not command.about_one and len(command.word.strip(PUNCTUATION)) <= SHORT
    return None if sentence and command.action in {Action.YES, Action.NO} else command


def _command(action: Action, rest: str) -> Command:
    if action not in ABOUT_ONE:
        return Command(action, None, rest)
    words = rest.split(" ")
    likely = [one for one in _parts(words) if one.likely and not (action is Action.PLEDGE and one.is_number)]
    for one in likely:
        if reference := parse_reference(one.written):
            return Command(action, reference, one.others)
    for one in likely:
        if (LATER_CODE_LIKE if one.later else CODE_LIKE).fullmatch(one.written):
            return Command(action, None, one.others, mistyped=one.written.upper())
    return Command(action, None, rest)


@dataclass(frozen=True)
class _Part:
    """One or two words of a text, where they stand, and the others: "K7 4Q2" is from a phone without a hyphen."""

    written: str
    others: str
    later: bool

    @property
    def likely(self) -> bool:
        """Whether it may be a code: after the keyword anything, later (*oui pour K7-4Q2*) no mere word or number."""
        letters = any(letter.isalpha() for letter in self.written)
        return not self.later or "-" in self.written or (letters and any(map(str.isdigit, self.written)))

    @property
    def is_number(self) -> bool:
        """Whether it is an amount rather than a code."""
        return self.written.replace(" ", "").isdigit()


def _parts(words: list[str]) -> Iterator[_Part]:
    for place, count in product(range(min(len(words), LATEST)), (1, 2)):
        part, others = words[place : place + count], words[:place] + words[place + count :]
        yield _Part(" ".join(part).strip(PUNCTUATION).translate(LATIN), " ".join(others), later=place > 0)

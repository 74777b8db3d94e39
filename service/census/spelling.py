"""How close a name that a villager typed is to the name of a commune.

French transcriptions of Amazigh and Arabic names follow no rule (Taliouine, Taliwin, Talouin), and phones add digits
that stand for Arabic letters (Belfa3). So names are compared as spelled, then by a rough sound that forgets what
spellings differ in. Latin letters are compared with the French name, Arabic ones with the Arabic name.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from service.domain.text import search_key

# Likenesses, 0 to 1, found by trial over all 1,503 communes: lower, and words that are no place begin to find one.
CLOSE_ENOUGH = 0.84
LATER_CLOSE_ENOUGH = 0.88
BOTH_CLOSE_ENOUGH = 0.8  # the mean of the likenesses of sounds and letters
SHORTEST_SOUND = 3
SHORTEST_BEGINNING = 4
# Scores by kind of likeness; the likeness of the letters is added to the lower ones.
SAME, BEGINS, SOUNDS_SAME, HOLDS = 4.0, 3.0, 2.0, 1.0

ARABIC = re.compile(r"[\u0621-\u06ff\u0750-\u077f]")
NOT_ARABIC = re.compile(r"[^\u0621-\u063a\u0641-\u064a\u066e-\u06d3\u0750-\u077f]")
ARABIC_ARTICLE = re.compile(r"\bا?ل(?=\w{3})")  # Arabic is meant
ARABIC_SPELLING = str.maketrans("أإآٱىیةگڭݣک", "ااااييهكككك")
ARABIC_SOUND = str.maketrans("قغطضصظثذ", "ككتدسدتد", "اءئؤ")

CHAT_DIGITS = str.maketrans({"3": "a", "7": "h", "9": "k", "5": "kh", "2": ""})  # for ع ح ق خ ء
LATIN_ARTICLE = re.compile(r"\b(?:el|al|l|ul)[ '-]+", re.IGNORECASE)
LATIN_SOUND = tuple(
    (re.compile(letters), sound)
    for letters, sound in (
        ("^(?:ou|w|aw)l[ae]d", "uld"),  # the commonest first word, written in six ways
        ("gh|rh|gu(?=[aeiy])", "k"),
        ("kh", "x"),
        ("t?s?ch|sh", "$"),
        ("dj", "j"),
        ("ph", "f"),
        ("dh", "d"),
        ("th", "t"),
        ("c(?=[eiy])", "s"),
        ("[cgq]", "k"),
        ("ou|[ow]", "u"),
        ("y", "i"),
        ("e", ""),  # written or not, as the writer pleases
        (r"(.)\1+", r"\1"),
        ("(?<=.)h?a?h?$", ""),
    )
)


class Spelled(NamedTuple):
    """A name: its letters, its sound, and the sounds of its later words: people say Abdallah for Aït Abdallah."""

    letters: str
    sound: str
    later: tuple[str, ...]


@lru_cache(maxsize=4096)
def spelled(name: str) -> Spelled:
    """Return a commune's name as it is compared."""
    words = re.split(r"[ \u2013-]+", name)
    later = (sounded(" ".join(words[start:])) for start in range(1, len(words)))
    return Spelled(plain(name), sounded(name), tuple(sound for sound in later if len(sound) >= SHORTEST_SOUND))


def plain(name: str) -> str:
    """Return the letters of a name: Latin ones in lower-case ASCII, Arabic ones without marks and with one alif."""
    if not ARABIC.search(name):
        return search_key(name)
    return NOT_ARABIC.sub("", unicodedata.normalize("NFKC", name).translate(ARABIC_SPELLING))


def sounded(name: str) -> str:
    """Return a rough sound, the same for names that are said alike: `Tafraout` and `tafrawt` both give `tafraut`."""
    if ARABIC.search(name):
        letters = plain(ARABIC_ARTICLE.sub("", name))
        return letters[:1] + letters[1:].translate(ARABIC_SOUND).removesuffix("ه")  # Arabic is meant
    sound = search_key(LATIN_ARTICLE.sub("", name)).translate(CHAT_DIGITS)
    for spelling, letter in LATIN_SOUND:
        sound = spelling.sub(letter, sound)
    return sound


class Search:
    """What a villager typed, ready to be compared with many names."""

    def __init__(self, typed: str) -> None:
        """Read the typed name once."""
        self._arabic = ARABIC.search(typed) is not None
        self._letters, self._sound = plain(typed), sounded(typed)

    def likeness(self, name_fr: str, name_ar: str) -> float:
        """Return how well a commune's name answers what was typed: 0 is not at all, the rest orders.

        Best is the same name (4), then one that begins so (3), one that sounds the same (2 to 3), one whose beginning
        or later word sounds so (1 to 2), and last one that is merely close (below 1).
        """
        name = spelled(name_ar if self._arabic else name_fr)
        if self._letters and name.letters.startswith(self._letters):
            return SAME if name.letters == self._letters else BEGINS
        if len(self._sound) < SHORTEST_SOUND:
            return 0.0
        return self._by_sound(name)

    def _by_sound(self, name: Spelled) -> float:
        if name.sound == self._sound:
            return SOUNDS_SAME + self._letters_alike(name)
        if self._begins(name):
            return HOLDS + self._letters_alike(name)
        return self._merely_close(name)

    def _begins(self, name: Spelled) -> bool:
        long_enough = len(self._sound) >= SHORTEST_BEGINNING
        return long_enough and any(sound.startswith(self._sound) for sound in (name.sound, *name.later))

    def _merely_close(self, name: Spelled) -> float:
        later = any(_alike(self._sound, sound, LATER_CLOSE_ENOUGH) for sound in name.later)
        close = _alike(self._sound, name.sound, 0.0 if later else CLOSE_ENOUGH)
        both = (close + self._letters_alike(name)) / 2 if close else 0.0
        return both if both >= BOTH_CLOSE_ENOUGH else 0.0

    def _letters_alike(self, name: Spelled) -> float:
        return _alike(self._letters, name.letters, 0.0)


def _alike(one: str, other: str, enough: float) -> float:
    """Return the likeness of two words, or 0 when it is not enough; the cheap upper bounds come first."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    bounds = matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio
    return matcher.ratio() if all(bound() >= enough for bound in bounds) else 0.0

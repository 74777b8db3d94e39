"""What people typed: kept as written, less what no person meant to write."""

import re
import unicodedata

from anyascii import anyascii

# Cc controls, Cf formats (bidi marks, zero-width joiners), Cs surrogates, Co private use, Cn unassigned.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
NUL = "\x00"  # no table has one, and no database of ours keeps one
# Cyrillic and Greek letters that nobody can tell from Latin ones by looking.
LATIN = str.maketrans("АВЕКМНОРСТУХаеорсухѕіΑΒΕΖΗΙΚΜΝΟΡΤΥΧνορ", "ABEKMHOPCTYXaeopcyxsiABEZHIKMNOPTYXvop")
WORD = re.compile(r"[a-z0-9]+")
MOST_FOLDED = 300  # characters


def clean(typed: str) -> str:
    """Return the text without control, bidi and other invisible characters, in NFC, with single spaces."""
    if typed.isascii() and typed.isprintable():
        return " ".join(typed.split())
    visible = "".join(" " if unicodedata.category(letter) in INVISIBLE else letter for letter in typed)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def visible(text: str) -> str:
    """Return the text with control and bidirectional characters written out as `⟨U+202E⟩`: none hides or reorders."""
    return "".join(f"⟨U+{ord(one):04X}⟩" if unicodedata.category(one) in INVISIBLE else one for one in text)


def search_key(name: str) -> str:
    """Return a name as it is looked for: ASCII lower-case letters and digits only, `Aït Abdallah` → `aitabdallah`.

    What looks the same is the same, whatever script its letters are of.
    """
    return "".join(letter for letter in _ascii(name) if letter.isalnum())


def words(typed: str) -> list[str]:
    """Return the words of a text as they are looked for: ASCII lower-case, `L'école` → `l`, `ecole`."""
    return WORD.findall(_ascii(typed))


def folded(*texts: str) -> str:
    """Return the words of texts, each after a space, as a column holds them: ` puits` is in it if a word begins so."""
    return "".join(f" {word}" for text in texts for word in words(text))[:MOST_FOLDED]


def _ascii(text: str) -> str:
    return anyascii(unicodedata.normalize("NFC", text).translate(LATIN)).lower()

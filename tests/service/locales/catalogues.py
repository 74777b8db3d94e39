"""The catalogues as files: what tests and the translators' table look at."""

from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

from service.locales import ROOT, Language

# What French has, all have: a test says so.
DOMAINS = tuple(sorted(path.stem for path in (ROOT / Language.FR).glob("*.po")))
Texts = dict[str, tuple[str, ...]]


def path_of(language: Language, domain: str) -> Path:
    """Return where a catalogue lies."""
    return ROOT / language / f"{domain}.po"


@cache
def texts(language: Language, domain: str) -> Texts:
    """Return each key's forms: one text, or as many as the language has plurals."""
    with path_of(language, domain).open("rb") as file:
        catalogue = read_po(file, locale=None, abort_invalid=True)
    found: Texts = {}
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
            found[str(key)] = tuple(map(str, forms))
    return found


def gaps(text: str) -> set[str]:
    """Return the names of what fills a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

"""What pages say exists in every language, with the same gaps to fill, and is a translation."""

import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import service.usecases.users
import service.web
from service.domain.errors import TiwiziError
from service.locales import ROOT, Language, speaker

WEB = Path(service.web.__file__).parent
OURS = ("base.html", "error.html", "admin/*.html", "public/*.html")
SAID = re.compile(r'\bt\("([a-z0-9_.]+)"[,)]')
SAID_BY_VIEWS = re.compile(r'say\(\s*"(web\.[a-z0-9_.]+)"')
Texts = dict[str, set[str]]
NO_WORDS = re.compile(r"\{\w+\}|[^\w{]+|\d+")


def texts(language: Language) -> Texts:
    """Every text of the web by key, each with its plural forms."""
    with (ROOT / language / "web.po").open("rb") as file:
        catalogue = read_po(file)
    found: Texts = {}
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = message.string if isinstance(message.string, list | tuple) else [message.string]
            found[str(key)] = {str(form) for form in forms}
    return found


def gaps(forms: set[str]) -> set[str]:
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def said() -> set[str]:
    pages = [path.read_text() for pattern in OURS for path in (WEB / "templates").glob(pattern)]
    views = [path.read_text() for path in WEB.glob("**/*.py")]
    return {key for page in pages for key in SAID.findall(page)} | {
        key for view in views for key in SAID_BY_VIEWS.findall(view)
    }


def errors(root: type[TiwiziError] = TiwiziError) -> set[type[TiwiziError]]:
    return {root}.union(*(errors(one) for one in root.__subclasses__()))


def test_the_walk_finds_the_texts() -> None:
    assert {"web.skip", "web.sign_in.failed", "web.reason.needed", "web.home.money.what"} <= said()


@pytest.mark.parametrize("language", list(Language))
def test_every_text_of_a_page_exists(language: Language) -> None:
    assert {key for key in said() if not speaker(language).knows(key)} == set()


@pytest.mark.parametrize("language", list(Language))
def test_every_error_can_be_told(language: Language) -> None:
    assert service.usecases.users.WeakPasswordError in errors()
    untold = {
        error.key
        for error in errors()
        if not any(speaker(language).knows(f"{room}{error.key}") for room in ("web.", ""))
    }
    assert untold == set()


@pytest.mark.parametrize("language", list(Language))
def test_every_language_has_the_same_texts_with_the_same_gaps(language: Language) -> None:
    french, other = texts(Language.FR), texts(language)
    assert other.keys() == french.keys()
    assert {key for key in french if gaps(french[key]) != gaps(other[key])} == set()
    assert {key for key, forms in other.items() if "" in forms} == set()


def test_tachelhit_is_ascii_and_neither_french_nor_english() -> None:
    tachelhit = texts(Language.SHI)
    assert {key for key, forms in tachelhit.items() if not all(form.isascii() for form in forms)} == set()
    for other in (Language.FR, Language.EN):
        borrowed = {key for key, forms in texts(other).items() if forms == tachelhit[key]}
        # What has no word in it, only gaps and signs, is alike in both.
        assert {key for key in borrowed if NO_WORDS.sub("", "".join(tachelhit[key]))} == set()


def test_nobody_is_told_of_errors() -> None:
    scolding = re.compile(r"erreur|invalid|error|خطأ", re.IGNORECASE)
    for language in Language:
        assert {key for key, forms in texts(language).items() if any(map(scolding.search, forms))} == set()

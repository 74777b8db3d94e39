"""All catalogues together: one set of texts, in four languages, each a translation and none a reproach."""

import re
from collections import Counter
from itertools import product

import pytest

from service.locales import ROOT, Language
from tests.service.locales.catalogues import DOMAINS, gaps, path_of, texts

# What two languages write alike.
ALIKE = {
    Language.AR: {"phone.sms"},
    Language.SHI: {"answer.sender", "phone.sms"},
    Language.EN: {
        "answer.sender",
        "card.word.experience",
        "card.word.info",
        "card.word.pause",
        "card.word.stop",
        "home.pause",
        "key.menu",
        "phone.ok",
        "phone.sms",
        "sector.irrigation",
        "web.audit.kind.conversation",
        "web.column.association",
        "web.column.commune",
        "web.column.message",
        "web.fact.population_2024",
        "web.nav",
        "web.nav.associations",
        "web.nav.menu",
        "web.nav.messages",
    },
}
# Arabic is short by design: a screen holds 70 letters of it. The city tells where an association is.
LEFT_OUT = {(Language.AR, "interest.ask"): {"country"}}
# Gaps, signs and digits; a sign must not swallow the brace of a gap.
NO_WORDS = re.compile(r"\{\w+\}|[^\w{]+|\d+")
catalogues = pytest.mark.parametrize(("language", "domain"), list(product(Language, DOMAINS)))


def test_each_language_has_the_same_files() -> None:
    for language in Language:
        assert sorted(path.stem for path in (ROOT / language).glob("*.po")) == list(DOMAINS)
    assert {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(Language)


@catalogues
def test_every_text_exists_in_every_language_with_the_same_gaps(language: Language, domain: str) -> None:
    french, here = texts(Language.FR, domain), texts(language, domain)
    assert list(here) == list(french)  # in the same order, so that translators can lay them side by side
    for key, forms in here.items():
        asked = set().union(*map(gaps, french[key])) - LEFT_OUT.get((language, key), set())
        assert set().union(*map(gaps, forms)) == asked, key
        # The forms for one and for two may say the number in words.
        assert all(asked - gaps(form) <= {"count"} for form in forms), key


@catalogues
def test_no_text_is_empty(language: Language, domain: str) -> None:
    assert [key for key, forms in texts(language, domain).items() if not all(form.strip() for form in forms)] == []


@catalogues
def test_a_key_stands_once_in_its_file(language: Language, domain: str) -> None:
    keys = re.findall(r'^msgid "(.+)"$', path_of(language, domain).read_text(), re.MULTILINE)
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    assert len(keys) == len(texts(language, domain))  # and each is on one line


def test_a_key_stands_in_one_file() -> None:
    keys = Counter(key for domain in DOMAINS for key in texts(Language.FR, domain))
    assert [key for key, times in keys.items() if times > 1] == []


@catalogues
def test_a_catalogue_names_its_language_and_has_its_plural_forms(language: Language, domain: str) -> None:
    source = path_of(language, domain).read_text()
    assert f'"Language: {language}\\n"' in source
    assert "charset=UTF-8" in source
    plural = re.search(r'"Plural-Forms: nplurals=(\d); plural=.+;\\n"', source)
    assert plural
    counts = {len(forms) for key, forms in texts(language, domain).items() if f'msgid_plural "{key}"' in source}
    assert counts <= {int(plural[1])}


@pytest.mark.parametrize("language", Language)
def test_the_files_of_a_language_count_alike(language: Language) -> None:
    headers = {
        line
        for domain in DOMAINS
        for line in path_of(language, domain).read_text().splitlines()
        if line.startswith('"Plural-Forms:')
    }
    assert len(headers) == 1


@pytest.mark.parametrize(("language", "domain"), list(product([Language.AR, Language.SHI, Language.EN], DOMAINS)))
def test_no_text_is_left_in_french(language: Language, domain: str) -> None:
    french, here = texts(Language.FR, domain), texts(language, domain)
    left = {key for key in here if set(here[key]) & set(french[key]) and NO_WORDS.sub("", here[key][0])}
    assert left <= ALIKE[language]


@pytest.mark.parametrize("domain", DOMAINS)
def test_tachelhit_is_ascii_and_not_english(domain: str) -> None:
    tachelhit, english = texts(Language.SHI, domain), texts(Language.EN, domain)
    assert [key for key, forms in tachelhit.items() if not "".join(forms).isascii()] == []
    borrowed = {key for key, forms in tachelhit.items() if set(forms) & set(english[key])}
    assert {key for key in borrowed if NO_WORDS.sub("", tachelhit[key][0])} <= ALIKE[Language.SHI]


@pytest.mark.parametrize("domain", DOMAINS)
def test_arabic_is_in_arabic_letters(domain: str) -> None:
    arabic = re.compile(r"[\u0621-\u064a]")
    words = {key: NO_WORDS.sub("", "".join(forms)) for key, forms in texts(Language.AR, domain).items()}
    assert {key for key, said in words.items() if said and not arabic.search(said)} <= ALIKE[Language.AR]


@catalogues
def test_nobody_is_blamed(language: Language, domain: str) -> None:
    blame = re.compile(r"\berreur|invalide|\berror|\binvalid|incorrect|خطأ|غير صالح", re.IGNORECASE)
    assert [key for key, forms in texts(language, domain).items() if blame.search(" ".join(forms))] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_arabic_has_one_word_for_the_village(domain: str) -> None:
    # The place is the douar, as people there say; القرية beside it would be another place.
    another = re.compile(r"قري[ةت]|القرى")
    assert [key for key, forms in texts(Language.AR, domain).items() if another.search(" ".join(forms))] == []


@catalogues
def test_no_text_hides_a_character(language: Language, domain: str) -> None:
    said = "".join(form for forms in texts(language, domain).values() for form in forms)
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", said) == []

"""What people typed: nothing invisible is kept, and names are found however they are spelt."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.text import INVISIBLE, clean, search_key

TYPED = [
    ("  Puits   du  bas ", "Puits du bas"),
    ("Puits\ndu\r\nbas\t", "Puits du bas"),
    ("Puits\x00du bas", "Puits du bas"),
    ("\u202egro.elpmaxe\u202c", "gro.elpmaxe"),  # right-to-left override
    ("a\u2066b\u2069", "a b"),  # isolates
    ("\ufeffEau", "Eau"),  # byte order mark
    ("Eau\u200b potable", "Eau potable"),  # zero-width space
    ("Ai\u0308t", "Aït"),  # the accent apart
    ("E\u0301cole", "École"),
    ("Eau\xa0potable\u202f!", "Eau potable !"),
    ("\ud800lone", "lone"),
    ("بئر القرية", "بئر القرية"),
    ("", ""),
    ("\u200b\x07", ""),
]


@pytest.mark.parametrize(("typed", "kept"), TYPED)
def test_what_was_typed_is_kept_less_what_nobody_sees(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@given(st.text())
def test_clean_text_is_visible_normal_single_spaced_and_stays_so(typed: str) -> None:
    kept = clean(typed)
    assert not [letter for letter in kept if unicodedata.category(letter) in INVISIBLE]
    assert unicodedata.is_normalized("NFC", kept)
    assert "  " not in kept
    assert kept == kept.strip() == clean(kept)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Aït Abdallah", "aitabdallah"),
        ("Ai\u0308t-Abdallah", "aitabdallah"),
        ("AIT ABDALLAH", "aitabdallah"),
        ("Аit Аbdаllаh", "aitabdallah"),  # its letters A are Cyrillic
        ("ΑΙΤ ΑΒDΑLLΑΗ", "aitabdallah"),  # and here many are Greek
        ("Ｅａｕ", "eau"),
        ("L'Oued  n°3", "louedndeg3"),
        ("", ""),
        ("...", ""),
    ],
)
def test_a_name_is_found_without_its_accents_case_and_signs(name: str, key: str) -> None:
    assert search_key(name) == key


def test_an_arabic_word_has_a_key_of_its_own() -> None:
    assert search_key("تالوين")
    assert search_key("تالوين") != search_key("تافراوت")


@given(st.text())
def test_a_key_is_ascii_letters_and_digits_in_lower_case(name: str) -> None:
    key = search_key(name)
    assert key.isascii()
    assert key == key.lower()
    assert key == "" or key.isalnum()

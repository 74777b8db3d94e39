"""Lengths and alphabets, against a definition of GSM-7 written from TS 23.038's table, code by code."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.messaging.segments import Segments, fold, measure, split

# TS 23.038, 6.2.1, rows of sixteen. Left out: 0x09, which is Ç or ç by the book one reads, and 0x1B, the escape.
TABLE = {
    0x00: [0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, None, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5],
    0x10: [0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, None, 0xC6, 0xE6, 0xDF, 0xC9],
    0x20: [0x20, 0x21, 0x22, 0x23, 0xA4, *range(0x25, 0x30)],
    0x30: [*range(0x30, 0x40)],
    0x40: [0xA1, *range(0x41, 0x50)],
    0x50: [*range(0x50, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7],
    0x60: [0xBF, *range(0x61, 0x70)],
    0x70: [*range(0x70, 0x7B), 0xE4, 0xF6, 0xF1, 0xFC, 0xE0],
}
BASIC = {chr(code) for row in TABLE.values() for code in row if code is not None}
# 6.2.1.1: reached through the escape, so two septets each.
EXTENSION = {chr(code) for code in (0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC)}
GSM7 = sorted(BASIC | EXTENSION)


def septets(text: str) -> int:
    return sum(2 if letter in EXTENSION else 1 for letter in text)


def units(text: str) -> int:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, Segments("gsm7", 160, 1)),
        ("a" * 161, Segments("gsm7", 161, 2)),
        ("a" * 306, Segments("gsm7", 306, 2)),
        ("a" * 307, Segments("gsm7", 307, 3)),
        ("{" * 80, Segments("gsm7", 160, 1)),
        ("{" * 81, Segments("gsm7", 162, 2)),
        # 153 is odd: the pair that would be cut goes to the next part whole.
        ("{" * 153, Segments("gsm7", 306, 3)),
        ("é" * 160, Segments("gsm7", 160, 1)),
        ("ê", Segments("ucs2", 1, 1)),
        ("ç", Segments("ucs2", 1, 1)),
        ("Ç", Segments("ucs2", 1, 1)),
        ("ê" + "a" * 69, Segments("ucs2", 70, 1)),
        ("ê" + "a" * 70, Segments("ucs2", 71, 2)),
        ("م" * 134, Segments("ucs2", 134, 2)),
        ("م" * 135, Segments("ucs2", 135, 3)),
        ("😀" * 35, Segments("ucs2", 70, 1)),
        # 67 is odd as well: 33 pairs a part.
        ("😀" * 67, Segments("ucs2", 134, 3)),
    ],
)
def test_a_text_takes_the_parts_of_the_standard(text: str, expected: Segments) -> None:
    assert measure(text) == expected


def test_an_empty_text_is_one_part_because_a_network_charges_it() -> None:
    assert measure("") == Segments("gsm7", 0, 1)
    assert split("") == [""]


def test_every_character_of_the_table_is_gsm_7_and_no_other_below_the_surrogates() -> None:
    safe = {chr(code) for code in range(0xD800) if measure(chr(code)).encoding == "gsm7"}
    assert safe == set(GSM7)


@settings(deadline=None)
@given(st.text(st.sampled_from([*GSM7, "{", "€", "^"]), max_size=700))
def test_parts_in_gsm_7_are_full_and_never_cut_a_character(text: str) -> None:
    parts = split(text)
    assert "".join(parts) == text
    assert measure(text) == Segments("gsm7", septets(text), len(parts))
    room = 160 if len(parts) == 1 else 153
    assert all(septets(part) <= room for part in parts)
    assert all(septets(part + after[0]) > 153 for part, after in pairwise(parts))


@settings(deadline=None)
@given(st.text(st.sampled_from("مرحبا ê😀🏔a{"), max_size=300))
def test_parts_in_ucs_2_are_full_and_never_cut_a_pair(text: str) -> None:
    if measure(text).encoding == "gsm7":
        return
    parts = split(text)
    assert "".join(parts) == text
    assert measure(text) == Segments("ucs2", units(text), len(parts))
    room = 70 if len(parts) == 1 else 67
    assert all(units(part) <= room for part in parts)
    assert all(units(part + after[0]) > 67 for part, after in pairwise(parts))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Aït Bâha, où l'on s'intéresse à l'école", "Ait Baha, où l'on s'intéresse à l'école"),
        ("ça coûte 5°", "ca coute 5deg"),
        ("œuvre Ç ÿ ḥ ɛ", "oeuvre C y h e"),
        ("« l’eau » – oui… `x`", "<< l'eau >> - oui... 'x'"),
        ("Ai\u0308t", "Ait"),
        ("12\u202f000\xa0DH", "12 000 DH"),
        ("déjà en GSM-7: ñ ä €", "déjà en GSM-7: ñ ä €"),
        ("", ""),
    ],
)
def test_latin_texts_are_folded_only_where_gsm_7_lacks_a_letter(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert measure(folded).encoding == "gsm7"


@pytest.mark.parametrize("text", ["جماعة Aït Bâha", "Aït 😀", "ⵜⵉⵡⵉⵣⵉ ê", "Ωê Я"])
def test_a_text_that_stays_ucs_2_anyway_keeps_its_letters(text: str) -> None:
    assert fold(text) == text


@settings(deadline=None)
@given(st.text())
def test_folding_twice_is_folding_once_and_never_loses_gsm_7(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == text or measure(once).encoding == "gsm7"

"""Reference codes: every slip of one finger is found, and what people habitually write otherwise is forgiven."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.reference import ALPHABET, check_character, new_reference, parse_reference

bodies = st.text(ALPHABET, min_size=4, max_size=5)


def code_of(body: str) -> str:
    return body + check_character(body)


def dashed(code: str) -> str:
    return f"{code[:-3]}-{code[-3:]}"


@given(bodies)
def test_a_code_is_read_as_it_was_written(body: str) -> None:
    code = dashed(code_of(body))
    assert parse_reference(code) == code


@given(bodies)
def test_every_single_wrong_character_is_found(body: str) -> None:
    code = code_of(body)
    wrong = [
        code[:place] + letter + code[place + 1 :]
        for place, right in enumerate(code)
        for letter in ALPHABET
        if letter != right
    ]
    assert len(wrong) == len(code) * 28
    assert [slip for slip in wrong if parse_reference(slip)] == []


@given(bodies)
def test_every_swap_of_neighbours_is_found(body: str) -> None:
    code = code_of(body)
    swaps = {
        code[:place] + second + first + code[place + 2 :]
        for place, (first, second) in enumerate(pairwise(code))
        if first != second
    }
    assert [slip for slip in swaps if parse_reference(slip)] == []


@pytest.mark.parametrize("habit", [str.lower, str.upper, lambda code: f"  {code}\n"])
@pytest.mark.parametrize("joint", ["-", "", " ", ".", "_"])
@given(body=bodies)
def test_case_and_dash_are_forgiven(joint: str, habit: object, body: str) -> None:
    code = code_of(body)
    typed = habit(f"{code[:-3]}{joint}{code[-3:]}")  # type: ignore[operator]  # one of the three above
    assert parse_reference(typed) == dashed(code)


@given(bodies)
def test_look_alikes_are_forgiven(body: str) -> None:
    code = dashed(code_of(body))
    assert parse_reference(code.replace("5", "S").replace("V", "u")) == code


@given(bodies)
def test_digits_of_an_arabic_keypad_are_forgiven(body: str) -> None:
    code = dashed(code_of(body))
    assert parse_reference(code.translate(str.maketrans("23456789", "٢٣٤٥٦٧٨٩"))) == code


def test_letters_of_other_scripts_that_look_the_same_are_forgiven() -> None:
    body = "KA42"
    code = dashed(code_of(body))
    assert parse_reference(code.translate(str.maketrans("KA", "КА"))) == code  # Cyrillic
    assert parse_reference(code.translate(str.maketrans("KA", "ΚΑ"))) == code  # Greek


def test_new_codes_are_valid_and_use_the_whole_alphabet() -> None:
    codes = [new_reference() for _ in range(2000)]
    longer = [new_reference(longer=True) for _ in range(2000)]
    assert [code for code in longer if parse_reference(code) != code or len(code) != 7] == []
    assert [code for code in codes if parse_reference(code) != code] == []
    assert set("".join(codes)) == set(ALPHABET) | {"-"}
    assert {code[0] for code in codes + longer} == set(ALPHABET) - set("23456789")
    assert len(set(codes)) > 1900  # of 512,169: a few may meet


@pytest.mark.parametrize(
    "typed", ["", "K7", "K7-4Q", "K7-4Q2X", "K74-Q2XX", "K7--4Q2", "K-74Q2", "é7-4Q2", "K7-4Q2 K7-4Q2", "\x00"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert parse_reference(typed) is None


@given(st.text())
def test_whatever_is_typed_is_a_valid_code_or_none(typed: str) -> None:
    code = parse_reference(typed)
    assert code is None or parse_reference(code) == code


def test_no_letter_of_the_alphabet_is_taken_for_another() -> None:
    assert set(ALPHABET).isdisjoint("0O1ILSU")
    assert len(ALPHABET) == len(set(ALPHABET)) == 29

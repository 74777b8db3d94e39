"""Reading an SMS."""

from itertools import combinations

import pytest

from service.domain.reference import check_character
from service.domain.text import search_key
from ussd.transports.keywords import WORDS, Action, Command, read_command

CODE = f"K7-4Q{check_character('K74Q')}"


@pytest.mark.parametrize(("one", "other"), list(combinations(Action, 2)))
def test_a_keyword_stands_for_one_action_only(one: Action, other: Action) -> None:
    assert not {search_key(word) for word in WORDS[one]} & {search_key(word) for word in WORDS[other]}


@pytest.mark.parametrize("action", Action)
def test_every_keyword_is_read_in_any_case(action: Action) -> None:
    for word in WORDS[action]:
        assert read_command(f" {word.upper()} ") == Command(action, None, "")


@pytest.mark.parametrize(
    ("text", "action", "rest"),
    [
        (f"OUI {CODE}", Action.YES, ""),
        (f"Oui, {CODE}.", Action.YES, ""),
        (f"  o   {CODE.lower()}  ", Action.YES, ""),
        (f"نعم {CODE}", Action.YES, ""),
        (f"\u200fنعم {CODE}\u202c", Action.YES, ""),
        (f"NON {CODE} trop cher pour nous", Action.NO, "trop cher pour nous"),
        (f"INFO {CODE.replace('-', '')}", Action.INFO, ""),
        (f"info {CODE.replace('-', ' ')}", Action.INFO, ""),
    ],
)
def test_the_reference_and_the_rest_are_found(text: str, action: Action, rest: str) -> None:
    assert read_command(text) == Command(action, CODE, rest)


@pytest.mark.parametrize("text", ["", "   ", "bonjour", "merci oui", "84", "\u202e", "😀", "ouiouioui", "\x00"])
def test_a_text_that_begins_with_no_keyword_is_no_command(text: str) -> None:
    assert read_command(text) is None


@pytest.mark.parametrize(
    "text", ["La piste du col", "O village", "OK merci beaucoup", "N oubliez pas", "لا ماء عندنا", "No water here"]
)
def test_a_sentence_that_begins_with_a_short_word_says_neither_yes_nor_no(text: str) -> None:
    assert read_command(text) is None


@pytest.mark.parametrize("word", ["La", "لا", "n", "No"])
def test_a_short_word_alone_or_with_a_reference_is_an_answer(word: str) -> None:
    assert read_command(word) == Command(Action.NO, None, "")
    assert read_command(f"{word} {CODE} trop loin") == Command(Action.NO, CODE, "trop loin")


def test_a_reference_with_a_wrong_letter_is_told_from_none() -> None:
    wrong = CODE.replace("4", "5")
    assert read_command(f"OUI {wrong.lower()}") == Command(Action.YES, None, "", mistyped=wrong)
    assert read_command("OUI merci") == Command(Action.YES, None, "merci")

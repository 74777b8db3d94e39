"""The words on the cards are words that the service reads, and what they are said to do."""

from itertools import product

import pytest

from service.locales import Language, speaker
from service.web.cards import WORDS, Holder
from ussd.transports.keywords import Action, read_command


@pytest.mark.parametrize(("holder", "language"), list(product(Holder, Language)))
def test_each_word_of_a_card_asks_for_what_the_card_says(holder: Holder, language: Language) -> None:
    texts = {one: speaker(language).say(f"card.word.{one}") for one in WORDS[holder]}
    commands = {one: read_command(text) for one, text in texts.items()}
    assert {one: command and command.action for one, command in commands.items()} == {one: Action(one) for one in texts}
    assert {one for one, command in commands.items() if command and command.about_one} == {
        one for one, text in texts.items() if "K7-4Q2" in text
    }

"""Reading an SMS."""

from collections.abc import Iterator
from itertools import combinations

import pytest

from service.domain.reference import check_character
from ussd.transports.keywords import EXACT, NEARLY, TOLD, WORDS, Action, Command, key_of, nearly, one_slip, read_command

CODE = f"K7-4Q{check_character('K74Q')}"


@pytest.mark.parametrize(("one", "other"), list(combinations(Action, 2)))
def test_a_keyword_stands_for_one_action_only(one: Action, other: Action) -> None:
    assert not {key_of(word) for word in WORDS[one]} & {key_of(word) for word in WORDS[other]}


@pytest.mark.parametrize(("one", "other"), list(combinations(Action, 2)))
def test_a_word_of_one_action_is_no_slip_away_from_a_word_of_another(one: Action, other: Action) -> None:
    words = [[word for word in WORDS[action] if " " not in word] for action in (one, other)]
    near = {(a, b) for a in words[0] for b in words[1] if one_slip(key_of(a), key_of(b))}
    # So short that nothing tells them apart; `test_sms.py` sees to NON and DON.
    short = {(a, b) for a, b in near if len(a) < NEARLY and len(b) < NEARLY}
    assert near == short
    assert short <= {("o", "n"), ("o", "no"), ("o", "nn"), ("y", "n"), ("y", "nn"), ("non", "don")}


@pytest.mark.parametrize("action", Action)
def test_a_slip_of_the_thumb_means_its_action_or_is_asked_about_and_never_another(action: Action) -> None:
    for word in WORDS[action]:
        for slip in slips(word):
            command, guess = read_command(slip), nearly(slip)
            if command:
                spelled = key_of(slip) in {key_of(one) for one in WORDS[command.action]}
                assert command.action is action or spelled, (word, slip)
            elif guess and guess.command:
                assert guess.command.action is action, (word, slip)
                assert action not in EXACT, (word, slip)
            elif len(key_of(word)) >= TOLD:
                # Only where the slip makes it shorter than what can be told.
                assert guess or len(key_of(slip)) < NEARLY, (word, slip)


def slips(word: str) -> Iterator[str]:
    """Every word with one letter too many, missing or wrong, or two neighbours swapped."""
    letters = "abcdefghijklmnopqrstuvwxyz" if word.isascii() else "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in letters)
        yield from (before + letter + after[1:] for letter in letters if after)
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("BESION", Action.NEED),
        ("besoinn", Action.NEED),
        ("avancment", Action.PROGRESS),
        ("Témoignaeg", Action.TESTIMONY),
        ("inscripton", Action.ENROL),
        ("mes besions", Action.MINE),
        ("confirmmer", Action.CONFIRM),
        ("مساعد", Action.HELP),
        ("استراح", Action.PAUSE),
    ],
)
def test_one_wrong_letter_is_forgiven(text: str, action: Action) -> None:
    assert read_command(text) is None or read_command(text) == Command(action, None, "")
    guess = nearly(text)
    assert guess
    assert guess.command == Command(action, None, "")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Arrêtez", ""),
        ("ARRETEZ", ""),
        ("Arrêtez de m'écrire", "de m'écrire"),
        ("أوقف", ""),
        ("اوقفوا", ""),
        ("أَوْقِفُوا", ""),
        ("أوقفوا الرسائل", "الرسائل"),
        ("STOPALL", ""),
        ("Stop all", "all"),
        ("STOP à la pub", "à la pub"),
        ("Unsubscribe", ""),
    ],
)
def test_stop_is_heard_as_politely_as_it_is_said(text: str, rest: str) -> None:
    assert read_command(text) == Command(Action.STOP, None, rest)


@pytest.mark.parametrize("text", ["STOOOP", "ouiii", "NOOON", "Arrêt", "arreeet", "توقّف", "تـــوقف", "NÔN"])
def test_doubled_letters_and_marks_are_no_slip(text: str) -> None:
    command = read_command(text)
    assert command
    assert command.action in {Action.STOP, Action.YES, Action.NO}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("STPO", ("stop",)),
        ("arret" + "x", ("arret",)),
        ("suive", ("suite", "suivi")),
        ("strat", ("start",)),
        ("listen to me", ("liste",)),
    ],
)
def test_what_could_be_two_words_or_must_not_be_guessed_is_asked(text: str, words: tuple[str, ...]) -> None:
    guess = nearly(text)
    assert guess
    assert guess.command is None
    assert guess.words == words


@pytest.mark.parametrize("text", ["bonjour", "merci", "salam", "84", "", "\u202e", "😀", "K7-4Q2"])
def test_a_text_like_no_keyword_is_like_none(text: str) -> None:
    assert nearly(text) is None


@pytest.mark.parametrize(
    ("text", "action", "rest"),
    [
        ("MES BESOINS", Action.MINE, ""),
        ("mesbesoins", Action.MINE, ""),
        ("Code secret", Action.PIN, ""),
        ("توقف مؤقت", Action.PAUSE, ""),
        ("BESOIN:EAU 84", Action.NEED, "EAU 84"),
        ("REJOINDRE 48291", Action.JOIN, "48291"),
        ("BESOIN 84000 puits", Action.NEED, "84000 puits"),
        ("المساعده", Action.HELP, ""),
        ("الحاجه ماء", Action.NEED, "ماء"),
        ("Langue عربية", Action.LANGUAGE, "عربية"),
    ],
)
def test_words_of_several_spellings_are_read(text: str, action: Action, rest: str) -> None:
    assert read_command(text) == Command(action, None, rest)


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


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"OUI pour {CODE}", "pour"),
        (f"Oui le besoin {CODE} svp", "le besoin svp"),
        (f"OUI pour {CODE.replace('-', ' ').lower()}", "pour"),
        (f"نعم ل {CODE}", "ل"),
        (f"DON 5000 EUR {CODE}", "5000 EUR"),
        (f"NON la-bas, {CODE}", "la-bas,"),
    ],
)
def test_a_reference_may_stand_later(text: str, rest: str) -> None:
    command = read_command(text)
    assert command
    assert (command.reference, command.rest, command.mistyped) == (CODE, rest, "")


@pytest.mark.parametrize("text", ["OUI K7 4Q3", "OUI k7-4q3", "OUI pour K7-4Q3", "NON vraiment pas K7-4Q3"])
def test_a_mistyped_reference_is_told_wherever_it_stands(text: str) -> None:
    command = read_command(text)
    assert command
    assert (command.reference, command.mistyped.replace(" ", "-")) == (None, "K7-4Q3")


@pytest.mark.parametrize(
    "text", ["NON trop loin, 100km", "NON il faut 20000 dh", "NON c'est trop", "DON 20000", "DON 5 000"]
)
def test_words_and_numbers_are_no_mistyped_reference(text: str) -> None:
    command = read_command(text)
    assert command
    assert not command.about_one


def test_a_code_far_down_a_long_text_is_not_looked_for() -> None:
    command = read_command("INFO " + "mot " * 30_000 + CODE)
    assert command
    assert not command.about_one


@pytest.mark.parametrize(
    ("text", "contrary"),
    [
        ("OUI NON", "NON"),
        ("oui ou non?", "non"),
        (f"NON {CODE} oui", "oui"),
        ("Yes no", "no"),
        ("نعم لا", "لا"),
        ("OUI merci", ""),
        ("YES no problem", ""),
        ("NON trop loin", ""),
        ("INFO oui", ""),
    ],
)
def test_a_yes_that_says_no_as_well_is_told(text: str, contrary: str) -> None:
    command = read_command(text)
    assert command
    assert command.contrary == contrary

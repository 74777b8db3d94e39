import json
from dataclasses import asdict

import pytest

from tests.ussd.engine.conversation import Desk, Phone
from ussd.engine.dialogue import Dialogue, Talk, dialogue, reading
from ussd.engine.journal import Journal
from ussd.engine.paging import Budget
from ussd.engine.prompts import Choice, End, Menu, MisreadError, Option, Recall, Review, Show
from ussd.engine.replay import Player
from ussd.engine.typed import Number, Text

COLOURS = [Option("r", "red"), Option("g", "green")]


def look(ctx: Desk) -> str:
    ctx.looks.append("who")
    return "me"


@dialogue("order", draft=True)
def order(ctx: Desk) -> Talk:
    colour = yield Choice("colour", lambda: COLOURS)
    number = yield Number("number", low=1, high=100)
    spare = yield Number("spare", low=1, high=number, none="none")
    name = yield Text("name", longest=10)
    yield Review("review", lines=("colour", "number", "name"), values={"c": colour, "n": number, "s": spare, "t": name})
    ctx.facts.append((colour, number, spare, name))
    return End("saved", {"n": number})


@dialogue("root")
def root(ctx: Desk) -> Talk:
    who = yield Recall("who", lambda: look(ctx))
    chosen = yield Menu(
        "menu",
        lambda: [Option("order", "Order"), Option("read", "Read")],
        zero=Option("help", "Help"),
        values={"w": who},
    )
    if chosen == "order":
        return (yield from order(ctx))
    return (yield from reading(Show("shown", values={"chosen": chosen})))


@pytest.fixture
def phone() -> Phone:
    phone = Phone(root)
    phone.dial()
    return phone


def test_a_conversation_reads_like_the_function(phone: Phone) -> None:
    assert phone.screens[0].text == "menu w=me\n1 Order\n2 Read\n0 Help"
    assert phone.types("1") == "colour\n1 red\n2 green\nkey.back  key.menu"
    assert (
        phone.types("2", "7", "1", "Ali")
        == "review c=g n=7 s=0 t=Ali\n1 review.send\n2 review.correct\nkey.back  key.menu"
    )
    assert phone.types("1") == "saved n=7"
    assert phone.screens[-1].ended
    assert phone.facts == [("g", 7, 0, "Ali")]


def test_a_summary_is_read_to_its_end_before_it_is_sent() -> None:
    phone = Phone(root, Budget(gsm7=60, ucs2=60))
    phone.dial()
    assert phone.types("1", "2", "7", "1", "Ali") == "review c=g n=7 s=0 t=Ali\nkey.more  key.back  key.menu"
    assert phone.types("1") == "1 review.send\n2 review.correct\nkey.back  key.menu"
    assert phone.facts == []
    assert phone.types("1").startswith("saved")


def test_nothing_is_written_before_the_last_question(phone: Phone) -> None:
    phone.types("1", "2", "7", "1", "Ali")
    assert phone.facts == []


def test_the_journal_survives_as_json_between_turns(phone: Phone) -> None:
    for typed in ("1", "2", "7", "1", "Ali", "1"):
        phone.journal = Journal(**json.loads(json.dumps(asdict(phone.journal))))
        phone.types(typed)
    assert phone.facts == [("g", 7, 0, "Ali")]


def test_the_world_is_looked_at_once_however_often_the_function_is_replayed(phone: Phone) -> None:
    phone.types("1", "2", "7")
    assert phone.looks == ["who"]


def test_a_wrong_answer_repeats_the_question_under_a_line_that_says_what_is_expected(phone: Phone) -> None:
    phone.types("1")
    assert phone.types("9").startswith("expect.choice highest=2\ncolour\n1 red")
    phone.types("1")
    assert phone.types("abc").startswith("expect.number low=1 high=100\nnumber")
    assert phone.types("101").startswith("expect.number low=1 high=100\nnumber")
    phone.types("5", "1")
    assert phone.types("a name too long").startswith("expect.shorter longest=10\nname")
    assert phone.types("").startswith("expect.words\nname")
    assert phone.types("123").startswith("expect.words\nname")
    assert phone.types("x" * 65_536).startswith("expect.shorter")


@pytest.mark.parametrize("typed", ["7", " 7 ", "٧", "07", "7 dh", "7DH", "\u200f7\u202c", "7\n"])
def test_a_number_is_read_however_it_is_typed(phone: Phone, typed: str) -> None:
    phone.types("1", "1", typed)
    assert phone.journal.entries[-1] == ["number", 7]


def test_98_is_a_number_where_no_page_follows(phone: Phone) -> None:
    phone.types("1", "1", "98")
    assert phone.journal.entries[-1] == ["number", 98]


def test_back_drops_the_last_answer_and_goes_as_far_as_the_menu(phone: Phone) -> None:
    phone.types("1", "2", "7")
    assert phone.types("0").startswith("number")
    assert phone.types("0").startswith("colour")
    assert phone.types("0").startswith("menu")
    assert phone.types("1", "1", "8", "1", "Eve", "1") == "saved n=8"
    assert phone.facts == [("r", 8, 0, "Eve")]


def test_menu_leaves_the_dialogue_from_anywhere(phone: Phone) -> None:
    assert phone.types("1", "2", "7", "00").startswith("menu")
    assert phone.types("2") == "shown chosen=read\nkey.back  key.menu"


def test_zero_on_the_menu_is_its_own_option(phone: Phone) -> None:
    assert phone.types("0") == "shown chosen=help\nkey.back  key.menu"
    assert phone.types("5").startswith("expect.keys\nshown")


def test_one_line_can_be_corrected_and_the_others_are_kept(phone: Phone) -> None:
    phone.types("1", "2", "7", "3", "Ali")
    assert phone.types("2") == "review.which\n1 colour.label\n2 number.label\n3 name.label\nkey.back  key.menu"
    assert phone.types("3").startswith("name")
    assert phone.types("Eve").startswith("review c=g n=7 s=3 t=Eve")
    assert phone.types("2", "1", "1").startswith("review c=r n=7 s=3 t=Eve")
    phone.types("1")
    assert phone.facts == [("r", 7, 3, "Eve")]


def test_a_correction_asks_again_what_no_longer_fits(phone: Phone) -> None:
    phone.types("1", "2", "7", "6", "Ali", "2", "2")
    assert phone.types("5").startswith("spare")  # 6 was within 7, not within 5
    assert phone.types("4").startswith("review c=g n=5 s=4 t=Ali")


def test_a_correction_can_be_dropped(phone: Phone) -> None:
    phone.types("1", "2", "7", "3", "Ali", "2", "2")
    assert phone.types("0").startswith("review c=g n=7 s=3 t=Ali")
    assert phone.types("2", "0").startswith("review c=g n=7 s=3 t=Ali")
    phone.types("1")
    assert phone.facts == [("g", 7, 3, "Ali")]


@dialogue("nested")
def nested(ctx: Desk) -> Talk:
    place = yield Choice("place", lambda: COLOURS)
    detail = yield Choice("place.detail", lambda: [Option(f"{place}1", "one"), Option(f"{place}2", "two")])
    name = yield Text("name")
    yield Review("review", lines=("place", "name"), values={"d": detail, "n": name})
    ctx.facts.append((place, detail, name))
    return End("saved")


def test_what_was_asked_because_of_a_corrected_answer_is_asked_again() -> None:
    phone = Phone(nested)
    phone.dial()
    phone.types("1", "2", "Ali", "2", "1", "2")
    assert phone.screens[-1].text.startswith("place.detail")
    assert phone.types("1").startswith("review d=g1 n=Ali")
    phone.types("1")
    assert phone.facts == [("g", "g1", "Ali")]


def test_a_list_that_changes_while_it_is_on_the_screen_cannot_shift_an_answer() -> None:
    options = [Option("a", "A"), Option("b", "B")]

    @dialogue("pick")
    def pick(ctx: Desk) -> Talk:
        ctx.facts.append((yield Choice("pick", lambda: list(options))))
        return End("saved")

    phone = Phone(pick)
    phone.dial()
    options.insert(0, Option("new", "New"))
    phone.types("1")
    assert phone.facts == ["a"]


def test_a_check_is_asked_once_and_not_on_replay() -> None:
    asked = []

    def check(text: str) -> None:
        asked.append(text)
        if text == "bad":
            raise MisreadError("expect.other")

    @dialogue("checked")
    def checked(_ctx: Desk) -> Talk:
        yield Text("word", check=check)
        yield Text("next")
        return End("saved")

    phone = Phone(checked)
    phone.dial()
    assert phone.types("bad").startswith("expect.other\nword")
    phone.types("good", "", "")
    assert asked == ["bad", "good"]


def test_a_journal_of_another_version_starts_that_dialogue_again_politely(phone: Phone) -> None:
    phone.types("1", "2", "7")
    newer = Dialogue("order", 2, order.draft, order.talk)

    @dialogue("root")
    def newer_root(ctx: Desk) -> Talk:
        yield Recall("who", lambda: "me")
        yield Menu("menu", lambda: [Option("order", "Order")])
        return (yield from newer(ctx))

    phone.player = Player(newer_root, phone.player.make_context, phone.player.budget)
    assert phone.dial().startswith("notice.changed\ncolour")


def test_what_was_begun_can_be_gone_on_with_or_started_again(phone: Phone) -> None:
    phone.types("1")
    assert not phone.journal.begun
    phone.types("2", "7")
    assert phone.journal.begun
    assert phone.player.resume(phone.journal).text == "resume\n1 resume.go_on\n2 resume.again"
    assert phone.types("9").startswith("expect.choice highest=2\nresume")
    assert phone.types("1").startswith("spare")
    phone.player.resume(phone.journal)
    assert phone.types("2").startswith("menu")
    assert phone.types("1").startswith("colour")


def test_hostile_text_is_cleaned_and_never_ends_a_conversation(phone: Phone) -> None:
    phone.types("1", "1", "5", "1")
    for typed in ("\x00\x1b[31m", "\u202e", "😀", "**", "#", "' OR 1=1", "\ud800"):
        assert not phone.player.answer(phone.journal, typed).ended
    assert phone.facts == []


@pytest.mark.parametrize("typed", ["0", "4", "00011", "0000000003", "9" * 5_000])
def test_a_number_that_is_of_no_line_is_asked_again(typed: str) -> None:
    lines = [Option("a", "Red"), Option("b", "Green"), Option("c", "Blue")]
    with pytest.raises(MisreadError):
        Choice("colour").read(typed, lines)
    assert Choice("colour").read("0003", lines) == "c"

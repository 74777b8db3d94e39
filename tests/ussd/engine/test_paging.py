from hypothesis import given
from hypothesis import strategies as st

from service.messaging.segments import measure
from ussd.engine.paging import USSD_BUDGET, Budget, paginate

KEYS, MORE = "0 Retour  00 Menu", "98 Suite"
TIGHT = Budget(gsm7=60, ucs2=40)


def test_what_fits_is_one_screen_with_its_keys() -> None:
    assert paginate(["Question ?", "1 Oui"], KEYS, MORE, USSD_BUDGET) == ["Question ?\n1 Oui\n0 Retour  00 Menu"]


def test_pages_never_split_an_option_and_keep_the_keys_in_place() -> None:
    options = [f"{n} option numero {n}" for n in range(1, 8)]
    pages = paginate(["Laquelle ?", *options], KEYS, MORE, TIGHT)
    assert all(page.endswith("98 Suite  0 Retour  00 Menu") for page in pages[:-1])
    assert pages[-1].endswith("\n0 Retour  00 Menu")
    assert [line for page in pages for line in page.split("\n")[:-1]] == ["Laquelle ?", *options]


def test_letters_that_gsm_lacks_are_folded_rather_than_halving_the_screen() -> None:
    assert paginate(["La forêt, çà et là"], "", "", USSD_BUDGET) == ["La foret, cà et là"]


def test_arabic_is_kept_and_paged_to_70_units() -> None:
    pages = paginate(["كم عدد الأسر المعنية بهذه الحاجة في الدوار؟"] * 3, "0 رجوع  00 قائمة", "98 تتمة", USSD_BUDGET)
    assert len(pages) == 3
    assert all(len(page) <= 70 for page in pages)


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=70)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), max_size=12))
def test_every_page_fits_whatever_the_alphabet(lines: list[str]) -> None:
    sizes = [measure(page) for page in paginate(lines, KEYS, MORE, TIGHT)]
    assert all(size.units <= getattr(TIGHT, size.encoding) for size in sizes)


@given(st.lists(st.lists(st.text("abcdefg.", min_size=1, max_size=70), min_size=1).map(" ".join), max_size=12))
def test_no_letter_is_lost_and_no_short_word_is_split(lines: list[str]) -> None:
    pages = paginate(lines, KEYS, MORE, TIGHT)
    shown = [line for page in pages for line in page.split("\n")[:-1]]
    assert "".join(shown).replace(" ", "") == "".join(lines).replace(" ", "")
    words = {word for line in shown for word in line.split(" ")}
    assert {word for line in lines for word in line.split(" ") if len(word) < 20} <= words

"""`tiwizi texts`: what waits for a native reader goes out, is read, and comes back without harm."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.corrections import check
from service.cli.texts import COLUMNS, texts
from service.domain.spreadsheet import unguarded
from service.locales import ROOT, Language
from service.locales.awaiting import Checkout, Text, corrected, page
from tests.service.locales.catalogues import DOMAINS, path_of
from tests.service.locales.catalogues import texts as forms_of

Rows = list[dict[str, str]]
BACK = ("shi", "key.back")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The project's catalogues, copied, with one text the tests know, and a page on which nobody has read anything."""
    here = Checkout(tmp_path / "checkout")
    shutil.copytree(ROOT, here.catalogue("", ""), ignore=shutil.ignore_patterns("*.py*"))
    catalogue = here.catalogue("shi", "ussd.po")
    catalogue.write_text(corrected(catalogue.read_text(encoding="utf-8"), {"key.back": "0 Urri"}), encoding="utf-8")
    here.page.parent.mkdir()
    here.page.write_text(page(here.texts(), {}), encoding="utf-8")
    return here


def run(here: Checkout, *arguments: str | Path) -> Result:
    given = [*map(str, arguments), "--checkout", str(here.root)]
    return CliRunner().invoke(texts, given, catch_exceptions=False)


def exported(here: Checkout, *options: str) -> Rows:
    file = here.root / "out.csv"
    assert run(here, "export", file, *options).exit_code == 0
    with file.open(encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table, delimiter=";"))


def imported(here: Checkout, rows: Rows, *options: str, columns: tuple[str, ...] = COLUMNS) -> Result:
    file = here.root / "in.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as table:
        writer = csv.DictWriter(table, columns, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return run(here, "import", file, *options)


def row_of(rows: Rows, language: str, key: str) -> dict[str, str]:
    return next(row for row in rows if (row["language"], row["key"]) == (language, key))


def filled(rows: Rows, language: str, key: str, correction: str, read_by: str = "") -> dict[str, str]:
    return row_of(rows, language, key) | {"correction": correction, "read by": read_by}


def contents(here: Checkout) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in here.root.rglob("*") if path.suffix in {".po", ".md"}}


def test_a_table_holds_every_text_with_its_french_and_english(checkout: Checkout) -> None:
    rows = exported(checkout)
    forms = sum(
        len(one) for spoken in ("shi", "ar") for name in DOMAINS for one in forms_of(Language(spoken), name).values()
    )
    assert len(rows) == len({(row["language"], row["key"]) for row in rows}) == forms
    assert row_of(rows, *BACK) == {
        "language": "shi",
        "file": "ussd.po",
        "key": "key.back",
        "french": "0 Retour",
        "english": "0 Back",
        "text": "0 Urri",
        "correction": "",
        "read by": "",
    }
    assert {row["language"] for row in exported(checkout, "--language", "ar")} == {"ar"}


def test_a_round_trip_without_a_word_changes_nothing(checkout: Checkout) -> None:
    before = contents(checkout)
    result = imported(checkout, exported(checkout))
    assert (result.exit_code, result.stdout) == (0, "There is nothing to change.\n")
    assert contents(checkout) == before


def test_every_text_can_be_written_where_it_stands_and_no_other_byte_moves() -> None:
    for language in (Language.SHI, Language.AR):
        for domain in DOMAINS:
            source = path_of(language, domain).read_text(encoding="utf-8")
            for key, forms in forms_of(language, domain).items():
                numbered = {f"{key}[{n}]": form for n, form in enumerate(forms)} if len(forms) > 1 else {key: forms[0]}
                assert corrected(source, numbered) == source


def test_a_correction_arrives_and_comes_out_again_with_who_read_it(checkout: Checkout) -> None:
    before = contents(checkout)
    rows = exported(checkout)
    plural = "web.waiting.needs[3]"
    better = [filled(rows, *BACK, "0 Wrri", "F. A."), filled(rows, "ar", plural, "حاجات «جديدة»\nتنتظر", "M.")]
    result = imported(checkout, better)
    assert result.stdout.splitlines() == [
        "shi key.back: '0 Urri' → '0 Wrri' read by F. A.",
        f"ar {plural}: {row_of(rows, 'ar', plural)['text']!r} → 'حاجات «جديدة»\\nتنتظر' read by M.",
        "Written: 2 corrections, 2 signatures.",
    ]
    changed = {path for path, content in contents(checkout).items() if content != before[path]}
    shi, ar = checkout.catalogue("shi", "ussd.po"), checkout.catalogue("ar", "web.po")
    assert changed == {shi, ar, checkout.page}
    assert shi.read_bytes() == before[shi].replace(b'"0 Urri"', b'"0 Wrri"')
    assert "| ☑ | `key.back` | 0 Retour | 0 Wrri | F. A. |" in checkout.page.read_text(encoding="utf-8")

    left = exported(checkout)
    assert len(left) == len(rows) - 2
    again = exported(checkout, "--all")
    assert [row_of(again, *BACK)[cell] for cell in ("text", "read by")] == ["0 Wrri", "F. A."]
    assert [row_of(again, "ar", plural)[cell] for cell in ("text", "read by")] == ["حاجات «جديدة» ⏎ تنتظر", "M."]
    # The same table again, and the one that came out, are harmless.
    for rows_again in (better, again):
        assert imported(checkout, rows_again).stdout == "There is nothing to change.\n"


def test_initials_alone_mark_a_text_and_a_later_correction_takes_the_mark_away(checkout: Checkout) -> None:
    row = row_of(exported(checkout), *BACK)
    assert imported(checkout, [row | {"read by": "F. A."}]).stdout == (
        "shi key.back: read by F. A.\nWritten: 0 corrections, 1 signature.\n"
    )
    assert imported(checkout, [row | {"correction": "0 Wrri"}]).exit_code == 0
    assert row_of(exported(checkout), *BACK)["text"] == "0 Wrri"


def test_a_dry_run_says_what_would_change_and_changes_nothing(checkout: Checkout) -> None:
    before = contents(checkout)
    result = imported(checkout, [filled(exported(checkout), *BACK, "0 Wrri", "F. A.")], "--dry-run")
    assert result.stdout.splitlines() == [
        "shi key.back: '0 Urri' → '0 Wrri' read by F. A.",
        "Dry run, nothing was written: 1 correction, 1 signature.",
    ]
    assert contents(checkout) == before


def test_a_text_that_changed_since_is_not_written_over(checkout: Checkout) -> None:
    rows = exported(checkout)
    imported(checkout, [filled(rows, *BACK, "0 Wrri", "F. A.")])
    before = contents(checkout)
    late = [filled(rows, *BACK, "0 Aghul", "M."), filled(rows, "shi", "key.menu", "00 Tasmirt", "M.")]
    result = imported(checkout, late)
    assert (result.exit_code, result.stderr.splitlines()) == (
        2,
        [
            "line 2: shi key.back: the text has changed since it was exported, it is now '0 Wrri'",
            "Nothing was written: 1 problem.",
        ],
    )
    assert contents(checkout) == before
    assert imported(checkout, [row_of(rows, *BACK) | {"read by": "M."}]).exit_code == 2


PROBLEMS: list[tuple[str, str, str, str]] = [
    ("shi", "key.back", "⏎", "the correction is empty"),
    ("shi", "expect.choice", "Ara yan umdan.", "the correction must have {highest} and nothing else in braces"),
    ("shi", "expect.choice", "Ara {highest!r}", "the correction must have {highest} and nothing else in braces"),
    ("shi", "expect.choice", "Ara {highest.real}", "the correction must have {highest} and nothing else in braces"),
    ("shi", "key.back", "0 {name}", "the correction must have no braces and nothing else in braces"),
    ("shi", "expect.choice", "Ara {highest", "the correction has a brace that is not closed, or not opened"),
    ("shi", "key.back", "0 Wrrî ⵓ", "Tachelhit is in plain letters that every phone shows, without î ⵓ"),
    ("shi", "key.back", "0 Wrri`", "Tachelhit is in plain letters that every phone shows, without `"),
    ("shi", "key.back", "0 Wr\u200bri", "the correction holds a character that cannot be seen; type it anew"),
    ("ar", "key.back", "0 Retour", "the correction is not in Arabic letters"),
    ("shi", "key.back", "0 Retour", "the correction is the French text"),
    ("shi", "key.back", "w" * 200, "the correction has 200 characters, and there is room for 142"),
    ("ar", "key.back", "م" * 106, "the correction has 106 characters, and there is room for 104"),
    ("shi", "sms.stopped", "w" * 161, "the correction takes 2 SMS, and may take 1"),
]


@pytest.mark.parametrize(("language", "key", "correction", "sentence"), PROBLEMS)
def test_a_correction_that_may_not_stand_is_refused_in_one_line(
    checkout: Checkout, language: str, key: str, correction: str, sentence: str
) -> None:
    before = contents(checkout)
    rows = exported(checkout)
    result = imported(
        checkout, [filled(rows, "shi", "key.menu", "00 Tasmirt"), filled(rows, language, key, correction)]
    )
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"line 3: {language} {key}: {sentence}",
        "Nothing was written: 1 problem.",
    ]
    assert contents(checkout) == before


def test_a_text_that_is_long_already_may_be_bettered_in_the_same_room() -> None:
    long = Text(Language.SHI, "ussd.po", "x.y", "Bonjour", "Hello", "w" * 170)
    check(long, "a" * 170)
    with pytest.raises(ValueError, match="171 characters"):
        check(long, "a" * 171)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"language": "fr"}, "language 'fr' is none of shi, ar, which wait for readers"),
        ({"language": ""}, "language '' is none of shi, ar, which wait for readers"),
        ({"key": "no.such.key"}, "'no.such.key' is the key of no text"),
        ({"key": "key.back[1]"}, "'key.back[1]' is the key of no text"),
        ({"read by": "x" * 41}, "shi key.back: “read by” takes initials or a name of at most 40 letters"),
        ({"read by": "F | A"}, "shi key.back: “read by” takes initials or a name of at most 40 letters"),
    ],
)
def test_a_strange_row_is_refused_in_one_line(checkout: Checkout, change: dict[str, str], sentence: str) -> None:
    result = imported(checkout, [filled(exported(checkout), *BACK, "0 Wrri") | change])
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, f"line 2: {sentence}")


def test_a_text_that_stands_twice_and_not_alike_is_refused(checkout: Checkout) -> None:
    rows = exported(checkout)
    result = imported(checkout, [filled(rows, *BACK, "0 Wrri"), filled(rows, *BACK, "0 Aghul")])
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "line 3: key.back stands twice, and not alike")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"",
            "Error: in.csv lacks language, file, key, french, english, text, correction, read by in its first line; ",
        ),
        (";".join(COLUMNS[:-1]).encode(), "Error: in.csv lacks read by in its first line; see docs/translations.md."),
        (";".join([*COLUMNS, "note"]).encode(), "Error: in.csv has a column 'note' that is not known"),
        (";".join(COLUMNS).encode() + b"\nshi;ussd.po", "line 2: has more or fewer cells than there are columns"),
        ("é".encode("cp1252"), "Error: in.csv is not UTF-8"),
        (b"\x00\xff\xd8", "Error: in.csv is not UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_one_sentence(
    checkout: Checkout, content: bytes, sentence: str
) -> None:
    file = checkout.root / "in.csv"
    file.write_bytes(content)
    result = run(checkout, "import", file)
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)


@pytest.mark.parametrize("text", ["=1+1", "+212", "-5", "@home", "'=x", "''=x", "'quoted'", "0 Urri"])
def test_what_looks_like_a_formula_is_none_in_the_table_and_comes_back_as_it_was(checkout: Checkout, text: str) -> None:
    catalogue = checkout.catalogue("shi", "ussd.po")
    catalogue.write_text(catalogue.read_text(encoding="utf-8").replace('"0 Urri"', f'"{text}"'), encoding="utf-8")
    row = row_of(exported(checkout), *BACK)
    assert row["text"][0] not in "=+-@"
    assert unguarded(row["text"]) == text
    assert imported(checkout, [row | {"read by": "F. A."}]).exit_code == 0


def test_a_page_to_print_has_a_box_for_each_text_that_waits(checkout: Checkout) -> None:
    imported(checkout, [row_of(exported(checkout), *BACK) | {"read by": "F. A."}])
    file = checkout.root / "page.md"
    run(checkout, "export", file, "--language", "shi")
    printed = file.read_text(encoding="utf-8")
    assert "| ☐ | `key.menu` |" in printed
    assert "`key.back`" not in printed
    assert "Arabic (`ar`)" not in printed


@pytest.mark.parametrize("prepare", [lambda here: here.page.unlink(), lambda here: shutil.rmtree(here.page.parent)])
def test_without_a_page_to_keep_marks_in_nothing_is_imported(
    checkout: Checkout, prepare: Callable[[Checkout], None]
) -> None:
    rows = exported(checkout)
    prepare(checkout)
    result = imported(checkout, rows)
    assert result.exit_code == 2
    assert "has no docs/translations.md to keep marks in; use --checkout FOLDER." in result.stderr


def test_a_file_of_another_kind_is_not_written(checkout: Checkout) -> None:
    result = run(checkout, "export", checkout.root / "out.xlsx")
    assert result.exit_code == 2
    assert "FILE ends in .csv" in result.stderr

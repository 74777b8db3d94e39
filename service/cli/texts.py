"""`tiwizi texts`: what waits for a native reader goes out as a table, and comes back with corrections and initials."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from service.cli.corrections import Change, change
from service.cli.spreadsheet import Row, read_rows, write_rows
from service.domain.spreadsheet import unguarded
from service.locales.awaiting import AWAITED, HERE, Checkout, Mark, Text, corrected, page

COLUMNS = ("language", "file", "key", "french", "english", "text", "correction", "read by")
REFUSED = 2
Key = tuple[str, str]


class RefusedError(click.ClickException):
    """The file is not the table that was exported."""

    exit_code = REFUSED


def _in_a_checkout(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--checkout",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=HERE,
        help="The folder with the sources whose catalogues are meant, if not this program's own.",
    )(command)


@click.group()
def texts() -> None:
    """Have the Tachelhit and the Arabic read by those who speak them; docs/translations.md says how."""


@texts.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--language", type=click.Choice(list(map(str, AWAITED))), help="Only the texts of one language.")
@click.option("--all", "everything", is_flag=True, help="Also what was read already.")
@_in_a_checkout
def export(*, file: Path, language: str | None, everything: bool, checkout: Path) -> None:
    """Write the texts that nobody has read yet into FILE: a table (.csv), or a page to print (.md)."""
    here = Checkout(checkout)
    signed = here.marks()
    chosen = [
        text for text in here.texts() if language in {None, text.language} and (everything or text.mark not in signed)
    ]
    match file.suffix.lower():
        case ".csv":
            write_rows(file, COLUMNS, (_cells(text, signed.get(text.mark, "")) for text in chosen))
        case ".md":
            file.write_text(page(chosen, signed), encoding="utf-8")
        case _:
            raise click.UsageError("FILE ends in .csv (a table to fill in) or .md (a page to print).")
    click.echo(f"{len(chosen)} texts in {file.name}.")


@texts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@_in_a_checkout
def import_(*, file: Path, dry_run: bool, checkout: Path) -> None:
    """Put the corrections and initials of FILE, a table that was exported, into the catalogues.

    One line a problem, and nothing is written while there is one.
    """
    here = Checkout(checkout)
    if not here.page.exists():
        raise click.UsageError(f"{here.root} has no docs/translations.md to keep marks in; use --checkout FOLDER.")
    changes, problems = _read(here, _rows(file))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"Nothing was written: {_counted(len(problems), 'problem')}.", err=True)
        raise click.exceptions.Exit(REFUSED)
    if changes and not dry_run:
        _write(here, changes)
    for one in changes:
        click.echo(_said(one))
    click.echo(_summary(changes, written=not dry_run))


def _rows(file: Path) -> list[Row]:
    try:
        return read_rows(file, COLUMNS, manual="docs/translations.md")
    except click.ClickException as error:
        raise RefusedError(error.message) from error


def _read(here: Checkout, rows: Sequence[Row]) -> tuple[list[Change], list[str]]:
    """Return what the rows change, and one line for each that cannot be taken."""
    known: dict[Key, Text] = {(text.language, text.key): text for text in here.texts()}
    signed = here.marks()
    changes: dict[Key, Change] = {}
    problems = []
    for row in rows:
        try:
            asked = _asked(row, known, signed)
            if asked and changes.setdefault((asked.text.language, asked.text.key), asked) != asked:
                raise ValueError(f"{asked.text.key} stands twice, and not alike")  # noqa: TRY301  # one line each
        except ValueError as error:
            problems.append(f"line {row.line}: {error}")
    return list(changes.values()), problems


def _asked(row: Row, known: dict[Key, Text], signed: dict[Mark, str]) -> Change | None:
    if row.cells is None:
        raise ValueError("has more or fewer cells than there are columns")
    cells = {name: unguarded(cell) for name, cell in row.cells.items()}
    language, key = cells["language"], cells["key"]
    if language not in set(AWAITED):
        raise ValueError(f"language {language!r} is none of {', '.join(AWAITED)}, which wait for readers")
    text = known.get((language, key))
    if text is None:
        raise ValueError(f"{key!r} is the key of no text")
    try:
        return change(text, cells, signed.get(text.mark, ""))
    except ValueError as error:
        raise ValueError(f"{language} {key}: {error}") from error


def _write(here: Checkout, changes: Sequence[Change]) -> None:
    # All is put together before the first file is touched; the page comes last, so that it says what the files say.
    signed = here.marks()
    sources: dict[Path, str] = {}
    for one in changes:
        path = here.catalogue(one.text.language, one.text.file)
        source = sources.get(path) or path.read_text(encoding="utf-8")
        sources[path] = corrected(source, {one.text.key: one.correction}) if one.correction else source
        if one.signed:
            signed[replace(one.text, said=one.correction or one.text.said).mark] = one.signed
    for path, source in sources.items():
        path.write_text(source, encoding="utf-8")
    here.page.write_text(page(here.texts(), signed), encoding="utf-8")


def _cells(text: Text, signed: str) -> Iterator[str]:
    yield from (text.language, text.file, text.key, text.french, text.english, text.shown, "", signed)


def _said(one: Change) -> str:
    words = [f"{one.text.language} {one.text.key}:"]
    if one.correction:
        words.append(f"{one.text.said!r} → {one.correction!r}")
    if one.signed:
        words.append(f"read by {one.signed}")
    return " ".join(words)


def _summary(changes: Sequence[Change], *, written: bool) -> str:
    if not changes:
        return "There is nothing to change."
    corrections = _counted(sum(one.correction is not None for one in changes), "correction")
    signatures = _counted(sum(one.signed is not None for one in changes), "signature")
    return f"{'Written' if written else 'Dry run, nothing was written'}: {corrections}, {signatures}."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

"""`tiwizi export report`: the yearly report to files. It draws what the web draws, so it stands above both."""

from pathlib import Path

import click

from service.cli.database import migrated
from service.container import Container
from service.locales import Language
from service.models.session import reading
from service.usecases.figures.year import FIRST, LAST, YearReport, report_of

ON_PAPER = (Language.FR, Language.AR)
SPOKEN = [language.value for language in Language]


@click.command()
@click.argument("year", type=click.IntRange(FIRST, LAST))
@click.option("--language", type=click.Choice(SPOKEN), default=SPOKEN[0], help="French when not said.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder to write to."
)
@click.pass_obj
def report(container: Container, *, year: int, language: str, into: Path) -> None:
    """Write the report of YEAR for the ministry and funders: a workbook (XLSX), and a summary on paper (PDF).

    The paper is in French or Arabic: for other languages it is in French.
    """
    click.echo(f"Gathering the figures of {year}…", err=True)
    with migrated(container), reading(container.engine) as session:
        gathered = report_of(session, container.clock(), year)
    into.mkdir(parents=True, exist_ok=True)
    for path, content in _files(gathered, Language(language)):
        (into / path).write_bytes(content)
        click.echo(into / path)


def _files(gathered: YearReport, language: Language) -> list[tuple[str, bytes]]:
    # XlsxWriter and fpdf2 take half a second to load, which no other command need wait for.
    from service.web.report import on_paper, workbook  # noqa: PLC0415  # see above

    paper = language if language in ON_PAPER else Language.FR
    return [
        (f"tiwizi-{gathered.year}-{language}.xlsx", workbook(gathered, language)),
        (f"tiwizi-{gathered.year}-{paper}.pdf", on_paper(gathered, paper)),
    ]

"""`tiwizi export report`: two files, whose names it prints."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.exports import report
from service.container import Container


def run(container: Container, *words: str) -> Result:
    return CliRunner().invoke(report, words, obj=container)


@pytest.mark.parametrize(("language", "paper"), [("fr", "fr"), ("ar", "ar"), ("en", "fr")])
def test_the_report_of_a_year_is_two_files(container: Container, tmp_path: Path, language: str, paper: str) -> None:
    into = tmp_path / "reports"
    said = run(container, "2026", "--language", language, "--into", str(into))
    assert said.exit_code == 0
    files = [into / f"tiwizi-2026-{language}.xlsx", into / f"tiwizi-2026-{paper}.pdf"]
    assert said.stdout.split() == [str(file) for file in files]
    assert [file.read_bytes()[:4] for file in files] == [b"PK\x03\x04", b"%PDF"]


@pytest.mark.parametrize("year", ["1999", "soon", "20260"])
def test_a_year_that_cannot_be_is_refused(container: Container, tmp_path: Path, year: str) -> None:
    said = run(container, year, "--into", str(tmp_path))
    assert said.exit_code == 2
    assert list(tmp_path.iterdir()) == []

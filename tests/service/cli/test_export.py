"""`tiwizi export`: to a file or on the way to another program."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from click.testing import CliRunner, Result

from service.cli.export import export
from service.container import Container
from tests.conftest import MovedClock
from tests.service.web.public_story import tell_public_story
from tests.world import LYON


def run(container: Container, *words: str) -> Result:
    return CliRunner().invoke(export, words, obj=container)


def test_projects_go_to_standard_output_or_into_a_file(container: Container, clock: MovedClock, tmp_path: Path) -> None:
    tell_public_story(container.engine, clock())
    file = tmp_path / "activities.xml"
    assert run(container, "iati", "--amounts", "--output", str(file)).exit_code == 0
    assert len(ET.parse(file).getroot()) == 2  # noqa: S314  # we wrote it
    assert len(ET.fromstring(run(container, "iati").stdout)) == 2  # noqa: S314  # we wrote it


def test_all_that_is_kept_about_a_person_is_json(container: Container, clock: MovedClock) -> None:
    tell_public_story(container.engine, clock())
    kept = json.loads(run(container, "person", "+33 6 39 98 00 01").stdout)
    assert kept["phone"] == LYON
    assert kept["rows"]["contacts"][0]["name"] == "Fatima"
    refused = run(container, "person", "12")
    assert (refused.exit_code, "not a phone number" in refused.output) == (1, True)

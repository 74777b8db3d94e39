"""The whole story, from the registration to the sheet that others learn from: by USSD, by SMS, and by both in turns."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from service import security
from service.cli import story
from service.cli.acts.learning import TITLE
from service.container import Container
from service.domain.ledger import SEED_RATE, Columns, Source
from service.domain.projects import ProjectMove, ProjectState
from service.domain.states import ReportState
from service.locales import Language, speaker
from service.messaging.segments import fold
from service.models import Project
from service.models.contributions import contributions_of
from service.models.needs import need_by_reference
from service.models.progress import latest_report
from service.models.projects import steps_of
from service.models.session import reading
from service.models.sheets import published_sheets
from service.models.spotchecks import SpotAnswer, SpotCheck
from tests.conftest import MovedClock
from tests.ussd.whole_story import WAYS, World
from tests.world import settle
from wsgi import make_app

MOVES = [
    ProjectMove.AGREE_PLAN,
    ProjectMove.BEGIN_WORKS,
    ProjectMove.ACCEPT,
    ProjectMove.HAND_OVER,
    ProjectMove.FOLLOW_UP,
]


@pytest.fixture
def world(container: Container, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(security, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    # What was queued is sent before somebody looks: there is nothing to wait for.
    monkeypatch.setattr(story, "SMS_WITHIN", 0)
    settle(container.engine)
    return World(make_app(container), container, clock)


@pytest.mark.parametrize("language", [Language.FR, Language.AR])
@pytest.mark.parametrize("way", WAYS)
def test_the_whole_story_plays_in_every_way_and_language(world: World, way: str, language: Language) -> None:
    tale = world.tale(language)
    world.play(tale, way)
    with reading(world.container.engine) as session:
        need = need_by_reference(session, tale.reference)
        assert need
        assert session.get_one(Project, need.id).state is ProjectState.CLOSED
        assert [step.move for step in steps_of(session, need.id)] == MOVES
        lines = {line.source: line.columns for line in contributions_of(session, need.id)}
        # What Lyon promised is confirmed and received, at the rate that holds until one is set.
        received = 5_000 * SEED_RATE // 100
        assert lines[Source.DIASPORA] == Columns(received, received, received)
        assert lines[Source.VILLAGE_LABOUR] == Columns(60_000_00, 60_000_00, 0)
        report = latest_report(session, need.id)
        assert report
        assert (report.state, report.percent) == (ReportState.CONFIRMED, 100)
        assert report.confirmer is not report.reporter
        (check,) = session.scalars(select(SpotCheck))
        # Villagers are drawn in no order that they know.
        assert sorted(one.answer or "" for one in check.questions) == [SpotAnswer.NO, SpotAnswer.YES, SpotAnswer.YES]
        assert check.told_at
        (sheet,) = published_sheets(session, [language])
        assert (sheet.language, sheet.title) == (language, TITLE)
    assert speaker(language).say("next.diaspora.closed") in world.last_told("Lyon")
    # The village's officers are told it is closed, but for the one who said so on a screen: her number was confirmed.
    assert tale.reference in world.last_told("treasurer")
    last = world.last_told("secretary")
    assert tale.reference in last or last == fold(speaker(language).say("sms.vouched"))

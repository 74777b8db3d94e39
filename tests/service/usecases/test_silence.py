"""Silence: with a clock that is moved, each step is taken once, and nobody is asked who said when they come back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.silence import break_silence
from service.container import Container
from service.domain.progress import Stage
from service.domain.projects import Condition, Grievance
from service.domain.roles import UserRole
from service.models import Officer, Project, User
from service.models.session import transaction
from service.settings import Settings
from service.usecases.disputes import dispute
from service.usecases.followups import answer_follow_up
from service.usecases.phones import stop
from service.usecases.silence import pause_reports
from tests.service.usecases.story import Story
from tests.service.usecases.test_works import declares, finished, handed_over
from tests.world import LYON, SECRETARY, TREASURER, officer_of

ZAHRA = "+212600000050"


@pytest.fixture
def project(story: Story) -> Story:
    """A project the secretary has just reported on; a coordinator has a phone."""
    story.says_yes()
    story.accepts()
    with transaction(story.engine) as session:
        user = {"name": "Zahra", "role": UserRole.COORDINATOR, "password_hash": "-", "password_once": False}
        session.add(User(**user, phone=ZAHRA, created_at=story.clock()))
    declares(story, Stage.WORKS)
    return silent(story)


def silent(story: Story) -> Story:
    story.before += len(story.told())
    return story


@pytest.fixture
def container(project: Story) -> Container:
    settings = Settings(_env_file=None, secret_key="k" * 32)  # type: ignore[call-arg]  # pydantic-settings' own
    return Container(settings, project.engine, {}, project.clock)


def passes(story: Story, container: Container, days: int) -> list[tuple[str, str]]:
    """Let days go by, one by one, with the job run thrice each; return who was told what."""
    silent(story)
    for _ in range(days):
        story.clock.move(days=1)
        for _ in range(3):
            break_silence(container)
    return story.told()


def test_a_silence_goes_from_officer_to_officer_to_the_coordinator_to_the_partner(
    project: Story, container: Container
) -> None:
    assert passes(project, container, 29) == []
    # First who reported last, then the next; the witness, who may not report, is left alone.
    assert passes(project, container, 1) == [(SECRETARY, "silence_village")]
    assert passes(project, container, 6) == []
    assert passes(project, container, 1) == [(TREASURER, "silence_village")]
    assert passes(project, container, 7) == [(ZAHRA, "silence_coordinator")]
    assert passes(project, container, 7) == [(LYON, "silence_partner")]
    assert passes(project, container, 60) == []


def test_a_report_ends_the_silence_and_the_next_one_begins_anew(project: Story, container: Container) -> None:
    assert len(passes(project, container, 44)) == 3
    declares(project, Stage.WORKS, 60, by=TREASURER)
    assert passes(project, container, 29) == []
    assert passes(project, container, 1) == [(TREASURER, "silence_village")]


def test_a_service_that_stood_still_for_months_still_asks_the_village_first(
    project: Story, container: Container
) -> None:
    project.clock.move(days=200)
    assert passes(project, container, 1) == [(SECRETARY, "silence_village")]
    assert passes(project, container, 7) == [(TREASURER, "silence_village")]


def test_two_workers_take_each_step_once(project: Story, container: Container) -> None:
    project.clock.move(days=30)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: break_silence(container), range(4)))
    assert sorted(outcomes) == ["0 asked", "0 asked", "0 asked", "1 asked"]
    assert project.told() == [(SECRETARY, "silence_village")]


def test_a_pause_is_quiet_and_what_comes_after_it_counts_from_its_end(project: Story, container: Container) -> None:
    until = project.clock().date() + timedelta(days=60)
    with transaction(project.engine) as session:
        officer = officer_of(session)
        pause_reports(session, project.clock(), officer=officer, reference=project.reference, until=until)
    assert project.told() == [(LYON, "project_paused")]
    assert passes(project, container, 90) == []
    assert passes(project, container, 1) == [(SECRETARY, "silence_village")]


def test_a_pause_that_is_ended_counts_no_more(project: Story, container: Container) -> None:
    with transaction(project.engine) as session:
        for until in (project.clock().date() + timedelta(days=60), None):
            officer = officer_of(session)
            pause_reports(session, project.clock(), officer=officer, reference=project.reference, until=until)
    assert passes(project, container, 30) == [(SECRETARY, "silence_village")]


def test_no_report_is_expected_of_what_is_finished_or_stopped(project: Story, container: Container) -> None:
    with transaction(project.engine) as session:
        dispute(
            session,
            project.clock(),
            who=officer_of(session),
            reference=project.reference,
            reason=Grievance.SILENT,
        )
    assert passes(project, container, 100) == []


def test_a_project_may_have_a_time_of_its_own(project: Story, container: Container) -> None:
    with transaction(project.engine) as session:
        session.get_one(Project, project.need).report_days = 10
    assert passes(project, container, 10) == [(SECRETARY, "silence_village")]


def test_who_left_or_said_stop_is_not_asked_the_next_officer_is(project: Story, container: Container) -> None:
    with transaction(project.engine) as session:
        stop(session, project.clock(), SECRETARY, "sms")
    assert passes(project, container, 30) == [(TREASURER, "silence_village")]
    with transaction(project.engine) as session:
        session.get_one(Officer, officer_of(session, TREASURER).id).left_at = project.clock()
    assert passes(project, container, 7) == [(ZAHRA, "silence_coordinator")]


def test_a_year_after_the_handover_the_village_is_asked_again_and_then_the_coordinator(
    project: Story, container: Container
) -> None:
    handed_over(finished(project))
    assert passes(project, container, 364) == []
    assert passes(project, container, 1) == [(SECRETARY, "follow_up_asked")]
    assert passes(project, container, 7) == [(TREASURER, "follow_up_asked")]
    assert passes(project, container, 7) == [(ZAHRA, "follow_up_unanswered")]
    assert passes(project, container, 30) == []


def test_who_answered_is_asked_no_more(project: Story, container: Container) -> None:
    handed_over(finished(project))
    passes(project, container, 365)
    with transaction(project.engine) as session:
        officer = officer_of(session)
        answer_follow_up(
            session, project.clock(), officer=officer, reference=project.reference, condition=Condition.WORKS
        )
    assert passes(project, container, 30) == []

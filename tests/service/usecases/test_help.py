"""Help that a report wants: each kind is asked of those who can give it, and of nobody else."""

from collections.abc import Mapping

import pytest
from sqlalchemy.orm import Session

from service.domain.progress import ASKED, HelpWanted, Problem, Stage
from service.domain.projects import Party
from service.domain.roles import UserRole
from service.models import ProgressReport, User
from service.models.session import transaction
from service.usecases.progress import Progress, asked_of, confirm_progress, declare_progress
from tests.service.usecases.record import texts, told
from tests.service.usecases.story import CODE, WITNESS, Story
from tests.world import LYON, SECRETARY, TREASURER, officer_of

ZAHRA, VIEWER = "+212600000050", "+212600000051"
PARTNER = {Party.DIASPORA: [LYON], Party.COORDINATOR: [ZAHRA]}
WHO: Mapping[HelpWanted, Mapping[Party, list[str]]] = {
    HelpWanted.NONE: {},
    HelpWanted.MONEY: PARTNER,
    HelpWanted.ADVICE: PARTNER,
    HelpWanted.PAPERS: {Party.COORDINATOR: [ZAHRA]},
    HelpWanted.MATERIALS: PARTNER,
    HelpWanted.HANDS: {Party.VILLAGE: [TREASURER, WITNESS], Party.COORDINATOR: [ZAHRA]},
}


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced; a coordinator and somebody who only looks have a phone."""
    story.says_yes()
    story.accepts()
    with transaction(story.engine) as session:
        for phone, role in ((ZAHRA, UserRole.COORDINATOR), (VIEWER, UserRole.VIEWER)):
            user = {"name": phone, "role": role, "password_hash": "-", "password_once": False}
            session.add(User(**user, phone=phone, created_at=story.clock()))
    return story


def wants(session: Session, story: Story, wanted: HelpWanted) -> ProgressReport:
    progress = Progress(Stage.STOPPED, 40, problem=Problem.PERMIT, help_wanted=wanted)
    officer = officer_of(session, SECRETARY)
    return declare_progress(
        session, story.clock(), officer=officer, reference=story.reference, progress=progress, code=CODE
    )


def asked_by_sms(story: Story) -> list[str]:
    return [phone for phone, template in told(story.engine) if template == "help_wanted"]


def test_every_kind_of_help_is_asked_of_somebody_but_none() -> None:
    assert ASKED.keys() == set(HelpWanted)
    assert [wanted for wanted, parties in ASKED.items() if not parties] == [HelpWanted.NONE]


@pytest.mark.parametrize("wanted", HelpWanted)
def test_each_kind_of_help_is_asked_of_those_who_can_give_it(project: Story, wanted: HelpWanted) -> None:
    with transaction(project.engine) as session:
        assert asked_of(session, wants(session, project, wanted)) == WHO[wanted]
    assert asked_by_sms(project) == WHO[wanted].get(Party.COORDINATOR, [])
    partner = texts(project.engine, "progress_declared")[-1]
    assert ("On vous demande" in partner) == (Party.DIASPORA in WHO[wanted])
    assert ("Aide voulue" in partner) == (wanted in {HelpWanted.PAPERS, HelpWanted.HANDS})


def test_a_coordinator_hears_who_wants_what_and_whom_to_call(project: Story) -> None:
    with transaction(project.engine) as session:
        wants(session, project, HelpWanted.PAPERS)
    said = texts(project.engine, "help_wanted")[-1]
    for part in (project.reference, "le secrétariat", "Autorisation", "Papiers", "+212 6 00 00 00 01"):
        assert part in said
    assert "+212 6 00 00 00 01" not in texts(project.engine, "progress_declared")[-1]


def test_a_report_asks_once_and_the_next_one_anew(project: Story) -> None:
    with transaction(project.engine) as session:
        report = wants(session, project, HelpWanted.PAPERS).id
    with transaction(project.engine) as session:
        confirm_progress(session, project.clock(), officer=officer_of(session, TREASURER), report_id=report)
    assert asked_by_sms(project) == [ZAHRA]
    with transaction(project.engine) as session:
        wants(session, project, HelpWanted.PAPERS)
    assert asked_by_sms(project) == [ZAHRA, ZAHRA]

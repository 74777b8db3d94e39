"""A project's life: who moves it, who hears of it and what is next, and who may not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.progress import Stage
from service.domain.projects import Condition, Grievance, ProjectMove, ProjectState, Withdrawal
from service.domain.states import ProposalState
from service.models import Project
from service.models.diaspora import Contact, active_contact
from service.models.projects import steps_of
from service.models.session import reading, transaction
from service.usecases.disputes import decide_project, dispute
from service.usecases.followups import answer_follow_up
from service.usecases.progress import Progress, confirm_progress, declare_progress
from service.usecases.withdrawals import withdraw_partner, withdraw_project
from service.usecases.works import hand_over, reopen_works
from tests.service.usecases.record import texts
from tests.service.usecases.story import CODE, WITNESS, Story
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT, officer_of

COORDINATOR = "user:1"


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced; what was told before is left out."""
    story.says_yes()
    story.accepts()
    story.before += len(story.told())
    return story


def contact_of(session: Session, phone: str = LYON) -> Contact:
    contact = active_contact(session, phone)
    assert contact
    return contact


def state(story: Story) -> ProjectState:
    with reading(story.engine) as session:
        return session.get_one(Project, story.need).state


def declares(story: Story, stage: Stage, percent: int = 50, by: str = SECRETARY) -> int:
    with transaction(story.engine) as session:
        progress = Progress(stage, percent)
        officer = officer_of(session, by)
        report = declare_progress(
            session, story.clock(), officer=officer, reference=story.reference, progress=progress, code=CODE
        )
        return report.id


def confirms(story: Story, report: int, by: str = TREASURER) -> None:
    with transaction(story.engine) as session:
        confirm_progress(session, story.clock(), officer=officer_of(session, by), report_id=report)


def finished(story: Story) -> Story:
    """Let the works be done, as two say."""
    confirms(story, declares(story, Stage.FINISHED, 100))
    story.before += len(story.told())
    return story


def handed_over(story: Story, by: str = SECRETARY) -> Story:
    with transaction(story.engine) as session:
        hand_over(session, story.clock(), officer=officer_of(session, by), reference=story.reference, code=CODE)
    return story


def decided(story: Story, move: ProjectMove, reason: str = "") -> None:
    with transaction(story.engine) as session:
        decide_project(
            session, story.clock(), actor=COORDINATOR, need_id=story.need, move=move, reason=reason, code=CODE
        )


def test_works_begin_with_the_first_report_that_says_so(project: Story) -> None:
    declares(project, Stage.PREPARATION, 5)
    assert state(project) is ProjectState.INTRODUCED
    declares(project, Stage.WORKS)
    assert state(project) is ProjectState.WORKS
    # The report itself told the partner: there is no second SMS for it.
    assert "project_moved" not in [template for _, template in project.told()]


def test_finished_works_count_when_a_second_person_says_so(project: Story) -> None:
    report = declares(project, Stage.FINISHED, 100)
    assert state(project) is ProjectState.WORKS
    project.before += len(project.told())
    confirms(project, report, by=WITNESS)
    assert state(project) is ProjectState.ACCEPTED
    assert sorted(project.told()) == sorted((phone, "project_moved") for phone in (SECRETARY, TREASURER, LYON))
    told = texts(project.engine, "project_moved")[-1]
    assert "par le secrétariat" in told
    assert "confirmé par" in told
    assert "PROJET" in told


def test_works_that_two_say_are_half_done_are_not_accepted(project: Story) -> None:
    confirms(project, declares(project, Stage.WORKS))
    assert state(project) is ProjectState.WORKS


def test_a_handover_asks_both_sides_what_it_changed_once_each(project: Story) -> None:
    handed_over(finished(project))
    assert state(project) is ProjectState.HANDED_OVER
    assert sorted(project.told()) == sorted((phone, "testimony_asked") for phone in (SECRETARY, TREASURER, LYON))
    with pytest.raises(MoveError):
        handed_over(project)


@pytest.mark.parametrize("who", [LYON, TREASURER])
def test_either_side_says_that_works_are_not_right_and_the_other_hears_why(project: Story, who: str) -> None:
    finished(project)
    with transaction(project.engine) as session:
        person = contact_of(session) if who == LYON else officer_of(session, who)
        reopen_works(session, project.clock(), who=person, reference=project.reference, reason=Grievance.FAULTY)
    assert state(project) is ProjectState.WORKS
    assert sorted(phone for phone, _ in project.told()) == sorted({SECRETARY, TREASURER, LYON} - {who})
    assert "Mal fait ou en panne" in texts(project.engine, "project_moved")[-1]


def test_a_dispute_stops_a_project_where_it_is_and_a_coordinator_settles_it(project: Story) -> None:
    declares(project, Stage.WORKS)
    with transaction(project.engine) as session:
        dispute(session, project.clock(), who=contact_of(session), reference=project.reference, reason=Grievance.MONEY)
    assert state(project) is ProjectState.DISPUTED
    assert "Lyon-Taliouine" in texts(project.engine, "project_moved")[-1]
    with pytest.raises(ValueError, match="needs a reason"):
        decided(project, ProjectMove.SETTLE)
    decided(project, ProjectMove.SETTLE, "devis retrouvé")
    assert state(project) is ProjectState.WORKS
    assert "un coordinateur" in texts(project.engine, "project_moved")[-1]
    assert "devis retrouvé" in texts(project.engine, "project_moved")[-1]


def test_a_village_withdraws_and_only_a_coordinator_takes_the_project_up_again(project: Story) -> None:
    with transaction(project.engine) as session:
        officer = officer_of(session)
        withdraw_project(
            session, project.clock(), officer=officer, reference=project.reference, reason=Withdrawal.NO_LONGER
        )
    assert state(project) is ProjectState.WITHDRAWN
    assert sorted(project.told()) == [(TREASURER, "project_moved"), (LYON, "project_moved")]
    with pytest.raises(MoveError):
        declares(project, Stage.WORKS)
    decided(project, ProjectMove.TAKE_UP, "le village a changé d'avis")
    assert state(project) is ProjectState.INTRODUCED


def test_a_partner_withdraws_and_is_a_partner_no_more(project: Story) -> None:
    with transaction(project.engine) as session:
        lyon = contact_of(session)
        withdraw_partner(session, project.clock(), contact=lyon, reference=project.reference, reason=Withdrawal.MEANS)
    assert project.state() is ProposalState.WITHDRAWN
    assert sorted(project.told()) == [(SECRETARY, "partner_withdrew"), (TREASURER, "partner_withdrew")]
    assert "Plus assez de moyens" in texts(project.engine, "partner_withdrew")[-1]
    with transaction(project.engine) as session, pytest.raises(NotFoundError):
        dispute(session, project.clock(), who=contact_of(session), reference=project.reference, reason=Grievance.OTHER)
    # Nor does it hear of the works.
    project.before += len(project.told())
    declares(project, Stage.WORKS)
    assert LYON not in [phone for phone, _ in project.told()]


def test_the_answer_of_a_year_later_closes_the_project_and_says_who_said_it_and_when(project: Story) -> None:
    handed_over(finished(project))
    project.clock.move(days=370)
    project.before += len(project.told())
    with transaction(project.engine) as session:
        officer = officer_of(session, TREASURER)
        answer_follow_up(
            session, project.clock(), officer=officer, reference=project.reference, condition=Condition.BROKEN
        )
    assert state(project) is ProjectState.CLOSED
    assert sorted(project.told()) == [(SECRETARY, "project_moved"), (LYON, "project_moved")]
    assert all(
        said in texts(project.engine, "project_moved")[-1]
        for said in ("un an après", "Trésorier", "28/11/2027", "En panne")
    )


Act = Callable[[Session, Story], object]
ACTS: list[Act] = [
    lambda session, it: hand_over(
        session, it.clock(), officer=officer_of(session, WITNESS), reference=it.reference, code=CODE
    ),
    lambda session, it: dispute(
        session, it.clock(), who=officer_of(session, WITNESS), reference=it.reference, reason=Grievance.OTHER
    ),
    lambda session, it: withdraw_project(
        session, it.clock(), officer=officer_of(session, WITNESS), reference=it.reference, reason=Withdrawal.OTHER
    ),
]


@pytest.mark.parametrize("act", ACTS)
def test_a_witness_moves_nothing(project: Story, act: Act) -> None:
    with transaction(project.engine) as session, pytest.raises(NotAllowedError):
        act(session, project)


def test_who_is_no_partner_moves_nothing(project: Story) -> None:
    with transaction(project.engine) as session, pytest.raises(NotFoundError):
        dispute(
            session,
            project.clock(),
            who=contact_of(session, UTRECHT),
            reference=project.reference,
            reason=Grievance.OTHER,
        )


def test_the_record_says_who_moved_it_when_and_why(project: Story) -> None:
    handed_over(finished(project), by=TREASURER)
    project.clock.move(days=1)
    decided(project, ProjectMove.TAKE_BACK, "trop tôt")
    with reading(project.engine) as session:
        steps = steps_of(session, project.need)
    assert [step.move for step in steps] == [
        ProjectMove.BEGIN_WORKS,
        ProjectMove.ACCEPT,
        ProjectMove.HAND_OVER,
        ProjectMove.TAKE_BACK,
    ]
    assert steps[-1].actor == COORDINATOR
    assert steps[-1].reason == "trop tôt"
    assert steps[-1].at - steps[-2].at == timedelta(days=1)

"""A year after the handover the village is asked whether it still works, and the partners hear what it says."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.projects import Awaited, Condition, ProjectMove, ProjectState
from service.models.associations import Officer
from service.models.projects import Project, follow_up_due, project_of
from service.usecases.escalations import Rung, Silence, ask_coordination, climb, reachable
from service.usecases.projects import Mover, moved_and_told, own_project

ASKED_OF_THE_VILLAGE = 2


def due_follow_ups(session: Session, now: datetime) -> list[int]:
    """Return the needs whose projects were handed over a year ago, the earliest first."""
    due = select(Project.need_id).where(*follow_up_due(now)).order_by(Project.handed_over_at, Project.need_id)
    return list(session.scalars(due))


def ask_how_it_is(session: Session, now: datetime, *, need_id: int, step: timedelta, code: str) -> str | None:
    """Ask the village whether it still works; again, another officer if there is one; then tell the coordination.

    Returns who was told, None when nobody is. `code` is the USSD code the village may dial.
    """
    project = project_of(session, need_id)
    if not project or project.state is not ProjectState.HANDED_OVER or not project.handed_over_at:
        return None
    officers = reachable(project)
    turns = [*officers, *officers][:ASKED_OF_THE_VILLAGE]
    ladder = [
        *(Rung(f"officer:{one.id}:{turn}", "follow_up_asked", [one.phone]) for turn, one in enumerate(turns)),
        ask_coordination(session, "follow_up_unanswered"),
    ]
    silence = Silence(project, Awaited.FOLLOW_UP, project.handed_over_at, step, code)
    return climb(session, now, silence, ladder)


def answer_follow_up(
    session: Session, now: datetime, *, officer: Officer, reference: str, condition: Condition
) -> Project:
    """Note how what was built is; the project is closed, and both sides hear who said so and when.

    Raises what `own_project` raises, MoveError when it was answered.
    """
    need = own_project(session, officer, reference)
    return moved_and_told(session, now, need, ProjectMove.FOLLOW_UP, Mover.of(officer), condition)

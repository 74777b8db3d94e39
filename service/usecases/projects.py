"""Projects: carried on from the introduction to a year after the handover, by the moves of one table."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.projects import RULES, Party, ProjectMove, ProjectState, moved
from service.models.audit import record
from service.models.needs import Need
from service.models.projects import Project, ProjectStep, project_of


def begin_project(session: Session, now: datetime, need: Need) -> Project:
    """Let a need that found its first partner be a project, in the caller's transaction."""
    project = Project(need_id=need.id, state=ProjectState.INTRODUCED, begun_at=now, moved_at=now)
    session.add(project)
    return project


def move_project(
    session: Session, now: datetime, *, need_id: int, move: ProjectMove, party: Party, actor: str, reason: str = ""
) -> Project:
    """Make a move the table allows, and keep who made it, when and why; nobody is told here.

    Raises NotFoundError while the need has no partner, MoveError and NotAllowedError as the table says
    (service.domain.projects), ValueError when a reason is due and none is given.
    """
    project = project_of(session, need_id)
    if not project:
        raise NotFoundError
    if RULES[move].reason and not reason:
        raise ValueError(f"{move} needs a reason")
    before = project.state
    project.state = moved(before, move, party, project.earlier)
    # A withdrawal out of a dispute still knows where the project was before it.
    stopped = RULES[move].after in {ProjectState.DISPUTED, ProjectState.WITHDRAWN}
    project.earlier = (project.earlier or before) if stopped else None
    project.reason, project.moved_at = reason, now
    step = {"move": move, "before": before, "after": project.state, "party": party, "actor": actor, "reason": reason}
    session.add(ProjectStep(need_id=need_id, at=now, **step))
    record(session, now, actor, f"project.{move}", f"need:{need_id}", before=before, after=project.state, reason=reason)
    return project

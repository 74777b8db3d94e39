"""Works: begun and finished as the village reports, looked at by both sides, handed over."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import MoveError
from service.domain.progress import Stage
from service.domain.projects import Grievance, Party, ProjectMove, ProjectState
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase, sourced
from service.models.associations import Officer
from service.models.diaspora import Contact
from service.models.progress import ProgressReport
from service.models.projects import Project, project_of
from service.usecases.projects import (
    Mover,
    contacts_of,
    declarers,
    move_project,
    moved_and_told,
    own_project,
    tell_move,
)

AT_WORK = frozenset({Stage.WORKS, Stage.FINISHING, Stage.FINISHED})
OVER = frozenset({ProjectState.WITHDRAWN, ProjectState.CLOSED})


def note_report(session: Session, now: datetime, report: ProgressReport) -> None:
    """Begin the works with the first report that says so; the report itself tells the partners. A silence ends.

    Raises MoveError when the project was withdrawn, or is closed.
    """
    project = project_of(session, report.need_id)
    if not project:
        return
    if project.state in OVER:
        raise MoveError(before=project.state, after=project.state)
    project.paused_until = None
    if report.stage in AT_WORK and project.state in {ProjectState.INTRODUCED, ProjectState.PLANNED}:
        actor = f"officer:{report.reported_by}"
        move_project(
            session, now, need_id=report.need_id, move=ProjectMove.BEGIN_WORKS, party=Party.VILLAGE, actor=actor
        )


def note_confirmed(session: Session, now: datetime, report: ProgressReport) -> bool:
    """Let finished works that a second person confirms be accepted for now; both sides hear what is next.

    Tells whether they were: then the partners have heard of the confirmation too.
    """
    project = project_of(session, report.need_id)
    finished = report.stage is Stage.FINISHED and report.confirmer
    if not project or not finished or project.state is not ProjectState.WORKS:
        return False
    move, actor = ProjectMove.ACCEPT, f"officer:{report.confirmed_by}"
    move_project(session, now, need_id=report.need_id, move=move, party=Party.VILLAGE, actor=actor)
    assert report.confirmer  # noqa: S101  # looked at above
    source = sourced(report.reporter.role, report.reported_at, report.confirmer.role, report.confirmed_at)
    tell_move(session, now, project, move, Phrase("moved.accept", {"source": source}))
    return True


def reopen_works(
    session: Session, now: datetime, *, who: Officer | Contact, reference: str, reason: Grievance
) -> Project:
    """Say that accepted works are not right: they go on, and all hear who says so and why.

    Raises what `own_project` raises, MoveError when they are not (or no more) accepted only for now.
    """
    need = own_project(session, who, reference)
    return moved_and_told(session, now, need, ProjectMove.REOPEN_WORKS, Mover.of(who), reason)


def hand_over(session: Session, now: datetime, *, officer: Officer, reference: str, code: str) -> Project:
    """Note that what was built is the village's now; each side is asked what it changed. `code` is the USSD code.

    Raises what `own_project` raises, MoveError when the works are not accepted.
    """
    need = own_project(session, officer, reference)
    by = Mover.of(officer)
    project = move_project(session, now, need_id=need.id, move=ProjectMove.HAND_OVER, party=by.party, actor=by.actor)
    ask_testimonies(session, now, project, by, code)
    return project


def ask_testimonies(session: Session, now: datetime, project: Project, by: Mover, code: str) -> None:
    """Tell both sides of the handover, and ask what the project changed: one SMS each, also to who handed over."""
    need = project.need
    people: list[Officer | Contact] = [*declarers(need), *contacts_of(session, need.id)]
    for person in people:
        tell(
            session,
            now,
            event=f"project:{need.id}:handed_over:{now.isoformat()}",
            phone=person.phone,
            template="testimony_asked",
            reference=need.reference,
            association=need.association.name,
            by=by.name,
            on=now.date(),
            code=code,
        )

"""What stops a project and lets it go on: a dispute, and whatever a coordinator decides."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.projects import Grievance, ProjectMove
from service.models.associations import Officer
from service.models.diaspora import Contact
from service.models.needs import Need
from service.models.projects import Project
from service.usecases.projects import Mover, move_project, moved_and_told, own_project
from service.usecases.works import ask_testimonies


def dispute(session: Session, now: datetime, *, who: Officer | Contact, reference: str, reason: Grievance) -> Project:
    """Stop a project over what one side says is not right, until a coordinator settles it; all hear who and why.

    Raises what `own_project` raises, MoveError for what is stopped already or over.
    """
    need = own_project(session, who, reference)
    return moved_and_told(session, now, need, ProjectMove.DISPUTE, Mover.of(who), reason)


def decide_project(
    session: Session, now: datetime, *, actor: str, need_id: int, move: ProjectMove, reason: str, code: str
) -> Project:
    """Make a move for the coordination, and tell both sides; `code` is the USSD code.

    Raises NotFoundError, MoveError and NotAllowedError as `move_project`, ValueError when a reason is due.
    """
    need = session.get(Need, need_id)
    if not need:
        raise NotFoundError
    by = Mover.coordinator(actor)
    if move is not ProjectMove.HAND_OVER:
        return moved_and_told(session, now, need, move, by, reason)
    project = move_project(session, now, need_id=need_id, move=move, party=by.party, actor=actor, reason=reason)
    ask_testimonies(session, now, project, by, code)
    return project

"""Projects: carried on from the introduction to a year after the handover, by the moves of one table."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.projects import RULES, Party, ProjectMove, ProjectState, moved, why
from service.domain.roles import OFFICERS, UserRole
from service.domain.states import AssociationState
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference
from service.models.projects import Project, ProjectStep, project_of
from service.models.proposals import partners_of
from service.models.users import dialling_users


@dataclass(frozen=True)
class Mover:
    """Who moves a project: an officer, a contact of a partner, or somebody of the coordination (an actor alone)."""

    actor: str
    party: Party
    name: object  # as others are told: a role, an association's name, a word
    phone: str = ""

    @classmethod
    def of(cls, who: Officer | Contact) -> "Mover":
        """Return an officer or a contact as somebody who moves projects."""
        if isinstance(who, Officer):
            return cls(f"officer:{who.id}", Party.VILLAGE, who.role, who.phone)
        return cls(f"contact:{who.id}", Party.DIASPORA, who.association.name, who.phone)

    @classmethod
    def coordinator(cls, actor: str) -> "Mover":
        """Return a user as somebody who moves projects."""
        return cls(actor, Party.COORDINATOR, Phrase("said.coordinator"))


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
    if move is ProjectMove.HAND_OVER:
        project.handed_over_at = now
    step = {"move": move, "before": before, "after": project.state, "party": party, "actor": actor, "reason": reason}
    session.add(ProjectStep(need_id=need_id, at=now, **step))
    record(session, now, actor, f"project.{move}", f"need:{need_id}", before=before, after=project.state, reason=reason)
    return project


def moved_and_told(
    session: Session, now: datetime, need: Need, move: ProjectMove, by: Mover, reason: str = ""
) -> Project:
    """Make a move, and tell both sides who made it, why, and what happens next; not who made it.

    Raises what `move_project` raises.
    """
    project = move_project(session, now, need_id=need.id, move=move, party=by.party, actor=by.actor, reason=reason)
    what = Phrase(f"moved.{move}", {"by": by.name, "on": now.date(), "reason": why(move, reason)})
    tell_move(session, now, project, move, what, but=(by.phone,))
    return project


def tell_move(
    session: Session, now: datetime, project: Project, move: str, what: Phrase, *, but: Collection[str] = ()
) -> None:
    """Tell both sides of a project what became of it and what is next for them, and the coordination of a dispute."""
    for party, phone in _concerned(session, project):
        if phone in but:
            continue
        tell(
            session,
            now,
            event=f"project:{project.need_id}:{move}:{now.isoformat()}",
            phone=phone,
            template="project_moved",
            reference=project.need.reference,
            association=project.need.association.name,
            what=what,
            next=_next(project, party),
        )


def _next(project: Project, party: Party) -> Phrase:
    """Return what is next for a side, and what it may do about it."""
    keys = {
        Party.VILLAGE: f"next.village.{project.state}",
        Party.DIASPORA: f"next.diaspora.{project.state}",
        Party.COORDINATOR: "next.coordinator.disputed",
    }
    return Phrase(keys[party], {"reference": project.need.reference})


def _concerned(session: Session, project: Project) -> Iterator[tuple[Party, str]]:
    yield from ((Party.VILLAGE, officer.phone) for officer in declarers(project.need))
    yield from ((Party.DIASPORA, contact.phone) for contact in contacts_of(session, project.need_id))
    if project.state is ProjectState.DISPUTED:
        yield from ((Party.COORDINATOR, phone) for phone in coordinators(session))


def declarers(need: Need) -> list[Officer]:
    """Return those who may declare for a project's village today."""
    return [officer for officer in need.association.active_officers if officer.role in OFFICERS]


def contacts_of(session: Session, need_id: int) -> list[Contact]:
    """Return those who answer for a project's partners today."""
    return [contact for partner in partners_of(session, need_id) for contact in partner.diaspora.active_contacts]


def coordinators(session: Session) -> list[str]:
    """Return the phones of those who decide for the coordination."""
    users = dialling_users(session)
    return [user.phone for user in users if user.phone and user.role.includes(UserRole.COORDINATOR)]


def own_project(session: Session, who: Officer | Contact, reference: str) -> Need:
    """Return the project of a reference that somebody may move: an officer's village's, or one a contact is partner of.

    Raises NotFoundError for another's, NotAllowedError for a witness, or whose association was turned away.
    """
    need = need_by_reference(session, reference)
    if not need or not _is_own(session, who, need):
        raise NotFoundError
    if isinstance(who, Officer) and who.role not in OFFICERS:
        raise NotAllowedError
    if who.association.state is not AssociationState.VERIFIED:
        raise NotAllowedError
    return need


def _is_own(session: Session, who: Officer | Contact, need: Need) -> bool:
    if who.left_at is not None:
        return False
    if isinstance(who, Officer):
        return need.association_id == who.association_id
    return who.association_id in [partner.diaspora_id for partner in partners_of(session, need.id)]

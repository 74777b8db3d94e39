"""Agreeing to a financing plan: the village and all partners, to one version; then their promises are confirmed."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import INSTITUTIONS, Account
from service.domain.projects import Party, ProjectMove, ProjectState
from service.domain.roles import OFFICERS
from service.messaging.once import add_once
from service.models.associations import Officer
from service.models.audit import record
from service.models.contributions import contributions_of
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference
from service.models.projects import PlanAgreement, Project, project_of
from service.models.proposals import partners_of
from service.usecases.contributions import confirm, tell_plan
from service.usecases.projects import move_project

# A plan is agreed to before the works, or during them, when the village began with what it had.
AGREEABLE = frozenset({ProjectState.INTRODUCED, ProjectState.WORKS})
VILLAGE = 0  # in the place of a diaspora association's number


def agree_plan(
    session: Session, now: datetime, *, who: Officer | Contact, reference: str, version: int, code: str
) -> bool:
    """Note one side's yes to a version of the plan; return whether that makes it agreed by all.

    Then what the village and its partners promised is confirmed, and both sides are told; else the others are asked,
    who may dial `code`.
    Raises NotFoundError for a project that is not theirs, NotAllowedError for a witness, MoveError when the plan has
    changed since, when this side has agreed already, or when there is nothing to agree to.
    """
    need = need_by_reference(session, reference)
    side = _side(session, who, need)
    project = project_of(session, need.id) if need and side is not None else None
    if not need or side is None or not project:
        raise NotFoundError
    if project.state not in AGREEABLE or project.plan_version != version:
        raise MoveError(before=project.state, after=ProjectState.PLANNED)
    actor = f"officer:{who.id}" if isinstance(who, Officer) else f"contact:{who.id}"
    values = {"need_id": need.id, "version": version, "diaspora_id": side}
    if not add_once(session, PlanAgreement, unique=tuple(values), **values, actor=actor, at=now):
        raise MoveError(before=ProjectState.PLANNED, after=ProjectState.PLANNED)
    record(session, now, actor, "plan.agreed", f"need:{need.id}", version=version)
    if not open_sides(session, project):
        _settle(session, now, project, actor, Party.DIASPORA if side else Party.VILLAGE)
        return True
    by = who.role if isinstance(who, Officer) else who.association.name
    tell_plan(session, now, project, "plan_to_agree", *_own(who), by=by, code=code)
    return False


def open_sides(session: Session, project: Project) -> set[int]:
    """Return who has not agreed to the plan as it is: the numbers of diaspora associations, 0 for the village."""
    agreed = select(PlanAgreement.diaspora_id).filter_by(need_id=project.need_id, version=project.plan_version)
    partners = {proposal.diaspora_id for proposal in partners_of(session, project.need_id)}
    return {VILLAGE, *partners} - set(session.scalars(agreed))


def may_agree(session: Session, who: Officer | Contact, project: Project) -> bool:
    """Tell whether somebody may agree to a plan as it is: for a side that has not yet."""
    if project.state not in AGREEABLE or (isinstance(who, Officer) and who.role not in OFFICERS):
        return False
    return _side(session, who, project.need) in open_sides(session, project)


def _side(session: Session, who: Officer | Contact, need: Need | None) -> int | None:
    if not need:
        return None
    if isinstance(who, Officer):
        if who.role not in OFFICERS:
            raise NotAllowedError
        return VILLAGE if need.association_id == who.association_id else None
    partners = {proposal.diaspora_id for proposal in partners_of(session, need.id)}
    return who.association_id if who.association_id in partners else None


def _own(who: Officer | Contact) -> list[str]:
    if isinstance(who, Officer):
        return [officer.phone for officer in who.association.active_officers]
    return [contact.phone for contact in who.association.active_contacts]


def _settle(session: Session, now: datetime, project: Project, actor: str, party: Party) -> None:
    found = select(PlanAgreement).filter_by(need_id=project.need_id, version=project.plan_version)
    agreed = session.scalars(found.order_by(PlanAgreement.id)).all()
    # What one side promises, the other confirms.
    by_village = next(one.actor for one in agreed if one.diaspora_id == VILLAGE)
    by_partner = next((one.actor for one in reversed(agreed) if one.diaspora_id != VILLAGE), by_village)
    for line in contributions_of(session, project.need_id):
        # What an institution promised, a coordinator confirms, who sees the paper.
        if line.source not in INSTITUTIONS and line.holds[Account.PROMISED]:
            confirm(session, now, line, by_village if line.diaspora_id else by_partner)
    if project.state is ProjectState.INTRODUCED:
        move_project(session, now, need_id=project.need_id, move=ProjectMove.AGREE_PLAN, party=party, actor=actor)
    tell_plan(session, now, project, "plan_agreed")

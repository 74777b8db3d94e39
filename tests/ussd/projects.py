"""A village that has found a partner: who is who, and how far it has come."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.roles import OfficerRole
from service.models import DiasporaAssociation, Need, Officer, ProgressReport
from service.usecases.phones import know_phone
from service.usecases.progress import Progress, declare_progress
from service.usecases.proposals import accept_interest, express_interest
from tests.world import SECRETARY, TREASURER, diaspora, need_of, officer_of, proposed, village

WITNESS, CODE = "+212600000003", "*384*84#"
HALF = Progress(Stage.WORKS, 50, problem=Problem.PERMIT, help_wanted=HelpWanted.ADVICE)


def staffed_village(session: Session, now: datetime) -> None:
    """Register a village with a secretary, a treasurer and a witness."""
    association = village(session, now)
    for phone, role in ((TREASURER, OfficerRole.TREASURER), (WITNESS, OfficerRole.WITNESS)):
        know_phone(session, now, phone)
        association.officers.append(Officer(phone=phone, role=role, joined_at=now))
    session.flush()


def lyon_asked(session: Session, now: datetime, need: Need) -> None:
    """Show a need to Lyon."""
    known = session.scalars(select(DiasporaAssociation).where(DiasporaAssociation.name == "Lyon-Taliouine")).first()
    proposed(session, now, need, known or diaspora(session, now))


def lyon_interested(session: Session, now: datetime, need: Need) -> int:
    """Let Lyon say yes; return the proposal."""
    lyon = session.scalars(select(DiasporaAssociation).where(DiasporaAssociation.name == "Lyon-Taliouine")).one()
    (contact,) = lyon.active_contacts
    return express_interest(session, now, contact=contact, reference=need.reference, code=CODE).id


def project_of(session: Session, now: datetime) -> str:
    """Report a need, verify it, and let Lyon and the village agree; return its reference."""
    need = need_of(session, now)
    lyon_asked(session, now, need)
    proposal = lyon_interested(session, now, need)
    accept_interest(session, now, officer=officer_of(session), proposal_id=proposal)
    return need.reference


def half_done(session: Session, now: datetime, reference: str, phone: str = SECRETARY) -> ProgressReport:
    """Let an officer declare that half is done."""
    officer = officer_of(session, phone)
    return declare_progress(session, now, officer=officer, reference=reference, progress=HALF, code=CODE)

"""A village that has found a partner: who is who, how far it has come, and what coordinators decide meanwhile."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.projects import Party, ProjectMove
from service.domain.roles import OfficerRole, UserRole
from service.domain.sectors import Urgency
from service.domain.states import AssociationState, NeedState
from service.locales import Language
from service.models import (
    Contact,
    DiasporaAssociation,
    Need,
    Officer,
    ProgressReport,
    Proposal,
    User,
    VillageAssociation,
)
from service.models.diaspora import active_contact
from service.usecases.associations import reject_association, verify_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone
from service.usecases.progress import Progress, declare_progress
from service.usecases.projects import move_project
from service.usecases.proposals import accept_interest, express_interest
from service.usecases.sheets import (
    Words,
    answer_consent,
    ask_consent,
    associations_of,
    complete_sheet,
    draft_sheet,
    publish_sheet,
)
from tests.world import LYON, SECRETARY, TREASURER, diaspora, need_of, officer_of, proposed, village

WITNESS, CODE = "+212600000003", "*384*84#"
NEIGHBOUR, COORDINATOR, ADMIN = "+212600000004", "+212600000008", "user:1"
LANGUAGES = {SECRETARY: Language.FR, TREASURER: Language.AR, WITNESS: Language.SHI, LYON: Language.EN}
WRITTEN = {
    Language.FR: Words("L'eau au village", "84 foyers ont l'eau.", "L'autorisation", "Demander l'autorisation avant."),
    Language.AR: Words("الماء في القرية", "وصل الماء إلى 84 أسرة.", "الرخصة", "طلب الرخصة قبل شراء الأنابيب."),
}
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


def handed_over(session: Session, now: datetime, need: Need) -> None:
    """Let a project be begun, accepted and handed over, all at once."""
    for move in (ProjectMove.BEGIN_WORKS, ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
        move_project(session, now, need_id=need.id, move=move, party=Party.VILLAGE, actor="officer:1")


def sheet_asked(session: Session, now: datetime, need: Need) -> None:
    """Draft the sheet of a project that is handed over, write it in both languages, and ask for consent."""
    coordinator = User(name="Tilila", role=UserRole.COORDINATOR, password_hash="-", password_once=False, created_at=now)
    session.add(coordinator)
    session.flush()
    draft_sheet(session, now, actor=ADMIN, need_id=need.id)
    for language, words in WRITTEN.items():
        complete_sheet(session, now, user_id=coordinator.id, need_id=need.id, language=language, words=words)
    ask_consent(session, now, actor=ADMIN, need_id=need.id)


def sheet_published(session: Session, now: datetime, need: Need) -> None:
    """Let the village and its partners agree, and publish the sheet."""
    sheet_asked(session, now, need)
    contacts = [partner.active_contacts[0] for partner in associations_of(session, need.id)]
    people: list[Officer | Contact] = [need.association.active_officers[0], *contacts]
    for author in people:
        answer_consent(session, now, author=author, reference=need.reference, agreed=True, channel="ussd")
    for language in WRITTEN:
        publish_sheet(session, now, actor=ADMIN, need_id=need.id, language=language)


def everybody(session: Session, now: datetime) -> None:
    """Let there be a project, a need that Lyon is asked about, one not yet verified, and all who speak of them."""
    staffed_village(session, now)
    project_of(session, now)
    lyon_asked(session, now, need_of(session, now))
    need_of(session, now, verified=False)
    village(session, now, NEIGHBOUR, name="Tamaloukt").state = AssociationState.PENDING
    for phone, language in LANGUAGES.items():
        know_phone(session, now, phone, language)
    user = {"name": "Malika", "role": UserRole.COORDINATOR, "password_hash": "-", "password_once": False}
    session.add(User(**user, phone=COORDINATOR, created_at=now))


def decide(session: Session, now: datetime, *, turns_away: bool) -> None:
    """Decide at the admin view on what waits longest, and show a verified need to Lyon."""
    pending = select(VillageAssociation).where(VillageAssociation.state == AssociationState.PENDING)
    if association := session.scalars(pending).first():
        if turns_away:
            reject_association(session, now, actor=ADMIN, association_id=association.id, reason="...")
        else:
            verify_association(session, now, actor=ADMIN, association_id=association.id, code="*1#")
    need = session.scalars(select(Need).where(Need.state == NeedState.REPORTED)).first()
    if not need or need.association.state is not AssociationState.VERIFIED:
        return
    if turns_away:
        reject_need(session, now, actor=ADMIN, need_id=need.id, reason="...")
        return
    verify_need(session, now, actor=ADMIN, need_id=need.id, urgency=Urgency.NORMAL)
    contact = active_contact(session, LYON)
    if contact and not session.scalar(select(Proposal.id).where(Proposal.need_id == need.id)):
        proposed(session, now, need, contact.association)


def withdraw(session: Session, now: datetime) -> None:
    """Take the newest verified need back: what was proposed of it expires."""
    verified = select(Need).where(Need.state == NeedState.VERIFIED).order_by(Need.id.desc())
    if need := session.scalars(verified).first():
        reject_need(session, now, actor=ADMIN, need_id=need.id, reason="...")


def turn_standing(session: Session, now: datetime) -> None:
    """Reject the village's association, or verify it again."""
    one = session.scalars(select(VillageAssociation).order_by(VillageAssociation.id).limit(1)).one()
    if one.state is AssociationState.VERIFIED:
        reject_association(session, now, actor=ADMIN, association_id=one.id, reason="...")
    else:
        verify_association(session, now, actor=ADMIN, association_id=one.id, code="*1#")

"""What conversations in files may presuppose, what a coordinator does meanwhile, and what may be counted at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from service.domain.ledger import Columns
from service.domain.money import Currency, Money
from service.domain.progress import Stage
from service.domain.roles import OfficerRole, UserRole
from service.domain.sectors import Urgency
from service.domain.states import AssociationState, ProposalState
from service.locales import Language
from service.models import (
    Arrival,
    Callback,
    Commune,
    Consent,
    DiasporaAssociation,
    ExperienceSheet,
    Need,
    Officer,
    Pledge,
    ProgressReport,
    Project,
    Proposal,
    Resident,
    SheetConsent,
    SpotQuestion,
    Testimony,
    User,
    VillageAssociation,
)
from service.models.base import Base
from service.models.contributions import contributions_of
from service.models.diaspora import active_contact
from service.usecases.associations import register_association, reject_association, verify_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone, record_consent
from service.usecases.pledges import make_pledge
from service.usecases.progress import Progress, confirm_progress, declare_progress
from service.usecases.proposals import accept_interest, express_interest
from service.usecases.vouching import confirm_number
from service.usecases.works import hand_over
from tests.ussd.projects import half_done, handed_over, sheet_asked, sheet_published
from tests.ussd.residents import VILLAGER, finished, residents
from tests.world import (
    LYON,
    SECRETARY,
    STRANGER,
    TALIOUINE,
    TREASURER,
    UTRECHT,
    commune,
    diaspora,
    need_of,
    officer_of,
    proposed,
    village,
)
from ussd.dialogues.needs import MORE, SHARES

PHONES = {
    "secretary": SECRETARY,
    "treasurer": TREASURER,
    "neighbour": "+212600000003",
    "witness": "+212600000004",
    "president": "+212600000010",
    "stranger": STRANGER,
    "paris": "+33639980077",
    "villager": VILLAGER,
    "coordinator": "+212600000050",
    "lyon": LYON,
    "utrecht": UTRECHT,
}
COORDINATOR = "user:1"
Fact = str | list[str]
T = TypeVar("T", bound=Base)
S = TypeVar("S", Arrival, Need, Proposal, ProgressReport, Project)
Setting = Callable[[Session, datetime], object]


def colleague(role: OfficerRole, phone: str) -> Setting:
    """Return what adds an officer to the village's association."""

    def join(session: Session, now: datetime) -> None:
        know_phone(session, now, phone)
        association = session.scalars(select(VillageAssociation)).one()
        association.officers.append(Officer(phone=phone, role=role, joined_at=now))

    return join


def newcomers(session: Session, now: datetime) -> None:
    """Register a village that no coordinator has looked at yet."""
    know_phone(session, now, SECRETARY, Language.FR)
    record_consent(session, now, SECRETARY, "ussd")
    role = OfficerRole.SECRETARY
    register_association(
        session, now, phone=SECRETARY, role=role, commune_code=TALIOUINE, douar="Ifri", name="Ait Abdallah"
    )


def another_region(session: Session, _now: datetime) -> None:
    """Put a commune beyond the home region on the map."""
    zagora: Commune = commune("08.587.01.01", "Agdz", "أكدز", ("Zagora", "زاكورة"))
    zagora.region_code, zagora.region_fr, zagora.region_ar = "08", "Drâa-Tafilalet", "درعة - تافيلالت"
    session.add(zagora)


def asked(who: str, name: str) -> Setting:
    """Return what shows the newest need to an association of emigrants, registered now."""

    def show(session: Session, now: datetime) -> None:
        proposed(session, now, newest_need(session), diaspora(session, now, PHONES[who], name))

    return show


def interested(who: str) -> Setting:
    """Return what lets an association that was asked say yes."""

    def answer(session: Session, now: datetime) -> None:
        contact = active_contact(session, PHONES[who])
        assert contact
        express_interest(session, now, contact=contact, reference=newest_need(session).reference, code="*384*84#")

    return answer


def introduced(session: Session, now: datetime) -> None:
    """Let the village accept whoever is interested: the need is a project now."""
    interest = session.scalars(select(Proposal).where(Proposal.state == ProposalState.INTERESTED)).one()
    accept_interest(session, now, officer=officer_of(session), proposal_id=interest.id)


def lyon_pledged(session: Session, now: datetime) -> None:
    """Let Lyon promise 5 000 EUR for the newest need."""
    contact = active_contact(session, LYON)
    assert contact
    amount, reference = Money.of(5_000, Currency.EUR), newest_need(session).reference
    make_pledge(session, now, contact=contact, reference=reference, amount=amount, code="*384*84#")


def in_all(session: Session) -> Columns:
    """Return the columns of the newest need's project."""
    lines = contributions_of(session, newest_need(session).id)
    return sum((line.columns for line in lines), start=Columns())


def staff(role: UserRole) -> Setting:
    """Return what lets somebody of the coordination dial."""

    def employ(session: Session, now: datetime) -> None:
        number = PHONES["coordinator"]
        user = User(name="Zahra", role=role, password_hash="", password_once=False, phone=number, created_at=now)
        session.add(user)

    return employ


def speaking(language: Language) -> Setting:
    """Return what makes a village whose secretary reads another language than French."""
    return lambda session, now: village(session, now, language=language)


def works_done(session: Session, now: datetime) -> None:
    """Let the secretary say that all is finished, and the treasurer that it is so."""
    reference, finished = newest_need(session).reference, Progress(Stage.FINISHED, 100)
    secretary, treasurer = officer_of(session), officer_of(session, TREASURER)
    report = declare_progress(session, now, officer=secretary, reference=reference, progress=finished, code="*384*84#")
    confirm_progress(session, now, officer=treasurer, report_id=report.id)


def treasurer_hands_over(session: Session, now: datetime) -> None:
    """Let the treasurer hand over what is done."""
    reference, officer = newest_need(session).reference, officer_of(session, TREASURER)
    hand_over(session, now, officer=officer, reference=reference, code="*384*84#")


GIVEN: Mapping[str, Setting] = {
    "village": village,
    **{f"village in {language}": speaking(language) for language in Language},
    "neighbour": lambda session, now: village(session, now, PHONES["neighbour"], name="Tamaloukt"),
    "treasurer": colleague(OfficerRole.TREASURER, TREASURER),
    "president": colleague(OfficerRole.PRESIDENT, PHONES["president"]),
    "witness": colleague(OfficerRole.WITNESS, PHONES["witness"]),
    "village not yet verified": newcomers,
    "another region": another_region,
    "need": need_of,
    "need not yet verified": lambda session, now: need_of(session, now, verified=False),
    "lyon asked": asked("lyon", "Lyon-Taliouine"),
    "utrecht asked": asked("utrecht", "Utrecht-Souss"),
    "lyon interested": interested("lyon"),
    "utrecht interested": interested("utrecht"),
    "introduced": introduced,
    "handed over": lambda session, now: handed_over(session, now, newest_need(session)),
    "sheet asked": lambda session, now: sheet_asked(session, now, newest_need(session)),
    "sheet published": lambda session, now: sheet_published(session, now, newest_need(session)),
    "lyon pledged": lyon_pledged,
    "half done": lambda session, now: half_done(session, now, newest_need(session).reference),
    "works done": works_done,
    "treasurer hands over": treasurer_hands_over,
    "residents": residents,
    "finished": finished,
    "coordinator": staff(UserRole.COORDINATOR),
    "viewer": staff(UserRole.VIEWER),
}


def newest_need(session: Session) -> Need:
    """Return the need reported last."""
    return session.scalars(select(Need).order_by(Need.id.desc())).first() or Need()


def newest_association(session: Session) -> VillageAssociation:
    """Return the association registered last."""
    found = select(VillageAssociation).order_by(VillageAssociation.id.desc())
    return session.scalars(found).first() or VillageAssociation()


@dataclass(frozen=True)
class Coordinator:
    """Someone at the admin view: decides on the newest association until it is verified, then on the newest need."""

    session: Session
    now: datetime

    def does(self, verb: str, what: str) -> None:
        """Verify, or reject with a reason; or confirm somebody's number."""
        if verb == "verifies":
            self._verify()
        elif verb == "confirms":
            confirm_number(self.session, self.now, actor=COORDINATOR, phone=PHONES[what])
        else:
            self._reject(what)

    def _verify(self) -> None:
        if self._association_waits():
            its_id = newest_association(self.session).id
            verify_association(self.session, self.now, actor=COORDINATOR, association_id=its_id, code="*1#")
        else:
            its_id = newest_need(self.session).id
            verify_need(self.session, self.now, actor=COORDINATOR, need_id=its_id, urgency=Urgency.NORMAL)

    def _reject(self, reason: str) -> None:
        if self._association_waits():
            its_id = newest_association(self.session).id
            reject_association(self.session, self.now, actor=COORDINATOR, association_id=its_id, reason=reason)
        else:
            its_id = newest_need(self.session).id
            reject_need(self.session, self.now, actor=COORDINATOR, need_id=its_id, reason=reason)

    def _association_waits(self) -> bool:
        return newest_association(self.session).state is not AssociationState.VERIFIED


def count(entity: type[Base]) -> Callable[[Session], Fact]:
    """Return what counts the rows of an entity."""
    return lambda session: str(session.scalar(select(func.count()).select_from(entity)))


def states(entity: type[S]) -> Callable[[Session], Fact]:
    """Return what lists the states of an entity's rows, oldest first."""
    key = inspect(entity).primary_key[0]
    return lambda session: [one.state.value for one in session.scalars(select(entity).order_by(key))]


def newest(entity: type[T]) -> Callable[[Session], T]:
    """Return what finds the row of an entity that was written last."""
    key = inspect(entity).primary_key[0]
    return lambda session: session.scalars(select(entity).order_by(key)).all()[-1]


def details(session: Session) -> Fact:
    """Return the details that were added to the newest need: `field value`, amounts in dirhams."""
    added = newest_need(session).details
    said = {field: getattr(added, field) for field in MORE} if added else {}
    return [f"{field} {one // 100 if field in SHARES else one}" for field, one in said.items() if one is not None]


def agreed(session: Session) -> Fact:
    """Return who agreed to a sheet, or to be named in it, and who did not."""
    answered = session.scalars(select(SheetConsent).where(SheetConsent.agreed.is_not(None)))
    said = [("partner" if one.diaspora_id else "village", "yes" if one.agreed else "no") for one in answered]
    return sorted((" ".join(one) for one in said), reverse=True)


FACTS: Mapping[str, Callable[[Session], Fact]] = {
    "associations": count(VillageAssociation),
    "needs": count(Need),
    "consents": lambda session: str(
        session.scalar(select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None)))
    ),
    "needs are": states(Need),
    "proposals are": states(Proposal),
    "reports are": states(ProgressReport),
    "residents": lambda session: str(
        session.scalar(select(func.count()).select_from(Resident).where(Resident.left_at.is_(None)))
    ),
    "spot answers": lambda session: [
        str(one) for one in session.scalars(select(SpotQuestion.answer).where(SpotQuestion.answer.is_not(None)))
    ],
    "sector": lambda session: newest_need(session).sector.value,
    "households": lambda session: str(newest_need(session).households),
    "cost": lambda session: str(newest_need(session).cost // 100),
    "share": lambda session: str(newest_need(session).village_share // 100),
    "title": lambda session: newest_need(session).title,
    "association": lambda session: newest_association(session).name,
    "douar": lambda session: newest_association(session).douar,
    "commune": lambda session: newest_association(session).commune.name_fr,
    "role": lambda session: newest_association(session).officers[0].role.value,
    "officers are": lambda session: [
        officer.role.value for officer in sorted(newest_association(session).active_officers, key=lambda one: one.id)
    ],
    "urgency": lambda session: newest_need(session).urgency.value,
    "details": details,
    "milestone": lambda session: newest(ProgressReport)(session).milestone,
    "percent": lambda session: str(newest(ProgressReport)(session).percent),
    "spent": lambda session: str((newest(ProgressReport)(session).spent or 0) // 100),
    "next": lambda session: str(newest(ProgressReport)(session).next_on),
    "projects are": states(Project),
    "paused until": lambda session: str(newest(Project)(session).paused_until),
    "testimony": lambda session: newest(Testimony)(session).text,
    "testimonies": count(Testimony),
    "agreed": agreed,
    "sheets are": lambda session: [one.state.value for one in session.scalars(select(ExperienceSheet))],
    "published as": lambda session: newest(Testimony)(session).publication.value,
    "diaspora": lambda session: newest(DiasporaAssociation)(session).name,
    "country": lambda session: newest(DiasporaAssociation)(session).country,
    "origins": lambda session: [one.place_code for one in newest(DiasporaAssociation)(session).origins],
    "sectors": lambda session: [one.sector.value for one in newest(DiasporaAssociation)(session).interests],
    "means": lambda session: str((newest(DiasporaAssociation)(session).yearly_capacity or 0) // 100),
    "at a time": lambda session: str(newest(DiasporaAssociation)(session).attention_slots),
    "pledged": lambda session: [f"{one.minor // 100} {one.currency}" for one in session.scalars(select(Pledge))],
    "arrivals are": states(Arrival),
    "confirmed": lambda session: str(in_all(session).confirmed // 100),
    "received": lambda session: str(in_all(session).received // 100),
    "callbacks": count(Callback),
}

"""What conversations in files may presuppose, what a coordinator does meanwhile, and what may be counted at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.roles import OfficerRole
from service.domain.sectors import Urgency
from service.domain.states import AssociationState
from service.locales import Language
from service.models import Commune, Consent, Need, Officer, Proposal, VillageAssociation
from service.models.base import Base
from service.models.diaspora import active_contact
from service.usecases.associations import reject_association, verify_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone
from service.usecases.proposals import express_interest
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, UTRECHT, commune, diaspora, need_of, proposed, village

PHONES = {
    "secretary": SECRETARY,
    "treasurer": TREASURER,
    "neighbour": "+212600000003",
    "witness": "+212600000004",
    "stranger": STRANGER,
    "lyon": LYON,
    "utrecht": UTRECHT,
}
COORDINATOR = "user:1"
Fact = str | list[str]
Setting = Callable[[Session, datetime], object]


def colleague(role: OfficerRole, phone: str) -> Setting:
    """Return what adds an officer to the village's association."""

    def join(session: Session, now: datetime) -> None:
        know_phone(session, now, phone)
        association = session.scalars(select(VillageAssociation)).one()
        association.officers.append(Officer(phone=phone, role=role, joined_at=now))

    return join


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


def speaking(language: Language) -> Setting:
    """Return what makes a village whose secretary reads another language than French."""
    return lambda session, now: village(session, now, language=language)


GIVEN: Mapping[str, Setting] = {
    "village": village,
    **{f"village in {language}": speaking(language) for language in Language},
    "neighbour": lambda session, now: village(session, now, PHONES["neighbour"], name="Tamaloukt"),
    "treasurer": colleague(OfficerRole.TREASURER, TREASURER),
    "witness": colleague(OfficerRole.WITNESS, PHONES["witness"]),
    "another region": another_region,
    "need": need_of,
    "need not yet verified": lambda session, now: need_of(session, now, verified=False),
    "lyon asked": asked("lyon", "Lyon-Taliouine"),
    "utrecht asked": asked("utrecht", "Utrecht-Souss"),
    "lyon interested": interested("lyon"),
    "utrecht interested": interested("utrecht"),
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
        """Verify, or reject with a reason."""
        if verb == "verifies":
            self._verify()
        else:
            self._reject(what)

    def _verify(self) -> None:
        if self._association_waits():
            its_id = newest_association(self.session).id
            verify_association(self.session, self.now, actor=COORDINATOR, association_id=its_id)
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


FACTS: Mapping[str, Callable[[Session], Fact]] = {
    "associations": count(VillageAssociation),
    "needs": count(Need),
    "consents": lambda session: str(
        session.scalar(select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None)))
    ),
    "needs are": lambda session: [state.value for state in session.scalars(select(Need.state).order_by(Need.id))],
    "proposals are": lambda session: [
        state.value for state in session.scalars(select(Proposal.state).order_by(Proposal.id))
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
}

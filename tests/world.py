"""A small country for tests: a few communes of Souss-Massa, a village, two associations of emigrants."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.money import Money
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import ProposalState
from service.domain.text import search_key
from service.locales import Language
from service.models import Commune, DiasporaAssociation, Message, Need, Officer, Proposal, VillageAssociation
from service.models.associations import active_officer
from service.models.needs import need_by_reference
from service.models.session import transaction
from service.usecases.associations import register_association, verify_association
from service.usecases.diaspora import register_diaspora
from service.usecases.needs import declare_need, verify_need
from service.usecases.phones import know_phone, record_consent

SECRETARY, TREASURER, STRANGER = "+212600000001", "+212600000002", "+212600000009"
LYON, UTRECHT = "+33639980001", "+31600000001"
TALIOUINE, TAFRAOUT = "09.541.01.11", "09.581.01.13"


def commune(code: str, french: str, arabic: str, province: tuple[str, str], **indicators: float) -> Commune:
    """Return a commune with round figures."""
    return Commune(
        code=code,
        name_fr=french,
        name_ar=arabic,
        name_ascii=french,
        search_key=search_key(french),
        rural=True,
        cercle_code=None,
        province_code=code[:6],
        province_fr=province[0],
        province_ar=province[1],
        region_code="09",
        region_fr="Souss-Massa",
        region_ar="سوس - ماسة",
        population_2024=7000,
        population_2014=6700,
        households_2024=1750,
        running_water=indicators.get("running_water", 50.0),
    )


def settle(engine: Engine) -> None:
    """Put the communes on the map."""
    with transaction(engine) as session:
        session.add(commune(TALIOUINE, "Taliouine", "تالوين", ("Taroudannt", "تارودانت")))
        session.add(commune("09.541.01.99", "Taliouine Assaka", "تالوين أسكا", ("Taroudannt", "تارودانت")))
        session.add(commune(TAFRAOUT, "Tafraout", "تافراوت", ("Tiznit", "تيزنيت")))


def village(
    session: Session,
    now: datetime,
    phone: str = SECRETARY,
    language: Language = Language.FR,
    name: str = "Ait Abdallah",
) -> VillageAssociation:
    """Register and verify a village association whose secretary has this phone."""
    know_phone(session, now, phone, language)
    record_consent(session, now, phone, "ussd")
    association = register_association(
        session, now, phone=phone, role=OfficerRole.SECRETARY, commune_code=TALIOUINE, douar="Ifri", name=name
    )
    return verify_association(session, now, actor="user:1", association_id=association.id, code="*1#")


def officer_of(session: Session, phone: str = SECRETARY) -> Officer:
    """Return who speaks from this phone."""
    officer = active_officer(session, phone)
    assert officer
    return officer


def need_of(session: Session, now: datetime, phone: str = SECRETARY, *, verified: bool = True) -> Need:
    """Declare a need from this phone, and verify it."""
    reference = declare_need(
        session,
        now,
        officer=officer_of(session, phone),
        sector=Sector.WATER,
        households=84,
        cost=Money.of(320_000),
        village_share=Money.of(60_000),
        title="Puits du bas",
    )
    need = need_by_reference(session, reference)
    assert need
    return verify_need(session, now, actor="user:1", need_id=need.id, urgency=Urgency.HIGH) if verified else need


def diaspora(
    session: Session, now: datetime, phone: str = LYON, name: str = "Lyon-Taliouine", language: Language = Language.FR
) -> DiasporaAssociation:
    """Register an association of emigrants from Taliouine that wants to hear of water."""
    return register_diaspora(
        session,
        now,
        name=name,
        city="Lyon",
        country="FR",
        time_zone="Europe/Paris",
        yearly_capacity=Money.of(200_000),
        attention_slots=3,
        contact_name="Fatima",
        phone=phone,
        language=language,
        origins=[TALIOUINE],
        interests={Sector.WATER: 3},
    )


def proposed(session: Session, now: datetime, need: Need, to: DiasporaAssociation) -> Proposal:
    """Show the need to the association."""
    proposal = Proposal(
        need_id=need.id, diaspora_id=to.id, state=ProposalState.PROPOSED, score=0.8, reasons=[], proposed_at=now
    )
    session.add(proposal)
    session.flush()
    return proposal


def newest_message(session: Session) -> Message:
    """Return the message queued last."""
    return session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()

"""Those who live in a village and agreed to be asked whether works are done."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.milestones import Milestone
from service.domain.progress import Stage
from service.models import Need, VillageAssociation
from service.models.needs import projects_of
from service.models.spotchecks import SpotCheck, SpotQuestion, active_resident
from service.usecases.phones import know_phone
from service.usecases.progress import Progress, confirm_progress, declare_progress
from service.usecases.residents import join_village
from tests.world import TREASURER, officer_of

VILLAGER = "+212600000060"


def residents(session: Session, now: datetime) -> None:
    """Let five villagers agree to be asked: four, and who is called the villager."""
    association = session.scalars(select(VillageAssociation)).one()
    for phone in (VILLAGER, *(f"+21260000007{number}" for number in range(4))):
        know_phone(session, now, phone)
        join_village(session, now, phone=phone, channel="ussd", association_id=association.id)


def finished(session: Session, now: datetime) -> None:
    """Let the secretary say that the newest works are done, and the treasurer that it is so: residents are asked."""
    secretary, done = officer_of(session), Progress(Stage.FINISHED, 100, milestone=Milestone.WATER_RUNS)
    reference = session.scalars(select(Need.reference).order_by(Need.id.desc())).first() or ""
    report = declare_progress(session, now, officer=secretary, reference=reference, progress=done, code="*384*84#")
    confirm_progress(session, now, officer=officer_of(session, TREASURER), report_id=report.id)


def settled(session: Session, now: datetime, association: int, asked: str, idle: str) -> None:
    """Let two live in a village, of whom one is asked whether the works of its newest project are done."""
    for phone in (asked, idle):
        join_village(session, now, phone=phone, channel="ussd", association_id=association)
    resident = active_resident(session, asked)
    assert resident
    question = SpotQuestion(resident_id=resident.id)
    need = projects_of(session, association)[0]
    session.add(SpotCheck(need_id=need.id, asked_at=now, questions=[question]))

"""What waits for a coordinator one morning: of each matter of the first page that one person's day has, one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.projects import Grievance
from service.domain.roles import OfficerRole, UserRole
from service.domain.testimonies import Publication
from service.models import InboundEvent, Need, User
from service.models.diaspora import active_contact
from service.models.needs import need_by_reference
from service.models.session import transaction
from service.usecases.associations import register_association
from service.usecases.disputes import dispute
from service.usecases.inbox import note_text
from service.usecases.phones import know_phone, record_consent
from service.usecases.sheets import answer_consent, draft_sheet
from service.usecases.testimonies import note_testimony
from tests.service.web.person import HASHED
from tests.ussd.projects import NEIGHBOUR, WITNESS, half_done, handed_over, project_of, staffed_village
from tests.world import LYON, SECRETARY, TALIOUINE, TREASURER, UTRECHT, diaspora, need_of, officer_of

NAME, CAREFUL, PENDING, PARTNER = "Zahra", "Idir", "Tamaloukt", "Utrecht-Souss"
WORDS, ASKED = "L'eau coule enfin, les filles vont en classe.", "Bonjour, la pompe est cassée, qui peut venir ?"


@dataclass(frozen=True)
class Morning:
    """The references of what waits."""

    need: str
    silent: str
    disputed: str
    finished: str


def tell_morning(engine: Engine, now: datetime) -> Morning:
    """Let it all have happened."""
    with transaction(engine) as session:
        for name in (NAME, CAREFUL):
            person = {"name": name, "role": UserRole.COORDINATOR, "password_hash": HASHED, "password_once": False}
            session.add(User(**person, created_at=now))
            session.flush()
        long_ago, lately = now - timedelta(days=60), now - timedelta(days=2)
        staffed_village(session, long_ago)
        silent, disputed, finished = (project_of(session, long_ago) for _ in range(3))
        half_done(session, now - timedelta(days=50), silent)
        dispute(session, lately, who=officer_of(session), reference=disputed, reason=Grievance.FAULTY)
        _finish(session, lately, _need(session, finished))
        _write(session, lately, TREASURER, ASKED)
        diaspora(session, long_ago, UTRECHT, PARTNER)
        return Morning(_declare(session, lately), silent, disputed, finished)


def agree_to_sheet(engine: Engine, now: datetime, reference: str) -> None:
    """Let the village and its partner say by telephone that the sheet may be published."""
    with transaction(engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        for author in (officer_of(session, SECRETARY), contact):
            answer_consent(session, now, author=author, reference=reference, agreed=True, channel="ussd")


def _need(session: Session, reference: str) -> Need:
    need = need_by_reference(session, reference)
    assert need
    return need


def _finish(session: Session, now: datetime, need: Need) -> None:
    handed_over(session, now, need)
    draft_sheet(session, now, actor="job:sheets", need_id=need.id)
    note_testimony(
        session,
        now,
        author=officer_of(session, WITNESS),
        reference=need.reference,
        words=WORDS,
        publication=Publication.NAMED,
        channel="ussd",
    )


def _write(session: Session, now: datetime, phone: str, text: str) -> None:
    """Let somebody write what no keyword understands."""
    kept = {"gateway": "console", "kind": "sms", "external_id": text[:20], "phone": phone}
    session.add(InboundEvent(**kept, payload={"text": text}, received_at=now))
    note_text(session, now, phone, understood=False)


def _declare(session: Session, now: datetime) -> str:
    """Let a new association register, and say what it needs."""
    know_phone(session, now, NEIGHBOUR)
    record_consent(session, now, NEIGHBOUR, "ussd")
    register_association(
        session,
        now,
        phone=NEIGHBOUR,
        role=OfficerRole.PRESIDENT,
        commune_code=TALIOUINE,
        douar=PENDING,
        name=PENDING,
    )
    need_of(session, now, NEIGHBOUR, verified=False)
    return session.scalars(select(Need.reference).order_by(Need.id.desc()).limit(1)).one()

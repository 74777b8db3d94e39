"""A database in which there is something of every kind, and who looks at it: for a walk through all pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Stop

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.broadcasts import Audience, Who
from service.domain.events import DeliveryState, Event
from service.domain.kinds import Kind
from service.domain.ledger import Source
from service.domain.money import Money
from service.domain.projects import Grievance
from service.domain.roles import UserRole
from service.domain.scopes import Scope
from service.domain.states import MessageState
from service.gateways.base import Balance
from service.locales import Language
from service.messaging.balances import note_balance
from service.messaging.health import stop_gateway
from service.models import Conversation, DiasporaAssociation, InboundEvent, Message, Need, Project, User
from service.models.session import transaction
from service.models.webhooks import Delivery
from service.security import factor_key
from service.usecases import inbox, second_factor, sessions, webhooks
from service.usecases.broadcasts import approve, write_broadcast
from service.usecases.callbacks import ask_callback
from service.usecases.contributions import write_line
from service.usecases.disputes import dispute
from service.usecases.exports import ask_export, make_next
from service.usecases.invitations import invite
from service.usecases.listings import agree_to_listing
from service.usecases.staff import block
from service.usecases.tokens import make_token
from tests.service.web.person import HASHED
from tests.ussd.cast import CAST, Names, Play
from tests.world import LYON, SECRETARY, commune, need_of, officer_of, settle, village

LONG = "Association Tamount pour le développement, la coopération et l'environnement"
ODD_TITLES = ("x" * 60, "طريق الدوار إلى السوق", "Ait \u202eevil\u202c")
DEMO_VILLAGE = "+212600001001"  # by which the tour knows that the story was played


@dataclass(frozen=True)
class Visitors:
    """What the browser of each keeps of its session, and the token of a link that invites."""

    cookies: Mapping[str, Mapping[str, object]]
    invitation: str


def fill(container: Container) -> Visitors:
    """Let everything have happened by now."""
    now = container.clock()
    settle(container.engine)
    with transaction(container.engine) as session:
        Play(session, now - timedelta(days=3), Language.FR, Names()).begin()
        admin, visitors = _staff(session, now, container.settings.secret_key)
        _public(session, now)
        _odd(session, now)
        _messages(session, now)
        _programs(session, now, admin.subject)
        _broadcasts(session, now, admin)
        for kind, asked in (("iati", {"amounts": True}), ("person", {"phone": LYON})):
            ask_export(session, now, actor=admin.subject, kind=kind, **asked)
        stop_gateway(session, now, "console", "cli")
        note_balance(session, now, "console", Balance("EUR", 425_000))
    while make_next(container.engine, container.settings, container.clock, "worker", Stop()):
        pass
    return visitors


def only_an_admin(container: Container) -> Visitors:
    """Let nothing have happened: somebody has just installed it."""
    with transaction(container.engine) as session:
        return _staff(session, container.clock(), container.settings.secret_key)[1]


def _staff(session: Session, now: datetime, secret: str) -> tuple[User, Visitors]:
    people = {
        role: User(name=name, role=role, password_hash=HASHED, password_once=False, created_at=now)
        for name, role in (("Tilila", UserRole.ADMIN), ("Malika", UserRole.COORDINATOR), ("Idir", UserRole.VIEWER))
    }
    session.add_all(people.values())
    session.flush()
    admin, coordinator = people[UserRole.ADMIN], people[UserRole.COORDINATOR]
    nonce = second_factor.new_nonce()
    code = pyotp.TOTP(factor_key(secret, nonce)).at(now)
    second_factor.turn_on(session, now, secret, user_id=admin.id, nonce=nonce, code=code)
    gone, _ = invite(session, now, actor=admin.subject, name="Brahim Ouhmad", role=UserRole.VIEWER)
    block(session, now, actor=admin.subject, user_id=gone.id)
    _, invitation = invite(session, now, actor=admin.subject, name="Amina", role=UserRole.COORDINATOR)

    def begun(user: User, *, half: bool = False) -> dict[str, object]:
        where = {"device": "Firefox, Linux", "network": "192.0.2.0"}
        return {"token": sessions.begin(session, now, user, **where, half=half, replaces=None)}

    cookies: dict[str, dict[str, object]] = {
        "stranger": {},
        "viewer": begun(people[UserRole.VIEWER]),
        "coordinator": {**begun(coordinator), "factor": [nonce, int(now.timestamp())]},
        "half": begun(admin, half=True),
        "admin": begun(admin),
    }
    return admin, Visitors(cookies, invitation)


def _public(session: Session, now: datetime) -> None:
    lyon = session.scalars(select(DiasporaAssociation).order_by(DiasporaAssociation.id).limit(1)).one()
    by, language = f"contact:{lyon.contacts[0].id}", Language.FR
    agree_to_listing(session, now, association_id=lyon.id, actor=by, channel="ussd", language=language)


def _odd(session: Session, now: datetime) -> None:
    """Let there be what is long, has no space, goes from right to left, or means harm; and a dispute."""
    village(session, now, DEMO_VILLAGE, name=LONG)
    for title in ODD_TITLES:
        need_of(session, now, DEMO_VILLAGE, verified=False).title = title
    zagora = commune("08.587.01.01", "Agdz", "أكدز", ("Zagora", "زاكورة"))
    zagora.region_code, zagora.region_fr, zagora.region_ar = "08", "Drâa-Tafilalet", "درعة - تافيلالت"
    session.add(zagora)
    who = officer_of(session, CAST["lone officer"])
    need = session.scalars(select(Need).join(Project).where(Need.association_id == who.association_id)).first()
    assert need
    write_line(session, now, officer=who, reference=need.reference, source=Source.PROVINCE, amount=Money.of(1_000))
    dispute(session, now, who=who, reference=need.reference, reason=Grievance.MONEY)
    ask_callback(session, now, phone=SECRETARY, channel="ussd")


def _messages(session: Session, now: datetime) -> None:
    """Let messages have ended in every way, and people have written what nobody understands."""
    for number, state in enumerate(MessageState):
        values = {"template": "need_saved", "kind": Kind.NEWS, "priority": 4, "language": "fr", "text": "Reçu." * 30}
        ended = now if state in (MessageState.FAILED, MessageState.DELIVERED) else None
        session.add(
            Message(
                key=f"every:{number}", phone=SECRETARY, parts=2, state=state, gateway="console", cost=25,
                final_at=ended, created_at=now, next_at=now, expires_at=now + timedelta(days=1), **values,
            )
        )  # fmt: skip
    for number, (phone, said) in enumerate(((SECRETARY, "La pompe est cassée"), (CAST["newcomer"], "ما هذا؟"))):
        kept = {"gateway": "console", "kind": "sms", "external_id": f"said{number}", "phone": phone}
        session.add(InboundEvent(**kept, payload={"text": said}, received_at=now))
        inbox.note_text(session, now, phone, understood=False)
    session.flush()
    answered = session.scalars(select(Conversation).where(Conversation.phone == SECRETARY)).one()
    answered.assigned_to = session.scalars(select(User.id).where(User.name == "Malika")).one()


def _programs(session: Session, now: datetime, actor: str) -> None:
    make_token(session, now, actor=actor, name="Suivi du ministère", scopes=list(Scope), days=30)
    make_token(session, now, actor=actor, name="Essai", scopes=list(Scope)[:1], days=None)
    made = webhooks.subscribe(session, now, actor=actor, url="https://hook.example/in", events=list(Event))
    session.add(
        Delivery(
            webhook_id=made.id, event_id="msg_1", event="need.verified", subject="need:1", at=now, next_at=now,
            state=DeliveryState.DEAD, attempts=10, outcome="HTTP 500", ended_at=now,
        )
    )  # fmt: skip


def _broadcasts(session: Session, now: datetime, admin: User) -> None:
    """Let one wait for a second person, and one be under way."""
    texts = {"fr": "Réunion à Taliouine le 3 décembre.", "ar": "اجتماع في تالوين."}
    for number, writer in enumerate(("Malika", "Tilila")):
        user = session.scalars(select(User).where(User.name == writer)).one()
        audience = Audience(Who.VILLAGES, place="09.541")
        made = write_broadcast(session, now, user=user, audience=audience, texts=texts, form=f"{number:032x}")
        if user.id != admin.id:
            approve(session, now, user=admin, broadcast_id=made)

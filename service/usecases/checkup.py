"""What is wrong with an installation, in plain words, and what to do about it; for `tiwizi doctor` and `/readyz`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.domain.roles import UserRole
from service.domain.states import MessageState
from service.gateways.registry import APART, REHEARSES
from service.models import Commune, JobTick, Message, User
from service.models.gateways import ALL as ALL_GATEWAYS
from service.models.messages import count_dead, oldest_due
from service.models.migrations import up_to_date
from service.models.session import FIRST_SAFE_WAL, reading
from service.models.users import comes_in
from service.settings import Settings
from service.usecases.messages import GatewayView, Spent, gateways_now, spending_now

LATE = 3  # due times missed before the clock counts as silent
RUNS = "runs"
WAITS_TOO_LONG = timedelta(minutes=10)
# Older dead letters are history: nobody would send them any more.
DEAD_FOR = timedelta(days=7)
FAILING = 50  # weight
NEARLY = 0.75  # of a cap: with the default reserve, before anything waits
NUMBER = re.compile(r"\+?[0-9]{3,15}")
NAME = 5  # the type (TON) of a sender that is a name (SMPP 3.4, 5.2.5)
PER_CENT = 100
THOUSAND = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `check` names it to programs, `repair` says what to do."""

    check: str
    wrong: str
    repair: str


def check_database(engine: Engine) -> list[Finding]:
    """Return what keeps the service from working at all: nothing, or one finding."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        if not up_to_date(engine):
            return [Finding("migrations", "The database is not up to date", "run `tiwizi migrate`")]
    except SQLAlchemyError:
        return [Finding("database", "The database does not answer", "start it, or check TIWIZI_DATABASE_URL")]
    return []


def clock_state(session: Session, settings: Settings, now: datetime) -> str:
    """Return how the worker's clock does: `runs`, `never ran`, or since when it is silent."""
    newest = session.scalar(select(func.max(JobTick.due_at)))
    if newest is None:
        return "never ran"
    late = now - newest > LATE * timedelta(minutes=settings.match_every_minutes)
    return f"silent since {newest.isoformat()}" if late else RUNS


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Find settings that are each right and together are not."""
    if settings.simulator_on and _open_to_others(settings):
        where = settings.public_url or settings.host
        yield Finding("simulator", f"Anyone may play any phone at {where}", "set TIWIZI_SIMULATOR=false")
    if settings.public_url.startswith("http://"):
        yield Finding("public_url", "Passwords travel in clear", "let TIWIZI_PUBLIC_URL begin with https://")
    if settings.secret_key in settings.hook_tokens:
        yield Finding("secret_key", "Gateways know the secret key", "let TIWIZI_SECRET_KEY be no hook token")
    yield from _check_sending(settings)


def _check_sending(settings: Settings) -> Iterator[Finding]:
    real = sorted(settings.used_gateways - REHEARSES)
    if real and not settings.public_url:
        yield Finding("callbacks", f"{real[0]} cannot call back: no receipts come", "set TIWIZI_PUBLIC_URL")
    by_prefix = any(name.startswith("+") for name in settings.sms_prices)
    for name in real:
        if name not in settings.sms_prices and not by_prefix:
            wrong = f"Nobody said what a message through {name} costs, so the caps count a guess"
            yield Finding("prices", wrong, f"add {name}=… or prefixes to TIWIZI_SMS_PRICES")
    yield from _check_senders(settings)
    begin, end = settings.quiet_hours
    if real and begin == end:
        yield Finding("quiet_hours", "Messages wake people at night", "set TIWIZI_QUIET_HOURS, as 21-8")


def _check_senders(settings: Settings) -> Iterator[Finding]:
    used, source = settings.used_gateways, settings.smpp_source
    wrong = "Texts that ask for an answer come through {} under a name, which nobody can answer"
    # Left out, it is AFRICASTKNG (docs.africastalking.com, SMS sending).
    if "africastalking" in used and not NUMBER.fullmatch(settings.at_sender):
        yield Finding("sender", wrong.format("africastalking"), "let TIWIZI_AT_SENDER be a number or a short code")
    # Left out, it is the account's own.
    if "smpp" in used and source and (settings.smpp_source_ton == NAME or not NUMBER.fullmatch(source)):
        repair = f"let TIWIZI_SMPP_SOURCE be a number or a short code, of a type (TON) other than {NAME}"
        yield Finding("sender", wrong.format("smpp"), repair)


def check_service(engine: Engine, settings: Settings, now: datetime) -> list[Finding]:
    """Find what is wrong with a database that answers and with how messages fare. Writes nothing."""
    with reading(engine) as session:
        return [
            *_check_beginnings(session, settings, now),
            *_check_gateways(session, settings, now),
            *_check_messages(session, settings, now),
            *(_spent(one) for one in spending_now(session, settings, now) if one.amount and one.part >= NEARLY),
            *_check_sqlite(session),
        ]


def _check_beginnings(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    if not session.scalar(select(Commune.code).limit(1)):
        yield Finding("communes", "No commune is known", "run `tiwizi migrate`")
    if not session.scalar(select(User.id).where(User.role == UserRole.ADMIN, comes_in()).limit(1)):
        yield Finding("admin", "Nobody is an admin", "run `tiwizi admin create NAME`")
    state = clock_state(session, settings, now)
    if state != RUNS:
        yield Finding("clock", f"The worker's clock {_is(state)}, so nothing is sent", "start `tiwizi worker`")


def _check_gateways(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    for view in gateways_now(session, now, settings.used_gateways):
        yield from _check_gateway(view)
        if view.balance_at and view.is_low(settings.sms_low_balance):
            wrong = f"The credit at {view.name} is low: {view.balance} at {view.balance_at.isoformat()}"
            yield Finding("balance", wrong, "top up its account, then look again with `tiwizi job balances`")


def _check_gateway(view: GatewayView) -> Iterator[Finding]:
    which = "Sending" if view.name == ALL_GATEWAYS else f"Sending through {view.name}"
    if view.stopped_at:
        again = f"tiwizi sms start {'' if view.name == ALL_GATEWAYS else view.name}".strip()
        yield Finding("stopped", f"{which} was stopped by {view.stopped_by}", f"start it again with `{again}`")
    elif view.silent:
        what = "SMS centre" if view.name in APART else "phone"
        how = f"is silent since {view.heard_at.isoformat()}" if view.heard_at else "was never heard"
        yield Finding("silent", f"The {what} of {view.name} {how}", repair_silence(view.name, view.heard_at))
    elif view.weight < FAILING:
        yield Finding("failing", f"{which} mostly fails", "look at the reasons with `tiwizi sms dead`")


def repair_silence(gateway: str, since: datetime | None) -> str:
    """Return what to do about a gateway that should be heard and is not; `since` is None when it never was."""
    if gateway in APART:
        return f"see that `tiwizi {gateway}` runs; its log says why it is not bound (`{gateway}.link_down`)"
    if since is None:
        return "run `tiwizi android register` and switch on Ping in the app"
    return "look at its battery and network"


def _check_messages(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    due = oldest_due(session, now, settings.used_gateways)
    if due and now - due > WAITS_TOO_LONG:
        minutes = (now - due) // timedelta(minutes=1)
        runs = " and ".join(f"`tiwizi {name}` runs" for name in ("worker", *sorted(settings.used_gateways & APART)))
        yield Finding("waiting", f"A message waits for {minutes} minutes", f"see that {runs}")
    unknown = session.scalar(select(func.count()).where(Message.state == MessageState.UNKNOWN)) or 0
    if unknown:
        yield Finding("unknown", f"Nobody knows of {unknown} messages whether they left", "see /admin/messages")
    dead = sum(count_dead(session, now - DEAD_FOR).values())
    if dead:
        repair = "see `tiwizi sms dead`, or /admin/messages"
        yield Finding("dead", f"{dead} messages did not leave in the last {DEAD_FOR.days} days", repair)


def _spent(one: Spent) -> Finding:
    scope = f"{one.scope} {one.whose}".strip()
    amounts = f"{one.amount / THOUSAND:.2f} of {one.cap / THOUSAND:.2f} ({one.part * PER_CENT:.0f} %)"
    repair = "what is over waits for tomorrow; raise TIWIZI_CAP_… if that is wrong"
    return Finding("cap", f"Today's cap of {scope} is nearly spent: {amounts}", repair)


def _check_sqlite(session: Session) -> Iterator[Finding]:
    if session.get_bind().dialect.name == "sqlite":
        version = str(session.scalar(text("SELECT sqlite_version()")))
        yield from check_log(version, str(session.scalar(text("PRAGMA journal_mode"))))


def check_log(version: str, journal: str) -> Iterator[Finding]:
    """Find a SQLite that may lose committed pages of its write-ahead log (sqlite.org/wal.html)."""
    if journal == "wal" and tuple(map(int, version.split("."))) < FIRST_SAFE_WAL:
        safe = ".".join(map(str, FIRST_SAFE_WAL))
        wrong = f"SQLite {version} may lose what was committed"
        yield Finding("sqlite", wrong, f"stop all that uses the file, and start Tiwizi alone, or use SQLite {safe}")


def _open_to_others(settings: Settings) -> bool:
    try:
        here = ip_address(settings.host).is_loopback
    except ValueError:
        here = settings.host == "localhost"
    return bool(settings.public_url) or not here


def _is(state: str) -> str:
    return f"is {state}" if state.startswith("silent") else state

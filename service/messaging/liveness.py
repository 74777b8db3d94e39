"""Whether the gateways that tell regularly that they live still do: a phone loses its power, its network, its SIM."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.gateways.registry import PINGS
from service.messaging.health import SILENT_AFTER, locked_state
from service.models import GatewayState
from service.models.session import reading, transaction
from service.settings import Settings

log = structlog.get_logger()

KEPT_EVERY = timedelta(minutes=1)  # a busy phone's events need not each write when it was heard


class Silence(NamedTuple):
    """A gateway that nothing was heard of since then; `since` is None when it never told anything."""

    name: str
    since: datetime | None


class Holder(Protocol):
    """What the watch needs of a running service: a part of service.container.Container."""

    @property
    def settings(self) -> Settings:
        """The routes are there."""

    @property
    def engine(self) -> Engine:
        """The database."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """This moment, aware."""


def expected(settings: Settings) -> frozenset[str]:
    """Return the gateways in use that should be heard of."""
    return settings.used_gateways & PINGS


def heard(session: Session, now: datetime, gateway: str) -> None:
    """Note that a gateway has told us something, whatever it was; a later silence is warned of anew."""
    known = session.get(GatewayState, gateway)
    if known and known.heard_at and known.warned_at is None and now - known.heard_at < KEPT_EVERY:
        return
    state = locked_state(session, gateway)
    if state.warned_at is not None:
        log.info("gateway.heard_again", gateway=gateway)
    state.heard_at, state.warned_at = now, None


def silent(session: Session, now: datetime, names: Collection[str]) -> list[Silence]:
    """Return which of these gateways have told nothing for 15 minutes or ever, by name."""
    last = {
        state.name: state.heard_at
        for state in session.scalars(select(GatewayState).where(GatewayState.name.in_(names)))
    }
    silences = [Silence(name, last.get(name)) for name in sorted(names)]
    return [one for one in silences if one.since is None or now - one.since >= SILENT_AFTER]


def watch(container: Holder) -> int:
    """Warn in the log of each gateway that fell silent, once in a silence whoever watches; return how many."""
    now = container.clock()
    with reading(container.engine) as session:
        silences = silent(session, now, expected(container.settings))
    return sum(_warn(container.engine, now, one) for one in silences)


def _warn(engine: Engine, now: datetime, silence: Silence) -> bool:
    with transaction(engine) as session:
        state = locked_state(session, silence.name)
        if state.warned_at is not None or state.heard_at != silence.since:
            return False
        state.warned_at = now
        since = silence.since.isoformat() if silence.since else "ever"
        log.warning("gateway.silent", gateway=silence.name, since=since)
        return True

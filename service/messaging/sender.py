"""The sender: empties the outbox. A claim is on disk before the call, and no transaction is open during it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.gateways.base import Gateway, Sent
from service.messaging.begun import Begun
from service.messaging.claims import LEASE, Call, claim, still_right
from service.messaging.health import locked_state, unroute_strangers
from service.messaging.leases import give_back_abandoned, give_up_leases
from service.messaging.records import MOST_ATTEMPTS, Answered, settle, weigh_answers
from service.models import GatewayState, Message
from service.models.session import reading, transaction
from service.settings import Settings

__all__ = ["LEASE", "MOST_ATTEMPTS", "Holder", "Sender", "drain"]

log = structlog.get_logger()

# A call that begins later than this before its lease's end might still be under way when others give it up.
LONGEST_CALL = timedelta(minutes=2)
# A call that waited longer for a connection is looked at again before it begins: STOP, or a stop of the gateway, came.
WAITED = timedelta(seconds=1)
# Calls claimed beyond the connections, so many times as many: none waits while what ended is gathered and recorded.
AHEAD = 3
GATHERED_S = 0.03  # seconds in which other calls may end too; what is ahead keeps the connections busy meanwhile
ENOUGH = 1_000  # messages that are recorded at once: of so many, waiting for others saves nothing
AWAY = timedelta(seconds=1)  # between two looks at a database that is locked, full or away
# The last is PostgreSQL's to a process that was stopped for long within a transaction.
AWAY_ERRORS = (OperationalError, InterfaceError, InternalError)


class Holder(Protocol):
    """What the sender needs of a running service: a part of service.container.Container."""

    @property
    def settings(self) -> Settings:
        """The routes, prices, caps, rates and quiet hours are there."""

    @property
    def engine(self) -> Engine:
        """The database."""

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """The gateways by name that this process carries messages to."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """This moment, aware."""


def drain(container: Holder, limit: int | None = None, stopping: Event | None = None) -> int:
    """Send what is due, up to `limit` messages a gateway, until nothing is or `stopping`; return how many were tried.

    Any number of processes may drain at once.
    """
    now = container.clock()
    give_back_abandoned(container.engine)
    give_up_leases(container.engine, container.gateways, now)
    if not anything_due(container.engine, now):
        return 0
    with transaction(container.engine) as session:
        unroute_strangers(session, now, container.settings.used_gateways)
    senders = [Sender(container, gateway, limit, stopping) for gateway in container.gateways.values()]
    return sum(sender.run() for sender in senders)


def anything_due(engine: Engine, now: datetime) -> bool:
    """Look, without making a writer wait, whether a message wants to be sent now."""
    due = select(Message.id).where(Message.state == MessageState.QUEUED, Message.next_at <= now).limit(1)
    with reading(engine) as session:
        return session.scalar(due) is not None


class Sender:
    """Empties the outbox through one gateway, over all its connections at once."""

    def __init__(
        self, container: Holder, gateway: Gateway, limit: int | None = None, stopping: Event | None = None
    ) -> None:
        """Send up to `limit` messages; begin nothing more when `stopping` is set."""
        self._container, self._gateway = container, gateway
        self._left = limit
        self._stopping = stopping or Event()
        self._calls = gateway.connections * (1 + AHEAD)
        # Calls of each claim that are not recorded yet, by its attempt.
        self._unrecorded = Counter[str]()
        self._begun = Begun(container.engine)
        # Messages a call has lately carried: so many rows are looked at for each call that is wanted.
        self._a_call = 1
        self._failure: BaseException | None = None

    def run(self) -> int:
        """Send until nothing is due; return how many messages were tried.

        Raises what a gateway raises, after recording what came of the calls beside.
        """
        tried = 0
        under_way: dict[Future[list[Sent] | None], Call] = {}
        done: list[Answered] = []
        with (
            closing(self._begun),
            ThreadPoolExecutor(self._gateway.connections, thread_name_prefix=self._gateway.name) as pool,
        ):
            while True:
                calls = self._recorded(done, len(under_way))
                tried += sum(len(call.ids) for call in calls)
                under_way |= {pool.submit(self._send, call): call for call in calls}
                if not under_way:
                    break
                ended = wait_for(under_way, return_when=FIRST_COMPLETED).done
                if sum(len(under_way[one].ids) for one in ended) < ENOUGH:
                    # A record of several costs little more than of one.
                    ended = wait_for(under_way, GATHERED_S).done
                calls_ended = [(under_way.pop(one), one) for one in ended]
                done = [Answered(call, one.result()) for call, one in calls_ended if not self._failed(one)]
        if self._failure:
            raise self._failure
        return tried

    def _recorded(self, answered: list[Answered], busy: int) -> list[Call]:
        """Take a turn; what was answered while the database is away is kept, and recorded when it is back."""
        while True:
            try:
                return self._turn(answered, busy)
            except AWAY_ERRORS:
                if not answered or self._stopping.is_set():
                    raise
                log.warning("sms.not_recorded_yet", gateway=self._gateway.name, calls=len(answered), exc_info=True)
            self._stopping.wait(AWAY.total_seconds())

    def _turn(self, answered: list[Answered], busy: int) -> list[Call]:
        """Record what was answered and claim what can be called next, in one transaction."""
        now, container = self._container.clock(), self._container
        with transaction(container.engine) as session:
            settle(session, self._gateway, now, answered)
            state = locked_state(session, self._gateway.name)
            weigh_answers(state, now, answered)
            calls = self._claim(session, state, now, self._calls - busy)
            if calls:
                self._begun.claim(calls[0].attempt_id)
        self._count(answered, calls)
        for one in answered:
            if one.sent is not None:
                log.info("sms.sent", gateway=self._gateway.name, messages=one.call.ids, outcomes=_counted(one.sent))
        return calls

    def _claim(self, session: Session, state: GatewayState, now: datetime, room: int) -> list[Call]:
        if self._stopping.is_set() or self._failure or not room:
            return []
        rows = room if self._gateway.bulk == 1 else min(room * self._gateway.bulk, 2 * room * self._a_call)
        rows = rows if self._left is None else min(rows, self._left)
        calls = claim(session, self._container.settings, self._gateway, state, now, room, rows)
        taken = sum(len(call.ids) for call in calls)
        self._a_call = max(1, taken // len(calls)) if calls else 1
        self._left = None if self._left is None else self._left - taken
        return calls

    def _count(self, answered: list[Answered], calls: list[Call]) -> None:
        self._unrecorded.update(call.attempt_id for call in calls)
        self._unrecorded.subtract(one.call.attempt_id for one in answered)
        self._begun.forget(over := [attempt for attempt, left in self._unrecorded.items() if not left])
        for attempt in over:
            del self._unrecorded[attempt]

    def _send(self, call: Call) -> list[Sent] | None:
        """Make the call, unless it would now begin too late, or should not begin at all."""
        now = self._container.clock()
        if self._stopping.is_set() or now > call.lease_until - LONGEST_CALL:
            return None
        if now - call.begun_at > WAITED and not self._still_right(call, now):
            return None
        self._begun.begin(call.attempt_id, call.ids)
        return self._gateway.send(call.batch)

    def _still_right(self, call: Call, now: datetime) -> bool:
        try:
            with reading(self._container.engine) as session:
                return still_right(session, self._gateway.name, call, now)
        except AWAY_ERRORS:
            log.warning("sms.not_asked_again", gateway=self._gateway.name, messages=call.ids, exc_info=True)
            return False

    def _failed(self, one: Future[list[Sent] | None]) -> bool:
        self._failure = self._failure or one.exception()
        return one.exception() is not None


def _counted(sent: Sequence[Sent]) -> dict[str, int]:
    return Counter(f"{one.outcome} {one.reason}".strip() for one in sent)

"""Which process runs a job at a due time: whoever inserts the tick. So each runs once, on one machine or fifty."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, Update, delete, update

from service.messaging.once import INSERT
from service.models.session import transaction
from service.models.ticks import JobTick

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT = timedelta(days=30)
BEAT = timedelta(seconds=30)
DEAD_AFTER = 3 * BEAT
# A database that was away for a moment keeps no nightly job waiting for a day, and a fault that stays is no tight loop.
TRY_AGAIN = timedelta(minutes=10)
FAILED = "failed"
LONGEST_OUTCOME = 200


def due_time(now: datetime, every: timedelta) -> datetime:
    """Return the latest due time not after `now`: whole periods since 1970 in UTC, the same for all processes."""
    return EPOCH + (now - EPOCH) // every * every


def take_tick(engine: Engine, job: str, due: datetime, owner: str, now: datetime) -> bool:
    """Tell whether `owner` may run the job for that due time: the first who asks, as long as it lives.

    When it has not said for three beats that it does, or failed ten minutes ago, the next who asks may: each job is
    done in one transaction, or claims what it does, so that nothing of it is done twice.
    """
    tick = {"owner": owner, "alive_at": now, "ended_at": None, "outcome": ""}
    with transaction(engine) as session:
        row = INSERT[engine.dialect.name](JobTick).values(job=job, due_at=due, **tick)
        left = (JobTick.ended_at.is_(None)) & (JobTick.alive_at < now - DEAD_AFTER)
        failed = (JobTick.outcome == FAILED) & (JobTick.ended_at < now - TRY_AGAIN)
        taken = row.on_conflict_do_update(index_elements=(JobTick.job, JobTick.due_at), set_=tick, where=left | failed)
        return session.execute(taken.returning(JobTick.job)).one_or_none() is not None


def keep_tick(engine: Engine, job: str, due: datetime, owner: str, now: datetime) -> bool:
    """Say that `owner` still runs the job for that due time; False when another has taken it."""
    with transaction(engine) as session:
        kept = _tick(job, due, owner).values(alive_at=now).returning(JobTick.job)
        return session.execute(kept).one_or_none() is not None


def end_tick(engine: Engine, job: str, due: datetime, owner: str, now: datetime, outcome: str) -> None:
    """Keep how the job ended (the first 200 characters), and forget the job's ticks of more than 30 days ago.

    A tick that another has taken is left to that one.
    """
    with transaction(engine) as session:
        session.execute(_tick(job, due, owner).values(ended_at=now, outcome=outcome[:LONGEST_OUTCOME]))
        session.execute(delete(JobTick).where(JobTick.job == job, JobTick.due_at < now - KEPT))


def _tick(job: str, due: datetime, owner: str) -> Update:
    return update(JobTick).where(JobTick.job == job, JobTick.due_at == due, JobTick.owner == owner)

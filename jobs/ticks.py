"""Which process runs a job at a due time: whoever inserts the tick. So each runs once, on one machine or fifty."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from service.models.session import transaction
from service.models.ticks import JobTick

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT = timedelta(days=30)
LONGEST_OUTCOME = 200


def due_time(now: datetime, every: timedelta) -> datetime:
    """Return the latest due time not after `now`: whole periods since 1970 in UTC, the same for all processes."""
    return EPOCH + (now - EPOCH) // every * every


def take_tick(engine: Engine, job: str, due: datetime, owner: str) -> bool:
    """Tell whether this process may run the job for that due time; the first who asks may, for good.

    A process that dies leaves its tick taken: the work waits for the next due time, it is not begun again half done.
    """
    with transaction(engine) as session:
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        row = insert(JobTick).values(job=job, due_at=due, owner=owner, outcome="")
        taken = session.execute(row.on_conflict_do_nothing().returning(JobTick.job)).one_or_none()
        return taken is not None


def end_tick(engine: Engine, job: str, due: datetime, now: datetime, outcome: str) -> None:
    """Keep how the job ended (the first 200 characters), and forget the job's ticks of more than 30 days ago."""
    with transaction(engine) as session:
        tick = update(JobTick).where(JobTick.job == job, JobTick.due_at == due)
        session.execute(tick.values(ended_at=now, outcome=outcome[:LONGEST_OUTCOME]))
        session.execute(delete(JobTick).where(JobTick.job == job, JobTick.due_at < now - KEPT))

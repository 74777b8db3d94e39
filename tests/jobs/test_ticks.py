"""Each due time of a job runs once, however many ask."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from jobs.ticks import BEAT, DEAD_AFTER, FAILED, TRY_AGAIN, due_time, end_tick, keep_tick, take_tick
from service.models import JobTick
from service.models.session import reading

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TICKS = 1000
WORKERS = 5


@pytest.mark.parametrize(
    ("now", "every", "due"),
    [
        (NOON, timedelta(hours=1), NOON),
        (NOON + timedelta(minutes=59, seconds=59), timedelta(hours=1), NOON),
        (NOON - timedelta(microseconds=1), timedelta(hours=1), NOON - timedelta(hours=1)),
        (NOON + timedelta(seconds=44), timedelta(seconds=15), NOON + timedelta(seconds=30)),
        (NOON, timedelta(days=1), NOON.replace(hour=0)),
    ],
)
def test_a_due_time_is_the_last_whole_period(now: datetime, every: timedelta, due: datetime) -> None:
    assert due_time(now, every) == due


def test_five_workers_take_each_of_a_thousand_ticks_once(engine: Engine) -> None:
    def work(worker: int) -> list[datetime]:
        dues = [NOON + timedelta(minutes=number) for number in range(TICKS)]
        return [due for due in dues if take_tick(engine, "match", due, f"worker {worker}", NOON)]

    with ThreadPoolExecutor(WORKERS) as pool:
        taken = Counter(due for dues in pool.map(work, range(WORKERS)) for due in dues)
    assert len(taken) == TICKS
    assert set(taken.values()) == {1}


def test_two_jobs_may_be_due_at_the_same_time(engine: Engine) -> None:
    assert take_tick(engine, "match", NOON, "one", NOON)
    assert take_tick(engine, "expire", NOON, "two", NOON)
    assert not take_tick(engine, "match", NOON, "two", NOON)


def test_the_end_of_a_tick_is_kept_and_old_ticks_of_the_job_are_forgotten(engine: Engine) -> None:
    before, younger = NOON - timedelta(days=31), NOON - timedelta(days=29)
    for job, due in (("match", before), ("match", younger), ("match", NOON), ("expire", before)):
        take_tick(engine, job, due, "one", NOON)
    ended = NOON + timedelta(seconds=3)
    end_tick(engine, "match", NOON, "one", ended, "12 proposals " * 40)
    with reading(engine) as session:
        ticks = {(tick.job, tick.due_at): tick for tick in session.scalars(select(JobTick))}
    assert set(ticks) == {("match", younger), ("match", NOON), ("expire", before)}
    tick = ticks["match", NOON]
    assert (tick.ended_at, len(tick.outcome)) == (ended, 200)
    assert ticks["match", younger].ended_at is None


def test_a_tick_whose_owner_died_is_taken_by_the_next_who_asks(engine: Engine) -> None:
    later = NOON + DEAD_AFTER + timedelta(seconds=1)
    assert take_tick(engine, "match", NOON, "one", NOON)
    assert not take_tick(engine, "match", NOON, "two", NOON + DEAD_AFTER)
    assert keep_tick(engine, "match", NOON, "one", NOON + BEAT)
    assert not take_tick(engine, "match", NOON, "two", later)
    assert take_tick(engine, "match", NOON, "two", later + BEAT)
    assert not take_tick(engine, "match", NOON, "three", later + BEAT)


def test_a_tick_that_ended_is_never_taken_again(engine: Engine) -> None:
    assert take_tick(engine, "match", NOON, "one", NOON)
    end_tick(engine, "match", NOON, "one", NOON, "done")
    assert not take_tick(engine, "match", NOON, "two", NOON + timedelta(days=9))


def test_a_tick_that_failed_is_taken_again_after_a_while(engine: Engine) -> None:
    moment = timedelta(seconds=1)
    assert take_tick(engine, "match", NOON, "one", NOON)
    end_tick(engine, "match", NOON, "one", NOON, FAILED)
    assert not take_tick(engine, "match", NOON, "one", NOON + TRY_AGAIN)
    assert take_tick(engine, "match", NOON, "two", NOON + TRY_AGAIN + moment)
    assert not take_tick(engine, "match", NOON, "three", NOON + TRY_AGAIN + moment)
    with reading(engine) as session:
        tick = session.scalars(select(JobTick)).one()
        assert (tick.owner, tick.ended_at, tick.outcome) == ("two", None, "")


def test_who_lost_a_tick_neither_keeps_nor_ends_it(engine: Engine) -> None:
    later = NOON + DEAD_AFTER + timedelta(seconds=1)
    assert take_tick(engine, "match", NOON, "one", NOON)
    assert take_tick(engine, "match", NOON, "two", later)
    assert not keep_tick(engine, "match", NOON, "one", later + BEAT)
    end_tick(engine, "match", NOON, "one", later + BEAT, "done")
    with reading(engine) as session:
        tick = session.scalars(select(JobTick)).one()
        assert (tick.owner, tick.alive_at, tick.ended_at, tick.outcome) == ("two", later, None, "")

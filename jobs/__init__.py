"""What happens by the clock."""

from datetime import timedelta

from jobs.clock import Job, Loop
from jobs.match import match
from service.messaging.sender import drain
from service.settings import Settings

DRAIN_EVERY = timedelta(seconds=1)


def make_jobs(settings: Settings) -> list[Job]:
    """Return the jobs with their due times."""
    return [Job("match", timedelta(minutes=settings.match_every_minutes), match)]


def make_loops() -> list[Loop]:
    """Return what every worker does all the time."""
    return [Loop("drain", DRAIN_EVERY, drain)]

"""What happens by the clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event

from jobs.balances import look_at_balances
from jobs.broadcasts import send_broadcasts
from jobs.clock import Job, Loop
from jobs.digests import digests
from jobs.files import make_exports
from jobs.match import match
from jobs.purge import purge_old
from jobs.recordings import fetch_recordings
from jobs.reminders import send_reminders
from jobs.sheets import draft_sheets
from jobs.silence import break_silence
from jobs.spotchecks import tell_spot_checks
from jobs.unknown import adopt, resend
from service.container import Container
from service.messaging.liveness import watch
from service.messaging.sender import drain
from service.messaging.webhooks import deliver
from service.settings import Settings

DRAIN_EVERY = timedelta(milliseconds=250)  # somebody waits for the reply, and a look that finds nothing is cheap
DELIVER_EVERY, WATCH_EVERY = timedelta(seconds=1), timedelta(minutes=1)
EXPORT_EVERY = timedelta(seconds=5)


def make_jobs(settings: Settings) -> list[Job]:
    """Return the jobs with their due times."""
    return [
        Job("match", timedelta(minutes=settings.match_every_minutes), match),
        Job("broadcasts", timedelta(minutes=1), send_broadcasts),
        Job("digests", timedelta(minutes=15), digests),
        Job("reminders", timedelta(hours=1), send_reminders),
        Job("silence", timedelta(hours=6), break_silence),
        Job("spot-checks", timedelta(hours=1), tell_spot_checks),
        Job("adopt-receipts", timedelta(minutes=5), adopt),
        Job("resend-unknown", timedelta(minutes=5), resend),
        Job("recordings", timedelta(minutes=5), fetch_recordings),
        Job("sheets", timedelta(days=1), draft_sheets),
        Job("balances", timedelta(hours=1), look_at_balances),
        Job("purge", timedelta(days=1), purge_old),
    ]


def make_loops(container: Container) -> list[Loop]:
    """Return what every worker does all the time: one loop a gateway, so that a stalled one keeps no other waiting."""
    drains = [Loop(f"drain {name}", DRAIN_EVERY, _drain(name)) for name in container.gateways]
    return [
        *drains,
        Loop("webhooks", DELIVER_EVERY, deliver),
        Loop("watch", WATCH_EVERY, lambda container, _stopping: watch(container)),
        Loop("exports", EXPORT_EVERY, make_exports),
    ]


def _drain(name: str) -> Callable[[Container, Event], int]:
    def run(container: Container, stopping: Event) -> int:
        return drain(replace(container, gateways={name: container.gateways[name]}), stopping=stopping)

    return run

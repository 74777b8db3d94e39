"""Where a life may end: named points, put around the program's own functions from outside, in the process that dies."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import urllib3.connection
from sqlalchemy.orm import SessionTransaction

import jobs.clock
import service.messaging.claims
import service.messaging.leases
import service.messaging.outbox
import service.messaging.sender
import service.usecases.digests
import service.usecases.matching
import service.web.receipts
import ussd.dialogues.needs
import ussd.hooks
import ussd.journals
import ussd.sessions
import ussd.transports.sms
import ussd.work
from jobs import make_jobs
from jobs.clock import Job
from service.gateways.africastalking import AfricasTalkingGateway
from service.settings import Settings

# Hooks that write, by the last part of their path.
WRITING_HOOKS = ("ussd", "ussd-end", "sms", "receipt", "opt-out")
OFTEN = timedelta(minutes=15)
# Jobs by their points, with how often they are due; more than that is too long to wait for.
JOBS = {
    f"job {job.name}": job.every
    for job in make_jobs(Settings(_env_file=None))  # type: ignore[call-arg]  # pydantic-settings' own parameter
    if job.every <= OFTEN
}
# Work that has transactions of its own.
UNITS = ("send", "lease", "tick", *JOBS, "tick's end")


@dataclass(frozen=True)
class Place:
    """A function of the program, by what it stands in."""

    name: str
    owner: Any
    attribute: str


PLACES = {
    "web": (
        Place("turn", ussd.sessions.Conversations, "answer"),
        Place("turn played", ussd.sessions.Conversations, "_play"),
        Place("turn's key", ussd.work.Work, "answered"),
        Place("journal behind", ussd.journals.Journals, "_flush"),
        Place("journal with the facts", ussd.journals.Journals, "write"),
        Place("need", ussd.dialogues.needs, "declare_need"),
        Place("message row", service.messaging.outbox, "add_once"),
        Place("text", ussd.transports.sms, "_receive"),
        Place("text's event", ussd.transports.sms, "first_time"),
        Place("text handled", ussd.transports.sms, "_handle"),
        Place("stop by text", ussd.transports.sms, "stop"),
        Place("start by text", ussd.transports.sms, "start"),
        Place("opt-out", service.web.receipts, "stop"),
        Place("end of session", ussd.hooks, "invite_back"),
        Place("receipt", service.web.receipts, "take_receipt"),
    ),
    "worker": (
        Place("send", service.messaging.sender.Sender, "_turn"),
        Place("settle", service.messaging.sender, "settle"),
        Place("claim", service.messaging.sender, "claim"),
        Place("routing", service.messaging.claims, "route_due"),
        Place("call", AfricasTalkingGateway, "send"),
        Place("answer of the carrier", urllib3.connection.HTTPConnection, "getresponse"),
        Place("leases", service.messaging.sender, "give_up_leases"),
        Place("lease", service.messaging.leases, "_give_up"),
        Place("tick", jobs.clock, "take_tick"),
        Place("round", service.usecases.matching, "match_needs"),
        Place("proposal", service.usecases.matching, "_propose"),
        Place("digest", service.usecases.digests, "_digest"),
        Place("tick's end", jobs.clock, "end_tick"),
    ),
}


def both(name: str) -> tuple[str, str]:
    """Return the points before and after something."""
    return f"before {name}", f"after {name}"


POINTS = {
    "web": tuple(
        point
        for name in (*(one.name for one in PLACES["web"]), *(f"commit of {hook}" for hook in WRITING_HOOKS), "reply")
        for point in both(name)
    ),
    "worker": tuple(
        point
        for name in (*(one.name for one in PLACES["worker"]), *JOBS, *(f"commit of {unit}" for unit in UNITS))
        for point in both(name)
    ),
}
ALL_POINTS = (*POINTS["web"], *POINTS["worker"])
# Points that a worker comes by when something is due, and how long that may take.
DUE = {
    point: OFTEN
    for name in ("tick", "commit of tick", "tick's end", "commit of tick's end", "round", "proposal")
    for point in both(name)
} | {point: every for job, every in JOBS.items() for point in (*both(job), *both(f"commit of {job}"))}
# Points that are come by when a digest is due, and others that a life seldom comes by twice.
OF_DIGESTS = (*both("digest"), *both("commit of job digests"))
SELDOM = {point for name in ("stop by text", "start by text", "opt-out", "commit of opt-out") for point in both(name)}


class Killer:
    """Kills this process at the n-th pass of one point, and writes down where; at none when there is no point."""

    def __init__(self, point: str | None, nth: int, counts: Any, by: signal.Signals = signal.SIGKILL) -> None:
        self._point, self._left, self._counts, self._by = point, nth, counts, by
        self._guard = threading.Lock()
        self._within = threading.local()

    def passes(self, name: str) -> None:
        """Come by a point."""
        if name != self._point:
            return
        with self._guard:
            self._left -= 1
            if not self._left:
                self._counts[ALL_POINTS.index(name)] += 1
                os.kill(os.getpid(), self._by)

    def install(self, role: str) -> None:
        """Put the points around the functions of a role."""
        for place in PLACES[role]:
            work = getattr(place.owner, place.attribute)
            setattr(place.owner, place.attribute, self._around(place.name, work))
        setattr(SessionTransaction, "commit", self._commit(SessionTransaction.commit))  # noqa: B010  # no method is assigned

    def watch(self, job: Job) -> Job:
        """Return the job with points before and after it."""
        return replace(job, run=self._around(f"job {job.name}", job.run))

    def serve(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application with points before and after its reply leaves."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self._within.unit = environ["PATH_INFO"].rpartition("/")[2]
            body = b"".join(app(environ, start_response))
            self.passes("before reply")
            yield body
            # The server has written the body when it asks for more.
            self.passes("after reply")

        return answer

    def _around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        before, after = both(name)

        def passing(*args: Any, **values: Any) -> Any:
            if name in UNITS:
                self._within.unit = name
            self.passes(before)
            done = work(*args, **values)
            self.passes(after)
            return done

        return passing

    def _commit(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        def passing(*args: Any, **values: Any) -> Any:
            name = f"commit of {getattr(self._within, 'unit', 'nothing')}"
            self.passes(f"before {name}")
            done = commit(*args, **values)
            self.passes(f"after {name}")
            return done

        return passing

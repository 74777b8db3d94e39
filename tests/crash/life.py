"""What a child does until it is killed: the real web application on a real socket, or a worker's jobs and loops."""

import socket
import time
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any
from wsgiref.types import WSGIApplication

from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from jobs import make_jobs, make_loops
from jobs.clock import _guarded, run_job
from jobs.ticks import due_time
from service.app import create_app
from service.messaging.sender import drain
from service.settings import Settings
from tests.crash.lives import Plan, Shared
from tests.crash.plants import PLANTS
from tests.crash.points import Killer
from tests.crash.stage import HOOKS, Clock, People, hold
from ussd.sessions import Conversations
from wsgi import doors

REST = 0.005  # seconds between two rounds of a worker


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: there are thousands."""


@dataclass(frozen=True)
class Program:
    """The program as it is loaded once, before it is forked for each life."""

    settings: Settings
    engine: Engine
    clock: Clock
    listener: socket.socket
    shared: Shared
    plant: str | None = None
    # The application is made once: to make it takes longer than most lives.
    web: list[tuple[Conversations, WSGIApplication]] = field(default_factory=list)

    def begin(self, role: str, plan: Plan) -> None:
        """Live; never returns."""
        if self.plant:
            PLANTS[self.plant]()
        killer = Killer(plan.point, plan.nth, self.shared.by_point)
        killer.install(role)
        (self._serve if role == "web" else self._work)(killer)

    def warm_up(self, people: People) -> None:
        """Use what each life would otherwise have to load: a conversation with a fact, a text, a receipt, a job."""
        container = hold(self.settings, self.engine, self.clock)
        conversations = Conversations(container)
        client = create_app(container, doors(conversations)).test_client()
        phone = people.officer()
        dial = {"sessionId": "warm", "phoneNumber": phone, "serviceCode": "*384*84#"}
        for text in ("", "1*1*84*5000*1*Puits", "1*1*84*5000*1*Puits*1"):
            client.post(f"{HOOKS}/ussd", data={**dial, "text": text})
        sms = {"id": "warm", "from": phone, "to": "+212600000000", "date": "2026-11-23 10:00:00", "text": "INFO"}
        client.post(f"{HOOKS}/sms", data=sms)
        client.post(f"{HOOKS}/receipt", data={"id": "warm", "phoneNumber": phone, "status": "Success"})
        for job in make_jobs(self.settings):
            job.run(container)
        drain(container)
        conversations.close()
        fresh = Conversations(container)
        self.web.append((fresh, create_app(container, doors(fresh))))
        # An open SQLite file must not be carried through a fork.
        self.engine.dispose()

    def _serve(self, killer: Killer) -> None:
        conversations, app = self.web[0]
        # This process begins now, and knows that another may have known more.
        conversations.began = self.clock()
        quiet: dict[str, Any] = {"threaded": True, "request_handler": _Quiet}
        make_server("127.0.0.1", 0, killer.serve(app), fd=self.listener.fileno(), **quiet).serve_forever()

    def _work(self, killer: Killer) -> None:
        container = hold(self.settings, self.engine, self.clock)
        jobs = [killer.watch(job) for job in make_jobs(self.settings)]
        loops, stopping = make_loops(container), Event()
        done: dict[str, datetime] = {}
        while True:
            for job in jobs:
                due = due_time(container.clock(), job.every)
                if done.get(job.name) != due:
                    done[job.name] = due
                    _guarded(job.name, lambda job=job, due=due: run_job(container, job, due))  # type: ignore[misc]
            for loop in loops:
                _guarded(loop.name, lambda loop=loop: loop.run(container, stopping))  # type: ignore[misc]
            time.sleep(REST)

"""Whether the process lives and whether it can work, for supervisors and load balancers."""

import json

from flask import Blueprint, Response

from service.models.session import reading
from service.usecases.checkup import RUNS, check_database, clock_state
from service.web.access import access
from service.web.current import container, now

health = Blueprint("health", __name__)


@health.get("/healthz")
@access("public")
def alive() -> Response:
    """Say that the process answers."""
    return _lines([{"status": "ok"}], 200)


@health.get("/readyz")
@access("public")
def ready() -> Response:
    """Say whether the process can work; else 503 and one JSON line for each thing that is wrong."""
    # Read-only, so that a probe never waits for whoever is writing to SQLite.
    wrong = check_database(container().engine.execution_options(tiwizi_readonly=True))
    if wrong:
        return _lines([{"wrong": one.check, "repair": one.repair} for one in wrong], 503)
    return _lines([{"status": "ready", "clock": _clock()}], 200)


def _clock() -> str:
    """Tell whether the worker's jobs run. A silent clock sends nothing, but people can still be answered: no 503."""
    with reading(container().engine) as session:
        state = clock_state(session, container().settings, now())
    return state if state == RUNS else f"{state}: start `tiwizi worker`"


def _lines(rows: list[dict[str, str]], status: int) -> Response:
    return Response("".join(json.dumps(row) + "\n" for row in rows), status, mimetype="application/x-ndjson")

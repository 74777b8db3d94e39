"""Whether the process lives and whether it can work, for supervisors and load balancers."""

import json
from datetime import datetime

from flask import Blueprint, Response

from service.messaging.liveness import expected, silent
from service.models.session import reading
from service.usecases.checkup import RUNS, check_database, clock_state, repair_silence
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
    return _lines([{"status": "ready", **_now()}], 200)


def _now() -> dict[str, str]:
    """Tell whether the worker's jobs run, and whether each gateway that should be heard of is.

    A silent clock, phone or link sends nothing, but people can still be answered, and others may send: no 503.
    """
    settings = container().settings
    with reading(container().engine) as session:
        state = clock_state(session, settings, now())
        names = expected(settings)
        silences = dict(silent(session, now(), names)) if names else {}
    clock = state if state == RUNS else f"{state}: start `tiwizi worker`"
    gateways = {name: _silence(name, silences[name]) if name in silences else "heard" for name in sorted(names)}
    return {"clock": clock, **gateways}


def _silence(gateway: str, since: datetime | None) -> str:
    how = f"silent since {since.isoformat()}" if since else "never heard"
    return f"{how}: {repair_silence(gateway, since)}"


def _lines(rows: list[dict[str, str]], status: int) -> Response:
    return Response("".join(json.dumps(row) + "\n" for row in rows), status, mimetype="application/x-ndjson")

"""Whether the process lives and whether it can work, for supervisors and load balancers."""

import json
from datetime import datetime, timedelta

from flask import Blueprint, Response
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.messaging.liveness import expected, silent
from service.models.migrations import up_to_date
from service.models.ticks import JobTick
from service.web.access import access
from service.web.current import container, now

LATE = 3  # due times missed before the clock counts as silent

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
    engine = container().engine.execution_options(tiwizi_readonly=True)
    wrong = what_is_wrong(engine)
    return (
        _lines(wrong, 503) if wrong else _lines([{"status": "ready", "clock": _clock(engine), **_phones(engine)}], 200)
    )


def what_is_wrong(engine: Engine) -> list[dict[str, str]]:
    """Return what keeps the service from working, in words for whoever repairs it."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        if not up_to_date(engine):
            return [{"wrong": "migrations", "repair": "run `tiwizi migrate`"}]
    except SQLAlchemyError:
        return [{"wrong": "database", "repair": "start it, or check TIWIZI_DATABASE_URL"}]
    return []


def _clock(engine: Engine) -> str:
    """Tell whether the worker's jobs run. A silent clock sends nothing, but people can still be answered: no 503."""
    with Session(engine) as session:
        newest = session.scalar(select(func.max(JobTick.due_at)))
    if newest is None:
        return "never ran: start `tiwizi worker`"
    late = now() - newest > LATE * timedelta(minutes=container().settings.match_every_minutes)
    return f"silent since {newest.isoformat()}: start `tiwizi worker`" if late else "runs"


def _phones(engine: Engine) -> dict[str, str]:
    """Tell of each gateway that should be heard of whether it is. Others may still send, so it is no 503."""
    names = expected(container().settings)
    with Session(engine) as session:
        silences = dict(silent(session, now(), names)) if names else {}
    return {name: _silence(silences[name]) if name in silences else "heard" for name in sorted(names)}


def _silence(since: datetime | None) -> str:
    if since is None:
        return "never heard: run `tiwizi android register` and switch on Ping in the app"
    return f"silent since {since.isoformat()}: look at its battery and its network"


def _lines(rows: list[dict[str, str]], status: int) -> Response:
    return Response("".join(json.dumps(row) + "\n" for row in rows), status, mimetype="application/x-ndjson")

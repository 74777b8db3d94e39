"""Whether the process lives and whether it can work, for supervisors and load balancers."""

import json

from flask import Blueprint, Response
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service.models.migrations import up_to_date
from service.web.access import access
from service.web.current import container

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
    wrong = what_is_wrong(container().engine.execution_options(tiwizi_readonly=True))
    return _lines(wrong, 503) if wrong else _lines([{"status": "ready"}], 200)


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


def _lines(rows: list[dict[str, str]], status: int) -> Response:
    return Response("".join(json.dumps(row) + "\n" for row in rows), status, mimetype="application/x-ndjson")

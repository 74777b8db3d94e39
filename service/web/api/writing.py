"""Writes: one transaction for the fact, its messages, what webhooks are told, and the answer under its key."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask import Response, request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.messaging.once import add_once
from service.models.session import transaction
from service.models.tokens import ApiAnswer, ApiToken
from service.web.api.operations import Call, Operation
from service.web.api.problems import ProblemError, refused
from service.web.api.tags import etag_of
from service.web.current import container

KEY = re.compile(r"[!-~]{1,100}")
MOST_TRIES = 5
# PostgreSQL: another's change came between our look and our write; looked at again, it is seen.
SERIALIZATION, DEADLOCK = "40001", "40P01"


def write(
    operation: Operation, token: ApiToken, at: datetime, path: dict[str, Any], content: bytes, body: BaseModel | None
) -> Response:
    """Do what is asked once, and answer; who asks again under the same key gets the same answer, byte for byte."""
    key = _key()
    asked = sha256(b"\n".join((operation.method.encode(), request.full_path.encode(), content))).hexdigest()
    for tries in range(1, MOST_TRIES + 1):
        try:
            with transaction(_engine()) as session:
                call = Call(session, at, container().settings, token)
                if key and not _first(call, key, asked):
                    return _again(session, token, key, asked)
                return _done(operation, call, path, body, key)
        except OperationalError as error:
            if tries == MOST_TRIES or getattr(error.orig, "sqlstate", "") not in {SERIALIZATION, DEADLOCK}:
                raise
        except ValidationError:
            raise  # our own answer does not fit its shape: a mistake of ours
        except ValueError as error:
            raise refused(error) from error
    raise AssertionError  # the last try returns or raises


def _engine() -> Engine:
    """Return the database; for `If-Match`, one whose transactions see nothing that came after they first looked."""
    engine = container().engine
    if request.if_match and engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise ProblemError(400, "key", "An Idempotency-Key has 1 to 100 visible ASCII characters.")
    return key


def _first(call: Call, key: str, asked: str) -> bool:
    values = {"asked": asked, "status": 0, "headers": {}, "body": "", "at": call.now}
    unique = ("token_id", "key")
    return add_once(call.session, ApiAnswer, unique=unique, token_id=call.token.id, key=key, **values) is not None


def _again(session: Session, token: ApiToken, key: str, asked: str) -> Response:
    kept = session.get_one(ApiAnswer, (token.id, key))
    if kept.asked != asked:
        raise ProblemError(422, "key-reused", "This Idempotency-Key was used for another request.")
    return _answer(kept.status, kept.body, {**kept.headers, "Idempotency-Replayed": "true"})


def _done(operation: Operation, call: Call, path: dict[str, Any], body: BaseModel | None, key: str | None) -> Response:
    _check_unchanged(operation, call, path)
    given = {"body": body} if operation.body else {}
    made: BaseModel | None = operation.view(call, **given, **path)
    said = made.model_dump_json() if made else ""
    headers = {"ETag": etag_of(said.encode())} if operation.of and made else {}
    if operation.status == 201:  # noqa: PLR2004  # what is made has an address
        headers["Location"] = f"{request.path}/{vars(made)['id']}"
    if key:
        kept = call.session.get_one(ApiAnswer, (call.token.id, key))
        kept.status, kept.headers, kept.body = operation.status, headers, said
    return _answer(operation.status, said, headers)


def _check_unchanged(operation: Operation, call: Call, path: dict[str, Any]) -> None:
    """Hold who asks to `If-Match`: 412 when what is to be changed is not what they saw, 404 when it is not there."""
    if not request.headers.get("If-Match"):
        return
    shown = operation.shows(call, path)
    tag = etag_of(shown.model_dump_json().encode()) if shown else None
    if tag is None or tag.strip('"') not in request.if_match:
        raise ProblemError(412, "changed", "It is not, or no longer, as If-Match says.")


def _answer(status: int, body: str, headers: Mapping[str, Any]) -> Response:
    return Response(body, status, mimetype="application/json" if body else None, headers=dict(headers))

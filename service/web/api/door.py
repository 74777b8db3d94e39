"""What every request of the API passes: the token, its scope, its pace; then the view, in one transaction."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from service.models.session import reading, transaction
from service.models.tokens import ApiToken
from service.usecases.tokens import note_use, open_token, use_is_old
from service.web.api.limits import Buckets
from service.web.api.operations import Call, Operation
from service.web.api.problems import REALM, Fault, ProblemError, invalid, lacks_scope
from service.web.api.tags import etag_of
from service.web.api.writing import write
from service.web.current import container, now

BEARER = "bearer"
NOTHING = (b"", b"{}")


def served(operation: Operation, buckets: Buckets) -> Callable[..., Response]:
    """Return the view of an operation, as Flask calls it."""

    def view(**path: Any) -> Response:
        at = now()
        token = _admitted(operation, buckets, at)
        if operation.writes:
            return write(operation, token, at, path, request.get_data(), _body(operation))
        return _read(operation, token, at, path)

    return view


def _admitted(operation: Operation, buckets: Buckets, at: datetime) -> ApiToken:
    """Return who asks; 401 for nobody, 429 for who asks too fast, 403 for who may not."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    with reading(container().engine) as session:
        token = open_token(session, at, given.strip()) if kind.lower() == BEARER else None
    if token is None:
        raise ProblemError(401, "token", "A bearer token that is valid is needed.", headers={"WWW-Authenticate": REALM})
    allowance = buckets.take(token.id, at)
    g.limits = buckets.headers(allowance)
    if not allowance.passes:
        raise ProblemError(
            429, "too-fast", "This token asked too often.", headers={"Retry-After": str(allowance.retry_in)}
        )
    if use_is_old(token, at):
        with transaction(container().engine) as session:
            note_use(session, at, token.id)
    if not token.may(operation.scope):
        raise lacks_scope(operation.scope)
    return token


def _read(operation: Operation, token: ApiToken, at: datetime, path: dict[str, Any]) -> Response:
    asked = {"query": _query(operation)} if operation.query else {}
    with reading(container().engine) as session:
        shown: BaseModel = operation.view(Call(session, at, container().settings, token), **asked, **path)
        body = shown.model_dump_json().encode()
    answer = Response(body, mimetype="application/json")
    answer.headers["ETag"] = etag = etag_of(body)
    if following := getattr(shown, "next", None):
        address = f"{container().settings.url}{request.path}?{urlencode({**request.args, 'cursor': following})}"
        answer.headers["Link"] = f'<{address}>; rel="next"'
    if request.if_none_match.contains_weak(etag.strip('"')):
        answer.status_code, answer.data = HTTPStatus.NOT_MODIFIED, b""
    return answer


def _query(operation: Operation) -> BaseModel | None:
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        faults = [Fault(pointer=f"/{name}", detail="is given twice") for name in twice]
        raise ProblemError(422, "invalid", "A parameter is given once.", errors=faults)
    return _fits(lambda model: model.model_validate(request.args.to_dict()), operation.query)


def _body(operation: Operation) -> BaseModel | None:
    content = request.get_data()
    if operation.body is None:
        if content.strip() not in NOTHING:
            raise ProblemError(400, "malformed", "Nothing is to be sent here.")
        return None
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    return _fits(lambda model: model.model_validate_json(content), operation.body)


def _fits(read: Callable[[type[BaseModel]], BaseModel], model: type[BaseModel] | None) -> BaseModel | None:
    try:
        return read(model) if model else None
    except ValidationError as error:
        raise invalid(error) from error

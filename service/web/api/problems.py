"""What a program is told when something cannot be done (RFC 9457), from the one table of the domain's errors."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from service.domain.errors import TiwiziError
from service.locales import Language, speaker
from service.web.errors import told

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:tiwizi:problem:"
REALM = 'Bearer realm="tiwizi"'
MALFORMED = "json_invalid"  # pydantic's name of what is no JSON
KEPT = frozenset({"Allow", "Retry-After"})


class Fault(BaseModel):
    """What is wrong with one part of a request."""

    pointer: str = Field(description="JSON pointer into the body, or the parameter's name after a slash.")
    detail: str


class Problem(BaseModel):
    """Why a request was not done."""

    type: str = Field(description="A name that stays the same: decide by this.")
    title: str
    status: int
    detail: str = Field(description="One sentence for whoever reads the log; its wording may change.")
    errors: list[Fault] = Field(default=[], description="What is wrong with which part, when that can be said.")


class ProblemError(Exception):
    """A request that is not done, for a reason that is the API's own."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is answered."""
        super().__init__(kind)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = list(errors), dict(headers or {})


def set_up_problems(api: Flask) -> None:
    """Let these functions answer for everything that is raised; Flask logs the trace of what nobody foresaw."""
    api.register_error_handler(ProblemError, _own)
    api.register_error_handler(TiwiziError, _domain)
    api.register_error_handler(HTTPException, _http)


def invalid(error: ValidationError) -> ProblemError:
    """Return what is wrong with a body or a query: 400 for what is no JSON, 422 for what does not fit."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == MALFORMED for fault in faults):
        return ProblemError(400, "malformed", "The body is not JSON, or nested too deeply.")
    said = [Fault(pointer=_pointer(fault["loc"]), detail=fault["msg"]) for fault in faults]
    return ProblemError(422, "invalid", "Something in the request does not fit; errors says what.", errors=said)


def lacks_scope(scope: str) -> ProblemError:
    """Return that a token may not do what it asks for."""
    wants = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'}
    return ProblemError(403, "scope", f"This token has not the scope {scope}.", headers=wants)


def refused(error: ValueError) -> ProblemError:
    """Return what a use case says of a value that has the right shape, and still cannot be."""
    return ProblemError(409, "refused", f"{error}.")


def _pointer(place: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)


def _own(error: ProblemError) -> Response:
    return _answer(error.status, error.kind, error.detail, errors=error.errors, headers=error.headers)


def _domain(error: TiwiziError) -> Response:
    kind = error.key.removeprefix("error.").replace("_", "-")
    return _answer(error.status, kind, told(error, speaker(Language.EN)))


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    headers = {name: value for name, value in error.get_headers() if name in KEPT}
    if isinstance(error, UnsupportedMediaType):
        headers["Accept-Post"] = "application/json"
    return _answer(status, status.name.lower().replace("_", "-"), status.description or status.phrase, headers=headers)


def _answer(
    status: int, kind: str, detail: str, *, errors: Sequence[Fault] = (), headers: Mapping[str, Any] | None = None
) -> Response:
    problem = Problem(
        type=PREFIX + kind, title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors)
    )
    body = problem.model_dump_json(exclude_defaults=True)
    return Response(body, status, mimetype=MEDIA_TYPE, headers=dict(headers or {}))

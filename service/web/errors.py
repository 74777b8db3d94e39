"""What a person sees when something cannot be done; never a phone number, never a trace."""

from typing import Any

from flask import Flask, Response, make_response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from service.domain.errors import TiwiziError
from service.locales import Speaker
from service.web.current import voice

EXPLAINED = frozenset({400, 403, 404, 405, 413, 500})


def set_up_errors(app: Flask) -> None:
    """Let these functions answer for everything that is raised; Flask logs the trace of what nobody foresaw."""
    app.register_error_handler(TiwiziError, _tell)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)


def told(error: TiwiziError, voiced: Speaker | None = None) -> str:
    """Return the sentence for a page, which has more room than a phone: `web.error.…` where there is one.

    In the page's language, unless somebody else speaks.
    """
    voiced = voiced or voice()
    key = f"web.{error.key}" if voiced.knows(f"web.{error.key}") else error.key
    values: dict[str, Any] = error.values
    return voiced.say(key, **values)


def _tell(error: TiwiziError) -> Response:
    return _answer(error.status, told(error))


def _stale_form(_error: CSRFError) -> Response:
    return _answer(400, voice().say("web.error.stale_form"))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = _answer(status, voice().say(f"web.error.{status if status in EXPLAINED else 400}"))
    answer.headers.extend(_kept(error))
    return answer


def _kept(error: HTTPException) -> list[tuple[str, str]]:
    return [(name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}]


def _answer(status: int, sentence: str) -> Response:
    page = render_template("error.html", title=voice().say("web.error.title"), sentence=sentence)
    return make_response(page, status)

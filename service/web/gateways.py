"""The application that gateways call: no session, no form token, no page's headers, for a turn has no time for them."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Flask, Response
from flask.sessions import SessionInterface
from werkzeug.exceptions import HTTPException

from service.domain.errors import TiwiziError

PREFIX = "/hooks/"
TOKEN = "<token>"  # noqa: S105  # a part of a path, and no secret
POST = "POST"
# What is answered to the token of a path, from the request.
DirectView = Callable[[WSGIEnvironment, str], str]
V = TypeVar("V", bound=DirectView)


class NoSession(SessionInterface):
    """A carrier has no cookies."""

    def open_session(self, app: Flask, request: object) -> None:
        """Open none."""


def direct(view: V) -> V:
    """Have a view of `/hooks/…/<token>/…` answer posts before Flask, with one plain text.

    It is given the request as WSGI has it, and the token; it raises as any view. To Flask it is a route like others:
    what it declares is checked, and other methods are answered there.
    """
    vars(view)["direct"] = True
    return view


def make_gateways(config: dict[str, object], blueprints: Iterable[Blueprint]) -> Flask:
    """Return the application of `blueprints`, whose paths begin with `/hooks/`."""
    app = Flask("service.web.gateways", static_folder=None)
    app.config.update(config)
    app.session_interface = NoSession()
    app.register_error_handler(TiwiziError, _moved)
    app.register_error_handler(HTTPException, _http)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.wsgi_app = _before_flask(app)  # type: ignore[method-assign, assignment]  # Flask's way
    return app


def _before_flask(app: Flask) -> WSGIApplication:
    """Answer what has a direct view; all else goes to Flask."""
    flask, views = app.wsgi_app, _direct_views(app)

    def enter(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        hook, token = _cut(environ["PATH_INFO"])
        view = views.get(hook) if environ["REQUEST_METHOD"] == POST else None
        if view is None:
            return flask(environ, start_response)
        try:
            said = view(environ, token.encode("latin-1").decode(errors="replace")).encode()
        except TiwiziError as error:
            return _moved(error)(environ, start_response)
        except HTTPException as error:
            return _http(error)(environ, start_response)
        except Exception:
            # As Flask: the trace is for the log, and the gateway is told one line.
            app.logger.exception("Exception on %s [%s]", environ["PATH_INFO"], POST)
            return _line(HTTPStatus.INTERNAL_SERVER_ERROR)(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(said)))])
        return [said]

    return enter


def _direct_views(app: Flask) -> dict[tuple[str, str], DirectView]:
    """Return the direct views by what stands before the token in their paths, and after it."""
    found: dict[tuple[str, str], DirectView] = {}
    for rule in app.url_map.iter_rules():
        view: Any = app.view_functions[rule.endpoint]
        if getattr(view, "direct", False):
            hook, token = _cut(rule.rule)
            assert token == TOKEN, rule  # noqa: S101  # a mistake in the code, found at the start
            found[hook] = view
    return found


def _cut(path: str) -> tuple[tuple[str, str], str]:
    before, _, kind = path.rpartition("/")
    gateway, _, token = before.rpartition("/")
    return (gateway, kind), token


def _moved(error: TiwiziError) -> Response:
    return _line(error.status)


def _http(error: HTTPException) -> Response:
    answer = _line(error.code or 500)
    answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return answer


def _line(status: int) -> Response:
    """Answer with one plain line; a body too large is one that no gateway could have sent: 400."""
    status = 400 if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else status
    return Response(f"{HTTPStatus(status).phrase}\n", status, mimetype="text/plain")

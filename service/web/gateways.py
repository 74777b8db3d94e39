"""The application that gateways call: no session, no form token, no page's headers, for a turn has no time for them."""

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Flask, Response
from flask.sessions import SessionInterface
from werkzeug.exceptions import HTTPException

from service.domain.errors import TiwiziError

PREFIX = "/hooks/"


class NoSession(SessionInterface):
    """A carrier has no cookies."""

    def open_session(self, app: Flask, request: object) -> None:
        """Open none."""


def make_gateways(config: dict[str, object], blueprints: Iterable[Blueprint]) -> Flask:
    """Return the application of `blueprints`, whose paths begin with `/hooks/`."""
    app = Flask("service.web.gateways", static_folder=None)
    app.config.update(config)
    app.session_interface = NoSession()
    app.register_error_handler(TiwiziError, lambda error: _line(error.status))
    app.register_error_handler(HTTPException, _http)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


def _http(error: HTTPException) -> Response:
    answer = _line(error.code or 500)
    answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return answer


def _line(status: int) -> Response:
    """Answer with one plain line; a body too large is one that no gateway could have sent: 400."""
    status = 400 if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else status
    return Response(f"{HTTPStatus(status).phrase}\n", status, mimetype="text/plain")

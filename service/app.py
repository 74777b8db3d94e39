"""The web application: what it is given, and who guards it."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.container import Container
from service.security import keyed_hash
from service.usecases.sessions import IDLE
from service.web.access import access, check_declarations
from service.web.admin import admin
from service.web.api import PREFIX as API
from service.web.api import make_api
from service.web.current import EXTENSION
from service.web.errors import set_up_errors
from service.web.gateways import PREFIX, make_gateways
from service.web.guard import set_up_guard
from service.web.headers import set_up_headers
from service.web.health import health
from service.web.hook import LARGEST_BODY
from service.web.metrics import metrics_blueprint
from service.web.public import public
from service.web.showing import set_up_showing


def create_app(container: Container, blueprints: Iterable[Blueprint]) -> Flask:
    """Return the application: the admin view, the public pages, health, and the blueprints given.

    Blueprints below `/hooks/` are served by an application of their own behind it (`service.web.gateways`), and so is
    the API (`service.web.api`).
    Raises UndeclaredViewError when a route does not say who may use it.
    """
    given = list(blueprints)
    hooks = [blueprint for blueprint in given if (blueprint.url_prefix or "").startswith(PREFIX.rstrip("/"))]
    app = Flask("service.web")
    app.config.update(_config(container))
    app.extensions[EXTENSION] = container
    for set_up in (set_up_guard, set_up_headers, set_up_errors, set_up_showing):
        set_up(app)
    access("public")(app.view_functions["static"])
    for blueprint in (admin, public, health, metrics_blueprint(container), *(one for one in given if one not in hooks)):
        app.register_blueprint(blueprint)
    gateways = make_gateways({"MAX_CONTENT_LENGTH": LARGEST_BODY}, hooks)
    api = make_api({"MAX_CONTENT_LENGTH": LARGEST_BODY}, container)
    for one in (app, gateways):
        check_declarations(one)
    app.wsgi_app = _doors(app.wsgi_app, {PREFIX: gateways, API: api}, container.settings.proxies)  # type: ignore[method-assign, assignment]  # Flask's way
    return app


def _doors(people: WSGIApplication, programs: Mapping[str, WSGIApplication], proxies: int) -> WSGIApplication:
    """Send each to their application; behind proxies, believe what these say of the caller."""

    def enter(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        there = next((program for prefix, program in programs.items() if path.startswith(prefix)), people)
        return there(environ, start_response)

    return ProxyFix(enter, x_for=proxies, x_proto=proxies) if proxies else enter


def _config(container: Container) -> dict[str, object]:
    settings = container.settings
    return {
        "SECRET_KEY": keyed_hash(settings.secret_key, "web sessions"),
        "SESSION_COOKIE_NAME": "tiwizi",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.url.startswith("https://"),
        "PERMANENT_SESSION_LIFETIME": IDLE,
        # A cookie answered late, to a picture say, would undo what a page has noted since (`web.sessions.resume`).
        "SESSION_REFRESH_EACH_REQUEST": False,
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "WTF_CSRF_CHECK_DEFAULT": False,  # the guard checks, after it knows who asks
        "WTF_CSRF_TIME_LIMIT": None,  # a form lives as long as its session
    }

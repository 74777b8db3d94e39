"""The application as a whole: settings, headers, errors, health."""

import json
from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

import pytest
from flask import Blueprint, Flask, request
from sqlalchemy import Engine
from werkzeug.exceptions import RequestEntityTooLarge

from jobs.ticks import take_tick
from service.app import create_app
from service.container import Container
from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError
from service.gateways.console import ConsoleGateway
from service.models.migrations import downgrade, upgrade
from service.models.session import make_engine
from service.web.access import access
from service.web.gateways import direct, make_gateways
from service.web.hook import LARGEST_BODY
from tests.conftest import MovedClock

PHONE = "+212612345678"
HOOK = "/hooks/console"


def raising(error: Exception, prefix: str = "") -> Blueprint:
    """One route, `/fails`, that raises."""
    blueprint = Blueprint("raising", __name__, url_prefix=prefix)

    @blueprint.route("/fails", methods=["GET", "POST"])
    @access("gateway")
    def fail() -> str:
        raise error

    return blueprint


def reading_forms(prefix: str) -> Blueprint:
    blueprint = Blueprint("forms", __name__, url_prefix=prefix)

    @blueprint.post("/ussd")
    @access("gateway")
    def hook() -> str:
        return request.form["text"]

    return blueprint


def answering_directly(error: Exception | None = None) -> Blueprint:
    """A hook that is answered before Flask, with the token it was called with; or one that raises."""
    blueprint = Blueprint("direct", __name__, url_prefix=HOOK)

    @blueprint.post("/<token>/ussd")
    @access("gateway")
    @direct
    def hook(environ: WSGIEnvironment, token: str) -> str:
        if error:
            raise error
        return f"{environ['REQUEST_METHOD']} {token}"

    return blueprint


@pytest.fixture
def make_app(container: Container) -> Callable[..., Flask]:
    def make(*blueprints: Blueprint, **settings: object) -> Flask:
        changed = container.settings.model_copy(update=settings)
        return create_app(Container(changed, container.engine, container.gateways, container.clock), blueprints)

    return make


def test_every_answer_carries_the_headers(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    for path in ("/", "/admin/sign-in", "/static/tiwizi.css", "/healthz", "/not-there"):
        with client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_a_nonce_serves_once(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    policies = {client.get("/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


@pytest.mark.parametrize(("public_url", "secure"), [("https://tiwizi.example", True), ("http://192.0.2.7", False)])
def test_the_session_cookie_is_kept_from_scripts_other_sites_and_plain_http(
    make_app: Callable[..., Flask], public_url: str, *, secure: bool
) -> None:
    cookie = make_app(public_url=public_url).test_client().get("/?lang=ar").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


def test_sessions_are_not_signed_with_the_raw_key(make_app: Callable[..., Flask], container: Container) -> None:
    assert container.settings.secret_key not in make_app().config["SECRET_KEY"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotFoundError(), 404, "Nous ne trouvons pas"),
        (NotAllowedError(), 403, "Votre rôle ne permet pas"),
        (MoveError(before="x", after="y"), 409, "déjà décidé"),
        (TiwiziError(phone=PHONE), 500, "de notre côté"),
        (RuntimeError(f"could not send to {PHONE}"), 500, "de notre côté"),
    ],
)
def test_an_error_is_a_page_that_says_what_to_do(
    make_app: Callable[..., Flask], error: Exception, status: int, said: str
) -> None:
    answer = make_app(raising(error)).test_client().get("/fails")
    assert answer.status_code == status
    assert said in answer.text
    assert answer.text.startswith("<!doctype html>")
    for secret in (PHONE, "Traceback", "RuntimeError", "could not send"):
        assert secret not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/", 405), ("GET", f"/{PHONE}", 404)]
)
def test_a_missing_page_is_a_page(make_app: Callable[..., Flask], method: str, path: str, status: int) -> None:
    answer = make_app().test_client().open(path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert PHONE not in answer.text
    assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize(
    ("path", "method", "status", "line"),
    [
        ("/hooks/console/ussd", "GET", 405, "Method Not Allowed\n"),
        ("/hooks/nobody/ussd", "POST", 404, "Not Found\n"),
        ("/hooks/fails", "POST", 500, "Internal Server Error\n"),
    ],
)
def test_a_gateway_gets_one_plain_line(
    make_app: Callable[..., Flask], path: str, method: str, status: int, line: str
) -> None:
    app = make_app(reading_forms(HOOK), raising(RuntimeError(PHONE), "/hooks"))
    answer = app.test_client().open(path, method=method)
    assert (answer.status_code, answer.mimetype, answer.text) == (status, "text/plain", line)


def test_a_direct_hook_is_answered_before_flask_and_all_else_by_it() -> None:
    app = make_gateways({}, [answering_directly(), reading_forms(HOOK)])
    by_flask: list[str] = []
    app.before_request(lambda: by_flask.append(request.path))
    client = app.test_client()
    answer = client.post(f"{HOOK}/jeton-été/ussd")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert (answer.text, answer.content_length) == ("POST jeton-été", len(answer.data))
    assert by_flask == []
    assert client.post(f"{HOOK}/ussd", data={"text": "1"}).text == "1"
    refused = client.get(f"{HOOK}/a-token/ussd")
    assert (refused.status_code, set(refused.headers["Allow"].split(", "))) == (405, {"OPTIONS", "POST"})
    for path in (f"{HOOK}/a-token/ussd/", f"{HOOK}/a/token/ussd", "/hooks/elsewhere/a-token/ussd"):
        assert client.post(path).status_code == 404
    assert len(by_flask) == 5


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (NotAllowedError(), 403, "Forbidden\n"),
        (RequestEntityTooLarge(), 400, "Bad Request\n"),
        (RuntimeError(PHONE), 500, "Internal Server Error\n"),
    ],
)
def test_what_a_direct_hook_raises_is_one_plain_line(
    make_app: Callable[..., Flask], error: Exception, status: int, line: str
) -> None:
    answer = make_app(answering_directly(error)).test_client().post(f"{HOOK}/a-token/ussd")
    assert (answer.status_code, answer.mimetype, answer.text) == (status, "text/plain", line)


def test_a_body_too_large_is_413_for_people_and_400_for_gateways(make_app: Callable[..., Flask]) -> None:
    client = make_app(reading_forms(HOOK)).test_client()
    people = make_app(reading_forms("/page")).test_client()
    large, fitting = {"text": "x" * LARGEST_BODY}, {"text": "x" * (LARGEST_BODY - 100)}
    assert people.post("/page/ussd", data=fitting).status_code == 200
    assert people.post("/page/ussd", data=large).status_code == 413
    answer = client.post("/hooks/console/ussd", data=large)
    assert (answer.status_code, answer.text) == (400, "Bad Request\n")


def test_a_missing_field_of_a_hook_is_400(make_app: Callable[..., Flask]) -> None:
    answer = make_app(reading_forms(HOOK)).test_client().post("/hooks/console/ussd", data={})
    assert (answer.status_code, answer.text) == (400, "Bad Request\n")


def test_health_says_that_the_process_lives_and_can_work(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    assert client.get("/healthz").get_json(force=True) == {"status": "ok"}
    assert client.get("/readyz").get_json(force=True) == {
        "status": "ready",
        "clock": "never ran: start `tiwizi worker`",
    }


def test_readiness_names_a_database_that_does_not_answer(container: Container) -> None:
    away = make_engine("postgresql+psycopg://tiwizi:a-secret@127.0.0.1:1/tiwizi")
    client = create_app(Container(container.settings, away, container.gateways), []).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [json.loads(line)["wrong"] for line in answer.text.splitlines()] == ["database"]
    assert "a-secret" not in answer.text
    assert client.get("/healthz").status_code == 200


def test_readiness_names_migrations_that_wait(container: Container, tmp_path: object) -> None:
    engine: Engine = make_engine(f"sqlite:///{tmp_path}/old.db")
    client = create_app(Container(container.settings, engine, {"console": ConsoleGateway()}), []).test_client()
    assert json.loads(client.get("/readyz").text)["wrong"] == "migrations"
    upgrade(engine)
    assert client.get("/readyz").status_code == 200
    downgrade(engine)
    assert client.get("/readyz").status_code == 503
    engine.dispose()


def test_a_silent_clock_is_told_but_people_are_still_answered(
    make_app: Callable[..., Flask], container: Container, clock: MovedClock
) -> None:
    client = make_app().test_client()
    assert take_tick(container.engine, "match", clock(), "here", clock())
    assert client.get("/readyz").get_json(force=True)["clock"] == "runs"
    clock.move(hours=1)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json(force=True)["clock"].startswith("silent since 2026-11-23T10:00:00")

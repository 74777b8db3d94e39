"""The security walk: every route is asked as nobody and as each role, with a form's token, without, by every method.

What is declared is compared with what happens. Gateways' routes have tokens of their own (tests/ussd/test_hooks.py).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.container import Container
from service.domain.roles import UserRole
from service.models import User
from service.models.session import transaction
from service.usecases.sessions import begin
from service.web.access import KNOWN, access_of
from service.web.gateways import PREFIX, make_gateways
from tests.conftest import MovedClock
from tests.service.web.person import TOKEN, MakeUser
from ussd.sessions import Conversations
from wsgi import doors, make_app

NOBODY = "nobody"
ROLES = [NOBODY, *map(str, UserRole)]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NUMBER, WORD = "999999", "fr"  # nobody's number; a word that some paths know and others do not
# Who does these is led to the sign-in page as strangers are.
LEAVING = {"admin.sign_out", "admin.end_all_sessions"}
IN, STRANGER, REFUSED, NO_TOKEN = "in", "sent to sign in", "refused", "no token"
STALE = "Cette page est restée ouverte trop longtemps"
INLINE = re.compile(r"""\sstyle\s*=|\son\w+\s*=\s*["']|javascript:|<script(?![^>]*\bnonce=)|<style(?![^>]*\bnonce=)""")


@dataclass
class Walker:
    """Someone of a role, who begins anew at each step."""

    app: Flask
    engine: Engine
    clock: MovedClock
    number: int | None

    def ask(self, path: str, method: str, *, token: bool = False) -> TestResponse:
        client = self.app.test_client()
        if self.number is not None:
            with transaction(self.engine) as database, client.session_transaction() as session:
                user, where = database.get_one(User, self.number), {"device": "", "network": ""}
                session["token"] = begin(database, self.clock(), user, **where, half=False, replaces=None)
        form = {}
        if token:
            page = client.get("/admin/sign-in" if self.number is None else "/admin/password").text
            found = TOKEN.search(page)
            assert found
            form["csrf_token"] = found[1]
        return client.open(path, method=method, data=form if method != "GET" else None, buffered=True)


@pytest.fixture
def app(container: Container) -> Flask:
    """The whole application, also what the house's shell does not know of."""
    return make_app(container)


@pytest.fixture
def as_role(app: Flask, engine: Engine, clock: MovedClock, make_user: MakeUser) -> Callable[[str], Walker]:
    def make(role: str) -> Walker:
        number = None if role == NOBODY else make_user(role, UserRole(role))
        return Walker(app, engine, clock, number)

    return make


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Each route with a path of it."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int[^>]*>", NUMBER, rule.rule)
        path = path.replace("<path:filename>", "tiwizi.css")
        yield rule, re.sub(r"<[^>]+>", WORD, path)


def expected(declared: str | None, role: str, method: str, *, token: bool) -> str:
    if declared in {"gateway", "simulator"}:
        return IN
    if declared in set(UserRole):
        if role == NOBODY:
            return STRANGER
        if not UserRole(role).includes(UserRole(declared)):
            return REFUSED
    return NO_TOKEN if method == "POST" and not token else IN


def decided(declared: str | None, rule: Rule, role: str, answer: TestResponse) -> str:
    if answer.status_code == 302 and answer.location.partition("?")[0] == "/admin/sign-in":
        return IN if declared == "public" or (rule.endpoint in LEAVING and role != NOBODY) else STRANGER
    if answer.status_code == 403:
        return REFUSED
    return NO_TOKEN if answer.status_code == 400 and STALE in answer.text else IN


def complaints(answer: TestResponse) -> Iterator[str]:
    """What an answer must not leave to browsers."""
    policy = answer.headers.get("Content-Security-Policy", "")
    if "unsafe" in policy or not {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; ")):
        yield f"policy {policy!r}"
    if answer.headers.get("X-Frame-Options") != "DENY":
        yield "may be framed"
    for cookie in answer.headers.getlist("Set-Cookie"):
        parts = set(cookie.split("; ")[1:])
        if not {"HttpOnly", "Path=/", "SameSite=Lax"} <= parts or any(part.startswith("Domain") for part in parts):
            yield f"cookie {sorted(parts)}"
    if answer.mimetype == "text/html" and (inline := INLINE.search(answer.text)):
        yield f"inline {inline[0]!r}"


@pytest.mark.parametrize("role", ROLES)
def test_every_route_keeps_its_word_to_every_role(app: Flask, as_role: Callable[[str], Walker], role: str) -> None:
    walker, wrong, walked = as_role(role), [], 0
    for rule, path in routes(app):
        declared = access_of(app, rule.endpoint)
        for method, token in (("GET", False), ("POST", False), ("POST", True)):
            if method not in (rule.methods or set()):
                continue
            answer = walker.ask(path, method, token=token)
            due, found = expected(declared, role, method, token=token), decided(declared, rule, role, answer)
            what = f"{method} {path} with{'' if token else 'out'} a token"
            wrong += [f"{what}: {found}, not {due}"] if found != due else []
            wrong += [f"{what}: {complaint}" for complaint in complaints(answer)]
            wrong += [f"{what}: {answer.status_code}"] if answer.status_code == 500 else []
            if role != NOBODY and rule.endpoint != "static" and answer.headers["Cache-Control"] != "no-store":
                wrong.append(f"{what}: kept as {answer.headers['Cache-Control']}")
            walked += 1
    assert wrong == []
    assert walked > 100


def test_the_walk_knows_every_kind_of_access() -> None:
    assert {"public", "gateway", "simulator", *map(str, UserRole)} == KNOWN


@pytest.mark.parametrize("role", [NOBODY, "admin"])
def test_other_methods_are_not_allowed_and_the_answer_says_which_are(
    app: Flask, as_role: Callable[[str], Walker], role: str
) -> None:
    walker, wrong = as_role(role), []
    for path in {path for _, path in routes(app)}:
        # A path may be of several routes, of which another than the one it was made from takes the method.
        methods = set(app.url_map.bind("localhost").allowed_methods(path))
        for method in set(METHODS) - methods:
            answer = walker.ask(path, method)
            if answer.status_code != 405 or set(answer.headers["Allow"].split(", ")) != methods:
                wrong.append(f"{method} {path}: {answer.status_code}")
            wrong += [f"{method} {path}: {complaint}" for complaint in complaints(answer)]
    assert wrong == []


def test_hooks_set_no_cookie_and_open_to_no_other_method(app: Flask, container: Container) -> None:
    blueprints = [one for one in doors(Conversations(container)) if (one.url_prefix or "").startswith(PREFIX[:-1])]
    hooks = list(routes(make_gateways({}, blueprints)))
    assert len(hooks) > 5
    for rule, path in hooks:
        for method in METHODS:
            answer = app.test_client().open(path, method=method)
            assert answer.status_code == (404 if method in (rule.methods or set()) else 405), (method, path)
            assert "Set-Cookie" not in answer.headers

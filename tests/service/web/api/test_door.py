"""Who may ask what: every operation is walked without a token, with wrong and old ones, and with other scopes."""

import re

import pytest
from flask import Flask
from sqlalchemy import Engine

from service.domain.scopes import Scope
from service.models import ApiToken
from service.models.session import reading, transaction
from service.usecases.tokens import make_token, revoke_token
from service.web.api import OPERATIONS
from service.web.api.operations import Operation
from service.web.api.problems import PREFIX
from tests.conftest import MovedClock
from tests.service.web.api.conftest import ALL, MakeProgram, Program

FILLED = {"reference": "K7-4Q2", "number": "1"}


def path_of(operation: Operation) -> str:
    return re.sub(r"<(\w+):\w+>", lambda found: FILLED[found[1]], operation.path)


def asked(program: Program, operation: Operation) -> tuple[int, str]:
    answer = program.open(operation.method, path_of(operation))
    kind = answer.json["type"].removeprefix(PREFIX) if answer.status_code >= 400 and answer.json else ""
    return answer.status_code, kind


def revoked(program: Program, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        revoke_token(session, clock(), actor="user:1", token_id=program.token_id)


def test_the_walk_sees_the_api() -> None:
    assert len(OPERATIONS) == len({(one.method, one.path) for one in OPERATIONS}) > 30
    assert {one.scope for one in OPERATIONS} == set(Scope) - {Scope.PEOPLE_READ}


def test_nobody_asks_without_a_token_or_with_a_wrong_or_an_old_one(
    make_program: MakeProgram, engine: Engine, clock: MovedClock
) -> None:
    old, gone = make_program(days=30), make_program()
    clock.move(days=30)
    revoked(gone, engine, clock)
    strangers = [Program(old.client, token) for token in (None, "", "wrong", f"{gone.token}x", "é")]
    opened = [
        (operation.name, stranger.token)
        for operation in OPERATIONS
        for stranger in (*strangers, old, gone)
        if asked(stranger, operation) != (401, "token")
    ]
    assert opened == []
    answer = gone.get("/needs")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tiwizi"'
    assert answer.mimetype == "application/problem+json"


def test_a_token_does_what_its_scope_says_and_nothing_else(make_program: MakeProgram) -> None:
    wrong = []
    for scope in dict.fromkeys(operation.scope for operation in OPERATIONS):
        own, others = make_program([scope]), make_program([one for one in ALL if one is not scope])
        for operation in OPERATIONS:
            if operation.scope is not scope:
                continue
            refused = others.open(operation.method, path_of(operation))
            assert f'scope="{scope}"' in refused.headers["WWW-Authenticate"]
            if asked(others, operation) != (403, "scope") or asked(own, operation)[0] in {401, 403, 500}:
                wrong.append(operation.name)
    assert wrong == []


def test_a_basic_password_is_no_token(program: Program) -> None:
    answer = program.client.get("/api/v1/needs", headers={"Authorization": f"Basic {program.token}"})
    assert answer.status_code == 401
    assert program.client.get("/api/v1/needs", headers={"Authorization": f"bearer  {program.token}"}).status_code == 200


def test_only_a_hash_is_kept_and_the_last_use_is_noted_once_a_minute(
    program: Program, engine: Engine, clock: MovedClock
) -> None:
    def used() -> object:
        with reading(engine) as session:
            return session.get_one(ApiToken, program.token_id).used_at

    with reading(engine) as session:
        row = session.get_one(ApiToken, program.token_id)
        assert program.token
        assert program.token not in "".join(map(str, vars(row).values()))
        assert program.token.startswith(row.hint)
    first = clock()
    program.get("/needs")
    assert used() == first
    clock.move(seconds=59)
    program.get("/needs")
    assert used() == first
    clock.move(seconds=1)
    program.get("/needs")
    assert used() == clock()


def test_what_a_token_may_not_be_is_refused(engine: Engine, clock: MovedClock) -> None:
    wrong = (("", ALL, None), (" \u200b", ALL, None), ("x" * 61, ALL, None), ("Suivi", (), None), ("Suivi", ALL, 0))
    with transaction(engine) as session:
        for name, scopes, days in wrong:
            with pytest.raises(ValueError, match="a token"):
                make_token(session, clock(), actor="user:1", name=name, scopes=scopes, days=days)


def test_no_cookie_no_form_token_and_no_other_site(program: Program) -> None:
    answer = program.get("/needs", Origin="https://elsewhere.example")
    assert answer.status_code == 200
    assert not {name for name in [*answer.headers.keys()] if name.startswith(("Set-Cookie", "Access-Control"))}
    asks = program.client.options("/api/v1/needs", headers={"Origin": "https://elsewhere.example"})
    assert (asks.status_code, set(asks.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/needs/", 404, "not-found"),
        ("GET", "//needs", 404, "not-found"),
        ("GET", "/needs/K7-4Q2", 404, "not-found"),
        ("GET", "/needs/nothing", 404, "not-found"),
        ("GET", "/messages/0", 404, "not-found"),
        ("GET", f"/messages/{2**63}", 404, "not-found"),
        ("GET", f"/messages/{2**63 - 1}", 404, "not-found"),
        ("PUT", "/needs", 405, "method-not-allowed"),
        ("TRACE", "/needs", 405, "method-not-allowed"),
    ],
)
def test_what_is_not_there_is_said_so_that_a_program_can_read_it(
    program: Program, method: str, path: str, status: int, kind: str
) -> None:
    answer = program.open(method, path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json
    assert answer.json["type"] == PREFIX + kind
    assert answer.json["status"] == status


def test_a_mistake_of_ours_is_a_problem_too(app: Flask, program: Program, engine: Engine) -> None:
    app.logger.disabled = True
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE communes RENAME TO elsewhere")
    try:
        answer = program.get("/village-associations")
        assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
        assert "communes" not in answer.text
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO communes")


def test_who_asks_too_fast_waits_and_others_do_not(make_program: MakeProgram, clock: MovedClock) -> None:
    fast, other = make_program(), make_program()
    answers = [fast.get("/figures").status_code for _ in range(600)]
    assert set(answers) == {200}
    refused = fast.get("/figures")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.headers["RateLimit"] == '"token";r=0;t=60'
    assert refused.headers["RateLimit-Policy"] == '"token";q=600;w=60'
    assert other.get("/figures").headers["RateLimit"] == '"token";r=599;t=1'
    clock.move(seconds=1)
    assert [fast.get("/figures").status_code for _ in range(11)] == [200] * 10 + [429]

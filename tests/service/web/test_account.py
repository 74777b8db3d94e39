"""One's own account: second factor, sessions, phone."""

import re
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service.app import create_app
from service.container import Container
from service.domain.roles import UserRole
from service.models import AuditEntry, User, UserSession
from service.models.session import reading
from service.security import hash_token
from tests.conftest import MovedClock
from tests.service.web.person import PASSWORD, TOKEN, MakeUser, Person

PAGE, FACTOR = "/admin/account", "/admin/account/second-factor"
KEY = re.compile(r'<code class="key" dir="ltr">([A-Z2-7 ]+)</code>')
CODE = re.compile(r"<code>([a-z2-7]{5}-[a-z2-7]{5})</code>")
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


def authenticator(page: str) -> pyotp.TOTP:
    key = KEY.search(page)
    assert key, "no key is shown"
    return pyotp.TOTP(key[1].replace(" ", ""))


def turn_on(person: Person, clock: MovedClock) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second factor on as a person does; their authenticator and recovery codes."""
    person.send(f"{FACTOR}/begin", page=FACTOR, password=PASSWORD)
    page = person.get(FACTOR).text
    assert "<svg" in page
    totp = authenticator(page)
    shown = person.send(f"{FACTOR}/confirm", page=FACTOR, code=totp.at(clock()))
    assert shown.status_code == 200
    clock.move(minutes=1)
    return totp, CODE.findall(shown.text)


def enter(person: Person, code: str) -> int:
    """The answer to a code."""
    return person.send("/admin/sign-in/code", page="/admin/sign-in/code", code=code).status_code


def test_with_a_second_factor_the_password_alone_opens_nothing(
    app: Flask, coordinator: Person, clock: MovedClock, engine: Engine
) -> None:
    totp, codes = turn_on(coordinator, clock)
    assert len(codes) == 10
    other = Person(app.test_client())
    sent = other.sign_in(next="/admin/needs")
    assert sent.location == "/admin/sign-in/code?next=/admin/needs"
    assert other.get("/admin/needs").location.startswith("/admin/sign-in?")
    other.sign_in(next="/admin/needs")
    assert enter(other, "000000") == 401
    answer = other.send("/admin/sign-in/code", page=sent.location, code=totp.at(clock()), next="/admin/needs")
    assert answer.location == "/admin/needs"
    assert other.get("/admin/needs").status_code == 200
    third = Person(app.test_client())
    third.sign_in()
    assert enter(third, totp.at(clock())) == 401
    assert enter(third, codes[0]) == 302
    with reading(engine) as session:
        ways = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.signed_in").order_by(AuditEntry.id))
        assert [one.data for one in ways] == [
            {},
            {"how": "code", "codes_left": 10},
            {"how": "recovery", "codes_left": 9},
        ]


def test_who_knows_the_password_has_ten_minutes_for_the_code(
    app: Flask, coordinator: Person, clock: MovedClock
) -> None:
    totp, _ = turn_on(coordinator, clock)
    other = Person(app.test_client())
    other.sign_in()
    clock.move(minutes=10, seconds=1)
    assert other.get("/admin/sign-in/code").location == "/admin/sign-in?next=/admin/"
    other.sign_in()
    assert enter(other, totp.at(clock())) == 302


def test_nobody_is_asked_for_a_code_before_the_password(person: Person) -> None:
    assert person.get("/admin/sign-in/code").location == "/admin/sign-in?next=/admin/"
    answer = person.send("/admin/sign-in/code", page="/admin/sign-in", code="000000")
    assert answer.location == "/admin/sign-in?next=/admin/"


def test_guessing_codes_locks_as_guessing_passwords_does(app: Flask, coordinator: Person, clock: MovedClock) -> None:
    totp, _ = turn_on(coordinator, clock)
    other = Person(app.test_client())
    for _ in range(5):
        other.sign_in()
        assert enter(other, "000000") == 401
    assert enter(other, totp.at(clock())) == 401
    assert other.sign_in().status_code == 401
    clock.move(minutes=15)
    other.sign_in()
    assert enter(other, totp.at(clock())) == 302


@pytest.mark.parametrize("verb", ["begin", "codes", "off"])
def test_the_second_factor_is_touched_only_by_who_knows_the_password(
    coordinator: Person, clock: MovedClock, engine: Engine, verb: str
) -> None:
    if verb != "begin":
        turn_on(coordinator, clock)
    answer = coordinator.send(f"{FACTOR}/{verb}", page=FACTOR, password="not this one")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert not KEY.search(coordinator.get(FACTOR).text)
    with reading(engine) as session:
        assert session.scalars(select(User)).one().has_factor is (verb != "begin")


def test_a_key_is_offered_for_a_quarter_of_an_hour(coordinator: Person, clock: MovedClock, engine: Engine) -> None:
    coordinator.send(f"{FACTOR}/begin", page=FACTOR, password=PASSWORD)
    totp = authenticator(coordinator.get(FACTOR).text)
    clock.move(minutes=15)
    coordinator.send(f"{FACTOR}/confirm", page=FACTOR, code=totp.at(clock()))
    with reading(engine) as session:
        assert not session.scalars(select(User)).one().has_factor


def test_turning_it_on_or_off_ends_other_sessions_and_goes_on_in_a_new_one(
    app: Flask, coordinator: Person, clock: MovedClock
) -> None:
    for change in ("on", "off"):
        other = Person(app.test_client())
        if change == "on":
            other.sign_in()
            assert other.get(PAGE).status_code == 200
            before = token_of(coordinator)
            turn_on(coordinator, clock)
        else:
            before = token_of(coordinator)
            assert coordinator.send(f"{FACTOR}/off", page=FACTOR, password=PASSWORD).location == FACTOR
        assert other.get(PAGE).status_code == 302
        assert coordinator.get(PAGE).status_code == 200
        assert token_of(coordinator) != before
    assert Person(app.test_client()).sign_in().location == "/admin/"


def test_an_admins_first_password_leads_to_a_second_factor_that_can_wait(person: Person, make_user: MakeUser) -> None:
    make_user(role=UserRole.ADMIN, once=True)
    person.sign_in()
    answer = person.send("/admin/password", page="/admin/password", new="trois ânes", again="trois ânes")
    assert answer.status_code == 400
    new = "trois ânes sous le figuier"
    assert person.send("/admin/password", page="/admin/password", new=new, again=new).location == FACTOR
    page = person.get(FACTOR).text
    assert KEY.search(page)
    assert 'class="later" href="/admin/"' in page
    assert person.get("/admin/").status_code == 200


def test_where_it_is_demanded_an_admin_does_nothing_before(
    container: Container, make_user: MakeUser, clock: MovedClock
) -> None:
    settings = container.settings.model_copy(update={"admin_second_factor": True})
    app = create_app(Container(settings, container.engine, container.gateways, clock), [])
    person, other = Person(app.test_client()), Person(app.test_client())
    make_user(role=UserRole.ADMIN)
    make_user("Idir")
    person.sign_in()
    assert person.get("/admin/users").location == FACTOR
    assert 'class="later"' not in person.get(FACTOR).text
    turn_on(person, clock)
    assert person.get("/admin/users").status_code == 200
    person.send(f"{FACTOR}/off", page=FACTOR, password=PASSWORD)
    assert person.get("/admin/users").location == FACTOR
    other.sign_in("Idir")
    assert other.get("/admin/needs").status_code == 200


def token_of(person: Person) -> Any:
    with person.client.session_transaction() as session:
        return session["token"]


def test_the_cookie_holds_a_token_of_which_a_hash_is_kept(coordinator: Person, engine: Engine) -> None:
    token = token_of(coordinator)
    with reading(engine) as session:
        kept = session.scalars(select(UserSession)).one()
    assert kept.token_hash == hash_token(token)
    with coordinator.client.session_transaction() as session:
        assert set(session) <= {"token", "csrf_token", "language", "_permanent", "_flashes"}


def test_the_page_tells_devices_and_no_whole_address(app: Flask, coordinator: Person) -> None:
    client = app.test_client()
    client.environ_base.update(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="41.250.12.34")
    Person(client).sign_in()
    page = coordinator.get(PAGE).text
    assert "Firefox, Android" in page
    assert "41.250.*.*" in page
    assert "12.34" not in page


@pytest.mark.parametrize(
    ("address", "network"), [("2001:db8::1", "2001:0db8:*"), ("not an address", "")], ids=["IPv6", "none"]
)
def test_other_addresses_are_cut_as_well(
    app: Flask, make_user: MakeUser, engine: Engine, address: str, network: str
) -> None:
    make_user()
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    Person(client).sign_in()
    with reading(engine) as session:
        assert session.scalars(select(UserSession)).one().network == network


def test_one_session_is_ended_and_the_others_go_on(app: Flask, coordinator: Person, engine: Engine) -> None:
    other = Person(app.test_client())
    other.sign_in()
    with reading(engine) as session:
        first, second = session.scalars(select(UserSession.id).order_by(UserSession.id))
    assert coordinator.send(f"{PAGE}/sessions/{second}/end", page=PAGE).location == PAGE
    assert other.get(PAGE).status_code == 302
    assert coordinator.send(f"{PAGE}/sessions/{first}/end", page=PAGE).location == "/admin/sign-in"
    assert coordinator.get(PAGE).status_code == 302


def test_nobody_ends_anothers_session(app: Flask, coordinator: Person, make_user: MakeUser, engine: Engine) -> None:
    make_user("Idir", UserRole.VIEWER)
    other = Person(app.test_client())
    other.sign_in("Idir")
    with reading(engine) as session:
        his = session.scalars(select(UserSession.id).order_by(UserSession.id)).all()[-1]
    assert coordinator.send(f"{PAGE}/sessions/{his}/end", page=PAGE).status_code == 404
    assert other.get(PAGE).status_code == 200


def test_signing_out_everywhere_ends_all(app: Flask, coordinator: Person) -> None:
    other = Person(app.test_client())
    other.sign_in()
    assert coordinator.send(f"{PAGE}/sessions/end", page=PAGE).location == "/admin/sign-in"
    assert [one.get(PAGE).status_code for one in (coordinator, other)] == [302, 302]


def test_signing_in_again_ends_the_session_of_the_cookie(coordinator: Person, engine: Engine) -> None:
    token = TOKEN.search(coordinator.get(PAGE).text)
    assert token
    form = {"name": "Zahra", "password": PASSWORD, "csrf_token": token[1]}
    assert coordinator.client.post("/admin/sign-in", data=form).status_code == 302
    with reading(engine) as session:
        assert len(session.scalars(select(UserSession)).all()) == 1


@pytest.mark.parametrize(
    ("number", "password", "kept"),
    [
        ("06 12 34 56 78", PASSWORD, "+212612345678"),
        ("06 12 34 56 78", "not this one", None),
        ("12", PASSWORD, None),
        ("", PASSWORD, None),
    ],
)
def test_ones_phone_is_changed_with_the_password(
    coordinator: Person, engine: Engine, number: str, password: str, kept: str | None
) -> None:
    assert coordinator.send(f"{PAGE}/phone", page=PAGE, phone=number, password=password).location == PAGE
    assert 'role="status"' in coordinator.get(PAGE).text
    with reading(engine) as session:
        assert session.scalars(select(User)).one().phone == kept
    # Who has none has nothing to change.
    seen = coordinator.get(PAGE).text
    assert ("Changer de numéro" in seen, "Ajouter un numéro" in seen) == (kept is not None, kept is None)

"""Who comes in, who stays out, and when a session ends."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service.models import AuditEntry, User
from service.models.session import reading
from service.web.sessions import safe_next
from tests.service.web.person import PASSWORD, MakeUser, Person

NEW = "trois ânes sous le figuier"


def acts(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_who_is_not_signed_in_is_sent_to_sign_in_and_then_where_they_meant_to_go(
    person: Person, make_user: MakeUser
) -> None:
    make_user()
    sent = person.get("/admin/needs", page="2")
    assert sent.status_code == 302
    assert sent.location == "/admin/sign-in?next=/admin/needs?page%3D2"
    assert 'name="next" value="/admin/needs?page=2"' in person.client.get(sent.location).text
    assert person.sign_in(next="/admin/needs?page=2").location == "/admin/needs?page=2"
    assert person.get("/admin/needs").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/admin/",
        "//example.com/admin/",
        "/admin/\\example.com",
        "/\\example.com",
        "/admin/\n//example.com",
        "javascript:alert(1)",
        "/administration-of-another",
        "/phone",
        "",
        None,
    ],
)
def test_sign_in_leads_nowhere_but_into_the_admin_view(target: str | None) -> None:
    assert safe_next(target) == "/admin/"


def test_an_open_redirect_is_refused(person: Person, make_user: MakeUser) -> None:
    make_user()
    assert person.sign_in(next="https://example.com/").location == "/admin/"
    assert person.get("/admin/sign-in", next="//example.com").location == "/admin/"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(person: Person, make_user: MakeUser) -> None:
    make_user()
    token = 'name="csrf_token"'
    answers = [person.sign_in("Zahra", "not this one"), person.sign_in("Nobody", PASSWORD)]
    assert [answer.status_code for answer in answers] == [401, 401]
    bodies = {"".join(line for line in answer.text.splitlines() if token not in line) for answer in answers}
    assert len(bodies) == 1


def test_five_failures_lock_for_15_minutes_whatever_is_typed_then(
    person: Person, make_user: MakeUser, clock: Any, engine: Engine
) -> None:
    make_user()
    for _ in range(5):
        assert person.sign_in(password="not this one").status_code == 401
    assert person.sign_in().status_code == 401
    clock.move(minutes=14, seconds=59)
    assert person.sign_in().status_code == 401
    clock.move(seconds=1)
    assert person.sign_in().status_code == 302
    assert acts(engine) == ["user.sign_in_failed"] * 5 + ["user.locked", "user.signed_in"]


def test_four_failures_do_not_lock_and_a_success_forgets_them(person: Person, make_user: MakeUser) -> None:
    make_user()
    for _ in range(2):
        for _ in range(4):
            assert person.sign_in(password="not this one").status_code == 401
        assert person.sign_in().status_code == 302
        person.send("/admin/sign-out", page="/admin/")


def test_a_session_ends_after_30_idle_minutes(coordinator: Person, clock: Any) -> None:
    clock.move(minutes=30)
    assert coordinator.get("/admin/").status_code == 200
    clock.move(minutes=30, seconds=1)
    assert coordinator.get("/admin/").location.startswith("/admin/sign-in")


def test_the_cookie_lasts_as_long_as_the_session_and_no_late_answer_brings_an_old_one_back(
    coordinator: Person, clock: Any
) -> None:
    clock.move(minutes=2)
    assert "tiwizi=" in coordinator.get("/admin/").headers["Set-Cookie"]
    assert "Set-Cookie" not in coordinator.get("/admin/").headers


def test_a_busy_session_ends_after_12_hours(coordinator: Person, clock: Any) -> None:
    for _ in range(24):
        clock.move(minutes=30)
        assert coordinator.get("/admin/").status_code == 200
    clock.move(seconds=1)
    assert coordinator.get("/admin/").location.startswith("/admin/sign-in")


def test_signing_in_leaves_nothing_of_the_session_before(person: Person, make_user: MakeUser) -> None:
    make_user()
    person.get("/admin/sign-in", lang="ar")
    with person.client.session_transaction() as session:
        session["planted"] = "by another"
        before = session["csrf_token"]
    person.sign_in()
    with person.client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != before
        assert session["language"] == "ar"


def test_signing_out_ends_a_copied_cookie_too(app: Flask, coordinator: Person) -> None:
    cookie = coordinator.client.get_cookie("tiwizi")
    assert cookie
    thief = Person(app.test_client())
    thief.client.set_cookie("tiwizi", cookie.value)
    assert thief.get("/admin/").status_code == 200
    assert coordinator.send("/admin/sign-out", page="/admin/").location == "/admin/sign-in"
    assert thief.get("/admin/").status_code == 302
    assert coordinator.get("/admin/").status_code == 302


def test_a_one_time_password_opens_nothing_but_the_page_for_a_new_one(
    person: Person, make_user: MakeUser, engine: Engine
) -> None:
    make_user(once=True)
    assert person.sign_in(next="/admin/needs").location == "/admin/password"
    assert person.get("/admin/needs").location == "/admin/password"
    answer = person.send("/admin/password", page="/admin/password", new=NEW, again=NEW)
    assert answer.location == "/admin/"
    assert person.get("/admin/needs").status_code == 200
    assert acts(engine) == ["user.signed_in", "user.password_changed"]
    assert person.send("/admin/sign-out", page="/admin/").status_code == 302
    assert person.sign_in(password=PASSWORD).status_code == 401
    assert person.sign_in(password=NEW).location == "/admin/"


@pytest.mark.parametrize(
    ("new", "again"),
    [
        ("elevenchars", "elevenchars"),
        (NEW, NEW + "s"),
        (PASSWORD, PASSWORD),
        ("Zahra Ait Abdallah", "Zahra Ait Abdallah"),
        ("x" * 201, "x" * 201),
        ("", ""),
    ],
    ids=["too short", "not the same twice", "the one before", "one's name", "too long", "nothing"],
)
def test_a_password_that_can_be_guessed_is_not_taken(
    person: Person, make_user: MakeUser, engine: Engine, new: str, again: str
) -> None:
    number = make_user("Zahra Ait Abdallah", once=True)
    person.sign_in("Zahra Ait Abdallah")
    answer = person.send("/admin/password", page="/admin/password", new=new, again=again)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    with reading(engine) as session:
        assert session.get_one(User, number).password_once


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(app: Flask, coordinator: Person) -> None:
    other = Person(app.test_client())
    other.sign_in()
    wrong = coordinator.send("/admin/password", page="/admin/password", old="not this one", new=NEW, again=NEW)
    assert wrong.status_code == 400
    right = coordinator.send("/admin/password", page="/admin/password", old=PASSWORD, new=NEW, again=NEW)
    assert right.location == "/admin/"
    assert coordinator.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_guessing_the_old_password_locks_as_sign_in_does(app: Flask, coordinator: Person) -> None:
    for _ in range(5):
        coordinator.send("/admin/password", page="/admin/password", old="not this one", new=NEW, again=NEW)
    assert Person(app.test_client()).sign_in().status_code == 401


def test_what_people_typed_at_sign_in_is_no_reason_to_fall_over(person: Person, make_user: MakeUser) -> None:
    make_user()
    for name in ["'; --", "x" * 5000, "\u202e"]:
        assert person.sign_in(name, "\ufffe" * 300).status_code == 401
    for name, password in [("\x00", "olive"), ("Zahra\x00'; --", "olive"), ("Zahra", "\x00" * 300)]:
        assert person.sign_in(name, password).status_code == 400

"""A link that invites opens once, to whoever has it, and to nobody once it was used, replaced, withdrawn or is old."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service.domain.roles import UserRole
from service.models import User, UserSession
from service.models.session import reading
from tests.conftest import MovedClock
from tests.service.web.person import PASSWORD, TOKEN, MakeUser, Person
from tests.service.web.test_staff_pages import NEW, USERS, invitation

OTHER = "un autre mot de passe"


@dataclass
class Office:
    """An admin who has invited Idir; `browser` begins another browser."""

    app: Flask
    admin: Person
    clock: MovedClock
    engine: Engine
    path: str

    def browser(self, name: str = "") -> Person:
        person = Person(self.app.test_client())
        if name:
            assert person.sign_in(name).location == "/admin/"
        return person

    def idir(self) -> str:
        with reading(self.engine) as session:
            return str(session.scalars(select(User.id).where(User.name == "Idir")).one())

    def passwords(self) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            return [(one.name, one.password_hash) for one in session.scalars(select(User).order_by(User.id))]

    def signed_in(self) -> list[str]:
        with reading(self.engine) as session:
            return sorted(one.user.name for one in session.scalars(select(UserSession)))


@pytest.fixture
def office(app: Flask, make_user: MakeUser, clock: MovedClock, engine: Engine) -> Office:
    make_user("Amina", UserRole.ADMIN)
    make_user()
    admin = Person(app.test_client())
    admin.sign_in("Amina")
    return Office(app, admin, clock, engine, invitation(admin))


def used(office: Office) -> None:
    office.browser().send(office.path, page=office.path, new=NEW, again=NEW)


def replaced(office: Office) -> None:
    office.admin.send(f"{USERS}/{office.idir()}/link", page=USERS)


def withdrawn(office: Office) -> None:
    office.admin.send(f"{USERS}/{office.idir()}/block", page=USERS)


def old(office: Office) -> None:
    office.clock.move(days=7)


ENDS: Mapping[str, Callable[[Office], None]] = {
    "used": used,
    "replaced": replaced,
    "withdrawn": withdrawn,
    "old": old,
}


@pytest.mark.parametrize("who", ["", "Zahra", "Amina"])
@pytest.mark.parametrize("end", ENDS)
def test_a_link_that_is_over_opens_to_nobody(office: Office, end: str, who: str) -> None:
    visitor = office.browser(who)
    # The form was there before the link's end, and is sent after it.
    token = TOKEN.search(visitor.get(office.path).text)
    assert token
    ENDS[end](office)
    before = office.passwords(), office.signed_in()
    late = visitor.client.post(office.path, data={"new": OTHER, "again": OTHER, "csrf_token": token[1]})
    assert (late.status_code, "ne sert plus" in late.text) == (404, True)
    assert "Idir" not in late.text
    assert visitor.get(office.path).status_code == 404
    assert (office.passwords(), office.signed_in()) == before
    assert office.browser().sign_in("Idir", OTHER).status_code == 401


def test_who_is_signed_in_and_uses_anothers_link_is_that_other_from_then_on(office: Office) -> None:
    zahra = office.browser("Zahra")
    before = dict(office.passwords())
    assert "Idir" in zahra.get(office.path).text
    assert office.signed_in() == ["Amina", "Zahra"]  # a look opens nothing
    assert zahra.send(office.path, page=office.path, new=NEW, again=NEW).location == "/admin/"
    # As a viewer, with nothing of the coordinator who sat there before.
    assert office.signed_in() == ["Amina", "Idir"]
    assert zahra.send("/admin/exports/iati", page="/admin/password").status_code == 403
    assert dict(office.passwords())["Zahra"] == before["Zahra"]
    assert office.browser().sign_in("Zahra", PASSWORD).location == "/admin/"


def test_a_link_that_was_made_up_is_one_that_is_over(office: Office) -> None:
    for token in ("x" * 43, office.path.rpartition("/")[2][:-1], "'", "%25"):
        path = f"/admin/invitation/{token}"
        assert office.browser().get(path).status_code == 404
        late = office.browser("Zahra").send(path, page="/admin/password", new=NEW, again=NEW)
        assert late.status_code == 404
    assert office.browser().get(office.path).status_code == 200


def test_a_link_leads_to_where_the_settings_say_whoever_asked_through_which_host(office: Office) -> None:
    token = TOKEN.search(office.admin.get(USERS).text)
    assert token
    form = {"name": "Malika", "role": "viewer", "csrf_token": token[1]}
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    client = office.admin.client
    cookie = client.get_cookie("tiwizi")
    assert cookie
    client.set_cookie("tiwizi", cookie.value, domain="evil.example")
    made = client.post(
        f"{USERS}/invite",
        data=form,
        headers=forged,
        base_url="http://evil.example",
    )
    assert made.status_code == 200
    assert "/admin/invitation/" in made.text
    assert "evil.example" not in made.text

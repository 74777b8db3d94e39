"""What is tried against any service on the web, where no other test tries it; docs/security.md says where each is."""

from itertools import cycle
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from service import security
from service.container import Container
from service.models import User
from service.models.session import transaction
from service.usecases.users import LONGEST_PASSWORD
from service.web.api import OPERATIONS, ROOT
from tests.conftest import QUICK, MovedClock
from tests.service.web.api.test_door import path_of
from tests.service.web.crawler import Crawler, kind
from tests.service.web.house import House, build
from tests.service.web.person import MakeUser, Person
from tests.service.web.public_story import tell_public_story
from tests.service.web.test_walk import NUMBER, routes
from tests.ussd.cast import Names

EVIL = "evil.example"
FORGED = {"X-Forwarded-Host": EVIL, "X-Forwarded-Server": EVIL, "Forwarded": f"host={EVIL}", "X-Host": EVIL}
ELSEWHERE = (
    f"//{EVIL}",
    f"https://{EVIL}/",
    f"/\\{EVIL}",
    f"/admin/\\..\\..\\{EVIL}",
    f"\t//{EVIL}",
    "javascript:alert(1)",
)
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
OUTSIDE = (
    *("/static/../settings.py", "/static/..%2f..%2fsettings.py", "/static/%2e%2e/app.py", "/static/..%5capp.py"),
    *("/static//etc/passwd", "/static/....//app.py", "/admin/exports/..%2f..%2fetc%2fpasswd/file"),
    *("/experiences/..%2f..%2fREADME.pdf", "/cards/..%2f..%2fvillage-fr.pdf", "/cards/village-..%2ffr.pdf"),
)


@pytest.fixture
def house(container: Container, clock: MovedClock) -> House:
    return build(container, clock, Names())


def cookie_of(client: FlaskClient) -> str:
    client.get("/admin/account")
    cookie = client.get_cookie("tiwizi")
    assert cookie
    return cookie.value


def test_no_page_believes_the_host_it_is_asked_through(house: House) -> None:
    client, wrong = house.admins(), []
    client.set_cookie("tiwizi", cookie_of(client), domain=EVIL)
    inside = Crawler(house.admins, files=False)
    inside.walk("/admin/", "/")
    for path in {kind(path): path for path in inside.pages}.values():
        answer = client.get(path, headers=FORGED, base_url=f"http://{EVIL}", buffered=True)
        wrong += [path] if EVIL in answer.text or EVIL in str(answer.headers) else []
        assert answer.status_code == inside.pages[path].status_code, path
    assert wrong == []


# There the numbers of what there is begin at 1.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_route_leads_elsewhere_than_into_the_service(house: House) -> None:
    targets, led = cycle(ELSEWHERE), 0
    for rule, path in routes(house.app):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            said = dict.fromkeys(("next", "back", "url"), next(targets))
            form = said if method == "POST" else None
            there = path.replace(NUMBER, "1")
            answer = house.admins().open(there, method=method, query_string=said, data=form, buffered=True)
            to = answer.headers.get("Location")
            led += to is not None
            parts = urlsplit(to or "/")
            assert (parts.scheme, parts.netloc, parts.path[:1], "\\" in parts.path) == ("", "", "/", False), (path, to)
    assert led > 30


def test_no_header_and_no_field_makes_another_method_of_a_request(house: House) -> None:
    walked = 0
    for rule, path in routes(house.app):
        if "GET" not in (rule.methods or set()) and "GET" not in house.app.url_map.bind("localhost").allowed_methods(
            path
        ):
            answer = house.admins().get(
                path, headers=dict.fromkeys(OVERRIDES, "POST"), query_string={"_method": "POST"}
            )
            assert answer.status_code == 405, path
            walked += 1
    assert walked > 50


def test_the_api_knows_nobody_by_a_browsers_cookie(house: House) -> None:
    client = house.admins()
    cookie = f"tiwizi={cookie_of(client)}"
    for operation in OPERATIONS:
        for given in ({}, {"Authorization": cookie}, {"Authorization": f"Bearer {cookie}"}):
            answer = client.open(f"{ROOT}{path_of(operation)}", method=operation.method, headers=given, json={})
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False), operation.path


def test_no_path_leads_out_of_a_folder(house: House) -> None:
    client = house.admins()
    found = [client.get(path, buffered=True, follow_redirects=True).status_code for path in OUTSIDE]
    assert found == [404] * len(OUTSIDE)


class Counting:
    """Hashes as all tests do, and counts how often it was asked to compare."""

    def __init__(self) -> None:
        self.compared = 0

    def hash(self, password: str) -> str:
        return QUICK.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self.compared += 1
        return QUICK.verify(hashed, password)


def test_whether_a_name_is_known_is_told_by_no_word_and_by_no_hash(
    person: Person, make_user: MakeUser, engine: Engine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Zahra", "Blocked", "Locked", "Invited"):
        make_user(name)
    with transaction(engine) as session:
        users = {user.name: user for user in session.query(User)}
        users["Blocked"].blocked_at = clock()
        users["Locked"].locked_until = clock.now.replace(year=2030)
        users["Invited"].password_hash = ""
    hasher, said = Counting(), set[str]()
    monkeypatch.setattr(security, "_HASHER", hasher)
    for name in ("Zahra", "Blocked", "Locked", "Invited", "Nobody", "", "x" * 300):
        for password in ("not this one", "", "x" * (LONGEST_PASSWORD + 1)):
            hasher.compared = 0
            answer = person.sign_in(name, password)
            assert (answer.status_code, hasher.compared) == (401, 1), (name, password)
            said.add("".join(line for line in answer.text.splitlines() if "csrf_token" not in line))
    assert len(said) == 1


def test_what_stands_for_any_letter_in_a_database_stands_for_itself_in_a_search(
    app: Flask, coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    story = tell_public_story(engine, clock())
    assert story
    everybody = app.test_client()
    found = [
        q
        for q in ("تالوين", "ت_لوين", "%لوين", "ت%ن", "%", "_")
        if "/projects/" in everybody.get("/search", query_string={"q": q, "lang": "fr"}).text
    ]
    assert found == ["تالوين"]
    for page in ("needs", "associations", "diaspora", "projects"):
        asked = ("", "%", "_", "%_%", "\\")
        lines = [coordinator.get(f"/admin/{page}", q=q).text.count('<tr role="row"') for q in asked]
        assert lines[0] > 1, page
        assert lines[1:] == [0] * len(lines[1:]), page

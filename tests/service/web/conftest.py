"""What tests of the web share: the application, people who sign in, rows, a browser and a server."""

import shutil
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import make_server

from service.app import create_app
from service.container import Clock, Container
from service.domain.roles import UserRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState
from service.models import User
from service.models.session import transaction
from tests.service.web.person import HASHED, MakeUser, Person
from tests.service.web.registers import Registers

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture
def app(container: Container) -> Flask:
    return create_app(container, [])


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(app.test_client())


@pytest.fixture
def make_user(engine: Engine, clock: Clock) -> MakeUser:
    def make(name: str = "Zahra", role: UserRole = UserRole.COORDINATOR, *, once: bool = False) -> int:
        with transaction(engine) as session:
            user = User(name=name, role=role, password_hash=HASHED, password_once=once, created_at=clock())
            session.add(user)
            session.flush()
            return user.id

    return make


@pytest.fixture
def coordinator(person: Person, make_user: MakeUser) -> Person:
    make_user()
    assert person.sign_in().location == "/admin/"
    return person


@pytest.fixture
def viewer(person: Person, make_user: MakeUser) -> Person:
    make_user("Idir", UserRole.VIEWER)
    assert person.sign_in("Idir").location == "/admin/"
    return person


@pytest.fixture
def registers(engine: Engine, clock: Clock) -> Registers:
    return Registers(engine, clock)


@pytest.fixture
def needs(registers: Registers) -> None:
    """Three needs of two villages."""
    tizi = registers.association("Aït Abdallah", AssociationState.VERIFIED, douar="Tizi n'Test")
    other = registers.association("تيويزي", AssociationState.VERIFIED, douar="Agadir")
    registers.need(tizi, "École du bas", reference="K7-4QE")
    registers.need(tizi, "Puits du haut", NeedState.VERIFIED, "A3-BCD", Sector.ROADS)
    registers.need(other, "ماء صالح للشرب", NeedState.VERIFIED, "A4-BCA", Sector.WATER)


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The application behind a real server; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("NOT TESTED IN A BROWSER. Chromium not found: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()

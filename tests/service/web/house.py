"""The whole application with everybody and everything in it, and who goes through all of it."""

from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.roles import UserRole
from service.locales import Language
from service.models import DiasporaAssociation, User
from service.models.session import transaction
from service.usecases.inbox import note_text
from service.usecases.listings import agree_to_listing
from service.usecases.sessions import begin
from tests.conftest import MovedClock
from tests.service.web.crawler import Crawler
from tests.ussd.cast import CAST, Names, Play
from tests.world import settle
from wsgi import make_app

START = ("/admin/", "/", "/feed.xml", "/sitemap.xml", "/export/iati.xml", "/robots.txt")


@dataclass
class House:
    """The whole application, an admin's browsers, and the database behind."""

    app: Flask
    engine: Engine
    clock: MovedClock
    admin: int

    def admins(self) -> FlaskClient:
        """Return a browser in which the admin is signed in, whatever a form did to them."""
        client = self.app.test_client()
        with transaction(self.engine) as database, client.session_transaction() as session:
            user = database.get_one(User, self.admin)
            user.role, user.blocked_at, user.password_once, user.factor_nonce = UserRole.ADMIN, None, False, ""
            session["token"] = begin(database, self.clock(), user, device="", network="", half=False, replaces=None)
        return client

    def everybodys(self) -> FlaskClient:
        return self.app.test_client()

    def crawled(self, *, files: bool = False) -> tuple[Crawler, Crawler]:
        """Go everywhere as an admin, and as anybody."""
        inside, outside = Crawler(self.admins, files), Crawler(self.everybodys)
        inside.walk(*START)
        outside.walk(*START[1:], "/admin/sign-in")
        return inside, outside


def build(container: Container, clock: MovedClock, names: Names) -> House:
    """Let there be everybody, and everything in every state."""
    settle(container.engine)
    with transaction(container.engine) as session:
        Play(session, clock(), Language.FR, names).begin()
        partner = session.scalars(select(DiasporaAssociation)).first()
        assert partner
        agree_to_listing(
            session,
            clock(),
            association_id=partner.id,
            actor="contact:1",
            channel="ussd",
            language=Language.FR,
        )
        note_text(session, clock(), CAST["officer"], understood=False)
        user = User(name="Fatna", role=UserRole.ADMIN, password_hash="-", password_once=False, created_at=clock())
        session.add(user)
        session.flush()
        admin = user.id
    app = make_app(container)
    # Whether forms are ours is asked elsewhere (test_walk.py).
    app.config["WTF_CSRF_METHODS"] = set()
    return House(app, container.engine, clock, admin)

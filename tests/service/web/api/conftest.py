"""Programs with tokens, and a small country for them to ask about."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from service.domain.scopes import Scope
from service.domain.states import AssociationState
from service.domain.testimonies import Publication
from service.locales import Language
from service.models import Contribution, Need, VillageAssociation
from service.models.diaspora import active_contact
from service.models.session import transaction
from service.usecases.phones import know_phone
from service.usecases.testimonies import note_testimony, publish_testimony
from service.usecases.tokens import make_token
from tests.conftest import MovedClock
from tests.ussd.projects import half_done, handed_over, project_of, sheet_published, staffed_village
from tests.world import LYON, TALIOUINE, need_of, officer_of, settle

NEWCOMER = "+212600000077"
ALL = tuple(Scope)


@dataclass
class Program:
    """A program with a token, or with none."""

    client: FlaskClient
    token: str | None = None
    token_id: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, query: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """Ask; names of headers are written as Python's."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self._headers(named))

    def post(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> TestResponse:
        sent = {} if body is None else {"json": body}
        return self.client.post(f"/api/v1{path}", headers=self._headers(headers), **sent)

    def open(self, method: str, path: str, **how: Any) -> TestResponse:
        headers = self._headers(how.pop("headers", None))
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **how)

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        return ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | (more or {})


MakeProgram = Callable[..., Program]


@pytest.fixture
def make_program(app: Flask, engine: Engine, clock: MovedClock) -> MakeProgram:
    def make(scopes: Collection[Scope] = ALL, days: int | None = None, name: str = "Suivi") -> Program:
        with transaction(engine) as session:
            row, token = make_token(session, clock(), actor="user:1", name=name, scopes=scopes, days=days)
            return Program(app.test_client(), token, row.id)

    return make


@pytest.fixture
def program(make_program: MakeProgram) -> Program:
    """A program that may do everything."""
    return make_program()


@dataclass(frozen=True)
class Country:
    """What there is: a project handed over with its sheet published, one under way, a need that waits, one verified."""

    project: str
    works: str
    waiting: str
    verified: str
    pending: int
    line: int


@pytest.fixture
def country(engine: Engine, clock: MovedClock) -> Country:
    settle(engine)
    with transaction(engine) as session:
        return populate(session, clock())


def populate(session: Any, now: datetime) -> Country:
    """Write a small country."""
    staffed_village(session, now)
    project = project_of(session, now)
    need = session.query(Need).filter_by(reference=project).one()
    handed_over(session, now, need)
    sheet_published(session, now, need)
    _words(session, now, project, Publication.NAMED, published=True)
    _words(session, now, project, Publication.PRIVATE, published=False)
    works = project_of(session, now)
    half_done(session, now, works)
    verified = need_of(session, now).reference
    waiting = need_of(session, now, verified=False).reference
    know_phone(session, now, NEWCOMER, Language.FR)
    pending = VillageAssociation(
        name="Tamaloukt", douar="Tama", commune_code=TALIOUINE, state=AssociationState.PENDING, registered_at=now
    )
    session.add(pending)
    session.flush()
    line = session.query(Contribution).join(Need).filter(Need.reference == works).first()
    return Country(project, works, waiting, verified, pending.id, line.id)


def _words(session: Any, now: datetime, reference: str, publication: Publication, *, published: bool) -> None:
    contact = active_contact(session, LYON)
    author = contact if published else officer_of(session)
    assert author
    testimony = note_testimony(
        session,
        now,
        author=author,
        reference=reference,
        words=f"des mots {publication}",
        publication=publication,
        channel="sms",
    )
    if published:
        publish_testimony(session, now, actor="user:1", testimony_id=testimony.id)

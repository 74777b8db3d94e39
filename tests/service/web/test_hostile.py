"""What means no good does nothing: in no form, on no page, in no file that is taken away."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html
from openpyxl import load_workbook
from playwright.sync_api import Browser, Dialog
from pypdf import PdfReader
from sqlalchemy import Column, Engine, Enum, String, Table, select, update
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from service import security
from service.container import Container
from service.domain.roles import UserRole
from service.domain.spreadsheet import FORMULA
from service.domain.text import INVISIBLE as KINDS
from service.gateways.console import ConsoleGateway
from service.locales import Language
from service.models import DiasporaAssociation, User
from service.models.base import Base
from service.models.migrations import upgrade
from service.models.session import make_engine, transaction
from service.settings import Settings
from service.usecases.inbox import note_text
from service.usecases.listings import agree_to_listing
from service.usecases.sessions import begin
from tests.conftest import MovedClock
from tests.hostile import CLASS, COMPUTED, CONTROLS, INVISIBLE, LONG, MARK, RAW, TEXTS
from tests.service.web.crawler import Crawler, Form, complaints, forms_of, kind
from tests.ussd.cast import CAST, Names, Play
from tests.world import settle
from wsgi import make_app

START = ("/admin/", "/", "/feed.xml", "/sitemap.xml", "/export/iati.xml", "/robots.txt")
# Columns that hold what somebody typed, by their names; all others that could are codes, which nobody types.
WRITTEN = frozenset(
    {
        *("name", "city", "douar", "state_reason", "reason", "label", "title", "summary", "difficulties", "lessons"),
        *("text", "line", "next_step", "source", "answer_reason", "outcome", "device"),
    }
)
CODES = frozenset(
    {
        *("key", "reply", "hash", "made_by", "action", "actor", "subject", "time_zone", "zone", "set_by", "asked_by"),
        *("file", "owner", "stopped_by", "external_id", "session", "text_hash", "scope", "password_hash", "url"),
        *("search", "asked", "body", "form", "done_by", "withdrawn_by", "token_hash", "network", "template"),
        *("provider_id", "attempt_id", "event_id", "event", "status", "code_hash", "declared_by", "told", "job"),
        *("decided_by", "call_id", "address", "media_type", "search_key", "name_fr", "name_ar", "name_ascii"),
        *("province_fr", "province_ar", "region_fr", "region_ar"),
    }
)
UNTYPED = frozenset({"communes", "gateway_states"})  # tables
NUMBER = re.compile(r"-?[\d .,\u00a0]+")
STEP = 8
SHORTEST = 40  # characters of a column in which something can be written


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


@pytest.fixture
def house(container: Container, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(security, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return build(container, clock, Names())


@pytest.mark.timeout(400)
def test_no_form_breaks_by_what_is_typed_and_nothing_invisible_is_kept(house: House) -> None:
    inside, outside = house.crawled()
    forms = {**outside.forms, **inside.forms}.values()
    others = TEXTS if house.engine.dialect.name == "sqlite" else ()
    wrong = []
    for number, form in enumerate(forms):
        client = house.admins()
        # Each form gets some of the texts, and each text comes to some of the forms.
        for text in dict.fromkeys((*RAW, *others[number % STEP :: STEP])):
            for pairs in (form.filled(text), *([form.forged(text)] if text in RAW else [])):
                answer = send(client, form, pairs)
                if answer.status_code >= 500:
                    wrong.append(f"{form.action} {text[:30]!r}: {answer.status_code}")
                if answer.status_code == 302 and answer.location.startswith("/admin/sign-in"):
                    client = house.admins()  # they left, or lost their rights
    assert wrong == []
    assert len(forms) > 50
    written = list(kept(house.engine))
    assert len(written) > 500
    assert [(where, text) for where, text in written if invisible(text)] == []


def test_no_address_breaks_by_what_stands_in_it(house: House) -> None:
    inside, outside = house.crawled()
    asked = {name for found in (inside, outside) for address in found.pages for name in names_asked(address)}
    paths = {address.partition("?")[0] for found in (inside, outside) for address in found.pages}
    rules = {re.sub(r"<[^>]*>", "{}", re.sub(r"<int[^>]*>", "1", rule.rule)) for rule in house.app.url_map.iter_rules()}
    paths |= {rule.replace("{}", quote(text)) for rule in rules if "{}" in rule for text in RAW}
    client, wrong = house.admins(), []
    for path in sorted(paths):
        for text in RAW[:2]:
            answer = client.get(path, query_string=dict.fromkeys(asked, text), buffered=True)
            wrong += [f"{path} {text!r}: {answer.status_code}"] if answer.status_code >= 500 else []
    assert wrong == []
    assert {"q", "page", "kind", "since"} <= asked


def send(client: FlaskClient, form: Form, pairs: list[tuple[str, str]]) -> TestResponse:
    """Send a form; where the answer asks once more, say yes."""
    how: dict[str, Any] = {"data" if form.method == "post" else "query_string": MultiDict(pairs)}
    answer = client.open(form.action.partition("?")[0], method=form.method.upper(), buffered=True, **how)
    if answer.status_code == 200 and b'name="sure"' in answer.data:
        (again,) = [one for one in forms_of(html.fromstring(answer.data), form.action) if "sure" in dict(one.chosen)]
        return client.post(form.action, data=MultiDict(again.filled("")), buffered=True)
    return answer


def names_asked(address: str) -> list[str]:
    """Return what an address asks for, by name."""
    return [name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)]


def invisible(text: str) -> bool:
    """Tell whether something in a text cannot be seen; lines may end."""
    return any(unicodedata.category(letter) in KINDS for letter in text if letter != "\n")


def typed_columns() -> Iterator[tuple[Table, Column[Any]]]:
    """Return the columns that hold what somebody typed."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            text = isinstance(column.type, String) and not isinstance(column.type, Enum)
            if text and column.name in WRITTEN and table.name not in UNTYPED:
                yield table, column


def test_every_column_in_which_something_could_be_written_is_known() -> None:
    wide = {
        column.name
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String) and not isinstance(column.type, Enum)
        if (column.type.length or SHORTEST) >= SHORTEST and not column.foreign_keys
    }
    assert wide - WRITTEN - CODES == set()
    assert not WRITTEN & CODES


def kept(engine: Engine) -> Iterator[tuple[str, str]]:
    """Return all that is kept of what was typed, and where."""
    with engine.connect() as connection:
        for table, column in typed_columns():
            for text in connection.scalars(select(column).where(column.is_not(None))):
                yield f"{table.name}.{column.name}", text


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in whose database every word is a text that means no good, however it came there."""
    file = tmp_path_factory.mktemp("planted") / "tiwizi.db"
    engine = make_engine(f"sqlite:///{file}", durable=False)
    upgrade(engine)
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=url,
        secret_key="a-key-that-protects-nothing-but-tests",
        hook_tokens=("a-hook-token-for-tests-only",),
    )
    clock = MovedClock()
    house = build(Container(settings, engine, {"console": ConsoleGateway()}, clock), clock, Names())
    # Controls never come so far (see above), and XML could not carry them.
    texts = cycle(text for text in TEXTS if text not in {*LONG, *CONTROLS})
    with engine.begin() as connection:
        for table, column in typed_columns():
            for row in connection.execute(select(*table.primary_key.columns)).all():
                this = [one == value for one, value in zip(table.primary_key.columns, row, strict=True)]
                # Some are unique.
                text = f"{next(texts)} {row[0]}" if column.unique else next(texts)
                connection.execute(
                    update(table).where(*this).values({column.name: text[: getattr(column.type, "length", None)]})
                )
    yield house
    engine.dispose()


@pytest.mark.timeout(400)
def test_on_no_page_is_anything_made_of_what_was_typed(planted: House) -> None:
    inside, outside = planted.crawled(files=True)
    wrong, seen = [], Counter[str]()
    for address, page in [*inside.pages.items(), *outside.pages.items()]:
        seen[page.mimetype or ""] += 1
        if page.status_code not in {200, 302, 404}:
            wrong.append(f"{address}: {page.status_code}")
        if page.mimetype in LOOKS and not address.startswith("/static/"):
            wrong += [f"{address}: {one}" for one in LOOKS[page.mimetype](page.data)]
        wrong += [f"{address}: {page.headers}"] if MARK in str(page.headers) else []
    assert wrong == []
    assert set(LOOKS) <= seen.keys(), seen
    assert MARK in inside.pages["/admin/"].text


def look_at_page(written: bytes) -> Iterator[str]:
    document = html.document_fromstring(written, parser=html.HTMLParser(encoding="utf-8"))
    yield from complaints(document, [MARK], ["localhost", "127.0.0.1:8000"])
    said = "".join(map(str, document.itertext()))
    yield from [f"shows {sign!r}" for sign in (COMPUTED, CLASS, *INVISIBLE) if sign in said]


def look_at_xml(written: bytes) -> Iterator[str]:
    for one in etree.fromstring(written, parser=etree.XMLParser(resolve_entities=False)).iter():
        if MARK in str(one.tag) or MARK in str(dict(one.attrib)):
            yield f"{one.tag}"


def look_at_csv(written: bytes) -> Iterator[str]:
    for row in csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"):
        yield from [cell for cell in row if FORMULA.match(cell) and not NUMBER.fullmatch(cell) and cell[0] != "'"]
        yield from [cell for cell in row if INVISIBLE.intersection(cell)]


def look_at_workbook(written: bytes) -> Iterator[str]:
    for sheet in load_workbook(io.BytesIO(written)):
        for row in sheet.iter_rows():
            yield from [f"{cell.value}" for cell in row if cell.data_type == "f" or cell.hyperlink]


def look_at_paper(written: bytes) -> Iterator[str]:
    """Look at a PDF: it opens, nothing in it can be clicked on or run, and nothing reorders what stands beside it."""
    for page in PdfReader(io.BytesIO(written)).pages:
        yield from ["a link"] if "/Annots" in page or "/AA" in page else []
    first = PdfReader(io.BytesIO(written)).pages[0].extract_text()
    yield from [f"{sign!r}" for sign in INVISIBLE if sign in first]


LOOKS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "text/html": look_at_page,
    "application/atom+xml": look_at_xml,
    "application/xml": look_at_xml,
    "text/csv": look_at_csv,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": look_at_workbook,
    "application/pdf": look_at_paper,
}


@pytest.mark.timeout(400)
@pytest.mark.browser
def test_in_a_browser_nothing_runs_and_nothing_else_is_asked(planted: House, chromium: Browser) -> None:
    inside, outside = planted.crawled()
    server = make_server("127.0.0.1", 0, planted.app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address, said = f"http://127.0.0.1:{server.server_port}", list[str]()

    def dismiss(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    try:
        context = chromium.new_context(base_url=address)
        browser = planted.admins()
        browser.get("/admin/account")
        cookie = browser.get_cookie("tiwizi")
        assert cookie
        context.add_cookies([{"name": "tiwizi", "value": cookie.value, "url": address}])
        page = context.new_page()
        page.on("dialog", dismiss)
        page.on("console", lambda line: said.append(f"{page.url}: {line.text}") if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        page.on("request", lambda one: None if one.url.startswith(address) else said.append(f"{page.url}: {one.url}"))
        # Of each kind one, without what narrows it.
        pages = {kind(path): path for path in (*outside.pages, *inside.pages) if "?" not in path}
        for path in pages.values():
            found = inside.pages.get(path) or outside.pages[path]
            if found.mimetype == "text/html" and found.status_code == 200:
                page.goto(path)
                assert "/sign-in" not in page.url or "/sign-in" in path
                assert page.evaluate(f"document.querySelectorAll('{MARK}, [{MARK}], iframe').length") == 0, path
        assert said == []
        context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

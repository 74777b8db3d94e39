"""What means no good does nothing: in no form, on no page, in no file that is taken away."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html
from openpyxl import load_workbook
from playwright.sync_api import Browser, Dialog
from pypdf import PdfReader
from sqlalchemy import Column, Engine, Enum, String, Table, select, update
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from service.container import Container
from service.domain.text import INVISIBLE as KINDS
from service.gateways.console import ConsoleGateway
from service.models import Contribution, ExperienceSheet
from service.models.base import Base
from service.models.migrations import upgrade
from service.models.session import make_engine, reading
from service.settings import Settings
from tests.conftest import MovedClock
from tests.hostile import CONTROLS, LONG, MARK, RAW, TEXTS
from tests.service.web.crawler import Form, forms_of, kind
from tests.service.web.house import House, build
from tests.service.web.looks import LOOKS
from tests.ussd.cast import Names
from tests.ussd.others import Watch, put_back, rows_of

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
AMOUNT = re.compile(r"\d{1,3}(?:[ .\u00a0\u202f]\d{3})+(?:,\d\d)?")
SHORTEST = 40  # characters of a column in which something can be written


@pytest.fixture
def house(container: Container, clock: MovedClock) -> House:
    return build(container, clock, Names())


@pytest.mark.timeout(400)
def test_no_form_breaks_by_what_databases_take_differently(house: House) -> None:
    inside, outside = house.crawled()
    forms = {**outside.forms, **inside.forms}.values()
    wrong, client = list[str](), house.admins()
    for form in forms:
        for text in RAW:
            for pairs in (form.filled(text), form.forged(text)):
                answer = send(client, form, pairs)
                wrong += [f"{form.action} {text[:30]!r}: {one}" for one in broken(answer)]
                if answer.status_code == 302 and answer.location.startswith("/admin/sign-in"):
                    client = house.admins()  # they left, or lost their rights
    assert wrong == []
    assert len(forms) > 50
    written = list(kept(house.engine))
    assert len(written) > 500
    assert [(where, text) for where, text in written if invisible(text)] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.timeout(400)
def test_every_field_of_every_form_takes_every_text_and_nothing_invisible_is_kept(house: House) -> None:
    """What was there before is there again for each text."""
    inside, outside = house.crawled()
    client = house.admins()
    client.get("/admin/account")
    cookie = client.get_cookie("tiwizi")
    assert cookie
    with house.engine.connect() as connection:
        before = rows_of(connection, Base.metadata.tables)
    watch, wrong, given = Watch(house.engine), list[str](), defaultdict[tuple[str, ...], set[str]](set)
    for form in (*outside.forms.values(), *inside.forms.values()):
        for pairs in form.with_each(TEXTS):
            client.set_cookie("tiwizi", cookie.value)
            found = [*broken(send(client, form, pairs))]
            found += [f"{where} keeps {one!r}" for where, one in kept(house.engine, watch.written) if invisible(one)]
            wrong += [f"{form.action} {pairs!r:.300}: {one}" for one in found]
            for name, value in pairs:
                given[*form.kind, name].add(value)
            put_back(house.engine, before, watch.written)
            watch.written.clear()
    assert wrong == []
    fields = {
        (*form.kind, name) for found in (inside, outside) for form in found.forms.values() for name in form.fields
    }
    assert len(fields) > 150
    assert {field: sorted({*TEXTS} - given[field]) for field in fields if {*TEXTS} - given[field]} == {}


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


def broken(answer: TestResponse) -> Iterator[str]:
    """Return what is wrong with an answer to a text: an error of ours, a way out, a header of theirs."""
    if answer.status_code >= 500:
        yield f"{answer.status_code}"
    if answer.status_code == 302 and not answer.location.startswith("/admin"):
        yield f"leads to {answer.location}"
    if any(MARK in value for name, value in answer.headers if name != "Location"):
        yield f"{answer.headers}"


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


def kept(engine: Engine, tables: Collection[str] = Base.metadata.tables) -> Iterator[tuple[str, str]]:
    """Return all that is kept of what was typed in these tables, and where."""
    with engine.connect() as connection:
        for table, column in typed_columns():
            if table.name not in tables:
                continue
            for text in connection.scalars(select(column).where(column.is_not(None))):
                yield f"{table.name}.{column.name}", text


def built_in(folder: Path) -> House:
    engine = make_engine(f"sqlite:///{folder}/tiwizi.db", durable=False)
    upgrade(engine)
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=url,
        secret_key="a-key-that-protects-nothing-but-tests",
        hook_tokens=("a-hook-token-for-tests-only",),
    )
    clock = MovedClock()
    return build(Container(settings, engine, {"console": ConsoleGateway()}, clock), clock, Names())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The same house as the planted one, with the names that things have."""
    house = built_in(tmp_path_factory.mktemp("plain"))
    yield house
    house.engine.dispose()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in whose database every word is a text that means no good, however it came there."""
    house = built_in(tmp_path_factory.mktemp("planted"))
    # Controls never come so far (see above), and XML could not carry them.
    texts = cycle(text for text in TEXTS if text not in {*LONG, *CONTROLS})
    with house.engine.begin() as connection:
        for table, column in typed_columns():
            for row in connection.execute(select(*table.primary_key.columns)).all():
                this = [one == value for one, value in zip(table.primary_key.columns, row, strict=True)]
                # Some are unique.
                text = f"{next(texts)} {row[0]}" if column.unique else next(texts)
                connection.execute(
                    update(table).where(*this).values({column.name: text[: getattr(column.type, "length", None)]})
                )
    yield house
    house.engine.dispose()


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("paper", ["report", "sheet"])
def test_on_paper_amounts_stand_as_they_are_whatever_things_are_called(
    plain: House, planted: House, paper: str, language: str
) -> None:
    read = []
    for house in (plain, planted):
        with reading(house.engine) as session:
            of_money = select(ExperienceSheet.need_id).where(ExperienceSheet.need_id.in_(select(Contribution.need_id)))
            number = session.scalars(of_money.order_by(ExperienceSheet.need_id)).first()
        where = {"report": "/admin/figures/report", "sheet": f"/admin/sheets/{number}/{language}.pdf"}[paper]
        asked = {"year": "2026", "format": "pdf", "lang": language}
        answer = house.admins().get(where, query_string=asked, buffered=True)
        assert list(LOOKS[answer.mimetype or ""](answer.data)) == []
        read.append(AMOUNT.findall(" ".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)))
    assert read[0] == read[1] != []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_in_the_yearly_workbook_only_words_differ_whatever_things_are_called(
    plain: House, planted: House, language: str
) -> None:
    sheets, asked = [], {"year": "2026", "format": "xlsx", "lang": language}
    for house in (plain, planted):
        answer = house.admins().get("/admin/figures/report", query_string=asked, buffered=True)
        assert list(LOOKS[answer.mimetype or ""](answer.data)) == []
        cells = [cell for sheet in load_workbook(BytesIO(answer.data)) for row in sheet.iter_rows() for cell in row]
        sheets.append([(cell.coordinate, cell.value) for cell in cells if cell.data_type in "nd"])
        named = MARK in "".join(str(cell.value) for cell in cells)
        assert named is (house is planted)
    assert sheets[0] == sheets[1] != []


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
    own = {address: page for address, page in inside.pages.items() if not address.startswith("/static/")}
    wrong += [f"{address} is kept" for address, page in own.items() if page.headers["Cache-Control"] != "no-store"]
    assert wrong == []
    assert set(LOOKS) <= seen.keys(), seen
    assert MARK in inside.pages["/admin/"].text


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

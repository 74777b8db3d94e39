"""How long the pages of the admin view take beside 100,000 needs and 1,000,000 messages, and how often they ask."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import requests
from sqlalchemy import Engine, select

from benchmarks import country
from benchmarks.inside import container_of
from benchmarks.messages import BUILD, Row
from benchmarks.servers import SERVICE, Server, serving
from benchmarks.turns import now
from service.app import create_app
from service.domain.roles import UserRole
from service.models import Commune, User
from service.models.session import make_engine, transaction
from tests.service.web import crowd
from tests.service.web.counting import counted
from tests.service.web.person import HASHED, Person

NEEDS, MESSAGES, ABROAD = 100_000, 1_000_000, 2_000
ROUNDS = 60
WANTED = 150  # ms that 95 of 100 looks take at most
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
# A page of the same frame that asks the database only who is signed in, as all of them do.
BARE = "/admin/password"
# The first page, each list as it opens, and lists as they are searched, narrowed, put in order and turned to their end.
PAGES = (
    "/admin/",
    "/admin/associations",
    "/admin/diaspora",
    "/admin/needs",
    "/admin/proposals",
    "/admin/projects",
    "/admin/progress",
    "/admin/contributions",
    "/admin/testimonies",
    "/admin/sheets",
    "/admin/people",
    "/admin/messages",
    "/admin/messages/all",
    "/admin/needs?page=20",
    "/admin/needs?q=ecole",
    "/admin/needs?q=nothingisso",
    "/admin/needs?q=tamount+77",
    "/admin/needs?sector=roads&sort=-cost",
    "/admin/needs?province={province}&state=verified",
    "/admin/needs?commune={commune}",
    "/admin/projects?q=tamount+77",
    "/admin/messages/all?state=failed",
    "/admin/messages/all?state=expired",
    "/admin/messages/all?kind=security&state=accepted",
    "/admin/messages/all?phone=%2B212600000077",
)


def measure(needs: int = NEEDS, messages: int = MESSAGES) -> list[Row]:
    """Return p95 of each page in ms, on each database; `ratio` is to a page that asks nothing."""
    return [row for backend in country.backends() for row in _on(backend, needs, messages)]


def _on(backend: str, needs: int, messages: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir=BUILD) as made, country.database(backend, Path(made)) as url:
        place = _fill(url, needs, messages)
        container = container_of(url)
        person = Person(create_app(container, []).test_client())
        person.sign_in()
        pages = [BARE, *(page.format(**place) for page in PAGES)]
        asked = {page: _queries(container.engine, person, page) for page in pages}
        container.engine.dispose()
        with serving(SERVICE, Path(made), url) as server:
            took = _look(server, person, pages)
    bare = _percentile(took[BARE], 95)
    for page in pages:
        yield _row(f"{page}, {backend}, {asked[page]} queries", took[page], bare)


def _fill(url: str, needs: int, messages: int) -> dict[str, str]:
    """Write the rows; return a place that has some of them."""
    engine = make_engine(url)
    with transaction(engine) as session:
        session.add(
            User(name="Zahra", role=UserRole.COORDINATOR, password_hash=HASHED, password_once=False, created_at=BEGAN)
        )
        rural = select(Commune).where(Commune.rural).order_by(Commune.code)
        communes = list(session.scalars(rural))
    people = crowd.Crowd(
        BEGAN,
        [commune.code for commune in communes],
        villages=country.ASSOCIATIONS,
        abroad=ABROAD,
        officers=len(country.ROLES),
        phone=[caller.number for caller in country.callers()].__getitem__,
    )
    crowd.fill(engine, people, crowd.ABROAD, range(1, ABROAD + 1))
    crowd.fill(engine, people, crowd.NEEDS, range(1, needs + 1))
    begun = [number for number in range(1, needs + 1) if crowd.has_project(number)]
    crowd.fill(engine, people, crowd.PROJECTS, begun)
    crowd.fill(engine, people, crowd.HANDED_OVER, [number for number in begun if crowd.handed_over(number)])
    crowd.fill(engine, people, crowd.MESSAGES, range(1, messages + 1))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")
    engine.dispose()
    return {"province": communes[0].province_code, "commune": communes[0].code}


def _queries(engine: Engine, person: Person, page: str) -> int:
    with counted(engine) as asked:
        answer = person.client.get(page)
    assert answer.status_code == 200, page  # noqa: S101  # else nothing that is measured means anything
    return len(asked)


def _look(server: Server, person: Person, pages: list[str]) -> dict[str, list[float]]:
    """Open the pages in turn, one after the other, over a connection that is kept; return the ms each look took."""
    took: dict[str, list[float]] = {page: [] for page in pages}
    cookie = person.client.get_cookie("tiwizi")
    with requests.Session() as browser:
        browser.headers["Cookie"] = f"tiwizi={cookie.value}" if cookie else ""
        for _ in range(ROUNDS):
            for page in pages:
                begun = perf_counter()
                answer = browser.get(f"http://127.0.0.1:{server.port}{page}", allow_redirects=False, timeout=60)
                took[page].append((perf_counter() - begun) * 1e3)
                if answer.status_code != 200:
                    raise ValueError(f"{page}: {answer.status_code}")
    return took


def _percentile(took: list[float], place: int) -> float:
    return quantiles(took, n=100)[place - 1]


def _row(name: str, took: list[float], bare: float) -> Row:
    return {
        "name": name,
        "value": _percentile(took, 95),
        "unit": "ms p95",
        "against": f"a bare page; {WANTED} ms wanted",
        "ratio": _percentile(took, 95) / bare,
        "p50_ms": _percentile(took, 50),
        "p99_ms": _percentile(took, 99),
        "n": len(took),
        "at": now(),
    }

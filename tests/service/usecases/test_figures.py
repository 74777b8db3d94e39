"""Figures: what is counted is what happened, on both databases, in as many statements as ever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, insert

from service.domain.ledger import Columns, Source
from service.domain.money import Currency, Money
from service.domain.projects import Party, ProjectMove
from service.domain.sectors import Sector
from service.domain.states import MessageState
from service.models import Message, Need, Phone
from service.models.base import table_of
from service.models.moments import Grain
from service.models.session import reading, transaction
from service.usecases.contributions import write_line
from service.usecases.figures.counts import Happening, Tally, by, happenings
from service.usecases.figures.health import Fate, Traffic, traffic
from service.usecases.figures.money import Teller, money_by_project, money_by_source, money_of
from service.usecases.figures.path import Step, funnel, percentile, waits
from service.usecases.figures.scope import Scope, all_provinces, communes_in
from service.usecases.figures.year import report_of
from service.usecases.projects import move_project
from tests.conftest import MovedClock
from tests.service.usecases.money import Account
from tests.world import SECRETARY, TALIOUINE, officer_of

YEAR = Scope.of_year(2026)
TAROUDANNT, TIZNIT = "09.541", "09.581"


@pytest.fixture
def account(engine: Engine, clock: MovedClock) -> Account:
    return Account(engine, clock)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """What the database is asked while the block lasts."""
    asked: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    yield asked
    event.remove(engine, "before_cursor_execute", hear)


def more_needs(account: Account, count: int, reported_at: datetime, sector: Sector = Sector.ROADS) -> None:
    """Report needs of the same village that nobody looks at."""
    with transaction(account.engine) as session:
        like = session.get_one(Need, account.need)
        row = {column.name: getattr(like, column.key) for column in table_of(Need).columns if column.name != "id"}
        row |= {"sector": sector, "state": "reported", "verified_at": None, "reported_at": reported_at}
        stamp = reported_at.strftime("%j%H")
        session.execute(insert(Need), [{**row, "reference": f"{stamp}{number}"} for number in range(count)])


def moves(account: Account, *steps: tuple[ProjectMove, Party]) -> None:
    with transaction(account.engine) as session:
        for move, party in steps:
            move_project(session, account.clock(), need_id=account.need, move=move, party=party, actor="user:1")


def to_the_end(account: Account) -> None:
    """A yes after two days, then a plan, works and a handover, each a day after the other."""
    account.clock.move(days=2)
    account.says_yes()
    account.clock.move(days=1, hours=12)
    account.accepts()
    village = Party.VILLAGE
    for move in (ProjectMove.AGREE_PLAN, ProjectMove.BEGIN_WORKS, ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
        account.clock.move(days=1)
        moves(account, (move, village))


def test_needs_and_projects_are_counted_when_and_where_they_happened(account: Account) -> None:
    to_the_end(account)
    more_needs(account, 3, datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    more_needs(account, 1, datetime(2027, 1, 1, 0, 0, tzinfo=UTC))
    with reading(account.engine) as session:
        tallies = happenings(session, YEAR)
        there = happenings(session, Scope(YEAR.since, YEAR.until, TAROUDANNT), communes=True)
        elsewhere = happenings(session, Scope(YEAR.since, YEAR.until, TIZNIT))
    assert set(tallies) == {
        Tally(Happening.REPORTED, "2026-11", Sector.WATER, TAROUDANNT, 1),
        Tally(Happening.REPORTED, "2026-12", Sector.ROADS, TAROUDANNT, 3),
        Tally(Happening.INTRODUCED, "2026-11", Sector.WATER, TAROUDANNT, 1),
        Tally(Happening.HANDED_OVER, "2026-11", Sector.WATER, TAROUDANNT, 1),
    }
    assert by(there, lambda one: one.place) == {TALIOUINE: Counter({"reported": 4, "introduced": 1, "handed_over": 1})}
    assert elsewhere == []


def test_the_funnel_counts_who_reached_a_step_or_a_later_one(account: Account) -> None:
    more_needs(account, 2, account.clock())
    account.says_yes()
    account.accepts()
    # A village may begin with what it has: then a plan was reached too.
    moves(account, (ProjectMove.BEGIN_WORKS, Party.VILLAGE))
    with reading(account.engine) as session:
        reached = funnel(session, YEAR)
        assert funnel(session, Scope(YEAR.since, YEAR.until, TIZNIT)) == dict.fromkeys(Step, 0)
        assert funnel(session, Scope.of_year(2025)) == dict.fromkeys(Step, 0)
    assert list(reached.values()) == [3, 1, 1, 1, 1, 1, 1, 0]


def test_each_step_is_waited_for_since_the_one_before_it(account: Account) -> None:
    to_the_end(account)
    with reading(account.engine) as session:
        waited = waits(session, YEAR)
    day = 24
    assert {step: (one.median, one.ninetieth) for step, one in waited.items()} == {
        Step.VERIFIED: (0, 0),
        Step.PROPOSED: (0, 0),
        Step.INTEREST: (2 * day, 2 * day),
        Step.INTRODUCED: (36, 36),
        Step.PLANNED: (day, day),
        Step.WORKS: (day, day),
        Step.HANDED_OVER: (2 * day, 2 * day),
    }


def test_who_said_no_in_the_end_showed_no_interest(account: Account) -> None:
    account.says_yes()
    account.says_no()
    with reading(account.engine) as session:
        assert funnel(session, YEAR)[Step.INTEREST] == 0
        assert Step.INTEREST not in waits(session, YEAR)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_a_percentile_is_of_the_nearest_rank(values: list[int], percent: int) -> None:
    found = percentile(sorted(Counter(values).items()), percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_money_adds_up_by_source_by_project_and_to_the_ledger(account: Account) -> None:
    account.introduced()
    account.pledges()
    arrived = Money(200_001, Currency.EUR)
    first = account.declares(arrived)
    account.counts(first, arrived)
    with transaction(account.engine) as session:
        values = {"reference": account.reference, "source": Source.COMMUNE, "amount": Money.of(96_000)}
        write_line(session, account.clock(), officer=officer_of(session), **values)  # type: ignore[arg-type]  # as named
    with reading(account.engine) as session:
        sums = money_of(session, YEAR)
        projects = money_by_project(session, YEAR)
        assert money_of(session, Scope(YEAR.since, YEAR.until, TIZNIT)) == []
        assert money_of(session, Scope(YEAR.since, YEAR.until, TAROUDANNT)) == sums
        assert money_of(session, Scope.of_year(2025)) == []
    sources = money_by_source(sums)
    ledger = {line.source: line.columns for line in account.lines().values()}
    assert {source: dirhams for source, (dirhams, _) in sources.items()} == ledger
    assert {source: projects[account.need, source] for source in ledger} == ledger
    # What was said in euros, to the cent; and who said it: promised by the partner, received by the village.
    assert sources[Source.DIASPORA][1] == Columns(500_000, 200_001, 200_001)
    told = {one.teller: one.dirhams for one in sums if one.source is Source.DIASPORA}
    assert told == {Teller.CONTACT: Columns(5_400_000), Teller.OFFICER: Columns(0, 2_160_011, 2_160_011)}


def test_messages_are_counted_by_day_and_gateway(account: Account) -> None:
    now = datetime(2026, 5, 3, 12, tzinfo=UTC)
    states = [MessageState.DELIVERED, MessageState.DELIVERED, MessageState.EXPIRED, MessageState.UNKNOWN]
    with transaction(account.engine) as session:
        assert session.get(Phone, SECRETARY)
        for number, (state, gateway) in enumerate([*((one, "smpp") for one in states), (MessageState.QUEUED, None)]):
            row = {"key": f"k{number}", "phone": SECRETARY, "template": "x", "kind": "news", "priority": 4}
            row |= {"language": "fr", "text": "x", "parts": 1, "state": state, "gateway": gateway, "cost": 25}
            moment = now + timedelta(days=number // 2)
            session.add(Message(**row, created_at=moment, next_at=moment, expires_at=moment))
    with reading(account.engine) as session:
        found = traffic(session, Scope(date(2026, 5, 1), date(2026, 5, 31)))
        assert traffic(session, Scope(date(2026, 4, 1), date(2026, 4, 30))) == []
    assert found == [
        Traffic("2026-05-03", "smpp", {Fate.DELIVERED: 2}, 50),
        Traffic("2026-05-04", "smpp", {Fate.FAILED: 1, Fate.UNKNOWN: 1}, 50),
        Traffic("2026-05-05", "", {Fate.WAITING: 1}, 25),
    ]


def test_as_many_statements_are_asked_however_many_needs_there_are(account: Account) -> None:
    to_the_end(account)
    numbers = []
    for more in (0, 300):
        if more:
            more_needs(account, more, account.clock())
        with reading(account.engine) as session, counted(account.engine) as asked:
            happenings(session, YEAR)
            funnel(session, YEAR)
            waits(session, YEAR)
            money_of(session, YEAR)
            traffic(session, YEAR)
            report_of(session, account.clock(), 2026)
        numbers.append(len([one for one in asked if one.lstrip().startswith(("SELECT", "WITH"))]))
    assert numbers[0] == numbers[1] <= 20


@pytest.mark.parametrize(
    ("since", "until", "grain", "first", "last", "many"),
    [
        (date(2026, 2, 27), date(2026, 3, 2), Grain.DAY, "2026-02-27", "2026-03-02", 4),
        (date(2026, 1, 15), date(2026, 12, 31), Grain.MONTH, "2026-01", "2026-12", 12),
        (date(2016, 6, 1), date(2026, 1, 1), Grain.YEAR, "2016", "2026", 11),
    ],
)
def test_a_period_is_counted_as_finely_as_it_is_long(
    since: date, until: date, grain: Grain, first: str, last: str, many: int
) -> None:
    scope = Scope(since, until)
    assert (scope.grain, scope.stamps[0], scope.stamps[-1], len(scope.stamps)) == (grain, first, last, many)


def test_places_are_named(account: Account) -> None:
    with reading(account.engine) as session:
        assert [one.code for one in all_provinces(session)] == [TAROUDANNT, TIZNIT]
        assert [one.fr for one in communes_in(session, TAROUDANNT)] == ["Taliouine", "Taliouine Assaka"]


def test_a_report_is_of_a_year_that_can_be(account: Account) -> None:
    with reading(account.engine) as session, pytest.raises(ValueError, match="a year is from"):
        report_of(session, account.clock(), 12026)

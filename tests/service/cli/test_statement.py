"""`tiwizi statement` and `tiwizi rates`: the money of a project on paper, and what a euro is worth."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from service.cli.statement import rates, statement
from service.container import Container
from service.domain.ledger import Source
from service.domain.money import Money
from service.models import AuditEntry, Contribution, DiasporaAssociation, ExchangeRate, LedgerEntry
from service.models.session import reading, transaction
from service.usecases.contributions import write_line
from tests.conftest import MovedClock
from tests.hostile import INVISIBLE, TEXTS
from tests.service.usecases.money import EUROS, Account
from tests.service.web.looks import look_at_csv
from tests.world import officer_of


@pytest.fixture
def account(container: Container, clock: MovedClock) -> Account:
    """Lyon promised 5 000 EUR, of which 2 000 EUR arrived; another giver is named like a formula."""
    account = Account(container.engine, clock)
    account.introduced()
    account.pledges()
    with transaction(account.engine) as session:
        values = {"reference": account.reference, "source": Source.OTHER, "amount": Money.of(1_000), "label": "=1+1"}
        write_line(session, clock(), officer=officer_of(session), **values)  # type: ignore[arg-type]  # as named
    arrived = Money(200_001, EUROS.currency)
    account.counts(account.declares(arrived), arrived)
    return account


def run(container: Container, *words: str) -> Result:
    command = {"statement": statement, "rates": rates}[words[0]]
    return CliRunner().invoke(command, words[1:], obj=container)


def test_a_statement_prints_each_entry_with_its_rate_who_and_when(container: Container, account: Account) -> None:
    said = run(container, "statement", account.reference.lower())
    assert said.exit_code == 0
    head, columns, *lines, in_all = said.output.splitlines()
    assert head == f"{account.reference}: cost 320000.00 MAD, missing 205000.00 MAD"
    assert " ".join(columns.split()) == (
        "day who giver entry amount currency rate rate day dirhams promised confirmed received"
    )
    assert [" ".join(line.split()) for line in lines] == [
        "2026-11-23 Secretary Village (labour) promise 60000.00 MAD 1.0000 2026-11-23 60000.00 60000.00 0.00 0.00",
        "2026-11-23 Lyon-Taliouine Lyon-Taliouine promise 5000.00 EUR 10.8000 2026-01-01 54000.00 114000.00 0.00 0.00",
        "2026-11-23 Secretary =1+1 promise 1000.00 MAD 1.0000 2026-11-23 1000.00 115000.00 0.00 0.00",
        (
            "2026-11-23 Treasurer Lyon-Taliouine receive 2000.01 EUR 10.8000 2026-01-01 21600.11"
            " 115000.00 21600.11 21600.11"
        ),
    ]
    assert in_all.split() == ["in", "all", "115000.00", "21600.11", "21600.11"]


def test_a_statement_as_a_table_holds_nothing_that_a_spreadsheet_computes(
    container: Container, account: Account, tmp_path: Path
) -> None:
    file = tmp_path / "statement.csv"
    assert run(container, "statement", account.reference, "--csv", str(file)).output.startswith("4 entries")
    header, *rows = file.read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("day;who;giver;entry;amount;currency;rate;rate_day;dirhams;promised;confirmed;received")
    assert rows[2].split(";")[2] == "'=1+1"
    assert rows[3].split(";")[8] == "21600.11"


def test_what_givers_are_called_moves_no_amount_and_computes_nothing(
    container: Container, account: Account, tmp_path: Path
) -> None:
    """Also where a name came in by another way than ours, and is not clean."""
    before = [amounts(line) for line in run(container, "statement", account.reference).output.split("\n")]
    file, wrong = tmp_path / "statement.csv", []
    for text in TEXTS:
        with account.engine.begin() as connection:
            named = text.replace("\x00", "")[:60]
            lyon = DiasporaAssociation.name != "Utrecht-Souss"
            connection.execute(update(DiasporaAssociation).where(lyon).values(name=named))
            connection.execute(update(Contribution).where(Contribution.source == Source.OTHER).values(label=named))
            connection.execute(update(LedgerEntry).values(reason=named))
        said = run(container, "statement", account.reference).output
        wrong += [f"{text[:20]!r}: {one!r}" for one in INVISIBLE if one in said]
        wrong += [f"{text[:20]!r}: {said}"] if [amounts(line) for line in said.split("\n")] != before else []
        run(container, "statement", account.reference, "--csv", str(file))
        wrong += [f"{text[:20]!r}: {one!r}" for one in look_at_csv(file.read_bytes())]
    assert wrong == []


def amounts(line: str) -> list[str]:
    """What stands in the columns of amounts and rates, by place."""
    return [
        line[begin:end].strip() for begin, end in ((68, 82), (93, 100), (113, 127), (129, 143), (145, 159), (161, 175))
    ]


def test_a_reference_that_nobody_has_is_said_in_one_sentence(container: Container, account: Account) -> None:
    assert account
    said = run(container, "statement", "ZZ-ZZZ")
    assert (said.exit_code, said.output) == (1, "Error: No need has the reference 'ZZ-ZZZ'.\n")


def test_a_rate_is_set_for_a_day_and_who_set_it_is_kept(container: Container) -> None:
    said = run(container, "rates", "set", "10,8215", "--source", "Bank Al-Maghrib")
    assert said.output == "1 EUR = 10.8215 MAD from 2026-11-23 on.\n"
    run(container, "rates", "set", "10.5", "--source", "Bank Al-Maghrib", "--day", "2026-10-01")
    assert run(container, "rates", "list").output == (
        "2026-11-23  1 EUR = 10.8215 MAD  Bank Al-Maghrib (operator)\n"
        "2026-10-01  1 EUR = 10.5000 MAD  Bank Al-Maghrib (operator)\n"
    )
    with reading(container.engine) as session:
        assert len(session.scalars(select(ExchangeRate)).all()) == 2
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "rate.set")).all()


@pytest.mark.parametrize("words", [("abc",), ("10.82155",), ("0",), ("NaN",), ("10.8", "--day", "2026-11-24")])
def test_a_rate_that_cannot_be_is_refused_in_one_sentence(container: Container, words: tuple[str, ...]) -> None:
    said = run(container, "rates", "set", *words, "--source", "x")
    assert said.exit_code == 1
    assert said.output.startswith("Error: A rate")
    assert said.output.count("\n") == 1

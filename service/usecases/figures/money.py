"""The money of projects by who gives it: what was promised, confirmed and received in a period, and who said so."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.ledger import Account, Columns, Source
from service.domain.money import Currency
from service.models import Need
from service.models.contributions import Contribution, LedgerEntry
from service.usecases.figures.scope import Scope

# What of the accounts a column holds: see service.domain.ledger.columns.
HOLDS = {
    "promised": (Account.PROMISED, Account.CONFIRMED, Account.RECEIVED),
    "confirmed": (Account.CONFIRMED, Account.RECEIVED),
    "received": (Account.RECEIVED,),
}


class Teller(StrEnum):
    """Who entered an amount."""

    OFFICER = "officer"
    CONTACT = "contact"
    USER = "user"
    SERVICE = "service"


@dataclass(frozen=True)
class Sum:
    """What one source gave, as one kind of person entered it in one currency.

    `dirhams` are centimes of a dirham at the rates that were recorded with each entry; `said` is minor units of the
    currency, as it was said.
    """

    source: Source
    teller: Teller
    currency: Currency
    dirhams: Columns
    said: Columns


def money_of(session: Session, scope: Scope) -> list[Sum]:
    """Return what was entered in the period into the ledgers of the scope's projects, in one statement."""
    who = _teller()
    keys = (Contribution.source, who, LedgerEntry.currency)
    columns = (*_columns(LedgerEntry.dirhams), *_columns(LedgerEntry.minor))
    found = entries(scope, select(*keys, *columns)).group_by(*keys).order_by(*keys)
    return [
        Sum(source, Teller(teller), currency, Columns(*map(int, sums[:3])), Columns(*map(int, sums[3:])))
        for source, teller, currency, *sums in session.execute(found)
    ]


def money_by_source(sums: Iterable[Sum]) -> dict[Source, tuple[Columns, Columns]]:
    """Return for each source that gave something its columns in centimes of a dirham, and of them those said in euros.

    The latter are in cents.
    """
    found: dict[Source, tuple[Columns, Columns]] = {}
    for one in sums:
        dirhams, euros = found.get(one.source, (Columns(), Columns()))
        said = one.said if one.currency is Currency.EUR else Columns()
        found[one.source] = dirhams + one.dirhams, euros + said
    return {source: found[source] for source in Source if source in found}


def money_by_project(session: Session, scope: Scope) -> dict[tuple[int, Source], Columns]:
    """Return the same by project (its need's id) and source, in centimes of a dirham."""
    keys = (Contribution.need_id, Contribution.source)
    found = entries(scope, select(*keys, *_columns(LedgerEntry.dirhams))).group_by(*keys).order_by(*keys)
    return {(need_id, source): Columns(*map(int, sums)) for need_id, source, *sums in session.execute(found)}


def entries(scope: Scope, columns: Select[Any]) -> Select[Any]:
    """Return the statement of these columns of the scope's ledger entries."""
    found = columns.select_from(LedgerEntry).join(Contribution, Contribution.id == LedgerEntry.contribution_id)
    if scope.province:
        found = scope.here(found.join(Need, Need.id == Contribution.need_id))
    return found.where(scope.has(LedgerEntry.at))


def _columns(amount: InstrumentedAttribute[int]) -> tuple[ColumnElement[Any], ...]:
    return tuple(func.sum(_gained(amount, accounts)).label(None) for accounts in HOLDS.values())


def _gained(amount: InstrumentedAttribute[int], accounts: tuple[Account, ...]) -> ColumnElement[int]:
    """Return what an entry adds to a column: what comes into its accounts from outside them, less what leaves them."""
    into, out_of = LedgerEntry.into.in_(accounts), LedgerEntry.out_of.in_(accounts)
    return case((into & ~out_of, amount), (out_of & ~into, -amount), else_=0)


def _teller() -> ColumnElement[str]:
    known = (Teller.OFFICER, Teller.CONTACT, Teller.USER)
    told = [(LedgerEntry.actor.startswith(f"{one.value}:"), one.value) for one in known]
    return case(*told, else_=Teller.SERVICE.value)

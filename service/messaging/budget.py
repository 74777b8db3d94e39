"""The money guard: what a message may cost is reserved before it is sent, and never over a cap.

Amounts are thousandths of the currency of the settings; days are UTC's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, cast, literal, select, true, union_all
from sqlalchemy.orm import Session

from service.domain.countries import country_of
from service.domain.kinds import MANNERS, Kind
from service.messaging.once import INSERT
from service.models import Contact, Officer, Spending
from service.models.base import table_of
from service.models.many import PAIRS, Among, for_each_database, pairs_in
from service.settings import Settings

ALL = "all"
PER_CENT = 100
THOUSAND = 1000
SPENDING = table_of(Spending)
SUMS = for_each_database(
    lambda among: select(SPENDING.c.scope, SPENDING.c.amount).where(
        SPENDING.c.day == bindparam("at"), among(SPENDING.c.scope, "scopes")
    )
)


def _whose(kind: str, entity: type[Officer | Contact], among: Among) -> Select[str, str, int]:
    here = select(entity.phone, literal(kind), entity.association_id)
    return here.where(among(entity.phone, "phones"), entity.left_at.is_(None))


WHOSE = for_each_database(
    lambda among: union_all(_whose("village", Officer, among), _whose("diaspora", Contact, among))
)


class Wanted(NamedTuple):
    """A message that wants to be sent: `id` and `phone` are its row's."""

    id: int
    phone: str
    parts: int
    kind: Kind


def price_of_part(settings: Settings, gateway: str, phone: str) -> int:
    """Return what one part costs: through the gateway, else to the longest prefix of the E.164 number, else `*`."""
    prices = settings.sms_prices
    prefixes = (name for name in prices if name.startswith("+") and phone.startswith(name))
    name = gateway if gateway in prices else max(prefixes, key=len, default="*")
    return round(prices[name] * THOUSAND)


def country_allowed(settings: Settings, phone: str) -> bool:
    """Tell whether messages may go to the country of an E.164 number."""
    return country_of(phone) in settings.sms_countries


def reserve(
    session: Session, settings: Settings, day: date, gateway: str, wanted: Sequence[Wanted]
) -> tuple[dict[int, int], dict[int, str]]:
    """Reserve, in order, what the messages cost; return the costs by id, and the cap that each of the others met.

    The sums of the day are locked until the caller's transaction ends, so that no two spend the same money.
    """
    costs = {one.id: price_of_part(settings, gateway, one.phone) * one.parts for one in wanted}
    paid = [one for one in wanted if costs[one.id]]
    if not paid:
        return costs, {}
    scopes = _scopes(session, {one.phone for one in paid})
    # All of it, as if no cap were met: what it comes to says which are.
    wished: dict[str, int] = defaultdict(int)
    for one in paid:
        for scope in scopes[one.phone]:
            wished[scope] += costs[one.id]
    reserved = _add(session, day, wished)
    most = _most(settings)
    if all(amount <= least for scope, amount in reserved.items() for least in most[scope.partition(":")[0]].values()):
        return costs, {}
    spent = {scope: amount - wished[scope] for scope, amount in reserved.items()}
    refused = {}
    for one in paid:
        full = _full(most, one, costs[one.id], scopes[one.phone], spent)
        if full:
            refused[one.id] = full
            continue
        for scope in scopes[one.phone]:
            spent[scope] += costs[one.id]
    if refused:
        _add(session, day, {scope: amount - reserved[scope] for scope, amount in spent.items()})
    return {number: cost for number, cost in costs.items() if number not in refused}, refused


def cap_met(session: Session, settings: Settings, day: date, gateway: str, one: Wanted) -> str:
    """Return the kind of cap that a message would be over if it left now, or nothing; reserves nothing."""
    scopes = _scopes(session, {one.phone})[one.phone]
    spent = {**dict.fromkeys(scopes, 0), **spent_for(session, day, scopes)}
    cost = price_of_part(settings, gateway, one.phone) * one.parts
    return _full(_most(settings), one, cost, scopes, spent) if cost else ""


def spent_for(session: Session, day: date, scopes: Iterable[str]) -> dict[str, int]:
    """Return the sums of a day of those of these scopes that have one."""
    rows = session.execute(SUMS[session.get_bind().dialect.name], {"at": day, "scopes": sorted(scopes)})
    return {scope: amount for scope, amount in rows}  # noqa: C416  # rows are no pairs to the type checker


def release(session: Session, messages: Iterable[Any]) -> None:
    """Give back what was reserved for messages that surely did not leave: rows with `phone`, `cost`, `cost_day`."""
    paid = [one for one in messages if one.cost]
    if not paid:
        return
    scopes = _scopes(session, {one.phone for one in paid})
    for day in sorted({one.cost_day for one in paid}):
        back: dict[str, int] = {}
        for one in paid:
            for scope in scopes[one.phone] if one.cost_day == day else ():
                back[scope] = back.get(scope, 0) - one.cost
        sums = _add(session, day, back)
        # For an association that they joined since, nothing was reserved; of one that they left, it stays spent.
        if below := {scope: -amount for scope, amount in sums.items() if amount < 0}:
            _add(session, day, below)


def spent_today(session: Session, day: date) -> dict[str, int]:
    """Return the sums of a day by scope, for those who look after the service; those of phones are left out."""
    rows = session.execute(select(Spending.scope, Spending.amount).where(Spending.day == day))
    return {scope: amount for scope, amount in rows if not scope.startswith("phone:")}


def caps(settings: Settings) -> Mapping[str, int]:
    """Return the caps by kind of scope."""
    amounts = {
        ALL: settings.cap_day,
        "country": settings.cap_country,
        "village": settings.cap_association,
        "diaspora": settings.cap_association,
        "phone": settings.cap_phone,
    }
    return {kind: round(amount * THOUSAND) for kind, amount in amounts.items()}


def _full(
    most: Mapping[str, Mapping[Kind, int]], one: Wanted, cost: int, scopes: Sequence[str], spent: Mapping[str, int]
) -> str:
    """Return the kind of cap that the message would be over, or nothing."""
    kinds = ((scope, scope.partition(":")[0]) for scope in scopes)
    return next((kind for scope, kind in kinds if spent[scope] + cost > most[kind][one.kind]), "")


def _most(settings: Settings) -> Mapping[str, Mapping[Kind, int]]:
    """Return what each kind of message may bring the sum of each kind of scope to.

    Something is kept of every cap, or the one that is met first would keep nothing. Not of a phone's: who makes so much
    be sent to it has it in hand.
    """
    amounts = caps(settings)
    kept = {scope: most * settings.cap_reserve // PER_CENT for scope, most in amounts.items()} | {"phone": 0}
    return {
        scope: {kind: most - kept[scope] + kept[scope] * manner.reserve // PER_CENT for kind, manner in MANNERS.items()}
        for scope, most in amounts.items()
    }


def _scopes(session: Session, phones: set[str]) -> dict[str, list[str]]:
    """Return, for each phone, what its messages count for."""
    whose: dict[str, list[str]] = {phone: [] for phone in phones}
    found = session.connection().execute(WHOSE[session.get_bind().dialect.name], {"phones": sorted(phones)})
    for phone, kind, association in found:
        whose[phone].append(f"{kind}:{association}")
    return {phone: [ALL, f"country:{country_of(phone)}", f"phone:{phone}", *more] for phone, more in whose.items()}


def _add(session: Session, day: date, amounts: Mapping[str, int]) -> dict[str, int]:
    """Add to sums, and return what they are then. That of all comes first: who has it locked has them all."""
    connection = session.connection()
    rows = connection.execute(ADD[connection.dialect.name], {"at": day, PAIRS: amounts})
    return {scope: amount for scope, amount in rows}  # noqa: C416  # rows are no pairs to the type checker


def _adding(dialect: str) -> Any:
    scope, amount = pairs_in(dialect)
    # SQLite would take ON CONFLICT for a join of what is selected if nothing stood between.
    rows = select(bindparam("at", type_=SPENDING.c.day.type), scope, cast(amount, SPENDING.c.amount.type)).where(true())
    row = INSERT[dialect](SPENDING).from_select(["day", "scope", "amount"], rows)
    more = SPENDING.c.amount + row.excluded.amount
    added = row.on_conflict_do_update(index_elements=SPENDING.primary_key, set_={"amount": more})
    return added.returning(SPENDING.c.scope, SPENDING.c.amount)


ADD = {dialect: _adding(dialect) for dialect in INSERT}

"""Rates of exchange: what a euro is worth on a day. No money is exchanged here; promises are compared with costs."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.ledger import (
    HIGHEST_RATE,
    LOWEST_RATE,
    RATE_UNIT,
    SEED_DAY,
    SEED_RATE,
    SEED_SOURCE,
    Amount,
    Rate,
)
from service.domain.money import Currency, Money
from service.domain.text import clean
from service.models.audit import record
from service.models.contributions import ExchangeRate

LONGEST_SOURCE = 80


def rate_on(session: Session, currency: Currency, day: date) -> Rate:
    """Return the rate that holds on a day: the newest that is not of a later one, the seed before there is any."""
    if currency is Currency.MAD:
        return Rate(RATE_UNIT, day)
    found = select(ExchangeRate).where(ExchangeRate.currency == currency, ExchangeRate.day <= day)
    newest = session.scalars(found.order_by(ExchangeRate.day.desc()).limit(1)).first()
    return Rate(newest.rate, newest.day) if newest else Rate(SEED_RATE, SEED_DAY)


def priced(session: Session, now: datetime, said: Money) -> Amount:
    """Return an amount with what it is worth in dirhams today, rounded once."""
    return Amount.at(said, rate_on(session, said.currency, now.date()))


def in_dirhams(session: Session, now: datetime, said: Money | None) -> Money | None:
    """Return what an amount is worth in dirhams today; None stays None."""
    return Money(priced(session, now, said).dirhams) if said else None


def set_rate(
    session: Session, now: datetime, *, currency: Currency, day: date, rate: int, source: str, actor: str
) -> ExchangeRate:
    """Set what a currency is worth from a day on, in ten-thousandths of a dirham; entries made before keep their own.

    `source` says where it was read. Raises ValueError with one sentence for a rate, a day or a source that cannot be.
    """
    source = clean(source)
    if currency is Currency.MAD or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError("a rate is from 1 to 100 dirhams for a unit of another currency")
    if day > now.date():
        raise ValueError("a rate is of today or of a day before")
    if not 0 < len(source) <= LONGEST_SOURCE or source == SEED_SOURCE:
        raise ValueError(f"source says where the rate was read, in 1 to {LONGEST_SOURCE} characters")
    row = session.get(ExchangeRate, (currency, day), with_for_update=True) or ExchangeRate(currency=currency, day=day)
    before = row.rate
    row.rate, row.source, row.set_by = rate, source, actor
    session.add(row)
    session.flush()
    record(session, now, actor, "rate.set", f"rate:{currency}:{day}", before=before, rate=rate, source=source)
    return row

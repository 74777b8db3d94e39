"""The financing plan of a project and its ledger: who promised what, what of it is confirmed, what arrived."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, case, func, select, text
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship, selectinload

from service.domain.ledger import Account, ArrivalState, Columns, Posting, Source, columns, held, missing
from service.domain.money import Currency, Money
from service.domain.projects import LIVE
from service.models.associations import Officer
from service.models.base import Base, Id, stored
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need
from service.models.officers import is_same_person
from service.models.projects import Project


class ExchangeRate(Base):
    """What one unit of a currency is worth on a day, in ten-thousandths of a dirham; `source` says who says so."""

    __tablename__ = "exchange_rates"

    currency: Mapped[Currency] = mapped_column(stored(Currency), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[int]
    source: Mapped[str] = mapped_column(String(80))
    set_by: Mapped[str] = mapped_column(String(60))


class Contribution(Base):
    """A line of the plan: one giver. `label` names a giver that is not in the registers; its amounts are entries."""

    __tablename__ = "contributions"
    __table_args__ = (
        Index(
            "uq_contributions_diaspora",
            "need_id",
            "diaspora_id",
            unique=True,
            sqlite_where=text("diaspora_id IS NOT NULL"),
            postgresql_where=text("diaspora_id IS NOT NULL"),
        ),
        Index(None, "need_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    source: Mapped[Source] = mapped_column(stored(Source))
    diaspora_id: Mapped[int | None] = mapped_column(ForeignKey("diaspora_associations.id"))
    label: Mapped[str] = mapped_column(String(60), default="")
    declared_by: Mapped[str] = mapped_column(String(60))
    declared_at: Mapped[datetime]

    need: Mapped[Need] = relationship()
    diaspora: Mapped[DiasporaAssociation | None] = relationship()
    entries: Mapped[list["LedgerEntry"]] = relationship(back_populates="contribution", order_by="LedgerEntry.id")

    @property
    def holds(self) -> dict[Account, int]:
        """What its accounts hold, in centimes of a dirham."""
        return held((entry.out_of, entry.into, entry.dirhams) for entry in self.entries)

    @property
    def columns(self) -> Columns:
        """What of it is promised, confirmed and received, in centimes of a dirham."""
        return columns(self.holds)


class Arrival(Base):
    """What an officer says the village received; it counts when a second officer has counted the same.

    `counted` is what the second one counted, in the same currency. `rate` and `dirhams` as in a ledger entry.
    """

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contributions.id"))
    minor: Mapped[int] = mapped_column(Id)
    currency: Mapped[Currency] = mapped_column(stored(Currency))
    state: Mapped[ArrivalState] = mapped_column(stored(ArrivalState), index=True)
    declared_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    declared_at: Mapped[datetime]
    counted: Mapped[int | None] = mapped_column(Id)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    confirmed_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    contribution: Mapped[Contribution] = relationship()
    declarer: Mapped[Officer] = relationship(foreign_keys=[declared_by])
    confirmer: Mapped[Officer | None] = relationship(foreign_keys=[confirmed_by])

    @property
    def amount(self) -> Money:
        """What is said to have arrived."""
        return Money(self.minor, self.currency)


class LedgerEntry(Base):
    """An amount that goes from one account of a contribution to another; never changed, but entered back once.

    `minor` is in `currency`, `dirhams` in centimes at `rate` (ten-thousandths of a dirham a unit) of `rate_day`.
    """

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contributions.id"), index=True)
    posting: Mapped[Posting] = mapped_column(stored(Posting))
    out_of: Mapped[Account] = mapped_column(stored(Account))
    into: Mapped[Account] = mapped_column(stored(Account))
    minor: Mapped[int] = mapped_column(Id)
    currency: Mapped[Currency] = mapped_column(stored(Currency))
    rate: Mapped[int]
    rate_day: Mapped[date]
    dirhams: Mapped[int] = mapped_column(Id)
    pledge_id: Mapped[int | None] = mapped_column(ForeignKey("pledges.id"))
    arrival_id: Mapped[int | None] = mapped_column(ForeignKey("arrivals.id"))
    takes_back: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"), unique=True)
    actor: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]

    contribution: Mapped[Contribution] = relationship(back_populates="entries")

    @property
    def amount(self) -> Money:
        """The amount as it was said."""
        return Money(self.minor, self.currency)


def contributions_of(session: Session, need_id: int) -> list[Contribution]:
    """Return the lines of a need's plan with their entries, in the order they were made."""
    return list(
        session.scalars(
            select(Contribution)
            .where(Contribution.need_id == need_id)
            .order_by(Contribution.id)
            .options(selectinload(Contribution.entries), joinedload(Contribution.diaspora))
            .execution_options(populate_existing=True)
        )
    )


def locked_contribution(session: Session, contribution_id: int) -> Contribution | None:
    """Return a line of a plan, locked, with its entries as they are now: what it holds decides what may be posted."""
    found = select(Contribution).where(Contribution.id == contribution_id).with_for_update(of=Contribution)
    # The entries after the lock: another's may have come while waiting for it.
    contribution = session.scalar(found.execution_options(populate_existing=True))
    if contribution:
        session.refresh(contribution, ["entries"])
    return contribution


# What left the givers is promised, confirmed or received.
PROMISED = case(
    (LedgerEntry.out_of == Account.GIVER, LedgerEntry.dirhams),
    (LedgerEntry.into == Account.GIVER, -LedgerEntry.dirhams),
    else_=0,
)
NOW_RECEIVED = case(
    (LedgerEntry.into == Account.RECEIVED, LedgerEntry.dirhams),
    (LedgerEntry.out_of == Account.RECEIVED, -LedgerEntry.dirhams),
    else_=0,
)


class Funds(NamedTuple):
    """What of a need nobody has promised yet, and what was received for it."""

    missing: Money
    received: Money


def promised_by_need(session: Session) -> dict[int, int]:
    """Return what is promised for each need that anything was promised for, in centimes of a dirham."""
    found = select(Contribution.need_id, func.sum(PROMISED)).join(Contribution.entries).group_by(Contribution.need_id)
    return {need_id: int(promised) for need_id, promised in session.execute(found)}


def missing_of(session: Session, need: Need) -> Money:
    """Return what nobody has promised yet; a village's declared share counts before its plan has a line of it."""
    return funds_by_need(session, [need])[need.id].missing


def funds_by_need(session: Session, needs: Sequence[Need]) -> dict[int, Funds]:
    """Return what is missing and what was received of each need, by its id: in one statement, however many they are."""
    found = (
        select(
            Contribution.need_id,
            func.sum(PROMISED),
            func.max(case((Contribution.diaspora_id.is_(None), 1), else_=0)),
            func.sum(NOW_RECEIVED),
        )
        .outerjoin(Contribution.entries)
        .where(Contribution.need_id.in_([need.id for need in needs]))
        .group_by(Contribution.need_id)
    )
    lines = {need_id: (int(promised or 0), *more) for need_id, promised, *more in session.execute(found)}
    funds = {}
    for need in needs:
        promised, planned, received = lines.get(need.id, (0, 0, 0))
        left = missing(need.cost, promised + (0 if planned else need.village_share))
        funds[need.id] = Funds(Money(left), Money(int(received or 0)))
    return funds


def uncounted_by(session: Session, officer: Officer) -> list[Arrival]:
    """Return what waits for this person to count it: another declared it, and its project goes on; the oldest first."""
    waiting = session.scalars(
        select(Arrival)
        .join(Arrival.need)
        .join(Project, Project.need_id == Need.id)
        .where(
            Need.association_id == officer.association_id,
            Arrival.state == ArrivalState.DECLARED,
            Project.state.in_(LIVE),
        )
        .order_by(Arrival.id)
    )
    return [arrival for arrival in waiting if not is_same_person(session, arrival.declarer, officer)]


def arrivals_of(session: Session, need_id: int) -> list[Arrival]:
    """Return what a village says arrived for a need, the oldest first."""
    return list(session.scalars(select(Arrival).where(Arrival.need_id == need_id).order_by(Arrival.id)))


def last_arrival(session: Session, line: Contribution) -> Arrival | None:
    """Return what was received last of a line of a plan, and not taken back since."""
    found = select(Arrival).filter_by(contribution_id=line.id, state=ArrivalState.CONFIRMED)
    return session.scalars(found.order_by(Arrival.id.desc()).limit(1)).first()

"""The financing plan of a project and its ledger: who promised what, what of it is confirmed, what arrived."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.domain.ledger import Account, ArrivalState, Posting, Source
from service.domain.money import Currency, Money
from service.models.associations import Officer
from service.models.base import Base, Id, stored
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need


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
    state: Mapped[ArrivalState] = mapped_column(stored(ArrivalState))
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

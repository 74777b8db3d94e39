"""What figures are of: a period, and the whole country or one province."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.models import Commune, Need, VillageAssociation
from service.models.communes import Province
from service.models.moments import Grain

# Days: a longer period is counted more coarsely.
BY_DAY, BY_MONTH = 62, 3 * 366
LONGEST = 50 * 366
Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Scope:
    """From the first UTC day of a period to its last; `province` is a census code, empty for the country."""

    since: date
    until: date
    province: str = ""

    @classmethod
    def of_year(cls, year: int) -> "Scope":
        """Return a calendar year of the whole country."""
        return cls(date(year, 1, 1), date(year, 12, 31))

    @property
    def begin(self) -> datetime:
        """The period's first moment."""
        return datetime.combine(self.since, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.until + timedelta(days=1), time(), UTC)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    @property
    def grain(self) -> Grain:
        """How finely its time is counted."""
        if self.days <= BY_DAY:
            return Grain.DAY
        return Grain.MONTH if self.days <= BY_MONTH else Grain.YEAR

    @property
    def stamps(self) -> list[str]:
        """All its days, months or years, as service.models.moments.stamp writes them."""
        return list(dict.fromkeys(day.isoformat()[: _LENGTH[self.grain]] for day in self._each_day()))

    def has(self, moment: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Tell, of a moment in a statement, whether it is in the period."""
        return (moment >= self.begin) & (moment < self.end)

    def here(self, statement: Select[*Columns]) -> Select[*Columns]:
        """Join where a statement's needs are, and keep those of the province."""
        placed = statement.join(VillageAssociation, VillageAssociation.id == Need.association_id).join(
            Commune, Commune.code == VillageAssociation.commune_code
        )
        return placed.where(Commune.province_code == self.province) if self.province else placed

    def _each_day(self) -> Iterator[date]:
        return (self.since + timedelta(days=number) for number in range(self.days))


_LENGTH = {Grain.DAY: 10, Grain.MONTH: 7, Grain.YEAR: 4}


def all_provinces(session: Session) -> list[Province]:
    """Return all provinces and prefectures that have communes, in the order of the census."""
    places = select(Commune.province_code, Commune.province_fr, Commune.province_ar).distinct()
    return [Province(*place) for place in session.execute(places.order_by(Commune.province_code))]


def communes_in(session: Session, province_code: str) -> list[Province]:
    """Return the communes of a province, as places with their names, in the order of the census."""
    places = select(Commune.code, Commune.name_fr, Commune.name_ar).where(Commune.province_code == province_code)
    return [Province(*place) for place in session.execute(places.order_by(Commune.code))]

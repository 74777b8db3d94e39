"""All that is written of a partnership, as it was at one moment; and which persons the phones belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from service.domain.roles import ChangeKind
from service.domain.states import ChangeState
from service.models.base import Base
from service.models.session import reading

Row = dict[str, Any]
# Where people are: a phone speaks for those, or is asked as one.
PRESENT = ("officers", "contacts", "residents")
TABLES = (
    *PRESENT,
    "village_associations",
    "needs",
    "proposals",
    "projects",
    "project_steps",
    "plan_agreements",
    "escalations",
    "contributions",
    "ledger_entries",
    "pledges",
    "arrivals",
    "progress_reports",
    "officer_changes",
    "testimonies",
    "spot_checks",
    "spot_questions",
    "experience_sheets",
    "sheet_consents",
    "phones",
    "messages",
)


@dataclass(frozen=True)
class Seen:
    """The rows of each table, the oldest first."""

    tables: dict[str, list[Row]]

    @classmethod
    def of(cls, engine: Engine) -> "Seen":
        """Look."""
        found: dict[str, list[Row]] = {}
        with reading(engine) as session:
            for name in TABLES:
                table = Base.metadata.tables[name]
                rows = session.execute(select(table).order_by(*table.primary_key.columns))
                found[name] = [dict(row) for row in rows.mappings()]
        return cls(found)

    def __getitem__(self, table: str) -> list[Row]:
        """Return a table's rows."""
        return self.tables[table]

    def by(self, table: str, column: str = "id") -> dict[Any, Row]:
        """Return a table's rows by what a column holds."""
        return {row[column]: row for row in self[table]}

    def where(self, table: str, **values: object) -> list[Row]:
        """Return the rows that hold these values."""
        return [row for row in self[table] if all(row[name] == value for name, value in values.items())]

    def present(self) -> set[str]:
        """Return the phones that speak for somebody, or may be asked."""
        return {row["phone"] for table in PRESENT for row in self[table] if row["left_at"] is None}

    def stopped(self) -> set[str]:
        """Return the phones that want to hear nothing."""
        return {row["number"] for row in self["phones"] if row["stopped_at"]}


@dataclass
class Persons:
    """Who is one person, for all that the service can know: one phone, or one that a part was handed over to.

    Kept by what is seen to happen, not by how the service looks it up.
    """

    of_phone: dict[str, int] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    heirs: dict[int, frozenset[int]] = field(default_factory=dict)

    def meet(self, seen: Seen) -> None:
        """Get to know the officers who are new."""
        numbers = {row["number"] for row in seen["phones"]}
        for gone in set(self.of_phone) - numbers:
            del self.of_phone[gone]
        for officer in seen["officers"]:
            if officer["id"] not in self.known:
                self._meet(seen["officer_changes"], officer)

    def _meet(self, changes: Sequence[Row], officer: Row) -> None:
        phone, number = officer["phone"], officer["id"]
        person = self.of_phone.setdefault(phone, number)
        handed = [
            change["officer_id"]
            for change in changes
            if change["kind"] is ChangeKind.HAND_OVER
            and change["state"] is ChangeState.DONE
            and change["phone"] == phone
            and change["association_id"] == officer["association_id"]
        ]
        before = (self.heirs.get(one, frozenset({one})) for one in handed)
        self.known[number] = person
        self.heirs[number] = frozenset({person}).union(*before)

    def same(self, first: int, second: int) -> bool:
        """Tell whether two officers are one person."""
        return self.known[first] in self.heirs[second] or self.known[second] in self.heirs[first]

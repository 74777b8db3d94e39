"""What counts: the facts in a database, how many rows each table has, and a database put back as it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

from sqlalchemy import Connection, Engine, event, select

from service.models import JournalRow
from service.models.base import Base
from ussd.transports.keywords import Action

# What somebody said or decided. Journals, messages, events and counted guesses are how it came about.
FACTS: Mapping[str, str] = {
    "village_associations": "*",
    "officers": "*",
    "officer_changes": "*",
    "needs": "*",
    "need_details": "*",
    "diaspora_associations": "*",
    "contacts": "*",
    "origins": "*",
    "interests": "*",
    "proposals": "id, state, answer_reason, answered_by, accepted_by",
    "pledges": "*",
    "progress_reports": "*",
    "testimonies": "*",
    "experience_sheets": "need_id, language, state",
    "sheet_consents": "*",
    "residents": "*",
    "spot_questions": "id, answer",
    "callbacks": "*",
    "consents": "*",
    "listing_consents": "*",
    "users": "id, phone",
    "secrets": "phone, kind, hash",
}
# What a word by SMS may change at once: it is a decision by itself, or says all that would be asked.
DECISIONS: Mapping[Action, set[str]] = {
    Action.YES: {"proposals"},
    # A need also says whether anybody is left to be asked.
    Action.NO: {"proposals", "needs"},
    Action.STOP: {"consents"},
    Action.START: {"consents", "diaspora_associations"},
    Action.PAUSE: {"diaspora_associations"},
    Action.JOIN: {"officers", "officer_changes", "consents"},
}
# The questions whose answer may change facts: each says what will count. Whatever else is asked leads to one of these.
DECIDING = frozenset(
    {
        *(
            "association.review",
            "diaspora.review",
            "need.review",
            "need.details",
            "progress.review",
            "testimony.review",
            "testimony.mine",
            "experience.read",
            "sheet.ask",
            "sheet.name",
        ),
        *("proposal.seen", "proposal.seen.reason", "interest.ask", "progress.confirm", "profile.confirm", "pause.days"),
        *("agree.add", "agree.remove", "agree.hand_over", "agree.unlock", "pin.forgotten.first"),
        *("leave.officer", "leave.contact", "leave.phone"),
        *("vouch.ask", "number.colleague", "number.coordinator"),
        *("resident.consent", "spot.ask"),
        *("callback.ask", "coordinator.call", "consent", "join.code", "join.code.again"),
        *("pin.ask", "pin.again", "code.ask"),
    }
)
Facts = dict[str, list[tuple[object, ...]]]


class Ledger:
    """The facts behind an engine; they are only read again when a statement could have changed one."""

    def __init__(self, engine: Engine) -> None:
        """Listen to what is written."""
        self.engine = engine
        self._stale = True
        self._known: Facts = {}
        event.listen(engine, "before_cursor_execute", self._hear)

    def facts(self) -> Facts:
        """Return the facts by table."""
        if self._stale:
            with self.engine.execution_options(tiwizi_readonly=True).connect() as connection:
                self._known = {table: _rows(connection, table, columns) for table, columns in FACTS.items()}
            self._stale = False
        return self._known

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has, but for the journals: these are written behind, in their own time."""
        with self.engine.execution_options(tiwizi_readonly=True).connect() as connection:
            return {str(table): int(number) for table, number in connection.exec_driver_sql(_counts())}

    def _hear(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        verb, *rest = statement.split(None, 3)
        table = rest[0] if verb == "UPDATE" else rest[1] if verb in {"INSERT", "DELETE"} else ""
        self._stale = self._stale or table in FACTS


@dataclass(frozen=True)
class Snapshot:
    """All that a database held at one moment."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine) -> Self:
        """Take one."""
        with engine.begin() as connection:
            tables = Base.metadata.sorted_tables
            return cls({one.name: [dict(row) for row in connection.execute(select(one)).mappings()] for one in tables})

    def restore(self, engine: Engine) -> None:
        """Let the database hold this and nothing else."""
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
            for table in Base.metadata.sorted_tables:
                if rows := self.rows[table.name]:
                    connection.execute(table.insert(), rows)


def changed(before: Facts, after: Facts) -> set[str]:
    """Return the tables whose facts differ."""
    return {table for table in FACTS if before[table] != after[table]}


def _rows(connection: Connection, table: str, columns: str) -> list[tuple[object, ...]]:
    # A secret that was guessed at but never chosen is none.
    where = "WHERE hash <> ''" if table == "secrets" else ""
    found = connection.exec_driver_sql(f"SELECT {columns} FROM {table} {where} ORDER BY 1")  # noqa: S608  # our own names
    return [tuple(map(str, row)) for row in found]


@cache
def _counts() -> str:
    tables = sorted({*Base.metadata.tables} - {JournalRow.__tablename__})
    return " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608  # our own

"""What counts: the facts in a database, and how many rows each table has."""

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, Engine, event

from service.models.base import Base

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
    "callbacks": "*",
    "consents": "*",
    "users": "id, phone",
    "secrets": "phone, kind, hash",
}
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
        """Return how many rows each table has."""
        with self.engine.execution_options(tiwizi_readonly=True).connect() as connection:
            return {table: number for table, number in connection.exec_driver_sql(_counts())}

    def _hear(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        verb, *rest = statement.split(None, 3)
        table = rest[0] if verb == "UPDATE" else rest[1] if verb in {"INSERT", "DELETE"} else ""
        self._stale = self._stale or table in FACTS


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
    tables = sorted(Base.metadata.tables)
    return " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608  # our own

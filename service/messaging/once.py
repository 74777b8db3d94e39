"""Rows of which there is one at most, whoever comes first."""

from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.models.base import Base, table_of

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def add_once(session: Session, entity: type[Base], *, unique: str | tuple[str, ...], **values: Any) -> Any:
    """Insert a row in the caller's transaction and return its primary key.

    None when another row has the same values in the `unique` columns.

    A double does not abort the transaction. On PostgreSQL it waits for another transaction that is inserting the same.
    """
    session.flush()
    connection = session.connection()
    columns = (unique,) if isinstance(unique, str) else unique
    return connection.scalar(_statement(entity, columns, connection.dialect.name), values)


@cache
def _statement(entity: type[Base], unique: tuple[str, ...], dialect: str) -> Any:
    # Built once: a fact is a few such rows, and building them takes as long as writing them.
    table = table_of(entity)
    return INSERT[dialect](table).on_conflict_do_nothing(index_elements=unique).returning(*table.primary_key)

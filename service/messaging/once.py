"""Rows of which there is one at most, whoever comes first."""

from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.models.base import Base

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
Entity = TypeVar("Entity", bound=Base)


def add_once(session: Session, entity: type[Entity], *, unique: str, **values: Any) -> Entity | None:
    """Insert a row in the caller's transaction; None when another row has the same value in the `unique` column.

    A double does not abort the transaction. On PostgreSQL it waits for another transaction that is inserting the same.
    """
    insert = INSERT[session.get_bind().dialect.name]
    statement = insert(entity).values(**values).on_conflict_do_nothing(index_elements=[unique]).returning(entity)
    row: Entity | None = session.scalars(statement).one_or_none()
    return row

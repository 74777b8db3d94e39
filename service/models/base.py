"""What all entities share."""

from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData, String, Table, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from service.domain.text import MOST_FOLDED, folded

# Integer, because only that is SQLite's row id; bigint elsewhere.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Give SQLite's naive times their zone back."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of all entities; names constraints so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        datetime: Moment,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


def stored(enum: Any) -> Enum:
    """Return the column type of a StrEnum: its value as text, so that a new state needs no migration of types."""
    return Enum(
        enum, native_enum=False, length=20, values_callable=lambda members: [member.value for member in members]
    )


def table_of(entity: type[Base]) -> Table:
    """Return an entity's table, for statements that are built once: where turns have no time for entities."""
    return cast("Table", entity.__table__)


def folded_from(*names: str) -> MappedColumn[str]:
    """Return a column for the words of others, as `service.domain.text.folded` makes them.

    It is written with the row and never again: what people are called, and what they said, stays as it was written.
    """

    def fold(context: Any) -> str:
        values = context.get_current_parameters()
        return folded(*(values[name] for name in names))

    return mapped_column(String(MOST_FOLDED), default=fold, server_default="")

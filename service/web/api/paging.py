"""Long lists, cut by the key of the last row seen: what is added meanwhile comes later, and nothing is seen twice."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.errors import NotFoundError
from service.models.needs import Need
from service.web.api.operations import Call

Item = TypeVar("Item")
Row = TypeVar("Row")
MOST, USUAL = 100, 50
LARGEST = 2**63 - 1  # the largest number a database takes
LONGEST_KEY = 20
DIGITS = re.compile(r"[0-9]{1,19}")


def _digits(given: object) -> object:
    """Refuse what Python would forgive: ` 5`, `5.0`, `1_0`."""
    if isinstance(given, str) and not DIGITS.fullmatch(given):
        raise ValueError("a whole number")
    return given


# The bounds first: what comes before them in a schema would hide them.
Id = Annotated[int, Field(ge=1, le=LARGEST), BeforeValidator(_digits)]


class Query(BaseModel):
    """What an address may say after the question mark, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="How many items at most."), BeforeValidator(_digits)] = USUAL
    cursor: Annotated[
        str | None,
        StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,120}$"),
        Field(description="What the page before gave as `next`."),
    ] = None


class Page(BaseModel, Generic[Item]):
    """Some items of a list, the oldest first, and the cursor of the rest; null at the end."""

    items: list[Item]
    next: str | None


def cut(
    call: Call, query: PageQuery, found: Select[Row], *keys: InstrumentedAttribute[Any]
) -> tuple[list[Row], str | None]:
    """Return the rows that follow the cursor in the order of `keys`, which no two rows share, and the next cursor.

    Raises NotFoundError for a cursor that none of our answers gave.
    """
    if query.cursor:
        found = found.where(tuple_(*keys) > tuple_(*_after(query.cursor, keys)))
    rows = list(call.session.scalars(found.order_by(*keys).limit(query.limit + 1)).unique())
    if len(rows) <= query.limit:
        return rows, None
    rows = rows[: query.limit]
    return rows, _cursor([getattr(rows[-1], key.key) for key in keys])


def asked(**wanted: object) -> dict[str, object]:
    """Return what was asked for, without what was not."""
    return {name: value for name, value in wanted.items() if value is not None}


def of_needs(need_id: InstrumentedAttribute[int], **wanted: object) -> list[ColumnElement[bool]]:
    """Return the condition that the need a row belongs to is one of those asked for; none where none are."""
    given = asked(**wanted)
    return [need_id.in_(select(Need.id).filter_by(**given))] if given else []


def _cursor(values: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _after(cursor: str, keys: tuple[InstrumentedAttribute[Any], ...]) -> list[Any]:
    try:
        values = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:
        raise NotFoundError from error
    if not isinstance(values, list) or len(values) != len(keys) or not all(map(_is_key, values, keys)):
        raise NotFoundError
    return values


def _is_key(value: object, key: InstrumentedAttribute[Any]) -> bool:
    if key.type.python_type is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
    return isinstance(value, str) and len(value) <= LONGEST_KEY and "\0" not in value

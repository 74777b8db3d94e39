"""All that is kept about a person (law 09-08, the right of access): whatever table it is in, those to come as well.

The tables themselves say where a person is: columns that hold a number, that point to an officer, a contact, a resident
or a user, or that name an actor. So what is added to the models is in the export without a line here; a new column for
an actor needs its name in ACTORS. Of other people nothing is told: their numbers are masked.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, String, Table, or_, select
from sqlalchemy.orm import Session

from service.domain.kinds import Kind
from service.domain.phone import mask_phone
from service.models.associations import Officer
from service.models.audit import record
from service.models.base import Base, table_of
from service.models.diaspora import Contact
from service.models.messages import Message
from service.models.spotchecks import Resident, SpotQuestion
from service.models.users import User

# Who a row says that somebody is, by the table it is in.
PARTS: Mapping[str, type[Officer | Contact | Resident | User]] = {
    "officers": Officer,
    "contacts": Contact,
    "residents": Resident,
    "users": User,
}
NAMES = {"officers": "officer", "contacts": "contact", "residents": "resident", "users": "user"}
ACTORS = frozenset(
    {
        *("actor", "asked_by", "assigned_to", "decided_by", "declared_by", "done_by", "made_by", "scope"),
        *("set_by", "stopped_by", "subject", "told", "withdrawn_by"),
    }
)
# What proves something is told to nobody, not even to whom it belongs: whoever asks may not be them.
SECRET = re.compile(r"hash|nonce|secret|token|sound")
CODES = (Kind.REPLY, Kind.SECURITY)
HIDDEN = "…"
Rows = dict[str, list[dict[str, Any]]]


def personal_data(session: Session, now: datetime, *, phone: str, actor: str) -> dict[str, Any]:
    """Return all rows about whoever has this number, by table, as JSON; and note who asked for them."""
    found: Rows = {table.name: rows for table, rows in _tables(session, phone)}
    record(session, now, actor, "person.exported", f"phone:{mask_phone(phone)}", rows=sum(map(len, found.values())))
    return {"phone": phone, "at": now.isoformat(), "rows": found}


def _tables(session: Session, phone: str) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    parts = {name: _ids(session, name, phone) for name in PARTS}
    actors = {f"{NAMES[name]}:{one}" for name, ids in parts.items() for one in ids}
    actors |= {f"phone:{mask_phone(phone)}", f"phone:{phone}"}
    for table in Base.metadata.sorted_tables:
        where = [*_mentions(table, phone, parts), *_acts(table, actors)]
        if not where:
            continue
        rows = session.execute(select(*_told(table)).where(or_(*where)).order_by(*table.primary_key)).all()
        if rows:
            yield table, [_shown(table, row, phone) for row in rows]


def _ids(session: Session, name: str, phone: str) -> list[int]:
    entity = PARTS[name]
    return list(session.scalars(select(entity.id).where(entity.phone == phone)))


def _mentions(table: Table, phone: str, parts: Mapping[str, list[int]]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of rows that hold the number, or point to who has it."""
    for column in table.columns:
        if _is_phone(column):
            yield column == phone
        for key in column.foreign_keys:
            ids = parts.get(key.column.table.name)
            if ids:
                yield column.in_(ids)


def _acts(table: Table, actors: set[str]) -> Iterator[ColumnElement[bool]]:
    for column in table.columns:
        if column.name in ACTORS and isinstance(column.type, String):
            yield column.in_(actors)


def _told(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if not SECRET.search(column.name)]


def _is_phone(column: Column[Any]) -> bool:
    keys = {key.column.table.name for key in column.foreign_keys}
    return "phones" in keys or (column.name == "phone" or (column.table.name, column.name) == ("phones", "number"))


def _shown(table: Table, row: Row[Any], phone: str) -> dict[str, Any]:
    told = {column.name: _plain(value) for column, value in zip(_told(table), row, strict=True)}
    for column in _told(table):
        value = told[column.name]
        if _is_phone(column) and value and value != phone:
            told[column.name] = mask_phone(value)
    if table is table_of(Message) and told["kind"] in CODES:
        told["text"] = told["line"] = HIDDEN
    if table is table_of(SpotQuestion) and told["answer"]:
        told["answer"] = HIDDEN
    return told


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Enum():
            return value.value
        case Decimal():
            return str(value)
        case bytes():
            return HIDDEN
        case _:
            return value

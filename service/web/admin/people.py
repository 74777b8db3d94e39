"""People: who speaks for an association today, in a village or abroad."""

from enum import StrEnum
from typing import Any

from sqlalchemy import cast, literal, null, select, union_all
from werkzeug.wrappers import Response

from service.domain.roles import OfficerRole
from service.locales import Language
from service.models import Contact, DiasporaAssociation, Officer, Phone, VillageAssociation
from service.web.access import access
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import Linked, Typed
from service.web.admin.lists.cells import Phone as Number
from service.web.admin.lists.filters import choice, phone, since, until
from service.web.admin.lists.searches import Condition, all_words, begins, sought_phone
from service.web.showing import NAMES


class Side(StrEnum):
    """Where somebody speaks for an association."""

    VILLAGE = "village"
    ABROAD = "abroad"


ABOUT_THE_PHONE = (Phone.number.label("phone"), Phone.language, Phone.stopped_at)
# Numbers of their own tell the two kinds apart.
OFFICERS = (
    select(
        (Officer.id * 2).label("number"),
        literal(Side.VILLAGE.value).label("side"),
        Officer.role,
        literal("").label("name"),
        VillageAssociation.id.label("association_id"),
        VillageAssociation.name.label("association"),
        VillageAssociation.search,
        Officer.joined_at,
        *ABOUT_THE_PHONE,
    )
    .join(Officer.association)
    .join(Phone, Phone.number == Officer.phone)
    .where(Officer.left_at.is_(None))
)
CONTACTS = (
    select(
        (Contact.id * 2 + 1).label("number"),
        literal(Side.ABROAD.value).label("side"),
        cast(null(), Officer.role.type).label("role"),
        Contact.name,
        DiasporaAssociation.id.label("association_id"),
        DiasporaAssociation.name.label("association"),
        (DiasporaAssociation.search + Contact.search).label("search"),
        Contact.joined_at,
        *ABOUT_THE_PHONE,
    )
    .join(Contact.association)
    .join(Phone, Phone.number == Contact.phone)
    .where(Contact.left_at.is_(None))
)
PEOPLE = union_all(OFFICERS, CONTACTS).subquery("people")


def _association(row: Any) -> Linked:
    endpoint = "admin.association" if row.side == Side.VILLAGE else "admin.diaspora_association"
    return Linked(Typed(row.association), endpoint, {"number": row.association_id})


def _role(row: Any) -> object:
    return Linked(row.role, "admin.officer", {"number": row.number // 2}) if row.role else None


def _name(row: Any) -> object:
    return Linked(Typed(row.name), "admin.contact", {"number": row.number // 2}) if row.name else None


def _search(typed: str) -> Condition:
    number = sought_phone(typed)
    return PEOPLE.c.phone == number if number else all_words(typed, lambda word: begins(PEOPLE.c.search, word))


LISTING = Listing(
    "people",
    PEOPLE.c.number,
    select(PEOPLE),
    columns=(
        Column("person", (Field("role", _role), Field("name", _name))),
        column("association", _association),
        column("phone", lambda row: Number(row.phone)),
        column("language", lambda row: NAMES[row.language]),
        column("joined", lambda row: row.joined_at, PEOPLE.c.joined_at),
        column("stopped", lambda row: row.stopped_at),
    ),
    filters=(
        choice("side", Side, lambda side: PEOPLE.c.side == side.value),
        choice("role", OfficerRole, lambda role: PEOPLE.c.role == role),
        choice("language", Language, lambda language: PEOPLE.c.language == language, NAMES.__getitem__),
        phone(PEOPLE.c.phone),
        since(PEOPLE.c.joined_at),
        until(PEOPLE.c.joined_at),
    ),
    search=_search,
    order=(PEOPLE.c.joined_at.desc(), PEOPLE.c.number.desc()),
)


@access("viewer")
def show() -> str | Response:
    """List who speaks for associations, who joined last first."""
    return answer(LISTING)

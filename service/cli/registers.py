"""How one row of a table becomes one association; docs/imports.md says the same to those who fill the table."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.money import Money
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.locales import Language
from service.models.communes import Commune
from service.usecases.associations import enter_association
from service.usecases.communes import meant_commune
from service.usecases.diaspora import diaspora_named, register_diaspora

ASSOCIATION_COLUMNS = ("name", "douar", "commune", "phone", "role", "language")
DIASPORA_COLUMNS = (
    *("name", "city", "country", "time_zone", "yearly_capacity_mad", "attention_slots"),
    *("contact_name", "phone", "language", "origins", "interests"),
)
USUAL_SLOTS, USUAL_STRENGTH = "3", "2"

Cells = Mapping[str, str]
Choice = TypeVar("Choice", bound=StrEnum)


def add_diaspora(session: Session, now: datetime, cells: Cells) -> bool:
    """Register an association of emigrants, or tell by False that one of its name is already there.

    Raises ValueError with one sentence.
    """
    if diaspora_named(session, cells["name"]):
        return False
    capacity = cells["yearly_capacity_mad"]
    register_diaspora(
        session,
        now,
        name=cells["name"],
        city=cells["city"],
        country=cells["country"],
        time_zone=cells["time_zone"],
        yearly_capacity=Money.of(_number("yearly_capacity_mad", capacity)) if capacity else None,
        attention_slots=_number("attention_slots", cells["attention_slots"] or USUAL_SLOTS),
        contact_name=cells["contact_name"],
        phone=cells["phone"],
        language=_one_of(Language, "language", cells["language"]),
        origins=[_place(session, place) for place in _parts(cells["origins"])],
        interests=dict(_interest(part) for part in _parts(cells["interests"])),
    )
    return True


def add_association(session: Session, now: datetime, cells: Cells) -> bool:
    """Register a village association, or tell by False that it is already there: its name, in its commune.

    Raises ValueError with one sentence.
    """
    entered = enter_association(
        session,
        now,
        name=cells["name"],
        douar=cells["douar"],
        commune=cells["commune"],
        phone=cells["phone"],
        role=_one_of(OfficerRole, "role", cells["role"]),
        language=_one_of(Language, "language", cells["language"]),
        channel="import",
        actor="command:import",
    )
    return entered is not None


def _number(what: str, written: str) -> int:
    digits = "".join(written.split())
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{what} {written!r} is not a whole number")
    return int(digits)


def _one_of(choices: type[Choice], what: str, written: str) -> Choice:
    try:
        return choices(written.lower())
    except ValueError as error:
        raise ValueError(f"{what} {written!r} is none of {', '.join(choices)}") from error


def _parts(written: str) -> list[str]:
    return [part.strip() for part in written.split("|") if part.strip()]


def _place(session: Session, written: str) -> str:
    known = (Commune.province_code == written) | (Commune.region_code == written)
    if session.scalars(select(Commune.code).where(known).limit(1)).first():
        return written
    return meant_commune(session, written).code


def _interest(written: str) -> tuple[Sector, int]:
    sector, _, strength = written.partition(":")
    return _one_of(Sector, "interest", sector.strip()), _number("interest", strength.strip() or USUAL_STRENGTH)

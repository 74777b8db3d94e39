"""What a list can be narrowed by: each filter is one name of the address and a condition."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from service.domain.countries import HOME_ZONE
from service.domain.phone import parse_phone
from service.locales import Language
from service.models import Commune, Need, VillageAssociation
from service.web.current import language
from service.web.showing import may_decide, say, write

Condition = ColumnElement[bool]
Member = TypeVar("Member", bound=StrEnum)
Asked = Mapping[str, str]
Options = list[tuple[str, str]]
MOST_DIGITS = 18  # always fits what a database takes


@dataclass(frozen=True)
class Filter:
    """`where` turns what was asked into a condition, and is None for what cannot be asked.

    A `choice` has options, of which (value, text) are shown; a `link` only follows from an address of ours. `latin`
    says what was asked where Arabic letters cannot stand.
    """

    name: str
    where: Callable[[str], Condition | None]
    kind: Literal["choice", "date", "tel", "link"] = "choice"
    options: Callable[[Session, Asked], Options] = lambda _session, _asked: []
    latin: Callable[[Session, str], str] = lambda _session, asked: asked

    def said(self, session: Session, asked: Asked) -> str:
        """Return what a list is narrowed to by this, in words of Latin letters; nothing where it is not."""
        value = asked.get(self.name, "")
        if not value or self.where(value) is None:
            return ""
        arabic = language() is Language.AR
        match self.kind:
            case "choice":
                return self.latin(session, value) if arabic else dict(self.options(session, asked)).get(value, value)
            case "date":
                return f"{self.name if arabic else say(f'web.column.{self.name}')} {value}"
            case "tel":
                # Files are sent on, and their names with them.
                return self.name if arabic else say(f"web.column.{self.name}")
            case "link":
                return f"{self.name} {value}"


def choice(
    name: str,
    members: Iterable[Member],
    where: Callable[[Member], Condition],
    said: Callable[[Member], str] = write,
) -> Filter:
    """Return a filter by one of some states or kinds, each `said` in words."""
    known = {member.value: member for member in members}
    return Filter(
        name,
        lambda asked: where(known[asked]) if asked in known else None,
        options=lambda _session, _asked: [(value, said(member)) for value, member in known.items()],
    )


def since(column: Any) -> Filter:
    """Return a filter by the first day that counts, by the clock of Morocco."""
    return Filter("since", lambda asked: None if (day := _midnight(asked)) is None else column >= day, "date")


def until(column: Any) -> Filter:
    """Return a filter by the last day that counts."""
    end = timedelta(days=1)
    return Filter("until", lambda asked: None if (day := _midnight(asked)) is None else column < day + end, "date")


def number(name: str, column: Any, of: Callable[[Condition], Condition] = lambda condition: condition) -> Filter:
    """Return a filter by a number, which our own links give; `of` says of which rows the condition holds."""
    return Filter(name, lambda asked: of(column == int(asked)) if _is_number(asked) else None, "link")


def phone(column: Any) -> Filter:
    """Return a filter by a whole phone number, for those who see whole ones."""

    def where(asked: str) -> Condition | None:
        if not may_decide():
            return None
        try:
            return column == parse_phone(asked)  # type: ignore[no-any-return]  # an attribute of any entity
        except ValueError:
            return column == ""  # type: ignore[no-any-return]

    return Filter("phone", where, "tel")


def places(of_association: Callable[[Select[int]], Condition]) -> tuple[Filter, Filter]:
    """Return filters by province and commune; `of_association` says when a row is of one of these associations."""
    return (
        Filter(
            "province",
            lambda asked: of_association(_within(Commune.province_code == asked)),
            options=_provinces,
            latin=_french(Commune.province_code, Commune.province_fr),
        ),
        Filter(
            "commune",
            lambda asked: of_association(_within(Commune.code == asked)),
            options=_communes,
            latin=_french(Commune.code, Commune.name_fr),
        ),
    )


def of_needs(column: Any, which: Condition) -> Condition:
    """Return the condition that a row's need, whose number is in `column`, is one of these."""
    return column.in_(select(Need.id).where(which).correlate(None))  # type: ignore[no-any-return]  # an attribute of any entity


def _within(place: Condition) -> Select[int]:
    return select(VillageAssociation.id).join(VillageAssociation.commune).where(place).correlate(None)


def _french(code: Any, name: Any) -> Callable[[Session, str], str]:
    """Return what says a place's French name by its code."""
    return lambda session, asked: session.scalars(select(name).where(code == asked).limit(1)).first() or asked


def _provinces(session: Session, _asked: Asked) -> Options:
    # Those where an association is: the others would find nothing.
    peopled = Commune.code.in_(select(VillageAssociation.commune_code))
    name = Commune.province_ar if language() is Language.AR else Commune.province_fr
    found = session.execute(select(Commune.province_code, name).where(peopled).distinct().order_by(name))
    return [(code, called) for code, called in found]  # rows are no pairs to the type checker


def _communes(session: Session, asked: Asked) -> Options:
    name = Commune.name_ar if language() is Language.AR else Commune.name_fr
    within = Commune.province_code == asked.get("province", "")
    found = session.execute(select(Commune.code, name).where(within | (Commune.code == asked.get("commune", ""))))
    return sorted(((code, called) for code, called in found), key=lambda option: option[1])


def _midnight(asked: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(asked), time(), ZoneInfo(HOME_ZONE))
    except ValueError:
        return None


def _is_number(asked: str) -> bool:
    return asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS

"""What a list says of a row: the same value as a piece of a page, and as a cell of a download."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask import url_for
from markupsafe import Markup, escape

from service.domain.money import Money
from service.domain.phone import mask_phone, show_phone
from service.domain.text import visible
from service.web.showing import here, may_decide, phone, say, typed, write

Plain = str | int | float | date
BREAK, SPACE = Markup("<br>"), Markup(" ")


@dataclass(frozen=True)
class Typed:
    """What a person typed."""

    text: str

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return typed(self.text) if self.text else Markup()

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return visible(self.text)


@dataclass(frozen=True)
class Phone:
    """A number; who only views sees it masked."""

    number: str

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return Markup('<span class="phone">{}</span>').format(phone(self.number))

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return show_phone(self.number) if may_decide() else mask_phone(self.number)


@dataclass(frozen=True)
class State:
    """A state, which a page shows by its colour too."""

    value: StrEnum

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return Markup('<span class="state {}">{}</span>').format(self.value.value, write(self.value))

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return write(self.value)


@dataclass(frozen=True)
class Moment:
    """A moment to the minute, by the clock of Morocco."""

    at: datetime

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        minute = f"{here(self.at):%H:%M}"
        return Markup('<time datetime="{}">{} {}</time>').format(self.at.isoformat(), write(here(self.at)), minute)

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return here(self.at).replace(tzinfo=None)


@dataclass(frozen=True)
class Since:
    """The day since when something waits."""

    at: datetime

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return Markup("{} {}").format(say("web.list.since"), shown(self.at))

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return plain(self.at)


@dataclass(frozen=True)
class Told:
    """A value that says nothing by itself, *high*: a page tells it in the text `key`; a file has its column's name."""

    key: str
    value: StrEnum

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return escape(say(self.key, value=self.value))

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return write(self.value)


@dataclass(frozen=True)
class Linked:
    """Something that leads to its page."""

    value: object
    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> Markup:
        """Return it as it stands on a page."""
        return Markup('<a href="{}">{}</a>').format(url_for(self.endpoint, **self.values), shown(self.value))

    def plain(self) -> Plain:
        """Return it as a spreadsheet takes it."""
        return plain(self.value)


def shown(value: object) -> Markup:
    """Return a value as it stands on a page: None is nothing, a list is lines, and a tuple stands on one."""
    match value:
        case Typed() | Phone() | State() | Moment() | Since() | Told() | Linked():
            return value.shown()
        case None:
            return Markup()
        case datetime():
            return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), write(here(value)))
        case list() | tuple():
            return (BREAK if isinstance(value, list) else SPACE).join(map(shown, value))
        case _:
            return escape(write(value))


def plain(value: object) -> Plain:
    """Return a value as a spreadsheet takes it: numbers, amounts and days as such, all else as text."""
    match value:
        case Typed() | Phone() | State() | Moment() | Since() | Told() | Linked():
            return value.plain()
        case Money():
            return value.minor / 100
        case datetime():
            return here(value).date()
        case date() | int():
            return value
        case list() | tuple():
            return (", " if isinstance(value, list) else " ").join(str(plain(one)) for one in value)
        case _:
            return "" if value is None else write(value)

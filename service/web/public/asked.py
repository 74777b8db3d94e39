"""What the addresses of public pages ask for, and pages of long lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.domain.sectors import Sector
from service.domain.text import clean

PER_PAGE = 20  # few enough for a slow network
LONGEST_WORD = 60
MOST_DIGITS = 6


@dataclass(frozen=True)
class Page:
    """Some rows of a long list; pages count from 1."""

    rows: Sequence[Any]
    number: int
    pages: int
    count: int


def asked_sector() -> Sector | None:
    """Return the sector of `?sector=`."""
    asked = request.args.get("sector", "")
    return Sector(asked) if asked in set(Sector) else None


def asked_word() -> str:
    """Return what `?q=` looks for."""
    return clean(request.args.get("q", ""))[:LONGEST_WORD]


def page_of(session: Session, found: Select[Any]) -> Page:
    """Return the page of a list that `?page=` asks for, the last when there are not so many."""
    count = session.scalar(select(func.count()).select_from(found.with_only_columns(1).order_by(None).subquery())) or 0
    pages = max(1, -(-count // PER_PAGE))
    typed = request.args.get("page", "")
    asked = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= MOST_DIGITS else 1
    number = min(max(asked, 1), pages)
    return Page(session.scalars(found.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all(), number, pages, count)

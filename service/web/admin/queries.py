"""A page of rows that are few enough to be counted; for those that are not, see service.web.admin.lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PER_PAGE = 50
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list; pages count from 1."""

    rows: Sequence[Row]
    number: int
    pages: int

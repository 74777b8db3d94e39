"""Lists: each says once what its rows, columns, filters and search are; its page and its downloads follow from that.

All that was asked stands in the address, so a list can be bookmarked and sent on, and works without scripts. However
long a list is, a look at it reads the numbers of its first thousand rows in an order that an index gives, and then
the fifty that are shown: nothing is counted to its end, and nothing far down is skipped to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, case, not_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.text import clean
from service.models.session import reading
from service.web.admin.lists.cells import Plain, plain, shown
from service.web.admin.lists.downloads import WRITERS, download, file_name
from service.web.admin.lists.filters import Filter, Options
from service.web.admin.lists.searches import Search
from service.web.current import container
from service.web.showing import say

PER_PAGE = 50
MOST = 1_000  # rows that can be paged through; a download has all
CHUNK = 500  # rows of a download that are read at once
LONGEST_SEARCH = 60
Answer = str | Response


@dataclass(frozen=True)
class Field:
    """One thing said of a row: a line on the page, a column of a download; its name is the text `web.column.<key>`.

    Rows can be put in order of `sort`, which needs an index in a list that may grow long.
    """

    key: str
    value: Callable[[Any], object]
    sort: Any = None
    # Of an amount in dirhams a download has the number alone.
    in_dirhams: bool = False

    @property
    def head(self) -> str:
        """Return what stands above it in a download."""
        name = say(f"web.column.{self.key}")
        return say("web.column.in_dirhams", name=name) if self.in_dirhams else name


@dataclass(frozen=True)
class Column:
    """Fields that stand together on the page; `named` ones each beside their name."""

    key: str
    fields: tuple[Field, ...]
    named: bool = False

    @property
    def sortable(self) -> list[Field]:
        """The fields that rows can be put in order of."""
        return [field for field in self.fields if field.sort is not None]


def column(key: str, value: Callable[[Any], object], sort: Any = None) -> Column:
    """Return a column that says one thing."""
    return Column(key, (Field(key, value, sort),))


@dataclass(frozen=True)
class Listing:
    """A list. Its texts are `web.<name>.title` and `web.<name>.none`, which says how it fills.

    `rows` selects what the fields look at, and `key` tells rows apart, rising with time. `only` is what is listed at
    all. What `waits` for a decision comes first, the oldest first, then all else in `order`, which is the newest first
    where nothing else is said. Conditions stand for themselves: whatever they need of other tables is a subquery.
    `read` makes of a page's rows what the fields look at, where a query alone does not.
    """

    name: str
    key: Any
    rows: Select[*tuple[Any, ...]]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    search: Search | None = None
    only: ColumnElement[bool] | None = None
    waits: ColumnElement[bool] | None = None
    order: tuple[Any, ...] = ()
    waiting: Callable[[Any], bool] = lambda _row: False
    decides: bool = False
    read: Callable[[Session, list[Any]], list[Any]] = lambda _session, rows: rows

    @property
    def fields(self) -> list[Field]:
        """All that is said of a row."""
        return [field for column in self.columns for field in column.fields]

    @property
    def sorts(self) -> Mapping[str, Any]:
        """What rows can be put in order of, by key."""
        return {field.key: field.sort for column in self.columns for field in column.sortable}

    def load(self, session: Session, keys: Sequence[Any]) -> list[Any]:
        """Return the rows of some keys, in their order."""
        found = session.execute(self.rows.add_columns(self.key.label("key")).where(self.key.in_(keys)))
        rows = {row.key: row for row in found}
        return self.read(session, [rows[key] for key in keys if key in rows])


@dataclass(frozen=True)
class Look:
    """What is asked of a list: what to search, what to narrow it to, and the field to put it in order of (`-` down)."""

    listing: Listing
    asked: Mapping[str, str]
    sort: str = ""

    def keys(self, session: Session, most: int | None = None) -> Iterator[Any]:
        """Go through the keys of the rows in their order: all, or so many of those that wait and of the others."""
        for query in self._queries():
            read = query.limit(most) if most else query.execution_options(yield_per=CHUNK)
            yield from session.scalars(read)

    def _queries(self) -> Iterable[Select[Any]]:
        key, found = self.listing.key, select(self.listing.key).where(*self._conditions())
        if self.sort:
            by = self.listing.sorts[self.sort.lstrip("-")]
            return [found.order_by(by.desc(), key.desc()) if self.sort[0] == "-" else found.order_by(by, key)]
        order = self.listing.order or (key.desc(),)
        waits = self.listing.waits
        if waits is None:
            return [found.order_by(*order)]
        if "q" in self.asked:
            # No index helps a search: it reads all there is, so it should once.
            return [found.order_by(case((waits, 0), else_=1), case((waits, key)), *order)]
        return [found.where(waits).order_by(key), found.where(not_(waits)).order_by(*order)]

    def _conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.listing.only is not None:
            yield self.listing.only
        for narrowed in self.listing.filters:
            condition = narrowed.where(self.asked[narrowed.name]) if narrowed.name in self.asked else None
            if condition is not None:
                yield condition
        if self.listing.search and "q" in self.asked:
            yield self.listing.search(self.asked["q"])


def look_at(listing: Listing) -> Look:
    """Read from the address what is asked of a list; what a list does not know is ignored."""
    names = [*(["q"] if listing.search else []), *(one.name for one in listing.filters)]
    given = {name: clean(request.args.get(name, ""))[:LONGEST_SEARCH] for name in names}
    sort = request.args.get("sort", "")
    asked = {name: value for name, value in given.items() if value}
    return Look(listing, asked, sort if sort.removeprefix("-") in listing.sorts else "")


@dataclass(frozen=True)
class Control:
    """A filter as the page offers it."""

    name: str
    kind: str
    value: str
    options: Options


@dataclass(frozen=True)
class Line:
    """A row as the page shows it: itself, whether it waits, and what its columns say."""

    row: Any
    waits: bool
    cells: Sequence[tuple[Column, Sequence[tuple[Field, Markup]]]]


@dataclass(frozen=True)
class Page:
    """What the template of a list shows. There may be `more` rows than the `count` that can be paged through."""

    look: Look
    lines: Sequence[Line]
    controls: Sequence[Control]
    number: int
    count: int
    more: bool

    @property
    def listing(self) -> Listing:
        """The list that is shown."""
        return self.look.listing

    @property
    def pages(self) -> int:
        """How many pages there are, counted from 1."""
        return max(1, -(-self.count // PER_PAGE))

    def address(self, **changes: Any) -> str:
        """Return the address of this list with what was asked, changed so; None takes something away."""
        asked: dict[str, Any] = {**self.look.asked, "sort": self.look.sort or None, **changes}
        return url_for(str(request.endpoint), **(request.view_args or {}), **asked)

    def sorted_by(self, key: str) -> str:
        """Return how the list is in order of a field, as `aria-sort` says it; empty when it is not."""
        return {key: "ascending", f"-{key}": "descending"}.get(self.look.sort, "")


def page_of(listing: Listing, session: Session) -> Page:
    """Return the page that is asked for; `page=` counts from 1, and what is no page is the nearest."""
    look = look_at(listing)
    keys = list(islice(look.keys(session, MOST + 1), MOST + 1))
    count = min(len(keys), MOST)
    number = min(max(request.args.get("page", 1, type=int), 1), max(1, -(-count // PER_PAGE)))
    rows = listing.load(session, keys[:count][(number - 1) * PER_PAGE : number * PER_PAGE])
    controls = [
        Control(one.name, one.kind, look.asked.get(one.name, ""), one.options(session, look.asked))
        for one in listing.filters
    ]
    return Page(look, [_line(listing, row) for row in rows], controls, number, count, more=len(keys) > MOST)


def answer(asked: Listing | Callable[[Session], Listing], template: str = "admin/list.html", **more: Any) -> Answer:
    """Answer with a list's page, or with all of what is asked as a file when the address has `format=csv` or `xlsx`."""
    kind = request.args.get("format", "")
    with reading(container().engine) as session:
        listing = asked if isinstance(asked, Listing) else asked(session)
        if kind in WRITERS:
            look = look_at(listing)
            narrowed = [look.asked.get("q", ""), *(one.said(session, look.asked) for one in listing.filters)]
            name = file_name(listing.name, narrowed)
            return download(_cells(look, session), name, kind, say(f"web.{listing.name}.title"))
        return render_template(template, list=page_of(listing, session), formats=list(WRITERS), **more)


def _line(listing: Listing, row: Any) -> Line:
    cells = [(one, [(field, shown(field.value(row))) for field in one.fields]) for one in listing.columns]
    return Line(row, listing.waiting(row), cells)


def _cells(look: Look, session: Session) -> Iterator[Sequence[Plain]]:
    fields = look.listing.fields
    yield [field.head for field in fields]
    keys = look.keys(session)
    while chunk := list(islice(keys, CHUNK)):
        for row in look.listing.load(session, chunk):
            yield [plain(field.value(row)) for field in fields]
        session.expunge_all()

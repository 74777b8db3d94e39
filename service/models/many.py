"""Many values in one parameter: to PostgreSQL, a statement about a thousand rows is then like one about a row."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ARRAY, JSON, ColumnElement, Dialect, Integer, TypeDecorator, any_, bindparam, func, select
from sqlalchemy.sql import Executable
from sqlalchemy.types import TypeEngine

Among = Callable[[Any, str], ColumnElement[bool]]
PAIRS = "pairs"
FUNCTIONS = {"sqlite": func.json_each, "postgresql": func.json_each_text}
Statement = TypeVar("Statement", bound=Executable)


def for_each_database(build: Callable[[Among], Statement]) -> Mapping[str, Statement]:
    """Return a statement by the name of the dialect.

    `build` is given how the database says that a column is among the values of a parameter, a list: an array of them
    costs PostgreSQL a third of a thousand parameters; SQLite, which has none, reads them from JSON.
    """
    return {dialect: build(among) for dialect, among in AMONG.items()}


def pairs_in(dialect: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return what the parameter PAIRS, a mapping, has: its keys, which are texts, and its values, as columns."""
    table = FUNCTIONS[dialect](bindparam(PAIRS, type_=JSON)).table_valued("key", "value")
    return table.c.key, table.c.value


def _in_list(column: Any, name: str) -> ColumnElement[bool]:
    values = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
    listed: ColumnElement[bool] = column.in_(select(values.c.value))
    return listed


class _Array(TypeDecorator[Any]):
    """Numbers or texts, as PostgreSQL writes an array: the driver asks of each what it is, which takes far longer."""

    impl = ARRAY
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        """Hold values of one type; a statement that is kept is told from others by it."""
        super().__init__(item_type)
        self.item_type = item_type

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:  # noqa: ARG002  # SQLAlchemy's signature
        """Write an array of what these are."""
        written = str if isinstance(self.item_type, Integer) else _quoted
        return lambda values: f"{{{','.join(map(written, values))}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_array(column: Any, name: str) -> ColumnElement[bool]:
    in_it: ColumnElement[bool] = column == any_(bindparam(name, type_=_Array(column.type)))
    return in_it


AMONG: Mapping[str, Among] = {"sqlite": _in_list, "postgresql": _in_array}

"""What a turn asks of the database: a dial little, the middle nothing, a fact as much as it must write."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from service.container import Container
from tests.ussd.conftest import NEED, Handset


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Note every statement of the block that looks or writes; what is written behind has an engine of its own."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_dial_where_nothing_waits_looks_three_times(container: Container, secretary: Handset) -> None:
    """For the conversation, for who dials, and for what there is that may wait."""
    with counted(container.engine) as statements:
        assert secretary.dial().startswith("Ait Abdallah\n1 Signaler un besoin")
    assert len(statements) == 3, statements


def test_a_turn_in_the_middle_asks_nothing(container: Container, secretary: Handset) -> None:
    secretary.dial()
    with counted(container.engine) as statements:
        assert "1 Envoyer" in secretary.types(*NEED)
    assert statements == []


def test_a_need_is_one_look_at_who_speaks_and_five_rows(container: Container, secretary: Handset) -> None:
    """The need, its audit entry, its message, the conversation's end and the turn's key."""
    secretary.dial()
    secretary.types(*NEED)
    with counted(container.engine) as statements:
        secretary.types("1")
    assert secretary.seen[-1].ended
    looks = [statement for statement in statements if statement.startswith("SELECT")]
    assert (len(looks), len(statements)) == (1, 6), statements

"""Migrations lead up to the models, back down, and up again, on SQLite and PostgreSQL."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, select, text

from service.domain.kinds import Kind, Pace
from service.domain.states import MessageState
from service.locales import Language
from service.models import GatewayState, InboundEvent, Message, Phone
from service.models.base import Base
from service.models.inbound import CONFIDED, may_be_read
from service.models.migrations import config, downgrade, up_to_date, upgrade
from service.models.session import make_engine

BALANCE = {"balance", "balance_currency", "balance_at"}


@pytest.fixture
def empty(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it, of the same kind as the run's."""
    if engine.dialect.name == "sqlite":
        made = make_engine(f"sqlite:///{tmp_path}/empty.db")
        yield made
        made.dispose()
        return
    name = f"tiwizi_test_{uuid.uuid4().hex[:12]}"
    server = engine.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made = make_engine(engine.url.set(database=name).render_as_string(hide_password=False))
    yield made
    made.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def test_migrations_run_up_and_down_and_up_again(empty: Engine) -> None:
    assert not up_to_date(empty)
    upgrade(empty)
    first = tables(empty)
    assert first == {*Base.metadata.tables, "alembic_version"}
    assert up_to_date(empty)
    downgrade(empty)
    assert tables(empty) == {"alembic_version"}
    assert not up_to_date(empty)
    upgrade(empty)
    assert tables(empty) == first


def test_a_gateway_keeps_all_but_its_balance_on_the_way_back(empty: Engine) -> None:
    upgrade(empty)
    with empty.begin() as connection:
        row = {"name": "africastalking", "tokens": 7, "weight": 50, "balance": 17_855_000, "balance_currency": "KES"}
        connection.execute(insert(GatewayState).values(row))
    downgrade(empty, "0016")
    assert not {one["name"] for one in inspect(empty).get_columns("gateway_states")} & BALANCE
    upgrade(empty)
    with empty.connect() as connection:
        kept = connection.execute(text("SELECT tokens, weight, balance, balance_at FROM gateway_states")).one()
    assert tuple(kept) == (7, 50, None, None)


def test_a_text_that_answered_a_spot_check_has_no_words_any_more(empty: Engine) -> None:
    upgrade(empty, "0017")
    phone, now = "+212600000071", datetime(2026, 11, 23, tzinfo=UTC)
    message = {
        "phone": phone,
        "template": "spot_noted",
        "kind": Kind.REPLY,
        "priority": 0,
        "language": "fr",
        "text": "x",
        "parts": 1,
        "state": MessageState.QUEUED,
        "next_at": now,
        "expires_at": now,
        "created_at": now,
    }
    with empty.begin() as connection:
        person = {"number": phone, "language": Language.FR, "pace": Pace.AT_ONCE, "seen_at": now}
        connection.execute(insert(Phone).values(person))
        connection.execute(insert(Message).values(**message, key=f"sms:console:1|{phone}|spot_noted"))
        for number, said in (("1", "OUI"), ("2", "La pompe")):
            text_of = {"external_id": number, "phone": phone, "payload": {"text": said}, "received_at": now}
            connection.execute(insert(InboundEvent).values(gateway="console", kind="sms", **text_of))
    upgrade(empty)
    with empty.connect() as connection:
        payloads = connection.execute(select(InboundEvent.payload).order_by(InboundEvent.external_id)).scalars().all()
        assert payloads == [{CONFIDED: True}, {"text": "La pompe"}]
        assert len(connection.execute(select(InboundEvent.id).where(may_be_read())).all()) == 1


def test_the_migrated_database_is_what_the_models_say(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []

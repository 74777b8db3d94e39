"""How Alembic reaches the database: over the engine it was given."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import text

import service.models
from service.models.base import Base, Moment

assert service.models  # noqa: S101  # importing it is what registers the tables


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types as what the database keeps, so that old migrations need no code of today."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_item=render_item)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Two that migrate at once take turns; the second finds nothing left to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(7184920)"))
        context.run_migrations()
    connection.commit()

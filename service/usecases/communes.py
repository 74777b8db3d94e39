"""The register of communes, filled from the census."""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.census import communes
from service.models.communes import Commune

BATCH = 250  # rows of 24 columns stay well under the parameters either database takes at once

Progress = Callable[[int, int], None]


def load_communes(session: Session, progress: Progress = lambda done, total: None) -> int:  # noqa: ARG005  # says nothing by default
    """Write all communes of the census, new ones and changed ones, and return how many there are; deletes none.

    Done again, it changes nothing. `progress` is told (communes done, communes in all) after each batch.
    """
    rows = [asdict(commune) for commune in communes()]
    for start in range(0, len(rows), BATCH):
        _upsert(session, rows[start : start + BATCH])
        progress(min(start + BATCH, len(rows)), len(rows))
    return len(rows)


def _upsert(session: Session, rows: list[dict[str, object]]) -> None:
    dialect = session.get_bind().dialect.name
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(Commune)
    fresh = {name: statement.excluded[name] for name in rows[0] if name != "code"}
    session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=fresh), rows)

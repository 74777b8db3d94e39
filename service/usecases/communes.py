"""The register of communes: filled from the census, and asked which commune a table means."""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.census import communes
from service.census.spelling import plain
from service.models.communes import Commune, find_communes

BATCH = 250  # rows of 24 columns stay well under the parameters either database takes at once
NAMESAKES = 20  # more than any name has in Morocco
SUGGESTED = 3

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


def meant_commune(session: Session, written: str) -> Commune:
    """Return the commune of a census code or of a name that only one commune has.

    Raises ValueError with one sentence that names the nearest communes otherwise.
    """
    coded = session.get(Commune, written.strip())
    if coded:
        return coded
    near = find_communes(session, None, written, limit=NAMESAKES)
    same = [commune for commune in near if plain(written) in {plain(commune.name_fr), plain(commune.name_ar)}]
    if len(same) == 1:
        return same[0]
    if same:
        raise ValueError(f"commune {written!r} is the name of several; write the code of one of {_listed(same)}")
    hint = f"; did you mean {_listed(near[:SUGGESTED])}?" if near else ""
    raise ValueError(f"commune {written!r} is not known{hint}")


def _listed(communes: list[Commune]) -> str:
    return " or ".join(f"{commune.name_fr} ({commune.code})" for commune in communes)

"""Two villages and two associations abroad, strangers to each other; and what is written of the first ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from service.domain.money import Currency, Money
from service.domain.roles import OfficerRole
from service.domain.states import AssociationState
from service.locales import Language
from service.models import Contact, DiasporaAssociation, Need, Officer
from service.models.base import Base
from service.models.contributions import contributions_of
from service.models.needs import need_by_reference
from service.usecases.arrivals import declare_arrival
from service.usecases.phones import know_phone
from service.usecases.progress import declare_progress
from service.usecases.proposals import accept_interest, express_interest
from service.usecases.residents import join_village
from tests.ussd.projects import (
    CODE,
    HALF,
    handed_over,
    lyon_asked,
    lyon_interested,
    project_of,
    sheet_asked,
    staffed_village,
)
from tests.world import SECRETARY, diaspora, need_of, officer_of, proposed, village

# Who has nothing to do with the village and its partner, but for what they were once.
OUTSIDERS: Mapping[str, str] = {
    "a stranger": "+212600000101",
    "an officer of another village": "+212600000102",
    "a contact of another association abroad": "+33639980103",
    "who left the village": "+212600000104",
    "who left its partner": "+33639980105",
    "an officer of a village that was turned away": "+212600000106",
    "a contact of an association that was turned away": "+33639980107",
    "a resident of another village": "+212600000108",
}
VILLAGE, ABROAD = "village_associations", "diaspora_associations"
SPEAKS = {"officers": VILLAGE, "residents": VILLAGE, "contacts": ABROAD}
OF_VILLAGES = ("officers", "officer_changes", "residents", "needs")
Key = tuple[str, tuple[Any, ...]]
Rows = dict[Key, dict[str, Any]]


@dataclass
class Theirs:
    """What is the village's and its partner's: projects in each state, needs that wait, by reference."""

    rows: Rows = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    phones: frozenset[str] = frozenset()
    needs: frozenset[int] = frozenset()

    def about(self, table: str, row: Mapping[str, Any]) -> bool:
        """Tell whether a new row would be about them."""
        of_village = table in OF_VILLAGES and (VILLAGE, (row["association_id"],)) in self.rows
        return of_village or row.get("need_id") in self.needs or row.get("phone") in self.phones


def settled(session: Session, now: datetime) -> dict[str, str]:
    """Let a village and its partner have all that others might want to touch; return the references."""
    staffed_village(session, now)
    finished = _need(session, project_of(session, now))
    handed_over(session, now, finished)
    sheet_asked(session, now, finished)
    works = project_of(session, now)
    secretary = officer_of(session, SECRETARY)
    declare_progress(session, now, officer=secretary, reference=works, progress=HALF, code=CODE)
    (line,) = [one for one in contributions_of(session, _need(session, works).id) if one.diaspora]
    arrived = Money.of(1_000, Currency.EUR)
    declare_arrival(
        session, now, officer=secretary, reference=works, contribution_id=line.id, amount=arrived, code=CODE
    )
    wanted, asked = need_of(session, now), need_of(session, now)
    for need in (wanted, asked):
        lyon_asked(session, now, need)
    lyon_interested(session, now, wanted)
    waiting = need_of(session, now, verified=False)
    for need in (finished, _need(session, works), wanted, asked, waiting):
        need.title = "Citerne du haut"
    return {
        "handed over": finished.reference,
        "works": works,
        "wanted": wanted.reference,
        "asked": asked.reference,
        "waiting": waiting.reference,
    }


def outsiders(session: Session, now: datetime) -> None:
    """Let the others come, who have projects of their own."""
    of_village, of_partner = officer_of(session, SECRETARY).association, session.query(DiasporaAssociation).one()
    number = OUTSIDERS["an officer of another village"]
    neighbour = village(session, now, number, name="Tamaloukt")
    utrecht = diaspora(session, now, OUTSIDERS["a contact of another association abroad"], "Utrecht-Souss")
    utrecht.city, utrecht.contacts[0].name = "Utrecht", "Malika"
    for _ in range(2):
        need = need_of(session, now, number)
        need.title = "Four solaire"
        proposed(session, now, need, utrecht)
        wish = express_interest(session, now, contact=utrecht.contacts[0], reference=need.reference, code=CODE)
        accept_interest(session, now, officer=officer_of(session, number), proposal_id=wish.id)
    know_phone(session, now, OUTSIDERS["who left the village"])
    know_phone(session, now, OUTSIDERS["who left its partner"])
    left = {"joined_at": now, "left_at": now}
    president, contact = OUTSIDERS["who left the village"], OUTSIDERS["who left its partner"]
    session.add(Officer(association_id=of_village.id, phone=president, role=OfficerRole.PRESIDENT, **left))
    session.add(Contact(association_id=of_partner.id, phone=contact, name="Rachid", **left))
    refused = village(session, now, OUTSIDERS["an officer of a village that was turned away"], name="Azrou")
    refused.state, refused.state_reason = AssociationState.REJECTED, "..."
    abroad = diaspora(session, now, OUTSIDERS["a contact of an association that was turned away"], "Gand-Tata")
    abroad.state, abroad.state_reason = AssociationState.REJECTED, "..."
    for one in (neighbour, refused):
        one.douar = "Tamazirt"
    resident = OUTSIDERS["a resident of another village"]
    know_phone(session, now, resident, Language.FR)
    join_village(session, now, phone=resident, channel="ussd", association_id=neighbour.id)


def _need(session: Session, reference: str) -> Need:
    need = need_by_reference(session, reference)
    assert need
    return need


def all_but(rows: Rows, phone: str) -> Theirs:
    """Return all that is not of the association that somebody speaks for, nor of the phone itself."""
    there = [(table, row) for (table, _), row in rows.items() if table in SPEAKS and row["left_at"] is None]
    own = {(SPEAKS[table], row["association_id"]) for table, row in there if row["phone"] == phone}
    phones = {phone, *(row["phone"] for table, row in there if (SPEAKS[table], row["association_id"]) in own)}

    def is_own(table: str, row: Mapping[str, Any]) -> bool:
        side = VILLAGE if table in OF_VILLAGES else ABROAD
        mine = (table, row.get("id")) in own or (side, row.get("association_id")) in own
        return (
            mine or (ABROAD, row.get("diaspora_id")) in own or {row.get("phone"), row.get("number")} & phones != {*()}
        )

    others = {key: row for key, row in rows.items() if not is_own(key[0], row)}
    return Theirs(
        others,
        phones=frozenset(row["number"] for (table, _), row in others.items() if table == "phones"),
        needs=frozenset(row["id"] for (table, _), row in others.items() if table == "needs"),
    )


class Watch:
    """Hears which tables are written, and reads them again."""

    def __init__(self, engine: Engine) -> None:
        self.written: set[str] = set()
        event.listen(engine, "before_cursor_execute", self._hear)

    def _hear(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        verb, *rest = statement.split(None, 3)
        if verb in {"INSERT", "UPDATE", "DELETE"}:
            self.written.add(rest[0] if verb == "UPDATE" else rest[1])


def rows_of(connection: Connection, tables: Iterable[str]) -> Rows:
    """Return the rows of tables by their keys."""
    found: Rows = {}
    for name in tables:
        table = Base.metadata.tables[name]
        for row in connection.execute(select(table)).mappings():
            found[name, tuple(row[column.name] for column in table.primary_key)] = dict(row)
    return found


def put_back(engine: Engine, before: Rows, tables: Iterable[str]) -> None:
    """Let tables (of SQLite) hold again what they held before."""
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for name in tables:
            table = Base.metadata.tables[name]
            connection.execute(table.delete())
            if kept := [row for (one, _), row in before.items() if one == name]:
                connection.execute(table.insert(), kept)


def touched(before: Rows, after: Rows, tables: Iterable[str], them: Theirs) -> list[str]:
    """Return what became of theirs in these tables."""
    names = set(tables)
    mine = {key: row for key, row in them.rows.items() if key[0] in names}
    changed = [f"{key}: {row} is now {after.get(key)}" for key, row in mine.items() if after.get(key) != row]
    new = [f"{key[0]}: {row}" for key, row in after.items() if key not in before and them.about(key[0], row)]
    return changed + new

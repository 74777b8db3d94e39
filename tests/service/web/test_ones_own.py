"""What is one person's own in the admin view is nobody else's: be they of the same role, of a lower one, or signed out.

Every route that leads to something of a person's is asked for that very thing by each of the others, by each of its
methods, with all that its forms would send. What is the villages' is tried in tests/ussd/test_others.py.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.container import Container
from service.domain.broadcasts import Audience, Who
from service.domain.roles import UserRole
from service.models import Conversation, Export, InboundEvent, User, UserSession
from service.models.base import Base
from service.models.exports import ExportState
from service.models.session import transaction
from service.settings import Settings
from service.usecases.broadcasts import write_broadcast
from service.usecases.exports import folder_of
from service.usecases.phones import know_phone
from service.usecases.sessions import begin
from service.web.access import access_of
from tests.conftest import QUICK, MovedClock
from tests.service.web.person import PASSWORD, MakeUser
from tests.ussd.others import Rows, Watch, put_back, rows_of
from wsgi import make_app

# The same on both databases: what decides is above them.
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# What all work on together, or everybody sees: the first parts of paths below /admin/.
EVERYBODYS = frozenset(
    {
        *("", "tour", "calls", "associations", "diaspora", "needs", "undo", "sheets", "projects", "testimonies"),
        *("contributions", "arrivals", "figures", "proposals", "progress", "people", "messages", "contacts"),
        *("officers", "numbers", "api", "sign-in"),  # what is guessed there is counted: test_sign_in.py
    }
)
NOBODY = "nobody"
DEVICE, WRITTEN, KEPT = "Le carnet de Zahra", "La fille du puits", "Ce que Zahra a demandé"
PHONE, PERSON, FORM = "+212612345678", "+212612345679", "a" * 32


class Verdict(StrEnum):
    """What somebody else gets who asks for a person's own."""

    ONESELF = "it is about who asks, whatever is sent along"
    OWN = "nobody but the person"
    ADMINS_TOO = "nobody but the person, and admins"
    ADMINS = "it is how admins look after people"
    TOGETHER = "those who coordinate do it together, and a viewer reads it"


# A route that is not here, and not everybody's, has no decision yet.
DECIDED: Mapping[str, Verdict] = {
    **dict.fromkeys(("sign_out", "password", "set_password", "account", "my_phone"), Verdict.ONESELF),
    **dict.fromkeys(("end_all_sessions", "second_factor", "begin_factor", "confirm_factor"), Verdict.ONESELF),
    **dict.fromkeys(("renew_codes", "factor_off", "exports", "ask_export", "inbox"), Verdict.ONESELF),
    **dict.fromkeys(("invitation", "accept_invitation"), Verdict.ONESELF),  # a live one: test_invitations.py
    "end_session": Verdict.OWN,
    **dict.fromkeys(("read_export", "fetch_export"), Verdict.ADMINS_TOO),
    **dict.fromkeys(("users", "invite", "audit", "link_user", "role_user", "block_user"), Verdict.ADMINS),
    **dict.fromkeys(("unblock_user", "reset-factor_user", "sign-out_user"), Verdict.ADMINS),
    **dict.fromkeys(("begin_conversation", "measure", "canned", "word_canned", "conversation"), Verdict.TOGETHER),
    **dict.fromkeys(("answer_conversation", "assign_conversation", "resolve_conversation"), Verdict.TOGETHER),
    **dict.fromkeys(("reopen_conversation", "broadcasts", "write_broadcast", "new_broadcast"), Verdict.TOGETHER),
    **dict.fromkeys(("broadcast", "broadcast_results", "approve_broadcast", "pause_broadcast"), Verdict.TOGETHER),
    **dict.fromkeys(("resume_broadcast", "cancel_broadcast"), Verdict.TOGETHER),
}
# All that the forms there send; the password is right for each who asks, for they all have the same but Zahra.
SENT = {
    "name": "Zahra",
    "password": PASSWORD,
    "old": PASSWORD,
    "code": "000000",
    "phone": PHONE,
    "role": "viewer",
    "new": "trois ânes sous le figuier",
    "again": "trois ânes sous le figuier",
    "user": "",
    "folder": "mine",
    "text": "Bonjour",
    "step": "send",
    "form": FORM,
    "text-fr": "Bonjour",
    "no_appeal": "yes",
    "who": "villages",
}


# Of which tables a person's rows are, by the column that says so.
OWNERS = {"users": "id", "user_sessions": "user_id", "conversations": "assigned_to", "broadcasts": "written_by"}


@dataclass
class Desk:
    """Zahra's desk, with all that is hers: what others do at it is looked at, and undone."""

    app: Flask
    engine: Engine
    clock: MovedClock
    zahra: int
    places: Mapping[str, str]
    before: Rows
    watch: Watch

    def tries(self, who: int | None, path: str, method: str) -> tuple[TestResponse, list[str]]:
        """Let somebody ask; return the answer, and what became of what is Zahra's."""
        client = self.app.test_client()
        if who is not None:
            with transaction(self.engine) as database, client.session_transaction() as session:
                user, where = database.get_one(User, who), {"device": "", "network": ""}
                session["token"] = begin(database, self.clock(), user, **where, half=False, replaces=None)
        how: dict[str, Any] = {"data": SENT} if method == "POST" else {"query_string": SENT}
        answer = client.open(path, method=method, buffered=True, **how)
        written = {*self.watch.written}
        with self.engine.connect() as connection:
            after = rows_of(connection, written)
        put_back(self.engine, self.before, written)
        self.watch.written.clear()
        return answer, self._touched(after, written)

    def routes(self) -> Iterator[tuple[Rule, str, str]]:
        """Return each route that is not everybody's, by each of its methods, with a path to what is Zahra's."""
        for rule in self.app.url_map.iter_rules():
            room = room_of(rule)
            if room not in EVERYBODYS:
                path = re.sub(r"<[^>]+>", self.places.get(room, ""), rule.rule.replace("<kind>", "person"))
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    yield rule, path, method

    def _touched(self, after: Rows, written: set[str]) -> list[str]:
        mine = {key: row for key, row in self.before.items() if key[0] in written and self._hers(key[0], row)}
        return [f"{key}: {row} is now {after.get(key)}" for key, row in mine.items() if after.get(key) != row]

    def _hers(self, table: str, row: Mapping[str, Any]) -> bool:
        if table == "exports":
            return bool(row["asked_by"] == f"user:{self.zahra}")
        return table in OWNERS and row[OWNERS[table]] == self.zahra


def room_of(rule: Rule) -> str:
    """Return the part of a path that says whose things are there; outside of the admin view they are everybody's."""
    first, _, rest = rule.rule.lstrip("/").partition("/")
    return rest.partition("/")[0] if first == "admin" else ""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"exports_folder": str(tmp_path / "exports")})


@pytest.fixture
def desk(container: Container, clock: MovedClock, make_user: MakeUser) -> Callable[[UserRole], Desk]:
    """Make the desk of a Zahra of some role."""

    def make(role: UserRole) -> Desk:
        engine, zahra = container.engine, make_user("Zahra", role)
        # That they are an admin must not be because there is no other.
        make_user("Amina", UserRole.ADMIN)
        with transaction(engine) as session:
            places = hers(session, clock(), container.settings, session.get_one(User, zahra))
        app = make_app(container)
        # Whether forms are ours is asked elsewhere (test_walk.py).
        app.config["WTF_CSRF_METHODS"] = set()
        with engine.connect() as connection:
            before = rows_of(connection, Base.metadata.tables)
        return Desk(app, engine, clock, zahra, places, before, Watch(engine))

    return make


def hers(session: Session, now: datetime, settings: Settings, zahra: User) -> dict[str, str]:
    """Let Zahra have one of everything; return where each is."""
    zahra.password_hash, zahra.phone = QUICK.hash("le mot de passe de Zahra"), PHONE
    zahra.factor_nonce, zahra.recovery_hashes = "nonce", ["a code"]
    begin(session, now, zahra, device=DEVICE, network="41.250.*.*", half=False, replaces=None)
    export = Export(kind="person", arguments={"phone": PERSON}, asked_by=zahra.subject, asked_at=now)
    export.state, export.file, export.ended_at = ExportState.DONE, "person-1-zahra.json", now
    rows = {"testimonies": [{"text": KEPT}]}
    (folder_of(settings) / export.file).write_text(json.dumps({"phone": PERSON, "rows": rows}, ensure_ascii=False))
    know_phone(session, now, PERSON)
    heard = {"gateway": "console", "kind": "sms", "external_id": "1", "phone": PERSON, "payload": {"text": WRITTEN}}
    talk = Conversation(phone=PERSON, heard_at=now, waiting_since=now, assigned_to=zahra.id)
    session.add_all([export, InboundEvent(**heard, received_at=now), talk])
    session.flush()
    audience, texts = Audience(Who.VILLAGES), {"fr": "Bonjour"}
    broadcast = write_broadcast(session, now, user=zahra, audience=audience, texts=texts, form=FORM)
    (signed_in,) = session.scalars(select(UserSession.id))
    numbers = {"users": zahra.id, "account": signed_in, "exports": export.id, "inbox": talk.id}
    return {**{room: str(one) for room, one in numbers.items()}, "broadcasts": str(broadcast), "invitation": "x" * 43}


def test_every_route_that_is_not_everybodys_is_decided(desk: Callable[[UserRole], Desk]) -> None:
    rules = list(desk(UserRole.ADMIN).app.url_map.iter_rules())
    assert {rule.endpoint.removeprefix("admin.") for rule in rules if room_of(rule) not in EVERYBODYS} == {*DECIDED}
    assert {room_of(rule) for rule in rules} >= EVERYBODYS


PAIRS = [
    (owner, other)
    for owner in UserRole
    for other in (NOBODY, *UserRole)
    if other == NOBODY or owner.includes(UserRole(other))
]


@SQLITE
@pytest.mark.parametrize(("owner", "other"), PAIRS)
def test_nobody_else_touches_or_reads_what_is_ones_own(
    desk: Callable[[UserRole], Desk], make_user: MakeUser, owner: UserRole, other: str
) -> None:
    number = None if other == NOBODY else make_user("Idder", UserRole(other))
    hers, wrong, walked = desk(owner), list[str](), 0
    for rule, path, method in hers.routes():
        declared = access_of(hers.app, rule.endpoint) or ""
        answer, changed = hers.tries(number, path, method)
        due = expected(DECIDED[rule.endpoint.removeprefix("admin.")], declared, other)
        told = [word for word in (DEVICE, WRITTEN, KEPT) if word in answer.text]
        about = f"{method} {path}: {answer.status_code}"
        wrong += [f"{about}: {one}" for one in (*told, *changed) if due is not Answer.ALL]
        wrong += [f"{about}, not {due}"] if due in REFUSALS and answer.status_code not in REFUSALS[due] else []
        wrong += [about] if answer.status_code >= 500 else []
        walked += 1
    assert wrong == []
    assert walked > len(DECIDED) - 5


class Answer(StrEnum):
    """What somebody else is to get."""

    SIGN_IN = "sent to sign in"
    REFUSED = "refused"
    OWN = "what is the asker's own"
    ALL = "all"


ALONE = {Verdict.OWN, Verdict.ADMINS_TOO}
REFUSALS = {Answer.SIGN_IN: {302}, Answer.REFUSED: {403, 404}}


def expected(verdict: Verdict, declared: str, other: str) -> Answer:
    """Return what somebody of a role gets, by what was decided and what the route declares."""
    if declared == "public":
        return Answer.OWN
    if other == NOBODY:
        return Answer.SIGN_IN
    role = UserRole(other)
    admins_too = verdict is Verdict.ADMINS_TOO and role is UserRole.ADMIN
    if not role.includes(UserRole(declared)) or (verdict in ALONE and not admins_too):
        return Answer.REFUSED
    return Answer.OWN if verdict is Verdict.ONESELF else Answer.ALL


@SQLITE
def test_what_others_are_refused_is_there_for_its_owner(desk: Callable[[UserRole], Desk]) -> None:
    hers = desk(UserRole.COORDINATOR)
    got = {rule.endpoint: hers.tries(hers.zahra, path, method) for rule, path, method in hers.routes()}
    assert got["admin.end_session"][1] != []
    assert got["admin.end_all_sessions"][1] != []
    for endpoint, word in (("read_export", KEPT), ("fetch_export", KEPT), ("account", DEVICE), ("inbox", WRITTEN)):
        assert word in got[f"admin.{endpoint}"][0].text, endpoint

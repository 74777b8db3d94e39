"""The audit in words: what each entry adds to who did what."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from service.domain.broadcasts import Audience, Who
from service.domain.kinds import Pace
from service.domain.phone import show_phone
from service.domain.projects import Grievance
from service.domain.roles import UserRole
from service.models.audit import record
from service.models.conversations import Conversation
from service.models.session import transaction
from service.usecases.phones import know_phone
from service.web.admin.audited import COLUMNS, NAMED
from service.web.admin.deeds import KINDS
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person

AUDIT, PHONE = "/admin/audit", "+212612345678"
HOUSE = Path(__file__).parents[3]
TREES = [ast.parse(path.read_text()) for room in ("service", "ussd", "jobs") for path in (HOUSE / room).rglob("*.py")]
# What writes an entry, and what does so for others of its file or of another.
WRITERS = {"record", "_note", "note_sign_in"}
OF_WRITERS = {"session", "now", "actor"}


@pytest.fixture
def admin(person: Person, make_user: MakeUser) -> Person:
    make_user("Amina", UserRole.ADMIN)
    person.sign_in("Amina")
    return person


def keys(tree: ast.Module) -> Iterator[str]:
    """The keys under which a file writes something into the audit."""
    tables: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for name in [node.target] if isinstance(node, ast.AnnAssign) else node.targets:
                tables.setdefault(ast.unparse(name), []).extend([node.value] if node.value else [])
        if isinstance(node, ast.FunctionDef):
            returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
            tables.setdefault(node.name, []).extend(returned)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in WRITERS:
            for given in call.keywords:
                yield from [given.arg] if given.arg else _keys_of(given.value, tables)


def _keys_of(value: ast.expr, tables: dict[str, list[ast.expr]]) -> Iterator[str]:
    name = ast.unparse(value.func if isinstance(value, ast.Call) else value)
    for part in (part for table in tables.get(name, []) for part in ast.walk(table) if isinstance(part, ast.Dict)):
        yield from (key.value for key in part.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def test_every_key_that_is_written_down_has_words() -> None:
    written = {key for tree in TREES for key in keys(tree)} - OF_WRITERS
    assert {"yes", "by_sms", "how", "before", "audience", "counted", "phone", "publication"} <= written  # each way
    assert written - {*NAMED, *COLUMNS, *KINDS} == set()


VILLAGES = Audience(Who.VILLAGES, country="FR").stored()
WRITTEN: list[tuple[str, dict[str, Any], str]] = [
    ("spot_check.told", {"yes": 2, "answers": 3, "by_sms": 1}, "Ont dit oui : 2"),
    ("progress.declared", {"need": "K7-4Q2"}, "Besoin : K7-4Q2"),
    ("spot_check.begun", {"asked": 3}, "Habitants interrogés : 3"),
    ("arrival.confirmed", {"declared": 500000, "counted": 500000}, "Déclaré : 5\u00a0000\u00a0DH"),
    ("change.asked", {"kind": "add", "role": "witness"}, "Genre : Ajouter"),
    ("export.asked", {"kind": "person"}, "Genre : Données d'une personne"),
    ("sheet.published", {"language": "fr"}, "Langue : Français"),
    ("phone.stopped", {"channel": "ussd"}, "Par : le téléphone, code composé"),
    ("phone.doubted", {"why": "silent"}, "Parce que : longtemps sans signe"),
    ("phone.pace_changed", {"value": Pace.DAILY}, "Désormais : une fois par jour"),
    ("report.asked", {"told": "partners"}, "Écrit à : les partenaires"),
    ("user.signed_in", {"how": "recovery", "codes_left": 7}, "Preuve : code de secours"),
    ("user.role_changed", {"before": "viewer", "role": "admin"}, "Avant : lecture seule"),
    ("project.paused", {"until": str(date(2026, 12, 24))}, "Jusqu'au : 24/12/2026"),
    ("project.dispute", {"reason": Grievance.MONEY}, "Raison : L'argent"),
    ("proposal.overtaken", {"before": "interested"}, "Avant : intéressée"),
    ("diaspora.sectors_changed", {"value": ["water", "education"]}, "Désormais : Eau potable, École"),
    ("diaspora.capacity_changed", {"value": 500000}, "Désormais : 5\u00a0000\u00a0DH"),
    ("diaspora.origins_changed", {"value": ["09.541.01.11"]}, "Désormais : "),
    (
        "broadcast.written",
        {"audience": VILLAGES},
        "Destinataires : Responsables de villages, France",
    ),
    ("webhook.made", {"events": ["need.reported"], "url": "https://x.org"}, "Événements : besoin : signalement"),
]


def test_what_is_written_down_is_said_in_words(admin: Person, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        for action, data, _ in WRITTEN:
            record(session, clock(), "job:spot-checks", action, "nothing", **data)
    said = admin.get(AUDIT, who="job:spot-checks").text.replace("&#39;", "'").replace("<bdi>", "").replace("</bdi>", "")
    assert [told for _, _, told in WRITTEN if told not in said] == []
    assert "tâche automatique questions aux habitants" in said


def test_a_conversation_is_known_by_its_number(admin: Person, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        know_phone(session, clock(), PHONE)
        session.flush()
        talk = Conversation(phone=PHONE, heard_at=clock())
        session.add(talk)
        session.flush()
        record(session, clock(), "job:match", "conversation.resolved", f"conversation:{talk.id}")
    assert f"conversation <bdi>{show_phone(PHONE)}</bdi>" in admin.get(AUDIT).text

"""Everything kept about a person, in whatever table it is; nothing of others, and nothing that proves anything."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, String, select

from service.domain.phone import mask_phone
from service.domain.roles import ChangeKind, OfficerRole
from service.messaging.outbox import tell
from service.models import AuditEntry, Base, InboundEvent, Secret, SecretKind, Spending
from service.models.callbacks import Callback
from service.models.session import transaction
from service.usecases.officers import ask_change
from service.usecases.personal import ACTORS, HIDDEN, personal_data
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.web.public_story import NAMED_WORDS, PRIVATE_WORDS, PublicStory, tell_public_story
from tests.ussd.projects import CODE, WITNESS
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, officer_of

NEWCOMER = "+212612345678"


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> PublicStory:
    return tell_public_story(engine, clock())


def kept(engine: Engine, clock: MovedClock, phone: str) -> dict[str, list[dict[str, Any]]]:
    with transaction(engine) as session:
        found = personal_data(session, clock(), phone=phone, actor="user:1")
    rows: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(found))["rows"]
    return rows


def test_who_a_person_is_what_they_agreed_to_said_and_did_is_told(
    engine: Engine, clock: MovedClock, story: PublicStory
) -> None:
    assert story
    secretary = kept(engine, clock, SECRETARY)
    assert [one["role"] for one in secretary["officers"]] == ["secretary"]
    assert secretary["phones"][0]["number"] == SECRETARY
    assert [one["channel"] for one in secretary["consents"]] == ["ussd"]
    assert {"needs", "progress_reports", "messages", "sheet_consents", "project_steps"} <= secretary.keys()
    assert "need.reported" in {one["action"] for one in secretary["audit_entries"]}
    lyon = kept(engine, clock, LYON)
    assert lyon["contacts"][0]["name"] == "Fatima"
    assert lyon["testimonies"][0]["text"] == PRIVATE_WORDS
    assert kept(engine, clock, WITNESS)["testimonies"][0]["text"] == NAMED_WORDS


def test_every_table_that_can_hold_a_number_is_looked_into(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        know_phone(session, clock(), STRANGER)
        session.add(Callback(phone=STRANGER, channel="sms", asked_at=clock()))
        session.add(Secret(phone=STRANGER, kind=SecretKind.PIN, hash="$argon2id$of-a-pin"))
        session.add(Spending(scope=f"phone:{STRANGER}", day=clock().date(), amount=80))
        event = {"gateway": "console", "kind": "sms", "external_id": "1", "received_at": clock()}
        session.add(InboundEvent(**event, phone=STRANGER, payload={"text": "bonjour"}))
    found = kept(engine, clock, STRANGER)
    assert {"phones", "callbacks", "secrets", "spending", "inbound_events"} <= found.keys()
    assert found["inbound_events"][0]["payload"] == {"text": "bonjour"}
    assert "hash" not in found["secrets"][0]
    assert "argon2id" not in json.dumps(found)


def test_no_column_that_says_who_did_something_is_forgotten() -> None:
    """A new column of an actor is to be added to ACTORS; these are known to be none."""
    others = {"by", "completed_by"}
    named = {
        column.name
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String)
        and (column.name == "actor" or column.name.endswith("_by"))
        and not column.foreign_keys
    }
    assert named - ACTORS - others == set()


def test_other_people_are_masked_and_codes_are_told_to_nobody(
    engine: Engine, clock: MovedClock, story: PublicStory
) -> None:
    assert story
    with transaction(engine) as session:
        officer = officer_of(session)
        ask_change(
            session,
            clock(),
            officer=officer,
            kind=ChangeKind.ADD,
            role=OfficerRole.PRESIDENT,
            phone=NEWCOMER,
            dial=CODE,
            pepper="p",
        )
        tell(session, clock(), event="code", phone=SECRETARY, template="dialogue", reply=True, text="code 402817")
    found = kept(engine, clock, SECRETARY)
    change = found["officer_changes"][0]
    assert change["phone"] == mask_phone(NEWCOMER)
    assert "code_hash" not in change
    written = json.dumps(found)
    assert "402817" not in written
    assert HIDDEN in {one["text"] for one in found["messages"]}
    for phone in (TREASURER, NEWCOMER):
        assert phone not in json.dumps({name: rows for name, rows in found.items() if name != "messages"})


def test_the_export_is_noted_without_the_number(engine: Engine, clock: MovedClock, story: PublicStory) -> None:
    assert story
    kept(engine, clock, LYON)
    with transaction(engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "person.exported")).one()
        assert (noted.actor, noted.subject) == ("user:1", f"phone:{mask_phone(LYON)}")


def test_nobody_is_an_empty_export(engine: Engine, clock: MovedClock) -> None:
    assert kept(engine, clock, STRANGER) == {}

"""What a program changes: as a coordinator on a page would, once, and not over somebody else's change."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from service.models import ApiAnswer, AuditEntry, DiasporaAssociation, Message, Need, VillageAssociation
from service.models.session import reading, transaction
from service.usecases.purge import purge
from service.web.api.problems import PREFIX
from tests.conftest import MovedClock
from tests.service.web.api.conftest import Country, Program
from tests.world import LYON, SECRETARY, TALIOUINE

VILLAGE: dict[str, Any] = {
    "name": "Ait Ouassif",
    "douar": "Ouassif",
    "commune": TALIOUINE,
    "phone": "+212600000055",
    "role": "president",
    "language": "fr",
    "consent": True,
}
ABROAD: dict[str, Any] = {
    "name": "Gent-Souss",
    "city": "Gent",
    "country": "BE",
    "contact_name": "Aicha",
    "phone": "+32470000001",
    "language": "fr",
    "origins": [TALIOUINE],
    "interests": {"water": 3, "education": 1},
    "yearly_capacity_centimes": 5_000_000,
    "consent": True,
}


def count(engine: Engine, entity: Any) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].removeprefix(PREFIX)


def test_a_need_is_verified_by_a_program_and_its_village_hears(
    program: Program, engine: Engine, country: Country
) -> None:
    answer = program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"})
    assert answer.status_code == 200
    assert answer.json
    assert (answer.json["state"], answer.json["urgency"]) == ("verified", "high")
    assert answer.headers["ETag"] == program.get(f"/needs/{country.waiting}").headers["ETag"]
    with reading(engine) as session:
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (noted.actor, noted.action) == (f"token:{program.token_id}", "need.verified")
        assert session.scalars(select(Message.template).order_by(Message.id.desc()).limit(1)).one() == "need_verified"
    assert kind(program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"})) == (409, "move")


def test_a_need_is_turned_away_with_a_reason(program: Program, country: Country) -> None:
    assert kind(program.post(f"/needs/{country.waiting}/reject", {"reason": " \u200b "})) == (409, "refused")
    answer = program.post(f"/needs/{country.waiting}/reject", {"reason": "doublon"})
    assert answer.json
    assert (answer.json["state"], answer.json["state_reason"]) == ("rejected", "doublon")
    assert kind(program.post("/needs/ZZ-ZZZ/reject", {"reason": "doublon"})) == (404, "not-found")


def test_associations_are_registered_verified_and_turned_away(
    program: Program, engine: Engine, country: Country
) -> None:
    for path, body, entity in (("village", VILLAGE, VillageAssociation), ("diaspora", ABROAD, DiasporaAssociation)):
        before = count(engine, entity)
        made = program.post(f"/{path}-associations", body)
        assert made.status_code == 201, made.text
        assert count(engine, entity) == before + 1
        where = made.headers["Location"].removeprefix("/api/v1")
        assert program.get(where).data == made.data
        assert kind(program.post(f"/{path}-associations", body)) == (409, "refused")
        assert program.post(f"{where}/reject", {"reason": "inconnue"}).json == {
            **made.json,  # type: ignore[dict-item]  # it has a body, as its status says
            **program.get(where).json,  # type: ignore[dict-item]
            "state": "rejected",
        }
        verified = program.post(f"{where}/verify")
        assert verified.json
        assert verified.json["state"] == "verified"
    assert program.post(f"/village-associations/{country.pending}/verify").status_code == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"commune": "Nowhere"}, "commune 'Nowhere' is not known"),
        ({"phone": SECRETARY}, "the phone already speaks for 'Ait Abdallah'"),
        ({"phone": "+21212345678901"}, "is not a phone number"),
        ({"name": "\u200b"}, "name needs 1 to 80 characters"),
    ],
)
@pytest.mark.usefixtures("country")
def test_what_the_registers_refuse_is_said_in_one_sentence(
    program: Program, engine: Engine, changed: dict[str, str], said: str
) -> None:
    before = count(engine, VillageAssociation)
    answer = program.post("/village-associations", VILLAGE | changed)
    assert kind(answer) == (409, "refused")
    assert said in answer.text
    assert count(engine, VillageAssociation) == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"origins": ["99.999"]}, "origin '99.999' is not the census code"),
        ({"phone": LYON}, "the phone already answers for 'Lyon-Taliouine'"),
        ({"country": "XX"}, "country 'XX' is not"),
        ({"name": "Lyon-Taliouine"}, "already registered"),
    ],
)
@pytest.mark.usefixtures("country")
def test_what_the_registers_abroad_refuse_is_said_too(program: Program, changed: dict[str, Any], said: str) -> None:
    answer = program.post("/diaspora-associations", ABROAD | changed)
    assert kind(answer) == (409, "refused")
    assert said in answer.text


def test_lines_of_a_plan_are_written_and_papers_noted(program: Program, country: Country) -> None:
    path = f"/projects/{country.works}/lines"
    written = program.post(path, {"source": "commune", "label": "Taliouine", "amount_centimes": 100_000_00})
    assert written.json, written.text
    line = written.json["plan"][-1]
    assert (line["giver"], line["promised_centimes"], line["declared_by"]) == ("Taliouine", 100_000_00, "coordinator")
    noted = program.post(f"{path}/{line['id']}/confirm", {"paper": "Délibération 12/2026"})
    assert noted.json
    assert noted.json["plan"][-1]["confirmed_centimes"] == 100_000_00
    assert kind(program.post(f"{path}/{line['id']}/confirm", {"paper": "encore"})) == (409, "move")
    assert kind(program.post(f"{path}/{country.line}/confirm", {"paper": "la sienne"})) == (403, "not-allowed")
    other = f"/projects/{country.project}/lines"
    assert kind(program.post(f"{other}/{line['id']}/confirm", {"paper": "ailleurs"})) == (404, "not-found")
    assert kind(program.post(other, {"source": "commune", "amount_centimes": 1})) == (409, "move")
    assert kind(program.post(path, {"source": "province", "amount_centimes": 0})) == (409, "refused")
    assert kind(program.post(path, {"source": "diaspora", "amount_centimes": 1})) == (422, "invalid")
    assert kind(program.post(f"/projects/{country.waiting}/lines", {"source": "other", "amount_centimes": 1}))[0] == 404


def test_the_same_request_under_the_same_key_is_done_once(program: Program, engine: Engine, country: Country) -> None:
    key = {"Idempotency-Key": "7d5e-once"}
    first = program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, key)
    again = program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, key)
    assert (first.status_code, first.data, first.headers["ETag"]) == (200, again.data, again.headers["ETag"])
    assert again.status_code == 200
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    for path, body in (
        (f"{country.waiting}/verify", {"urgency": "low"}),
        (f"{country.verified}/verify", {"urgency": "high"}),
    ):
        assert kind(program.post(f"/needs/{path}", body, key)) == (422, "key-reused")
    assert count(engine, ApiAnswer) == 1
    made = program.post("/village-associations", VILLAGE, {"Idempotency-Key": "another"})
    replayed = program.post("/village-associations", VILLAGE, {"Idempotency-Key": "another"})
    assert (made.status_code, replayed.status_code, replayed.data) == (201, 201, made.data)
    assert replayed.headers["Location"] == made.headers["Location"]


def test_another_token_s_key_is_another_key(program: Program, make_program: Any, country: Country) -> None:
    key = {"Idempotency-Key": "same"}
    assert program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, key).status_code == 200
    assert kind(make_program().post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, key)) == (409, "move")


def test_what_failed_is_not_kept(program: Program, engine: Engine, country: Country) -> None:
    key = {"Idempotency-Key": "again"}
    program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"})
    assert kind(program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, key)) == (409, "move")
    assert count(engine, ApiAnswer) == 0


@pytest.mark.parametrize("key", ["", "x" * 101, "a b", "é"])
def test_a_key_is_short_and_visible(program: Program, country: Country, key: str) -> None:
    answer = program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, {"Idempotency-Key": key})
    assert kind(answer) == (400, "key")


@pytest.mark.usefixtures("country")
def test_ten_equal_posts_at_once_are_one_fact(app: Flask, program: Program, engine: Engine) -> None:
    before = count(engine, VillageAssociation)

    def ask(_: int) -> tuple[int, bytes]:
        mine = Program(app.test_client(), program.token)
        answer = mine.post("/village-associations", VILLAGE, {"Idempotency-Key": "ten"})
        return answer.status_code, answer.data

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert count(engine, VillageAssociation) == before + 1


def test_who_saw_something_else_changes_nothing(program: Program, country: Country) -> None:
    path = f"/projects/{country.works}"
    seen = program.get(path).headers["ETag"]
    line: dict[str, Any] = {"source": "commune", "amount_centimes": 500}
    for tag in (seen, "*"):
        answer = program.post(f"{path}/lines", line, {"If-Match": tag})
        assert answer.status_code == 200, answer.text
        line["amount_centimes"] += 1
    for tag in (seen, f"W/{answer.headers['ETag']}", '"nothing"', "nothing"):
        assert kind(program.post(f"{path}/lines", line, {"If-Match": tag})) == (412, "changed")
    assert kind(program.post("/needs/ZZ-ZZZ/reject", {"reason": "x"}, {"If-Match": "*"})) == (404, "not-found")
    kept = program.get(path).json
    assert kept
    assert kept["plan"][-1]["promised_centimes"] == 501


def test_of_many_who_saw_the_same_one_changes_it(app: Flask, program: Program, country: Country) -> None:
    path = f"/projects/{country.works}"
    seen = program.get(path).headers["ETag"]

    def ask(number: int) -> int:
        mine = Program(app.test_client(), program.token)
        line = {"source": "commune", "label": f"C{number}", "amount_centimes": 500}
        return mine.post(f"{path}/lines", line, {"If-Match": seen}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(ask, range(8))) == {200: 1, 412: 7}


DEEP = "[" * 5_000 + "]" * 5_000


@pytest.mark.parametrize(
    ("body", "status", "kind_of_it"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b'{"urgency": "high"} x', 400, "malformed"),
        (b'{"urgency": "\xff"}', 400, "malformed"),
        (b'{"urgency": "\\ud800"}', 400, "malformed"),
        (DEEP.encode(), 400, "malformed"),
        (f'{{"urgency": {DEEP}}}'.encode(), 400, "malformed"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"urgency": "extreme"}', 422, "invalid"),
        (b'{"urgency": null}', 422, "invalid"),
        (b'{"urgency": "high", "more": 1}', 422, "invalid"),
        (b'{"urgency": NaN}', 422, "invalid"),
        (b'{"urgency": "' + b"x" * 70_000 + b'"}', 413, "request-entity-too-large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_wrong_body_is_told_what_is_wrong(
    program: Program, country: Country, body: bytes, status: int, kind_of_it: str
) -> None:
    path = f"/needs/{country.waiting}/verify"
    answer = program.open("POST", path, data=body, content_type="application/json")
    assert kind(answer) == (status, kind_of_it)
    shown = program.get(f"/needs/{country.waiting}").json
    assert shown
    assert shown["state"] == "reported"


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_read(program: Program, country: Country, media: str) -> None:
    path = f"/needs/{country.waiting}/verify"
    answer = program.open("POST", path, data=b'{"urgency": "high"}', content_type=media)
    assert kind(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept-Post"] == "application/json"
    told = program.open("POST", path, data=b'{"urgency": "high"}', content_type="application/json; charset=utf-8")
    assert told.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a\x00b"),
        ("name", ""),
        ("name", "x" * 81),
        ("name", 7),
        ("phone", "0612345678"),
        ("phone", "+212600000055\n"),
        ("role", "mayor"),
        ("consent", False),
        ("consent", 1),
        ("commune", None),
    ],
)
def test_a_field_that_does_not_fit_is_named(program: Program, field: str, value: object) -> None:
    answer = program.post("/village-associations", VILLAGE | {field: value})
    assert kind(answer) == (422, "invalid")
    assert [fault["pointer"] for fault in json.loads(answer.data)["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "\u202eabc", "أيت 'أ\"", "ᴬⵣ🙂", "x' OR 1=1 --"])
def test_strange_text_is_kept_as_text(program: Program, engine: Engine, country: Country, text: str) -> None:
    answer = program.post(f"/needs/{country.waiting}/reject", {"reason": text})
    assert answer.json, answer.text
    with reading(engine) as session:
        need = session.scalars(select(Need).where(Need.reference == country.waiting)).one()
        assert answer.json["state_reason"] == need.state_reason
    assert "\u202e" not in answer.json["state_reason"]


def test_nothing_is_sent_where_nothing_is_read(program: Program, country: Country) -> None:
    path = f"/village-associations/{country.pending}/verify"
    assert kind(program.open("POST", path, data=b'{"state": "verified"}', content_type="application/json"))[0] == 400
    assert program.open("POST", path, data=b"{}", content_type="application/json").status_code == 200


def test_answers_are_kept_for_a_day(program: Program, engine: Engine, clock: MovedClock, country: Country) -> None:
    program.post(f"/needs/{country.waiting}/verify", {"urgency": "high"}, {"Idempotency-Key": "kept"})
    for hours, kept in ((24, 1), (1, 0)):
        clock.move(hours=hours)
        with transaction(engine) as session:
            purge(session, clock())
        assert count(engine, ApiAnswer) == kept

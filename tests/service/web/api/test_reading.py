"""What a program reads: whole lists, once each; persons only with the scope for it; what is still so, for nothing."""

import json
import re

import pytest
from sqlalchemy import Engine, event

from service.domain.scopes import Scope
from service.messaging.outbox import tell
from service.models import Message
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from service.web.api import OPERATIONS
from service.web.api.paging import _cursor
from tests.conftest import MovedClock
from tests.service.web.api.conftest import ALL, Country, MakeProgram, Program
from tests.world import need_of

LISTS = [one.path for one in OPERATIONS if one.query and "<" not in one.path]
PHONE = re.compile(r"\+\d{8,}")


def everything(program: Program, path: str, limit: int = 2) -> list[object]:
    """Go through a list by its links."""
    items: list[object] = []
    answer = program.get(path, {"limit": limit})
    while answer.json:
        items += answer.json["items"]
        link = answer.headers.get("Link")
        if not link:
            assert answer.json["next"] is None
            break
        assert answer.json["next"] in link
        assert link.endswith('rel="next"')
        address = link[1 : link.index(">")].partition("/api/v1")[2]
        answer = program.get(address)
    return items


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.usefixtures("country")
def test_a_list_is_read_to_its_end_whatever_a_page_holds(program: Program, path: str) -> None:
    whole = program.get(path, {"limit": 100}).json
    assert whole
    assert everything(program, path, 1) == everything(program, path, 2) == whole["items"]
    assert whole["items"] or path == "/webhooks"


def test_what_comes_meanwhile_comes_at_the_end(
    program: Program, engine: Engine, clock: MovedClock, country: Country
) -> None:
    first = program.get("/needs", {"limit": 2}).json
    assert first
    with transaction(engine) as session:
        newest = need_of(session, clock()).reference
    seen = [one["reference"] for one in first["items"]]
    cursor = first["next"]
    while cursor:
        page = program.get("/needs", {"limit": 2, "cursor": cursor}).json
        assert page
        seen += [one["reference"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 5
    assert seen[-2:] == [country.waiting, newest]


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", _cursor([]), _cursor([1, 2]), _cursor(["1"]), _cursor([2**63]), _cursor([True]), "_" * 120]
)
def test_a_cursor_of_nobodys_leads_nowhere(program: Program, cursor: str) -> None:
    assert program.get("/needs", {"cursor": cursor}).status_code == 404


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": " 5"}, {"limit": "5.0"}, {"limit": "٥"}, {"more": "1"}]
)
def test_an_address_that_does_not_fit_is_told_where(program: Program, query: dict[str, str]) -> None:
    answer = program.get("/needs", query)
    assert answer.status_code == 422
    assert answer.json
    assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/{name}" for name in query]
    assert program.open("GET", "/needs?limit=1&limit=2").status_code == 422


def test_lists_are_asked_for_a_part(program: Program, country: Country) -> None:
    def found(path: str, name: str, **query: str) -> list[object]:
        page = program.get(path, query).json
        assert page
        return [one[name] for one in page["items"]]

    assert found("/needs", "reference", state="reported") == [country.waiting]
    assert found("/needs", "reference", sector="roads") == []
    assert found("/projects", "reference", state="handed_over") == [country.project]
    assert found("/progress-reports", "percent", project=country.works) == [50]
    assert found("/proposals", "need", need=country.works) == [country.works]
    assert found("/testimonies", "state", project=country.project) == ["published", "given"]
    assert found("/experience-sheets", "language", project=country.project) == ["ar", "fr"]
    assert found("/experience-sheets", "language", sector="roads") == []
    assert found("/village-associations", "name", state="pending") == ["Tamaloukt"]
    assert found("/diaspora-associations", "country", country="FR") == ["FR"]
    assert program.get("/needs", {"state": "nothing"}).status_code == 422


@pytest.mark.usefixtures("country")
def test_phones_names_and_words_that_are_not_published_need_a_scope_of_their_own(make_program: MakeProgram) -> None:
    masked = make_program([scope for scope in ALL if scope is not Scope.PEOPLE_READ])
    told = "".join(masked.get(path).text for path in LISTS)
    assert not PHONE.search(told)
    assert "+212•••••01" in told
    assert "Fatima" not in told
    assert "des mots private" not in told
    assert "des mots named" in told
    seen = "".join(make_program().get(path).text for path in LISTS)
    assert "+212600000001" in seen
    assert "Fatima" in seen
    assert "des mots private" in seen


@pytest.mark.usefixtures("country")
def test_nobody_reads_what_a_message_says(program: Program, engine: Engine) -> None:
    with reading(engine) as session:
        texts = [message.text for message in session.query(Message)]
    told = program.get("/messages").text
    assert len(texts) > 5
    assert [text for text in texts if text in json.loads(f"[{json.dumps(told)}]")[0]] == []
    assert "queued" in told


def test_not_even_who_sees_people_learns_whom_a_spot_check_asked(
    program: Program, engine: Engine, clock: MovedClock
) -> None:
    with transaction(engine) as session:
        know_phone(session, clock(), "+212600000071")
        tell(session, clock(), event="sms:console:1", phone="+212600000071", template="spot_noted", reply=True)
    told = program.get("/messages").text
    assert "spot_noted" in told
    assert "+212600000071" not in told


def test_a_project_adds_up(program: Program, country: Country) -> None:
    shown = program.get(f"/projects/{country.works}").json
    assert shown
    assert shown["totals"] == {
        "promised_centimes": 60_000_00,
        "confirmed_centimes": 0,
        "received_centimes": 0,
        "missing_centimes": 260_000_00,
    }
    assert sum(line["promised_centimes"] for line in shown["plan"]) == 60_000_00
    moved = program.get(f"/projects/{country.project}").json
    assert moved
    assert [step["move"] for step in moved["steps"]] == ["begin_works", "accept", "hand_over"]
    money = program.get("/figures").json
    assert money
    assert money["money"]["promised_centimes"] == 120_000_00


def test_a_sheet_is_read_as_everybody_may(program: Program, country: Country) -> None:
    shown = program.get(f"/experience-sheets/{country.project}").json
    assert shown
    assert [sheet["language"] for sheet in shown["sheets"]] == ["ar", "fr"]
    french = shown["sheets"][1]["reading"]
    assert french["title"] == "L'eau au village"
    assert [quote["text"] for quote in french["quotes"]] == ["des mots named"]
    assert program.get(f"/experience-sheets/{country.works}").status_code == 404


@pytest.mark.parametrize("path", [*LISTS, "/figures"])
@pytest.mark.usefixtures("country")
def test_what_is_still_so_is_not_sent_again(program: Program, path: str) -> None:
    first = program.get(path)
    tag = first.headers["ETag"]
    for asks in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = program.get(path, If_None_Match=asks)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert program.get(path, If_None_Match='"other"').data == first.data


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.usefixtures("country")
def test_a_longer_page_asks_the_database_no_more_often(program: Program, engine: Engine, path: str) -> None:
    program.get(path)
    counts = []
    for limit in (1, 100):
        asked: list[str] = []
        listen = lambda *args: asked.append(args[2])  # noqa: B023, E731  # used up before the next turn
        event.listen(engine, "before_cursor_execute", listen)
        program.get(path, {"limit": limit})
        event.remove(engine, "before_cursor_execute", listen)
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1

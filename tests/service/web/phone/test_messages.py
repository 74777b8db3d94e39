"""What `/phone/messages` and the page's address answer, by the real application."""

import json
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.container import Container
from service.domain.states import MessageState
from service.locales import Language, speaker
from service.settings import Settings
from service.web.phone import phone_blueprint
from tests.service.web.phone.post import Post

SECRETARY = "+212600000001"
OFFICER = "+212600000002"


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def received(client: FlaskClient, number: str, after: int = 0) -> list[Mapping[str, object]]:
    answer = client.get("/phone/messages", query_string={"number": number, "after": str(after)})
    assert answer.status_code == 200
    messages: list[Mapping[str, object]] = json.loads(answer.data)
    return messages


def texts(client: FlaskClient, number: str, after: int = 0) -> list[object]:
    return [message["text"] for message in received(client, number, after)]


def test_a_phone_receives_what_was_sent_to_it_and_nothing_else(
    client: FlaskClient, post: Post, container: Container
) -> None:
    post.deliver(SECRETARY, "Recu. Ref K7-4Q2.", container.clock())
    post.deliver(OFFICER, "Pour un autre", container.clock())
    assert texts(client, SECRETARY) == ["Recu. Ref K7-4Q2."]


def test_a_message_comes_with_its_time_and_its_length_on_the_air(
    client: FlaskClient, post: Post, container: Container
) -> None:
    number = post.deliver(SECRETARY, "ماء صالح للشرب", container.clock())
    assert received(client, SECRETARY) == [
        {
            "id": number,
            "text": "ماء صالح للشرب",
            "at": "2026-11-23T10:00:00+00:00",
            "encoding": "ucs2",
            "units": 14,
            "parts": 1,
        }
    ]


@pytest.mark.parametrize(
    ("state", "gateway", "arrives"),
    [
        (MessageState.ACCEPTED, "console", True),
        (MessageState.DELIVERED, "console", True),
        (MessageState.QUEUED, None, False),
        (MessageState.ATTEMPTING, "console", False),
        (MessageState.UNKNOWN, "console", False),
        (MessageState.FAILED, "console", False),
        (MessageState.DELIVERED, "africastalking", False),
    ],
)
def test_only_what_the_console_carried_arrives(
    client: FlaskClient, post: Post, container: Container, state: MessageState, gateway: str | None, *, arrives: bool
) -> None:
    post.deliver(SECRETARY, "Bonjour", container.clock(), state=state, gateway=gateway)
    assert texts(client, SECRETARY) == (["Bonjour"] if arrives else [])


def test_after_a_message_come_only_the_later_ones_oldest_first(
    client: FlaskClient, post: Post, container: Container
) -> None:
    first, *_ = [post.deliver(SECRETARY, text, container.clock()) for text in ("un", "deux", "trois")]
    assert texts(client, SECRETARY, after=first) == ["deux", "trois"]


def test_a_message_that_waited_for_the_morning_is_not_overlooked(
    client: FlaskClient, post: Post, container: Container
) -> None:
    now = container.clock()
    waited = post.deliver(SECRETARY, "attendait le matin", now.replace(hour=12))
    overtook = post.deliver(SECRETARY, "est passe devant", now.replace(hour=11))
    assert waited < overtook
    assert texts(client, SECRETARY) == ["est passe devant", "attendait le matin"]
    assert texts(client, SECRETARY, after=overtook) == ["attendait le matin"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"number": "douze"},
        {"number": "+21"},
        {"number": SECRETARY, "after": "hier"},
        {"number": SECRETARY, "after": str(2**63)},
    ],
)
def test_a_question_that_the_page_would_not_ask_is_answered_with_one_line(
    client: FlaskClient, query: dict[str, str]
) -> None:
    answer = client.get("/phone/messages", query_string=query)
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize("path", ["/phone", f"/phone/messages?number=%2B{SECRETARY[1:]}"])
def test_where_a_real_gateway_is_there_is_no_simulator(container: Container, path: str) -> None:
    real = Settings(**{**container.settings.model_dump(), "simulator": False})
    there = Container(real, container.engine, container.gateways, container.clock)
    assert create_app(there, [phone_blueprint(there)]).test_client().get(path).status_code == 404


@pytest.mark.parametrize("language", list(Language))
def test_the_page_speaks_the_language_it_is_asked_for(client: FlaskClient, language: Language) -> None:
    page = unescape(client.get("/phone", query_string={"lang": language.value}).text)
    assert f'lang="{language}' in page
    for key in ("phone.title", "phone.drop", "phone.preset.secretary", "phone.no_answer"):
        assert speaker(language).say(key) in page


def test_the_page_runs_no_script_and_no_style_of_its_own(client: FlaskClient) -> None:
    page = client.get("/phone").text
    assert page.count("<script") == 1
    assert "style=" not in page
    assert "<style" not in page
    assert "onclick" not in page


def test_nobody_on_the_way_keeps_the_page_that_holds_a_token(client: FlaskClient) -> None:
    assert client.get("/phone").headers["Cache-Control"] == "no-store"


def test_all_four_catalogues_have_the_same_texts() -> None:
    catalogues = Path(__file__).parents[4] / "service" / "locales"
    keys = {
        language: [
            line for line in (catalogues / language / "phone.po").read_text("utf-8").splitlines() if "msgid" in line
        ]
        for language in Language
    }
    assert keys[Language.FR] == keys[Language.AR] == keys[Language.SHI] == keys[Language.EN]


def test_tachelhit_is_written_in_plain_letters_but_for_the_names_of_others() -> None:
    voice = speaker(Language.SHI)
    for key in ("phone.intro", "phone.idle", "phone.dropped", "phone.terminal.help", "phone.waiting"):
        assert voice.say(key).isascii()

"""The people of the demo story: they go by what the screen says, and say where the story broke."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask, Response, request

from service.cli import story
from service.cli.carrier import Carrier
from service.cli.coordinator import Coordinator
from service.cli.story import Actor, StoryError
from tests.peers.hooks import StandInHooks, served

TOKEN = "a-hook-token-for-tests-only"
CODE = "*384*84#"
NUMBER = "+212600000001"
ARRIVED = {"at": "2026-11-23T10:00:00+00:00", "encoding": "gsm7", "units": 20, "parts": 1}


@dataclass
class Service:
    """Stand-in hooks, an inbox, and an admin view with one list."""

    hooks: StandInHooks = field(default_factory=lambda: StandInHooks(TOKEN))
    inbox: list[str] = field(default_factory=list)
    decided: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: int = 200

    def app(self) -> Flask:
        app = Flask("stand-in")
        app.register_blueprint(self.hooks.blueprint())
        app.add_url_rule("/phone/messages", view_func=self._messages)
        app.add_url_rule("/admin/<path:page>", view_func=self._page, methods=["GET", "POST"])
        return app

    def _messages(self) -> list[dict[str, object]]:
        numbered = enumerate(self.inbox, 1)
        return [
            {"id": number, "text": text, **ARRIVED} for number, text in numbered if number > int(request.args["after"])
        ]

    def _page(self, page: str) -> Response:
        if request.method == "POST":
            self.decided.append((page, request.form.to_dict()))
            return Response("", self.answers)
        rows = "".join(
            f'<tr><td>L&#39;eau d&#39;{name}</td><form action="/admin/list/{number}/verify">'
            for number, name in enumerate(("Ifri", "Azrou"), 1)
        )
        return Response(f'<input name="csrf_token" value="abc">{rows}')


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with served(service.app()) as url:
        yield url


@pytest.fixture
def she(address: str) -> Actor:
    return Actor("The secretary", Carrier(address, TOKEN, NUMBER), CODE, lambda *_: None)


def test_a_line_is_picked_by_its_words_on_whatever_page_it_is(she: Actor, service: Service) -> None:
    service.hooks.replies |= {"": "CON Province ?\n1 Agadir\n98 Suite", "98": "CON Province ?\n2 Tata\n3 Tiznit"}
    she.dials()
    she.picks("Tiznit")
    assert service.hooks.texts() == ["", "98", "98*3"]


def test_words_are_found_as_the_air_carries_them(she: Actor, service: Service) -> None:
    service.hooks.replies[""] = "CON Cout, recu à Aït Abdallah\n1 D'accord"
    she.dials()
    she.sees("Coût, reçu")
    with pytest.raises(StoryError, match="The secretary: expected 'Couture' on the screen, but it says:\nCout"):
        she.sees("Couture")


def test_a_line_that_is_not_there_breaks_the_story(she: Actor) -> None:
    she.dials()
    with pytest.raises(StoryError, match="no line says 'Répondre' on the screen:\nTiwizi - Ait Abdallah"):
        she.picks("Répondre")


def test_a_conversation_that_goes_on_has_not_ended(she: Actor) -> None:
    she.dials()
    with pytest.raises(StoryError, match="should have ended"):
        she.ended()


def test_only_texts_that_come_after_count(service: Service, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "SMS_WITHIN", 0.5)
    service.inbox.append("OUI K7-4Q2, of yesterday")
    she = Actor("The secretary", Carrier(address, TOKEN, NUMBER), CODE, lambda *_: None)
    with pytest.raises(StoryError, match=r"no SMS that says 'OUI' came within 0\.5 seconds"):
        she.hears("OUI")
    service.inbox += ["NON", "OUI K7-4Q2"]
    assert she.hears("OUI").text == "OUI K7-4Q2"


def test_a_coordinator_signs_in_makes_the_password_hers_and_decides_on_the_right_row(
    address: str, service: Service
) -> None:
    Coordinator(address, "Zahra", "once").decides("/admin/list", "L'eau d'Azrou", "verify", urgency="high")
    (sign_in, first), (password, second), decision = service.decided
    assert (sign_in, first) == ("sign-in", {"name": "Zahra", "password": "once", "csrf_token": "abc"})
    assert password == "password"
    assert second["new"] == second["again"] != "once"
    assert decision == ("list/2/verify", {"urgency": "high", "csrf_token": "abc"})


def test_a_row_or_a_form_that_is_missing_breaks_the_story(address: str) -> None:
    zahra = Coordinator(address, "Zahra", "once")
    for row, verb in (("Tata", "verify"), ("L'eau d'Ifri", "reject")):
        with pytest.raises(StoryError, match=f"no form to {verb}"):
            zahra.decides("/admin/list", row, verb)


def test_a_refused_form_and_a_service_that_is_away_break_the_story(address: str, service: Service) -> None:
    service.answers = 401
    with pytest.raises(StoryError, match="/admin/sign-in was answered 401"):
        Coordinator(address, "Zahra", "once")
    with pytest.raises(StoryError, match="no answer from /admin/sign-in"):
        Coordinator("http://127.0.0.1:9", "Zahra", "once")

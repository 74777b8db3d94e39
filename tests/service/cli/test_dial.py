"""The phone in the terminal and its carrier, against stand-in hooks on a real server."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from flask import Flask

from service.app import create_app
from service.cli.carrier import Carrier, CarrierError, Screen
from service.cli.dial import box, dial, dial_command
from service.container import Container
from service.locales import speaker
from service.web.phone import phone_blueprint
from tests.peers.hooks import FIRST, StandInHooks, served
from tests.service.web.phone.post import Post

TOKEN = "a-hook-token-for-tests-only"
SECRETARY = "+212600000001"
CODE = "*384*84#"
MENU = Screen(FIRST.removeprefix("CON "), goes_on=True)


@pytest.fixture
def hooks() -> StandInHooks:
    return StandInHooks(TOKEN)


@pytest.fixture
def address(hooks: StandInHooks) -> Iterator[str]:
    app = Flask("hooks")
    app.register_blueprint(hooks.blueprint())
    with served(app) as url:
        yield url


@pytest.fixture
def carrier(address: str) -> Carrier:
    return Carrier(address, TOKEN, SECRETARY)


class Person:
    """Types the lines given, then Ctrl-D; keeps what was shown."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.shown: list[str] = []

    def ask(self, _prompt: str) -> str:
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def use(self, carrier: Carrier) -> list[str]:
        dial(carrier, CODE, self.ask, self.shown.append)
        return self.shown


def say(key: str) -> str:
    return speaker("fr").say(key)


def test_answers_add_up_as_carriers_send_them(carrier: Carrier, hooks: StandInHooks) -> None:
    assert carrier.dial(CODE) == MENU
    assert carrier.answer("1") == Screen("Compris: 1\nQuestion 2", goes_on=True)
    carrier.answer("2")
    assert carrier.answer("puits") == Screen("Compris: puits\nQuestion 4", goes_on=False)
    assert hooks.texts() == ["", "1", "1*2", "1*2*puits"]
    assert not carrier.in_session


def test_a_turn_and_an_end_have_the_fields_of_the_carrier(carrier: Carrier, hooks: StandInHooks) -> None:
    carrier.dial(CODE)
    carrier.hang_up()
    (turn,), (end,) = hooks.forms("ussd"), hooks.forms("ussd-end")
    assert re.fullmatch(r"ATUid_[0-9a-f]{32}", turn["sessionId"])
    assert {name: turn[name] for name in ("phoneNumber", "serviceCode", "networkCode", "text")} == {
        "phoneNumber": SECRETARY,
        "serviceCode": CODE,
        "networkCode": "99999",
        "text": "",
    }
    assert end["sessionId"] == turn["sessionId"]
    assert (end["status"], end["hopsCount"], end["lastAppResponse"]) == ("Incomplete", "1", MENU.text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", end["date"])


def test_a_finished_session_is_told_once(carrier: Carrier, hooks: StandInHooks) -> None:
    hooks.replies[""] = "END Merci"
    carrier.dial(CODE)
    carrier.hang_up()
    assert [end["status"] for end in hooks.forms("ussd-end")] == ["Success"]


def test_each_call_is_another_session(carrier: Carrier, hooks: StandInHooks) -> None:
    carrier.dial(CODE)
    carrier.answer("1")
    carrier.dial(CODE)
    first, _, second = (turn["sessionId"] for turn in hooks.forms("ussd"))
    assert first != second
    assert hooks.texts(second) == [""]
    assert [end["sessionId"] for end in hooks.forms("ussd-end")] == [first]


@pytest.mark.parametrize("body", ["Bonjour", "CON", "con 1 Oui", "CONfus", ""])
def test_what_is_neither_con_nor_end_is_no_screen(carrier: Carrier, hooks: StandInHooks, body: str) -> None:
    hooks.replies[""] = body
    with pytest.raises(CarrierError, match="neither CON nor END"):
        carrier.dial(CODE)


def test_after_a_failure_the_same_text_is_sent_again(carrier: Carrier, hooks: StandInHooks) -> None:
    carrier.dial(CODE)
    hooks.failures = 1
    with pytest.raises(CarrierError, match="500"):
        carrier.answer("1")
    assert carrier.again().text.startswith("Compris: 1")
    assert hooks.texts() == ["", "1", "1"]


def test_a_wrong_token_is_told_without_showing_it(address: str) -> None:
    with pytest.raises(CarrierError, match="404") as caught:
        Carrier(address, "some-other-token-entirely", SECRETARY).dial(CODE)
    assert "some-other-token" not in str(caught.value)


def test_a_service_that_is_away_is_told_without_showing_the_token() -> None:
    with pytest.raises(CarrierError, match="no answer") as caught:
        Carrier("http://127.0.0.1:9", TOKEN, SECRETARY).dial(CODE)
    assert TOKEN not in str(caught.value)


def test_nobody_answers_without_a_call(carrier: Carrier) -> None:
    with pytest.raises(CarrierError, match="dial first"):
        carrier.answer("1")


def test_an_sms_has_the_fields_of_the_carrier_and_an_id_of_its_own(carrier: Carrier, hooks: StandInHooks) -> None:
    ids = [carrier.sms("OUI K7-4Q2"), carrier.sms("OUI K7-4Q2")]
    sms, again = hooks.forms("sms")
    assert [sms["id"], again["id"]] == ids
    assert ids[0] != ids[1]
    assert (sms["from"], sms["to"], sms["text"]) == (SECRETARY, "+212600000000", "OUI K7-4Q2")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sms["date"])


def test_the_inbox_holds_what_the_console_carried(container: Container, post: Post) -> None:
    first = post.deliver(SECRETARY, "Reçu. Réf K7-4Q2.", container.clock())
    post.deliver(SECRETARY, "Verifie.", container.clock())
    with served(create_app(container, [phone_blueprint(container)])) as address:
        carrier = Carrier(address, TOKEN, SECRETARY)
        assert [sms.text for sms in carrier.inbox()] == ["Reçu. Réf K7-4Q2.", "Verifie."]
        (sms,) = carrier.inbox(after=first)
    assert (sms.at, sms.encoding, sms.units, sms.parts) == (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "gsm7", 8, 1)


@pytest.fixture
def post(container: Container) -> Post:
    return Post(container.engine)


def test_a_person_calls_and_answers_in_the_terminal(carrier: Carrier, hooks: StandInHooks) -> None:
    shown = Person("1", "2", "puits").use(carrier)
    assert hooks.texts() == ["", "1", "1*2", "1*2*puits"]
    assert shown[0] == say("phone.terminal.help")
    assert "1 Signaler un besoin" in shown[1]
    assert "gsm7 62/160" in shown[1]
    assert shown[-1] == say("phone.ended")


def test_a_person_who_leaves_hangs_up(carrier: Carrier, hooks: StandInHooks) -> None:
    Person("1").use(carrier)
    assert [end["status"] for end in hooks.forms("ussd-end")] == ["Incomplete"]


def test_a_person_drops_the_session_and_calls_again(carrier: Carrier, hooks: StandInHooks) -> None:
    shown = Person("1", "drop", CODE).use(carrier)
    assert say("phone.dropped") in shown
    assert hooks.texts() == ["", "1", ""]


def test_a_person_tries_again_after_no_answer(carrier: Carrier, hooks: StandInHooks) -> None:
    hooks.failures = 1
    shown = Person("again").use(carrier)
    assert shown[1].startswith(say("phone.no_answer"))
    assert "Signaler" in shown[2]


def test_a_person_sends_an_sms_in_the_middle_of_a_call(carrier: Carrier, hooks: StandInHooks) -> None:
    shown = Person("1", "sms OUI K7-4Q2").use(carrier)
    assert [sms["text"] for sms in hooks.forms("sms")] == ["OUI K7-4Q2"]
    assert say("phone.terminal.sent") in shown
    assert hooks.texts() == ["", "1"]


def test_the_inbox_shows_each_sms_once(container: Container, post: Post, hooks: StandInHooks) -> None:
    post.deliver(SECRETARY, "Reçu. Réf K7-4Q2.", container.clock())
    with served(create_app(container, [phone_blueprint(container), hooks.blueprint()])) as address:
        shown = Person("inbox", "inbox").use(Carrier(address, TOKEN, SECRETARY))
    assert len([text for text in shown if "K7-4Q2" in text]) == 1
    assert say("phone.no_sms") in shown


def test_a_screen_is_24_letters_wide_and_shows_its_length_below() -> None:
    lines = box("un mot de vingt-4 lettre\n[a] Oui", "gsm7 32/160").splitlines()
    assert {len(line) for line in lines} == {28}
    assert "un mot de vingt-4 lettre" in lines[1]
    assert "[a] Oui" in lines[2]
    assert "gsm7 32/160" in lines[-1]


def test_the_command_takes_a_number_as_people_write_it(container: Container, address: str, hooks: StandInHooks) -> None:
    result = CliRunner().invoke(dial_command, ["06 00 00 00 01", "--url", address, "--lang", "en"], obj=container)
    assert result.exit_code == 0, result.output
    assert "Type the code to call" in result.output
    assert [turn["phoneNumber"] for turn in hooks.forms("ussd")] == [SECRETARY]


def test_the_command_refuses_what_is_no_number(container: Container) -> None:
    result = CliRunner().invoke(dial_command, ["douze"], obj=container)
    assert result.exit_code == 2
    assert "PHONE" in result.output

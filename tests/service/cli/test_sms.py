"""`tiwizi sms`: the switch of sending, and what did not leave, at a terminal."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from service.cli.sms import sms
from service.container import Container
from service.gateways.base import Outcome, Sent
from service.messaging.health import stopped
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import AuditEntry
from service.models.session import reading, transaction
from service.settings import KNOWN_GATEWAYS
from tests.peers.scripted import ScriptedGateway

PHONE, NAME = "+212612345678", "africastalking"


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway(lambda _: Sent(Outcome.REFUSED, reason=f"403 {PHONE}"))


@pytest.fixture
def post(container: Container, gateway: ScriptedGateway) -> Container:
    settings = container.settings.model_copy(update={"sms_routes": {"*": (NAME,)}})
    return replace(container, settings=settings, gateways={NAME: gateway})


def run(container: Container, *words: str) -> Result:
    return CliRunner().invoke(sms, words, obj=container)


def queue(container: Container, event: str = "K") -> None:
    with transaction(container.engine) as session:
        tell(session, container.clock(), event=event, phone=PHONE, template="need_saved", reference="K7-4Q2")


@pytest.mark.parametrize(("words", "name"), [((), "*"), ((NAME,), NAME)])
def test_sending_is_stopped_and_started(post: Container, words: tuple[str, ...], name: str) -> None:
    assert run(post, "stop", *words).exit_code == 0
    with reading(post.engine) as session:
        assert stopped(session) == {name}
        assert session.scalars(select(AuditEntry.actor)).all() == ["cli"]
    queue(post)
    assert drain(post) == 0
    assert run(post, "start", *words).exit_code == 0
    assert drain(post) == 1


@pytest.mark.parametrize("name", KNOWN_GATEWAYS)
def test_every_gateway_has_the_switch_whichever_process_holds_it(post: Container, name: str) -> None:
    assert run(post, "stop", name).exit_code == 0
    with reading(post.engine) as session:
        assert stopped(session) == {name}
    assert run(post, "start", name).exit_code == 0
    with reading(post.engine) as session:
        assert stopped(session) == set()


def test_a_gateway_that_does_not_exist_is_mistyped(post: Container) -> None:
    assert run(post, "stop", "pigeons").exit_code == 2


def test_what_did_not_leave_is_listed_without_the_number_and_sent_again(
    post: Container, gateway: ScriptedGateway
) -> None:
    assert run(post, "dead").stdout == "No message is left behind.\n"
    queue(post)
    drain(post)
    listed = run(post, "dead", "--json")
    [row] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (row["phone"], row["reason"], row["gateway"]) == ("+212•••••78", "403 +212•••78", NAME)
    assert "+212•••••78" in run(post, "dead").stdout
    assert "12345678" not in listed.stdout + run(post, "dead").stdout
    gateway.answer = lambda _: Sent(Outcome.ACCEPTED, "a1")
    assert run(post, "replay", str(row["id"])).stdout == f"{row['id']}: waits to be sent.\n"
    assert drain(post) == 1
    assert len(gateway.sent) == 2


def test_one_that_cannot_be_sent_again_keeps_no_other_from_it(post: Container) -> None:
    queue(post)
    drain(post)
    number = json.loads(run(post, "dead", "--json").stdout)["id"]
    result = run(post, "replay", "999999", str(number), str(number))
    assert result.exit_code == 1
    assert f"{number}: waits to be sent." in result.output
    assert "999999: there is no such message." in result.output
    assert f"{number}: cannot be sent again (it is queued" in result.output
    assert "2 of 3 messages stay as they are" in result.output

"""The page of messages: what did not leave is sent again with a click, gateways are stopped and started."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.phone import show_phone
from service.domain.roles import UserRole
from service.domain.states import MessageState
from service.gateways.base import Outcome, Sent
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import AuditEntry, GatewayState, Message
from service.models.session import reading, transaction
from service.settings import KNOWN_GATEWAYS
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.service.web.person import MakeUser, Person

PHONE, NAME, PAGE = "+212612345678", "africastalking", "/admin/messages"
REFUSED = Sent(Outcome.REFUSED, reason=f"403 no such number {PHONE}")
IN_DOUBT = Sent(Outcome.UNKNOWN, reason="ReadTimeout")


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway()


@pytest.fixture
def container(container: Container, gateway: ScriptedGateway) -> Container:
    settings = container.settings.model_copy(update={"sms_routes": {"*": (NAME,)}})
    return replace(container, settings=settings, gateways={NAME: gateway})


@pytest.fixture
def ended_as(container: Container, gateway: ScriptedGateway) -> Callable[[Sent], Message]:
    """A message to which the gateway said this."""

    def send(sent: Sent) -> Message:
        usual, gateway.answer = gateway.answer, lambda _: sent
        with transaction(container.engine) as session:
            tell(session, container.clock(), event="K", phone=PHONE, template="need_saved", reference="K7-4Q2")
        assert drain(container) == 1
        gateway.answer = usual
        return message_in(container.engine)

    return send


@pytest.fixture
def admin(person: Person, make_user: MakeUser) -> Person:
    make_user("Amina", UserRole.ADMIN)
    person.sign_in("Amina")
    return person


def message_in(engine: Engine) -> Message:
    with reading(engine) as session:
        return session.scalars(select(Message)).one()


@pytest.mark.parametrize("sent", [REFUSED, IN_DOUBT])
def test_a_click_sends_again_what_did_not_leave_and_sends_it_once(
    coordinator: Person,
    container: Container,
    gateway: ScriptedGateway,
    ended_as: Callable[[Sent], Message],
    sent: Sent,
) -> None:
    number = ended_as(sent).id
    page = coordinator.get(PAGE).text
    assert f'action="{PAGE}/{number}/replay"' in page
    assert show_phone(PHONE) in page
    assert drain(container) == 0
    assert coordinator.send(f"{PAGE}/{number}/replay", page=PAGE, resent="0").status_code == 302
    assert "de nouveau en attente" in coordinator.get(PAGE).text
    assert coordinator.send(f"{PAGE}/{number}/replay", page=PAGE, resent="0").status_code == 409
    assert drain(container) == 1
    assert drain(container) == 0
    assert [message.phone for message in gateway.sent] == [PHONE, PHONE]
    assert message_in(container.engine).state is MessageState.ACCEPTED
    assert "/replay" not in coordinator.get(PAGE).text


def test_a_page_left_open_does_not_send_again_what_another_has(
    coordinator: Person, container: Container, gateway: ScriptedGateway, ended_as: Callable[[Sent], Message]
) -> None:
    number = ended_as(IN_DOUBT).id
    gateway.answer = lambda _: IN_DOUBT
    for seen, status in (("0", 302), ("0", 409), ("2", 302)):
        assert f'name="resent" value="{seen}"' in coordinator.get(PAGE).text or status == 409
        answer = coordinator.send(f"{PAGE}/{number}/replay", page=PAGE, resent=seen)
        assert (answer.status_code, drain(container)) == (status, int(status == 302))


def test_the_page_says_why_and_when_and_never_what_was_written(
    coordinator: Person, ended_as: Callable[[Sent], Message], clock: MovedClock
) -> None:
    ended_as(REFUSED)
    clock.move(minutes=5)
    page = coordinator.get(PAGE).text
    assert "403 no such number +212•••78" in page  # what a gateway says of a number is masked
    assert "23/11/2026 11:00" in page  # by the clock of Morocco, an hour before UTC's
    assert "Messages non partis" in page
    assert "confirmation" in page
    assert "K7-4Q2" not in page


def test_who_says_that_it_came_ends_the_doubt(
    coordinator: Person, ended_as: Callable[[Sent], Message], engine: Engine
) -> None:
    number = ended_as(IN_DOUBT).id
    coordinator.send(f"{PAGE}/{number}/arrived", page=PAGE)
    assert message_in(engine).state is MessageState.DELIVERED
    assert "Messages incertains" not in coordinator.get(PAGE).text


def test_for_who_said_stop_there_is_no_button(
    coordinator: Person, ended_as: Callable[[Sent], Message], engine: Engine, clock: MovedClock
) -> None:
    number = ended_as(REFUSED).id
    with transaction(engine) as session:
        stop(session, clock(), PHONE, "ussd")
    page = coordinator.get(PAGE).text
    assert "La personne a dit STOP" in page
    assert "/replay" not in page
    assert coordinator.send(f"{PAGE}/{number}/replay", page=PAGE, resent="0").status_code == 409
    assert coordinator.send(f"{PAGE}/{number}/replay", page=PAGE).status_code == 400


def test_a_viewer_sees_masked_phones_and_touches_nothing(viewer: Person, ended_as: Callable[[Sent], Message]) -> None:
    number = ended_as(IN_DOUBT).id
    page = viewer.get(PAGE).text
    assert "+212•••••78" in page
    assert show_phone(PHONE) not in page
    assert "12345678" not in page
    for act in (f"{number}/replay", f"{number}/arrived", "stop", "start"):
        assert f"{PAGE}/{act}" not in page
        assert viewer.send(f"{PAGE}/{act}", page="/admin/", resent="0", gateway="*").status_code == 403


def test_an_admin_stops_a_gateway_and_starts_it_again(
    admin: Person, container: Container, gateway: ScriptedGateway, clock: MovedClock
) -> None:
    for name in (NAME, "*"):
        admin.send(f"{PAGE}/stop", page=PAGE, gateway=name, sure="yes")
        page = admin.get(PAGE).text
        assert "Plus rien ne part par là" in page
        assert "<bdi>Amina</bdi>, " in page
        with transaction(container.engine) as session:
            tell(session, clock(), event=f"K{name}", phone=PHONE, template="need_saved", reference="K7-4Q2")
        assert drain(container) == 0
        admin.send(f"{PAGE}/start", page=PAGE, gateway=name)
        assert drain(container) == 1
    assert len(gateway.sent) == 2
    with reading(container.engine) as session:
        assert {state.stopped_at for state in session.scalars(select(GatewayState))} == {None}
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("gateway.")))
        assert sorted(acts) == ["gateway.started"] * 2 + ["gateway.stopped"] * 2


@pytest.mark.parametrize("name", KNOWN_GATEWAYS)
def test_every_gateway_has_the_switch_and_is_looked_for(
    app: Flask, admin: Person, container: Container, name: str
) -> None:
    used = container.settings.model_copy(update={"sms_routes": {"*": (name,)}})
    app.extensions["tiwizi"] = replace(container, settings=used)
    assert f'<option value="{name}"' in admin.get(f"{PAGE}/all").text
    for act, since in (("stop", True), ("start", False)):
        assert admin.send(f"{PAGE}/{act}", page=PAGE, gateway=name, sure="yes").status_code == 302
        with reading(container.engine) as session:
            assert bool(session.get_one(GatewayState, name).stopped_at) is since


def test_to_stop_is_asked_once_more_and_then_the_page_says_that_nothing_leaves(admin: Person) -> None:
    page = admin.get(PAGE).text
    assert (page.count("en marche"), "Les envois sont arrêtés" in page) == (1, False)
    asked = admin.send(f"{PAGE}/stop", page=PAGE, gateway=NAME)
    assert "Plus aucun SMS ne partira, ni réponse ni code" in asked.text  # no other gateway is on
    assert admin.get(PAGE).text == page
    admin.send(f"{PAGE}/stop", page=PAGE, gateway=NAME, sure="yes")
    page = admin.get(PAGE).text
    assert "Les envois sont arrêtés" in page
    assert (page.count("arrêtée</span>"), "en marche</span>" in page) == (2, False)


def test_where_another_gateway_is_on_only_one_stops(app: Flask, admin: Person, container: Container) -> None:
    routes = {"*": (NAME, "console")}
    app.extensions["tiwizi"] = replace(container, settings=container.settings.model_copy(update={"sms_routes": routes}))
    assert f"par {NAME}," in admin.send(f"{PAGE}/stop", page=PAGE, gateway=NAME).text
    admin.send(f"{PAGE}/stop", page=PAGE, gateway=NAME, sure="yes")
    page = admin.get(PAGE).text
    assert (f"La passerelle {NAME} est arrêtée" in page, page.count("arrêtée</span>")) == (True, 1)


def test_only_an_admin_has_the_switch_and_only_of_gateways_there_are(coordinator: Person, make_user: MakeUser) -> None:
    assert f"{PAGE}/stop" not in coordinator.get(PAGE).text
    assert coordinator.send(f"{PAGE}/stop", page="/admin/", gateway="*").status_code == 403
    assert coordinator.send("/admin/sign-out", page="/admin/").status_code == 302
    make_user("Amina", UserRole.ADMIN)
    coordinator.sign_in("Amina")
    assert coordinator.send(f"{PAGE}/stop", page=PAGE, gateway="pigeons").status_code == 400


def test_the_first_page_leads_there_when_something_did_not_leave(
    coordinator: Person, ended_as: Callable[[Sent], Message]
) -> None:
    assert "Messages non partis cette semaine" not in coordinator.get("/admin/").text
    ended_as(REFUSED)
    assert "Messages non partis cette semaine" in coordinator.get("/admin/").text


def test_many_that_did_not_leave_are_paged(
    coordinator: Person, container: Container, gateway: ScriptedGateway, clock: MovedClock
) -> None:
    gateway.answer = lambda _: REFUSED
    with transaction(container.engine) as session:
        for number in range(51):
            phone = f"+2126000010{number:02}"
            tell(session, clock(), event=f"K{number}", phone=phone, template="need_saved", reference="K7-4Q2")
    assert drain(container) == 51
    first, second = coordinator.get(PAGE).text, coordinator.get(PAGE, page="2").text
    assert (first.count("/replay"), second.count("/replay")) == (50, 1)
    assert "Page 2 sur 2" in second
    assert coordinator.get(PAGE, page="99").text.count("/replay") == 1


def test_money_is_shown_beside_its_cap(coordinator: Person, ended_as: Callable[[Sent], Message]) -> None:
    ended_as(Sent(Outcome.ACCEPTED, "a1"))
    page = coordinator.get(PAGE).text
    for amount in ("0,08", "50,00", "40,00", "Maroc"):
        assert amount in page

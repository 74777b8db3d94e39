"""The page of programs: an admin makes a token and sees it once, tells others of events, sends again what failed."""

import re

import pytest
from sqlalchemy import Engine, select

from service.domain.events import DeliveryState, Event
from service.domain.roles import UserRole
from service.models import ApiToken, AuditEntry, Delivery, Webhook
from service.models.session import reading, transaction
from service.usecases.webhooks import subscribe
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person

PAGE = "/admin/api"
TOKEN = re.compile(r"tiwizi_[A-Za-z0-9_-]{43}")


@pytest.fixture
def admin(person: Person, make_user: MakeUser) -> Person:
    make_user("Malika", UserRole.ADMIN)
    person.sign_in("Malika")
    return person


def webhook(engine: Engine, clock: MovedClock) -> int:
    with transaction(engine) as session:
        made = subscribe(
            session,
            clock(),
            actor="user:1",
            url="https://hook.example/in",
            events=[Event.NEED_VERIFIED, Event.PLAN_AGREED],
        )
        dead = {"state": DeliveryState.DEAD, "attempts": 10, "outcome": "HTTP 500", "ended_at": clock()}
        session.add(
            Delivery(
                webhook_id=made.id,
                event_id="msg_1",
                event="need.verified",
                subject="need:1",
                at=clock(),
                next_at=clock(),
                **dead,
            )
        )
        return made.id


def test_a_token_is_shown_once_and_opens_what_its_scopes_say(admin: Person, engine: Engine) -> None:
    assert "Aucun programme" in admin.get(PAGE).text
    page = admin.send(f"{PAGE}/tokens", page=PAGE, name="Suivi <b>", scope="needs:read", days="30")
    [token] = TOKEN.findall(page.text)
    assert "Le jeton de Suivi &lt;b&gt;" in page.text
    assert not any("tiwizi_" in cookie for cookie in page.headers.getlist("Set-Cookie"))
    assert page.headers["Cache-Control"] == "no-store"
    assert not TOKEN.search(admin.get(PAGE).text)
    asked = admin.client.get("/api/v1/needs", headers={"Authorization": f"Bearer {token}"})
    assert asked.status_code == 200
    with reading(engine) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "token.made")).one()
        assert token not in str(noted.data)


def test_a_revoked_token_opens_nothing(admin: Person, engine: Engine) -> None:
    page = admin.send(f"{PAGE}/tokens", page=PAGE, name="Suivi", scope="needs:read", days="")
    [token] = TOKEN.findall(page.text)
    with reading(engine) as session:
        number = session.scalars(select(ApiToken.id)).one()
    assert admin.send(f"{PAGE}/tokens/{number}/revoke", page=PAGE).location == PAGE
    assert "révoqué" in admin.get(PAGE).text
    asked = admin.client.get("/api/v1/needs", headers={"Authorization": f"Bearer {token}"})
    assert asked.status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scope": "needs:read", "days": ""},
        {"name": "Suivi", "days": ""},
        {"name": "Suivi", "scope": "everything", "days": ""},
        {"name": "Suivi", "scope": "needs:read", "days": "0"},
        {"name": "Suivi", "scope": "needs:read", "days": "-1"},
        {"name": "Suivi", "scope": "needs:read", "days": "99999"},
        {"name": "Suivi", "scope": "needs:read", "days": "٣"},
    ],
)
def test_a_token_that_cannot_be_is_not_made(admin: Person, engine: Engine, form: dict[str, str]) -> None:
    assert admin.send(f"{PAGE}/tokens", page=PAGE, **form).location == PAGE
    assert "Rien n" in admin.get(PAGE).text
    with reading(engine) as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_a_program_is_told_and_told_no_more(admin: Person, engine: Engine) -> None:
    page = admin.send(f"{PAGE}/webhooks", page=PAGE, url="https://hook.example/in", event="need.verified")
    assert re.search(r"whsec_[A-Za-z0-9+/]{32}", page.text)
    again = admin.get(PAGE).text
    assert "https://hook.example/in" in again
    assert "whsec_" not in again
    with reading(engine) as session:
        number = session.scalars(select(Webhook.id)).one()
    admin.send(f"{PAGE}/webhooks/{number}/stop", page=PAGE)
    assert "https://hook.example/in" not in admin.get(PAGE).text


@pytest.mark.parametrize("url", ["http://hook.example/", "https://127.0.0.1/", "https://169.254.169.254/x", "hook", ""])
def test_an_address_inside_is_not_told_anything(admin: Person, engine: Engine, url: str) -> None:
    assert admin.send(f"{PAGE}/webhooks", page=PAGE, url=url, event="need.verified").location == PAGE
    with reading(engine) as session:
        assert session.scalars(select(Webhook)).all() == []


def test_what_was_not_taken_is_shown_and_sent_again(admin: Person, engine: Engine, clock: MovedClock) -> None:
    number = webhook(engine, clock)
    assert "HTTP 500" in admin.get(PAGE).text
    with reading(engine) as session:
        delivery = session.scalars(select(Delivery.id)).one()
    admin.send(f"{PAGE}/webhooks/{number}/deliveries/{delivery}/replay", page=PAGE)
    assert "HTTP 500" not in admin.get(PAGE).text
    with reading(engine) as session:
        assert session.scalars(select(Delivery.state)).one() is DeliveryState.QUEUED
    assert admin.send(f"{PAGE}/webhooks/{number + 1}/deliveries/{delivery}/replay", page=PAGE).status_code == 404


def test_only_an_admin_sees_it(coordinator: Person) -> None:
    assert coordinator.get(PAGE).status_code == 403
    assert PAGE not in coordinator.get("/admin/").text


def test_metrics_count_what_waits(admin: Person, engine: Engine, clock: MovedClock) -> None:
    webhook(engine, clock)
    assert 'tiwizi_webhook_deliveries{state="dead"} 1.0' in admin.get("/metrics").text

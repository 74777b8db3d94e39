"""Africa's Talking's receipt and opt-out callbacks, over HTTP."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.messaging.outbox import tell
from service.models import AuditEntry, Message, Phone, Receipt
from service.models.session import transaction
from service.web.receipts import receipts_blueprint
from tests.world import newest_message

PHONE = "+212612345678"
TOKEN = "a-hook-token-for-tests-only"
HOOKS = f"/hooks/africastalking/{TOKEN}"
RECEIPT = {"id": "a1", "status": "Success", "phoneNumber": PHONE, "networkCode": "60400"}


def client_of(container: Container) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(receipts_blueprint(container))
    return app.test_client()


@pytest.fixture
def client(container: Container) -> FlaskClient:
    return client_of(container)


def accepted(container: Container) -> int:
    with transaction(container.engine) as session:
        tell(session, container.clock(), event="x", phone=PHONE, template="refused", reference="K7-4Q2")
        message = newest_message(session)
        message.state, message.gateway, message.provider_id = MessageState.ACCEPTED, "africastalking", "a1"
        return message.id


def test_a_receipt_is_on_disk_before_it_is_answered(client: FlaskClient, container: Container) -> None:
    message_id = accepted(container)
    for _ in range(2):
        answer = client.post(f"{HOOKS}/receipt", data=RECEIPT)
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    with transaction(container.engine) as session:
        assert session.get_one(Message, message_id).state is MessageState.DELIVERED


def test_an_unheard_status_and_an_unknown_message_are_kept_and_answered_200(
    client: FlaskClient, container: Container
) -> None:
    receipt = {**RECEIPT, "id": "nobody's", "status": "Teleported", "failureReason": "New"}
    assert client.post(f"{HOOKS}/receipt", data=receipt).status_code == 200
    with transaction(container.engine) as session:
        kept = session.scalars(select(Receipt)).one()
        assert (kept.provider_id, kept.status, kept.reason, kept.message_id) == ("nobody's", "Teleported", "New", None)


def test_an_opt_out_is_a_stop(client: FlaskClient, container: Container) -> None:
    answer = client.post(f"{HOOKS}/opt-out", data={"senderId": "Tiwizi", "phoneNumber": PHONE})
    assert answer.status_code == 200
    with transaction(container.engine) as session:
        assert session.get_one(Phone, PHONE).stopped_at == container.clock()
        assert session.scalars(select(Message)).all() == []


@pytest.mark.parametrize("hook", ["receipt", "opt-out"])
@pytest.mark.parametrize("token", ["wrong", TOKEN + "x", TOKEN[:-1]])
def test_a_wrong_token_finds_nothing(client: FlaskClient, container: Container, hook: str, token: str) -> None:
    assert client.post(f"/hooks/africastalking/{token}/{hook}", data=RECEIPT).status_code == 404
    with transaction(container.engine) as session:
        assert session.scalars(select(Receipt)).all() == []
        assert session.scalars(select(Phone)).all() == []


@pytest.mark.parametrize(
    ("hook", "form", "field"),
    [
        ("receipt", {"status": "Success", "phoneNumber": PHONE}, "id"),
        ("receipt", {"id": "a1", "phoneNumber": PHONE}, "status"),
        ("receipt", {"id": "a1", "status": "Success"}, "phoneNumber"),
        ("receipt", {**RECEIPT, "phoneNumber": "a secret +212 word"}, "phoneNumber"),
        ("opt-out", {"senderId": "Tiwizi"}, "phoneNumber"),
        ("opt-out", {}, "phoneNumber"),
    ],
)
def test_what_no_gateway_could_have_sent_is_400_and_one_line_without_words_of_it(
    client: FlaskClient, container: Container, hook: str, form: dict[str, str], field: str
) -> None:
    assert client.post(f"{HOOKS}/{hook}", data=form).status_code == 400
    with transaction(container.engine) as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject, entry.data) == ("hook.malformed", hook, {"field": field})
        assert session.scalars(select(Receipt)).all() == []
        assert session.scalars(select(Phone)).all() == []


def test_every_hook_declares_that_gateways_use_it(client: FlaskClient) -> None:
    views = [view for name, view in client.application.view_functions.items() if name.startswith("receipts.")]
    assert [vars(view)["access"] for view in views] == ["gateway", "gateway"]

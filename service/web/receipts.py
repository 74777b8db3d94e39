"""What Africa's Talking tells us of messages sent: delivery receipts, and people who opted out at the carrier."""

from flask import Blueprint, Response

from service.container import Container
from service.messaging.receipts import take_receipt
from service.models.session import transaction
from service.usecases.phones import stop
from service.web.access import access
from service.web.hook import check_hook, fields

GATEWAY = "africastalking"
RECEIPT = ("id", "status", "phoneNumber")
OPT_OUT = ("phoneNumber",)


def receipts_blueprint(container: Container) -> Blueprint:
    """Return the receipt hooks. What is not kept is not answered 200, so that the carrier tells it again."""
    blueprint = Blueprint("receipts", __name__, url_prefix=f"/hooks/{GATEWAY}")

    @blueprint.post("/<token>/receipt")
    @access("gateway")
    def receipt(token: str) -> Response:
        check_hook(container, token)
        form = fields(container, GATEWAY, RECEIPT)
        with transaction(container.engine) as session:
            take_receipt(
                session,
                container.clock(),
                gateway=GATEWAY,
                provider_id=form["id"],
                phone=form["phoneNumber"],
                status=form["status"],
                reason=form.get("failureReason", ""),
            )
        return _taken()

    @blueprint.post("/<token>/opt-out")
    @access("gateway")
    def opt_out(token: str) -> Response:
        check_hook(container, token)
        form = fields(container, GATEWAY, OPT_OUT)
        with transaction(container.engine) as session:
            stop(session, container.clock(), form["phoneNumber"], "opt-out")
        return _taken()

    return blueprint


def _taken() -> Response:
    return Response("", mimetype="text/plain")

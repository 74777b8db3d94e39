"""The blueprint of conversations: a carrier's request to the engine, and its answer back."""

from wsgiref.types import WSGIEnvironment

from flask import Blueprint, Response

from service.messaging.liveness import heard
from service.models.inbound import first_time
from service.models.session import transaction
from service.web import android as phone
from service.web.access import access
from service.web.gateways import direct
from service.web.hook import check_caller, check_hook, fields, read_fields
from ussd.drops import invite_back
from ussd.sessions import Conversations, Turn
from ussd.transports import africastalking, android, sms

GATEWAY = "africastalking"


def hooks_blueprint(conversations: Conversations) -> Blueprint:
    """Return the conversation hooks of Africa's Talking, which the phone simulators speak to as well."""
    container = conversations.container
    blueprint = Blueprint("hooks", __name__, url_prefix=f"/hooks/{GATEWAY}")

    @blueprint.post("/<token>/ussd")
    @access("gateway")
    @direct
    def ussd(environ: WSGIEnvironment, token: str) -> str:
        check_caller(container, environ, token)
        form = read_fields(container, environ, GATEWAY, africastalking.TURN)
        screen = conversations.answer(Turn(GATEWAY, form["sessionId"], form["phoneNumber"], form["text"]))
        return africastalking.reply(screen)

    @blueprint.post("/<token>/ussd-end")
    @access("gateway")
    def ussd_end(token: str) -> Response:
        check_hook(container, token)
        form = fields(container, GATEWAY, africastalking.SESSION_END)
        with transaction(container.engine) as session:
            phone, carrier_session = form["phoneNumber"], form["sessionId"]
            new = first_time(
                session,
                gateway=GATEWAY,
                kind="ussd-end",
                external_id=carrier_session,
                phone=phone,
                payload=africastalking.kept_of_end(form),
                received_at=container.clock(),
            )
            if new:
                invite_back(conversations, session, phone=phone, carrier_session=carrier_session, status=form["status"])
        return _plain("")

    @blueprint.post("/<token>/sms")
    @access("gateway")
    def inbound_sms(token: str) -> Response:
        check_hook(container, token)
        form = fields(container, GATEWAY, africastalking.SMS, phone="from", named=True)
        sms.receive(conversations, africastalking.text(GATEWAY, form))
        return _plain("")

    return blueprint


def android_blueprint(conversations: Conversations) -> Blueprint:
    """Return the hook of a phone that runs SMSGate: what it tells is on disk before it is answered 200."""
    container = conversations.container
    blueprint = Blueprint("android", __name__, url_prefix=f"/hooks/{phone.GATEWAY}")

    @blueprint.post("/<token>/event")
    @access("gateway")
    def event(token: str) -> Response:
        check_hook(container, token)
        told = phone.read_event(container)
        if told["event"] == phone.RECEIVED:
            sms.receive(conversations, android.text(phone.GATEWAY, told))
        else:
            phone.take_event(container, told)
        with transaction(container.engine) as session:
            heard(session, container.clock(), phone.GATEWAY)
        return _plain("")

    return blueprint


def _plain(body: str) -> Response:
    return Response(body, mimetype="text/plain")

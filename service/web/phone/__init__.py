"""The phone simulator: feature phones in the browser that speak to the same hooks as a real gateway."""

import json
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request
from sqlalchemy import Engine

from service.container import Container
from service.domain.phone import parse_phone
from service.locales import Speaker
from service.messaging.segments import BASIC, EXTENDED
from service.models.session import reading
from service.settings import Settings
from service.web.access import access
from service.web.current import voice
from service.web.phone.inbox import arrived, as_json

# Whose phones can be put on the table, and their numbers: the 39 98 block is kept for fiction by the French regulator.
PRESETS = {
    "secretary": "+212600000001",
    "officer": "+212600000002",
    "france": "+33639980001",
    "netherlands": "+31600000001",
}
BITS_OF_AN_ID = 63
SCRIPT_TEXTS = (
    "again",
    "call",
    "cancel",
    "clear",
    "dropped",
    "ended",
    "idle",
    "no_answer",
    "not_sent",
    "ok",
    "other",
    "send",
    "timed_out",
    "unknown_code",
    "waiting",
)


def phone_blueprint(container: Container) -> Blueprint:
    """Return the blueprint of `/phone`; the guard answers 404 where the settings keep the simulator off."""
    blueprint = Blueprint("phone", __name__)

    @blueprint.get("/phone")
    @access("simulator")
    def page() -> str:
        setup = json.dumps(_setup(container.settings, voice()), ensure_ascii=False)
        return render_template("phone.html", setup=setup, presets=PRESETS)

    @blueprint.get("/phone/messages")
    @access("simulator")
    def messages() -> Response:
        return _messages(container.engine)

    return blueprint


def _setup(settings: Settings, speaker: Speaker) -> dict[str, object]:
    return {
        "hooks": f"{request.script_root}/hooks/africastalking/{settings.hook_tokens[0]}",
        "messages": f"{request.script_root}/phone/messages",
        "code": settings.ussd_code,
        "smsNumber": settings.sms_number,
        "presets": PRESETS,
        "names": {kind: speaker.say(f"phone.preset.{kind}") for kind in PRESETS},
        "texts": {name: speaker.say(f"phone.{name}") for name in SCRIPT_TEXTS},
        "alphabet": {"basic": "".join(sorted(BASIC)), "extended": "".join(sorted(EXTENDED))},
    }


def _messages(engine: Engine) -> Response:
    try:
        number = parse_phone(request.args.get("number", ""))
        after = _id(request.args.get("after", "0"))
    except ValueError as error:
        return Response(f"{error}\n", HTTPStatus.BAD_REQUEST, mimetype="text/plain")
    with reading(engine) as session:
        return jsonify([as_json(message) for message in arrived(session, number, after)])


def _id(typed: str) -> int:
    number = int(typed)
    if number.bit_length() > BITS_OF_AN_ID:
        raise ValueError("not a message")
    return number

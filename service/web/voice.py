"""Calls that Africa's Talking tells of: a testimony may be spoken where people would rather not write.

As its documentation says (`docs.africastalking.com/voice`): while a call lasts (`isActive` 1), the answer says in XML
what to do with it; at its end (`isActive` 0), `recordingUrl` says where the recording is. Not tried with a real number:
which voice reads which language, what stands for a hidden caller, and whether a recording is fetched without a key.
"""

from xml.sax.saxutils import escape

from flask import Blueprint, Response

from service.container import Container
from service.locales import DEFAULT_LANGUAGE, Language, Speaker, speaker
from service.models.inbound import first_time
from service.models.phones import Phone
from service.models.session import reading, transaction
from service.usecases.voice import keep_recording, spoken_of
from service.web.access import access
from service.web.hook import check_hook, fields

GATEWAY, CALL = "africastalking", ("sessionId", "isActive", "callerNumber")
LASTS, LONGEST_ADDRESS = "1", 400
# No machine reads Tachelhit aloud; who speaks it hears Arabic more often than French.
ALOUD = {Language.SHI: Language.AR}


def voice_blueprint(container: Container) -> Blueprint:
    """Return the voice hook. What is not kept is not answered 200, so that the carrier tells it again."""
    blueprint = Blueprint("voice", __name__, url_prefix=f"/hooks/{GATEWAY}")

    @blueprint.post("/<token>/voice")
    @access("gateway")
    def call(token: str) -> Response:
        check_hook(container, token)
        form = fields(container, GATEWAY, CALL, phone="callerNumber", named=True)
        if form["isActive"] == LASTS:
            return Response(_said_to(container, form["callerNumber"]), mimetype="text/plain")
        _keep(container, form)
        return Response("", mimetype="text/plain")

    return blueprint


def _said_to(container: Container, number: str) -> str:
    """Return what a caller hears, and whether what they say is recorded."""
    with reading(container.engine) as session:
        known = session.get(Phone, number)
        language = known.language if known else DEFAULT_LANGUAGE
        need = spoken_of(session, number)
        voice = speaker(ALOUD.get(Language(language), language))
        said = voice.say("voice.record", sector=need.sector) if need else _how_to_dial(container, voice)
    record = "<Record/>" if need else ""
    beep = ' playBeep="true"' if need else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Say{beep}>{escape(said)}</Say>{record}</Response>\n'


def _how_to_dial(container: Container, voice: Speaker) -> str:
    return voice.say("voice.dial", code=container.settings.ussd_code)


def _keep(container: Container, form: dict[str, str]) -> None:
    address, seconds = form.get("recordingUrl", ""), form.get("durationInSeconds", "")
    if not address or len(address) > LONGEST_ADDRESS:
        return
    now = container.clock()
    with transaction(container.engine) as session:
        new = first_time(
            session,
            gateway=GATEWAY,
            kind="voice",
            external_id=form["sessionId"],
            phone=form["callerNumber"],
            payload={},
            received_at=now,
        )
        if new:
            keep_recording(
                session,
                now,
                phone=form["callerNumber"],
                call_id=form["sessionId"],
                address=address,
                seconds=int(seconds) if seconds.isascii() and seconds.isdigit() else 0,
            )

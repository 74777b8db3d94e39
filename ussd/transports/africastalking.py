"""Africa's Talking: the fields of its callbacks and the form of its answers (developers.africastalking.com)."""

from ussd.engine.replay import Screen
from ussd.transports.sms import Text

TURN = ("sessionId", "phoneNumber", "serviceCode", "text")
SESSION_END = ("sessionId", "phoneNumber", "status")
SMS = ("id", "from", "to", "date", "text")
KEPT_OF_SMS = (*SMS, "linkId", "cost", "networkCode")
# `input` and `lastAppResponse` are left out: what was typed may hold a secret.
KEPT_OF_END = ("date", "status", "cost", "durationInMillis", "hopsCount", "networkCode", "errorMessage")


def reply(screen: Screen) -> str:
    """Return a screen as the carrier reads it: `CON ` goes on, `END ` closes."""
    return f"{'END' if screen.ended else 'CON'} {screen.text}"


def kept_of_end(form: dict[str, str]) -> dict[str, str]:
    """Return what is kept of a session's end."""
    return _kept(form, KEPT_OF_END)


def text(gateway: str, form: dict[str, str]) -> Text:
    """Return an inbound SMS; its id is the gateway's."""
    return Text(gateway, form["id"], form["from"], form["text"], payload=_kept(form, KEPT_OF_SMS))


def _kept(form: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: form[name] for name in names if name in form}

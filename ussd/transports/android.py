"""SMSGate on a phone: the fields of the text it received (docs.sms-gate.app, Webhooks)."""

from ussd.transports.sms import Text

KEPT = ("messageId", "recipient", "simNumber", "receivedAt", "deviceId")


def text(gateway: str, form: dict[str, str]) -> Text:
    """Return a received SMS; its id is the event's, for `messageId` is made of the text and comes twice."""
    kept = {name: form[name] for name in KEPT if name in form}
    return Text(gateway, form["id"], form["phoneNumber"], form["text"], payload=kept)

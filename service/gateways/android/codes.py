"""SMSGate's words and what they mean to us (github.com/capcom6/android-sms-gateway, docs.sms-gate.app)."""

from collections.abc import Mapping

from service.domain.states import MessageState
from service.gateways.base import Outcome

# HTTP status of a send. In no table: 5xx and what the API never told of: the phone may have the text.
STATUS: Mapping[int, Outcome] = {
    301: Outcome.RETRY,  # TIWIZI_ANDROID_URL is wrong; a redirect is not followed, which would make a GET of it
    302: Outcome.RETRY,
    307: Outcome.RETRY,
    308: Outcome.RETRY,
    400: Outcome.REFUSED,  # not a phone number, no text; but see SAID
    401: Outcome.RETRY,  # TIWIZI_ANDROID_USER or TIWIZI_ANDROID_PASSWORD is wrong: an operator can mend it
    403: Outcome.RETRY,
    404: Outcome.RETRY,  # TIWIZI_ANDROID_URL is wrong
    405: Outcome.RETRY,
    409: Outcome.ACCEPTED,  # the phone has this id already
    413: Outcome.REFUSED,
    422: Outcome.REFUSED,
    429: Outcome.RETRY,
}

# Parts of an answer's message, in lower case, that say more than its status.
SAID: Mapping[tuple[int, str], Outcome] = {
    (400, "no devices"): Outcome.RETRY,  # about the phone that sends, not about the text
    (400, "device id"): Outcome.RETRY,
    (503, "queue limit"): Outcome.RETRY,  # the server takes no more for this phone
}

# Webhook events that are delivery receipts. `sms:sent`: the network took it from the phone.
RECEIPT: Mapping[str, MessageState] = {
    "sms:sent": MessageState.ACCEPTED,
    "sms:delivered": MessageState.DELIVERED,
    "sms:failed": MessageState.FAILED,
}

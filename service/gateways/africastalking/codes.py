"""Africa's Talking's words and what they mean to us; what is in no table is in doubt, never guessed.

Source: Africa's Talking's own pages on bulk SMS and on delivery reports.
"""

from collections.abc import Mapping

from service.domain.states import MessageState
from service.gateways.base import Outcome

# `statusCode` of a recipient, as text. Retried: what an operator can mend within the hour and a half of the retries.
RECIPIENT: Mapping[str, Outcome] = {
    "100": Outcome.ACCEPTED,  # processed
    "101": Outcome.ACCEPTED,  # sent
    "102": Outcome.ACCEPTED,  # queued
    "401": Outcome.REFUSED,  # risk hold: may be let go later, so another would be a double
    "402": Outcome.RETRY,  # invalid sender id: TIWIZI_AT_SENDER is wrong
    "403": Outcome.REFUSED,  # invalid phone number
    "404": Outcome.REFUSED,  # unsupported number type
    "405": Outcome.RETRY,  # insufficient balance
    "406": Outcome.REFUSED,  # user in blacklist
    "407": Outcome.REFUSED,  # could not route
    "409": Outcome.REFUSED,  # do not disturb
    "500": Outcome.UNKNOWN,  # internal server error
    "501": Outcome.UNKNOWN,  # gateway error
    "502": Outcome.REFUSED,  # rejected by gateway
}

# `Message` of an answer without recipients.
NO_RECIPIENTS: Mapping[str, Outcome] = {
    "InvalidSenderId": Outcome.RETRY,
}

# HTTP status of an answer that names no recipient. In no table: 2xx and 5xx, which may have sent.
STATUS: Mapping[int, Outcome] = {
    301: Outcome.RETRY,  # TIWIZI_AT_BASE_URL is wrong; a redirect is not followed, so nothing has left
    302: Outcome.RETRY,
    307: Outcome.RETRY,
    308: Outcome.RETRY,
    400: Outcome.REFUSED,
    401: Outcome.RETRY,  # TIWIZI_AT_USERNAME or TIWIZI_AT_API_KEY is wrong
    403: Outcome.RETRY,
    404: Outcome.RETRY,  # TIWIZI_AT_BASE_URL is wrong
    405: Outcome.RETRY,
    429: Outcome.RETRY,
}

# `failureReason` of a delivery receipt that tells that the number is nobody's at this time, or another's before long.
INACTIVE = frozenset(
    {"UserIsInactive", "UserAccountSuspended", "UserDoesNotExist", "NotNetworkSubscriber", "NotNetworkSubcriber"}
)

# `status` of a delivery receipt.
RECEIPT: Mapping[str, MessageState] = {
    "Sent": MessageState.ACCEPTED,
    "Submitted": MessageState.ACCEPTED,
    "Buffered": MessageState.ACCEPTED,
    "Success": MessageState.DELIVERED,
    "Failed": MessageState.FAILED,
    "Rejected": MessageState.FAILED,
    "AbsentSubscriber": MessageState.FAILED,
    "Expired": MessageState.EXPIRED,
}

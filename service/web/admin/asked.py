"""What the forms and addresses of the admin pages ask for."""

from flask import redirect, request
from werkzeug.wrappers import Response

from service.domain.text import clean
from service.web.sessions import safe_next

LONGEST_REASON = 200  # characters
MOST_DIGITS = 18  # always fits what a database takes


def asked_number(name: str) -> int | None:
    """Return a whole number of the address, None when there is none."""
    return _number(request.args.get(name, ""))


def sent_number(name: str) -> int | None:
    """Return a whole number of the form, None when there is none."""
    return _number(request.form.get(name, ""))


def _number(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None


def back_to(page: str) -> Response:
    """Lead back to the page a form came from, when it says so (`next`), else to this one."""
    came_from = request.form.get("next")
    return redirect(safe_next(came_from) if came_from else page)


def asked_note() -> str:
    """Return the cleaned note of a decision, empty when there is none; the form lets nobody write more than fits."""
    return clean(request.form.get("note", ""))[:LONGEST_REASON]


def asked_reason() -> str | None:
    """Return the cleaned reason of a rejection, None when it is empty or longer than 200 characters.

    The text that it is told in ends the sentence.
    """
    reason = clean(request.form.get("reason", "")).rstrip(" .")
    return reason if 0 < len(reason) <= LONGEST_REASON else None

"""People move: what a coordinator notes on the pages of associations."""

from flask import flash, request, url_for
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.phone import parse_phone
from service.domain.text import clean
from service.models import Contact
from service.models.session import transaction
from service.usecases.moving import merge_associations, remove_contact, replace_contact, split_association
from service.web.access import access
from service.web.admin.asked import back_to
from service.web.current import container, now, signed_in, voice

LONGEST_NAME = 80


@access("coordinator")
def replace(number: int) -> Response:
    """Let another person answer for a diaspora association."""
    name = clean(request.form.get("name", ""))
    with transaction(container().engine) as session:
        old = session.get(Contact, number)
        if not old:
            raise NotFoundError
        phone = _phone(request.form.get("phone", ""), old.association.country)
        if not phone or not 0 < len(name) <= LONGEST_NAME:
            return _back("admin.diaspora", "web.moving.unread")
        replace_contact(session, now(), actor=_actor(), contact_id=number, name=name, phone=phone)
    return _back("admin.diaspora", "web.moving.done")


@access("coordinator")
def remove(number: int) -> Response:
    """Note that a contact has died or left."""
    with transaction(container().engine) as session:
        remove_contact(session, now(), actor=_actor(), contact_id=number)
    return _back("admin.diaspora", "web.moving.done")


@access("coordinator")
def merge(number: int) -> Response:
    """Let an association go on in another, named by its number."""
    with transaction(container().engine) as session:
        merge_associations(session, now(), actor=_actor(), number=number, into=(_numbers("into") or [0])[0])
    return _back("admin.associations", "web.moving.done")


@access("coordinator")
def split(number: int) -> Response:
    """Let some officers go on as an association of their own, with the needs that are theirs."""
    name = clean(request.form.get("name", ""))
    if not 0 < len(name) <= LONGEST_NAME:
        return _back("admin.associations", "web.moving.unread")
    officers, needs = _numbers("officer"), _numbers("need")
    with transaction(container().engine) as session:
        split_association(session, now(), actor=_actor(), number=number, name=name, officers=officers, needs=needs)
    return _back("admin.associations", "web.moving.done")


def _numbers(field: str) -> list[int]:
    """Return the numbers chosen in a form; one that is none is nobody's."""
    typed = request.form.getlist(field)
    return [int(one) if one.isascii() and one.isdigit() and len(one) < len(str(2**62)) else 0 for one in typed]


def _phone(typed: str, country: str) -> str:
    try:
        return parse_phone(typed, country)
    except ValueError:
        return ""


def _actor() -> str:
    return f"user:{signed_in().id}"


def _back(endpoint: str, key: str) -> Response:
    flash(voice().say(key))
    return back_to(url_for(endpoint))

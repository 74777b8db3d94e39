"""People move: what a coordinator notes on the pages of associations."""

from flask import flash, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.phone import parse_phone
from service.domain.text import visible
from service.models import Contact, VillageAssociation
from service.models.needs import needs_of
from service.models.session import reading, transaction
from service.usecases.moving import merge_associations, remove_contact, replace_contact, split_association
from service.web.access import access
from service.web.admin import stakes
from service.web.admin.asked import back_to
from service.web.admin.sure import ask_once_more, asked_name, asked_numbers, is_sure
from service.web.current import container, now, signed_in, voice


@access("coordinator")
def replace(number: int) -> Response:
    """Let another person answer for a diaspora association."""
    name = asked_name()
    with transaction(container().engine) as session:
        old = _contact(session, number)
        phone = _phone(request.form.get("phone", ""), old.association.country)
        if not phone or not name:
            return _back("admin.diaspora", "web.moving.unread")
        replace_contact(session, now(), actor=_actor(), contact_id=number, name=name, phone=phone)
    return _back("admin.diaspora", "web.moving.done")


@access("coordinator")
def remove(number: int) -> Response | str:
    """Note that a contact has died or left, once it was said twice."""
    if not is_sure():
        with reading(container().engine) as session:
            contact = _contact(session, number)
            others = len(contact.association.active_contacts) - 1
            values = {"name": visible(contact.name), "diaspora": visible(contact.association.name)}
            counted = stakes.Stakes(people=1)
            return ask_once_more("remove" if others else "remove.last", counted, "admin.diaspora", **values)
    with transaction(container().engine) as session:
        remove_contact(session, now(), actor=_actor(), contact_id=number)
    return _back("admin.diaspora", "web.moving.done")


@access("coordinator")
def merge(number: int) -> Response | str:
    """Let an association go on in another, named by its number, once it was said twice."""
    into = (asked_numbers("into") or [0])[0]
    if not is_sure():
        with reading(container().engine) as session:
            one, other = _village(session, number), _village(session, into)
            going = [officer.id for officer in one.active_officers]
            counted = stakes.of_village(session, going, [need.id for need in needs_of(session, number)])
            values = {"name": visible(one.name), "other": visible(other.name)}
            return ask_once_more("merge", counted, "admin.associations", **values)
    with transaction(container().engine) as session:
        merge_associations(session, now(), actor=_actor(), number=number, into=into)
    return _back("admin.associations", "web.moving.done")


@access("coordinator")
def split(number: int) -> Response | str:
    """Let some officers go on as an association of their own, with the needs that are theirs, once said twice."""
    name = asked_name()
    if not name:
        return _back("admin.associations", "web.moving.unread")
    officers, needs = asked_numbers("officer"), asked_numbers("need")
    if not is_sure():
        with reading(container().engine) as session:
            values = {"name": visible(_village(session, number).name), "other": visible(name)}
            return ask_once_more("split", stakes.of_village(session, officers, needs), "admin.associations", **values)
    with transaction(container().engine) as session:
        split_association(session, now(), actor=_actor(), number=number, name=name, officers=officers, needs=needs)
    return _back("admin.associations", "web.moving.done")


def _contact(session: Session, number: int) -> Contact:
    found = session.get(Contact, number)
    if not found or found.left_at:
        raise NotFoundError
    return found


def _village(session: Session, number: int) -> VillageAssociation:
    found = session.get(VillageAssociation, number)
    if not found:
        raise NotFoundError
    return found


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

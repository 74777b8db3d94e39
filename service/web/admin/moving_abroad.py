"""Associations of emigrants merge and split: a page of their own, and its forms."""

from flask import flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.errors import NotFoundError
from service.domain.text import visible
from service.models import DiasporaAssociation, Proposal
from service.models.proposals import introduced_to, open_to
from service.models.session import reading, transaction
from service.usecases.moving_abroad import merge_diaspora, split_diaspora
from service.web.access import access
from service.web.admin import stakes
from service.web.admin.sure import ask_once_more, asked_name, asked_numbers, is_sure
from service.web.current import container, now, signed_in, voice


@access("coordinator")
def show(number: int) -> str:
    """Show an association of emigrants with the forms that merge and split it."""
    with reading(container().engine) as session:
        return render_template(
            "admin/diaspora_moving.html", one=_association(session, number), proposals=_concerned(session, number)
        )


@access("coordinator")
def merge(number: int) -> Response | str:
    """Let an association go on in another, named by its number, once it was said twice."""
    into = (asked_numbers("into") or [0])[0]
    if not is_sure():
        with reading(container().engine) as session:
            one, other = _association(session, number), _association(session, into)
            people = [contact.id for contact in one.active_contacts]
            needs = [proposal.need_id for proposal in _concerned(session, number)]
            values = {"name": visible(one.name), "other": visible(other.name)}
            return ask_once_more(
                "merge", stakes.of_diaspora(session, number, people, needs), "admin.diaspora", **values
            )
    with transaction(container().engine) as session:
        merge_diaspora(session, now(), actor=_actor(), number=number, into=into)
    return _done()


@access("coordinator")
def split(number: int) -> Response | str:
    """Let some contacts go on as an association of their own, with the projects that are theirs, once said twice."""
    name, people, needs = asked_name(), asked_numbers("contact"), asked_numbers("need")
    if not name:
        flash(voice().say("web.moving.unread"))
        return redirect(url_for("admin.moving_diaspora", number=number))
    if not is_sure():
        with reading(container().engine) as session:
            values = {"name": visible(_association(session, number).name), "other": visible(name)}
            return ask_once_more(
                "split", stakes.of_diaspora(session, number, people, needs), "admin.diaspora", **values
            )
    with transaction(container().engine) as session:
        split_diaspora(session, now(), actor=_actor(), number=number, name=name, contacts=people, needs=needs)
    return _done()


def _association(session: Session, number: int) -> DiasporaAssociation:
    found = session.get(DiasporaAssociation, number)
    if not found or found.left_at:
        raise NotFoundError
    return found


def _concerned(session: Session, number: int) -> list[Proposal]:
    """Return what an association is a partner of, then what it was asked about and still may become one of."""
    return [*introduced_to(session, number), *open_to(session, number)]


def _actor() -> str:
    return f"user:{signed_in().id}"


def _done() -> Response:
    flash(voice().say("web.moving.done"))
    return redirect(url_for("admin.diaspora"))

"""Numbers that may be another person's by now: a coordinator who spoke with their owner confirms them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.models import Officer, Phone, User
from service.models.session import reading, transaction
from service.models.vouching import doubted_numbers, holder_of
from service.usecases.vouching import confirm_number
from service.web.access import access
from service.web.current import container, now, signed_in, voice


@access("viewer")
def show() -> str:
    """List doubted numbers, first those whose holder asked."""
    with reading(container().engine) as session:
        rows = [_row(session, phone) for phone in doubted_numbers(session)]
    return render_template("admin/numbers.html", rows=rows)


@access("coordinator")
def confirm() -> Response:
    """Note that a number is still its owner's."""
    with transaction(container().engine) as session:
        confirm_number(session, now(), actor=f"user:{signed_in().id}", phone=request.form.get("phone", ""))
    flash(voice().say("web.numbers.confirmed"))
    return redirect(url_for("admin.numbers"))


def _row(session: Session, phone: Phone) -> dict[str, Any]:
    held = holder_of(session, phone.number)
    who = held[0] if held else None
    return {
        "phone": phone,
        "association": "" if who is None or isinstance(who, User) else who.association.name,
        "role": who.role if isinstance(who, Officer) else None,
        "person": "" if who is None or isinstance(who, Officer) else who.name,
    }

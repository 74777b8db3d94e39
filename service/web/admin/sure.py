"""Asking once more, before what cannot be taken back: a page says what will happen, and how much of it there is."""

from typing import Any

from flask import render_template, request, url_for

from service.domain.text import clean
from service.web.admin.stakes import Stakes
from service.web.current import voice

# What the second form says, and what it does not carry on from the first.
SURE, TOKEN = "sure", "csrf_token"
LONGEST_NAME = 80


def is_sure() -> bool:
    """Tell whether the form comes from the page that asks once more."""
    return SURE in request.form


def ask_once_more(what: str, stakes: Stakes, back: str, **values: Any) -> str:
    """Show what will happen: `web.sure.<what>` with these values, and what goes with it; `back` is where no leads."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in {SURE, TOKEN}]
    return render_template(
        "admin/sure.html",
        said=voice().say(f"web.sure.{what}", **values),
        stakes=stakes.said(),
        fields=fields,
        back=url_for(back),
    )


def asked_numbers(field: str) -> list[int]:
    """Return the numbers chosen in a form; one that is none is nobody's."""
    typed = request.form.getlist(field)
    return [int(one) if one.isascii() and one.isdigit() and len(one) < len(str(2**62)) else 0 for one in typed]


def asked_name() -> str:
    """Return a name as it was typed, cleaned; empty when it is none, or too long."""
    name = clean(request.form.get("name", ""))
    return name if len(name) <= LONGEST_NAME else ""

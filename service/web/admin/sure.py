"""Asking once more: a page says what will happen, how much of it there is, and which SMS go out."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request, url_for

from service.domain.errors import NotFoundError
from service.domain.text import clean, visible
from service.models.session import reading
from service.usecases.foretelling import Decided, Foretold, called, foretell
from service.web.admin.stakes import Stakes
from service.web.current import container, voice
from service.web.sessions import safe_next

# What the second form says, and what it does not carry on from the first.
SURE, TOKEN, STEP = "sure", "csrf_token", "step"
LONGEST_NAME = 80


def is_sure() -> bool:
    """Tell whether the form comes from the page that asks once more."""
    return SURE in request.form


def asks_first() -> bool:
    """Tell whether the form wants to see what goes out before it is decided."""
    return request.form.get(STEP) == "preview"


def show_first(one: type[Decided], number: int, decision: str, back: str, reason: object = "") -> str:
    """Show which SMS a decision (`verified`, `rejected`) sends."""
    with reading(container().engine) as session:
        found: Any = session.get(one, number)
        if not found:
            raise NotFoundError
        told = foretell(session, container().settings, found, decision, reason)
        said = voice().say(f"web.sure.{decision}", name=visible(called(found)))
        return _page(said, [], back, told)


def ask_once_more(what: str, stakes: Stakes, back: str, **values: Any) -> str:
    """Show what will happen: `web.sure.<what>` with these values, and what goes with it; `back` is where no leads."""
    return _page(voice().say(f"web.sure.{what}", **values), stakes.said(), back, None)


def _page(said: str, stakes: Sequence[str], back: str, foretold: Sequence[Foretold] | None) -> str:
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in {SURE, TOKEN, STEP}]
    came_from = request.form.get("next")
    return render_template(
        "admin/sure.html",
        said=said,
        stakes=stakes,
        foretold=foretold,
        fields=fields,
        back=safe_next(came_from) if came_from else url_for(back),
    )


def asked_numbers(field: str) -> list[int]:
    """Return the numbers chosen in a form; one that is none is nobody's."""
    typed = request.form.getlist(field)
    return [int(one) if one.isascii() and one.isdigit() and len(one) < len(str(2**62)) else 0 for one in typed]


def asked_name() -> str:
    """Return a name as it was typed, cleaned; empty when it is none, or too long."""
    name = clean(request.form.get("name", ""))
    return name if len(name) <= LONGEST_NAME else ""

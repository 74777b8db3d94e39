"""The first page: what waits, each one click from its answer; and whom to call."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from service.gateways.registry import APART
from service.models.gateways import ALL
from service.models.session import reading, transaction
from service.usecases.callbacks import finish_callback, people_to_call
from service.usecases.checkup import FAILING, NEARLY
from service.usecases.inbox import heard_from
from service.usecases.messages import gateways_now, spending_now
from service.usecases.today import FIRST, Item, Matter, waiting
from service.web.access import access
from service.web.admin.tour import demo_village
from service.web.current import container, now, signed_in, voice
from service.web.showing import here

MINUTE = timedelta(minutes=1)
# Where one of a matter is answered, and where all of it are.
PAGES: Mapping[Matter, tuple[str, str]] = {
    Matter.ASSOCIATIONS: ("admin.association", "admin.associations"),
    Matter.DIASPORA: ("admin.diaspora_association", "admin.diaspora"),
    Matter.NEEDS: ("admin.need", "admin.needs"),
    Matter.UNASKED: ("admin.need", "admin.needs"),
    Matter.DIFFERING: ("admin.money", "admin.projects"),
    Matter.CONVERSATIONS: ("admin.conversation", "admin.inbox"),
    Matter.NUMBERS: ("", "admin.numbers"),
    Matter.BROADCASTS: ("admin.broadcast", "admin.broadcasts"),
    Matter.TESTIMONIES: ("admin.project", "admin.testimonies"),
    Matter.SHEETS: ("admin.sheet", "admin.sheets"),
    Matter.UNKNOWN: ("", "admin.messages"),
    Matter.FAILED: ("", "admin.messages"),
    Matter.UNATTENDED: ("admin.association", "admin.associations"),
}
# What a list of all of a matter is narrowed to.
NARROWED: Mapping[Matter, Mapping[str, str]] = {Matter.UNASKED: {"unasked": "yes"}}
OF_A_PROJECT = ("admin.project", "admin.projects")


@access("viewer")
def show() -> str:
    """Show which gateway does badly, which cap is near, whom to call, and what waits for a decision."""
    settings = container().settings
    with reading(container().engine) as session:
        callers = people_to_call(session)
        spent = spending_now(session, settings, now(), NEARLY)
        views = gateways_now(session, now(), settings.used_gateways)
        groups = waiting(session, now(), settings.silence_days, signed_in().id)
        writers = [item.name for group in groups if group.matter is Matter.CONVERSATIONS for item in group.items]
        return render_template(
            "admin/home.html",
            groups=groups,
            heard=heard_from(session, writers),
            callers=callers[:FIRST],
            calls=len(callers),
            spent=spent[:FIRST],
            troubled=[one for one in views if one.stopped_at or one.silent or one.weight < FAILING],
            low=[one for one in views if one.is_low(settings.sms_low_balance)],
            all_gateways=ALL,
            apart=APART,
            minutes=lambda since: (now() - since) // MINUTE,
            demo=demo_village(session) is not None,
            address=_address,
            everything=_everything,
            days=lambda since: (here(now()).date() - here(since).date()).days,
        )


@access("coordinator")
def called(number: int) -> Response:
    """Note that someone was called."""
    with transaction(container().engine) as session:
        finish_callback(session, now(), actor=f"user:{signed_in().id}", callback_id=number)
    flash(voice().say("web.calls.noted"))
    return redirect(url_for("admin.home"))


def _address(matter: Matter, item: Item) -> str:
    endpoint = PAGES.get(matter, OF_A_PROJECT)[0]
    # A conversation opens where its answer is written.
    anchor = "latest" if matter is Matter.CONVERSATIONS else None
    return url_for(endpoint, number=item.number, _anchor=anchor) if endpoint else _everything(matter)


def _everything(matter: Matter) -> str:
    narrowed: dict[str, Any] = {**NARROWED.get(matter, {})}
    return url_for(PAGES.get(matter, OF_A_PROJECT)[1], **narrowed)

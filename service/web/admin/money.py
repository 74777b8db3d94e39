"""A project's money: its plan, what arrived, every entry; a coordinator sees papers, sets rates, enters corrections."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from babel.numbers import format_decimal
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.domain.errors import MoveError
from service.domain.ledger import INSTITUTIONS, RATE_UNIT, VILLAGE_SOURCES, Account, ArrivalState, Source, uncounted
from service.domain.money import Currency, Money
from service.domain.projects import DONE, Party
from service.domain.rates import parse_rate
from service.locales import CONVENTIONS, CURRENCIES
from service.models.contributions import Arrival, Contribution, arrivals_of, contributions_of
from service.models.needs import Need
from service.models.projects import Project
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.arrivals import correct_arrival
from service.usecases.contributions import confirm_line, giver_of, set_line
from service.usecases.rates import set_rate
from service.usecases.statements import statement_of
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_reason
from service.web.current import NO_BREAK, container, language, now, signed_in, voice
from service.web.showing import typed
from service.web.showing import write as write_out

SOURCES = [source for source in Source if source in INSTITUTIONS | VILLAGE_SOURCES]
MOST_DIGITS = 12


@access("viewer")
def show(number: int) -> str:
    """Show the money of one project."""
    with reading(container().engine) as session:
        need, project = session.get(Need, number), session.get(Project, number)
        if need is None or project is None:
            abort(404)
        return render_template(
            "admin/money.html",
            need=need,
            lines=contributions_of(session, number),
            arrivals=arrivals_of(session, number),
            statement=statement_of(session, need),
            giver=giver_of,
            said=_said,
            unconfirmed=_unconfirmed,
            withdrawable={ArrivalState.DECLARED, ArrivalState.CONFIRMED, ArrivalState.DIFFERENT},
            sources=SOURCES,
            dirhams=Money,
            exact=_exact,
            partners=partners_of(session, number),
            done=project.state in DONE,
            uncounted=uncounted,
            rate=_rate,
            foreign=Currency.EUR,
            today=now().date(),
            longest_reason=LONGEST_REASON,
        )


@access("coordinator")
def write(number: int) -> Response:
    """Write a line of the plan: what an institution, the village or another gives in all."""
    source, digits = request.form.get("source", ""), "".join(request.form.get("amount", "").split())
    if source not in set(SOURCES) or not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        return _back(number, "web.money.unsaved")
    try:
        with transaction(container().engine) as session:
            set_line(
                session,
                now(),
                need_id=number,
                source=Source(source),
                amount=Money.of(int(digits)),
                label=request.form.get("name", ""),
                party=Party.COORDINATOR,
                actor=f"user:{signed_in().id}",
            )
    except (ValueError, MoveError):
        return _back(number, "web.money.unsaved")
    return _back(number, "web.money.saved")


@access("coordinator")
def confirm(number: int) -> Response:
    """Confirm an institution's line on a paper that was seen."""
    paper = asked_reason()
    with transaction(container().engine) as session:
        line = session.get(Contribution, number)
        if line is None:
            abort(404)
        project = line.need_id
        if paper:
            confirm_line(session, now(), actor=f"user:{signed_in().id}", contribution_id=number, paper=paper)
    return _back(project, "web.money.saved" if paper else "web.money.unsaved")


@access("coordinator")
def correct(number: int) -> Response:
    """Take back what was declared or received, with a reason that both sides are told."""
    reason = asked_reason()
    with transaction(container().engine) as session:
        arrival = session.get(Arrival, number)
        if arrival is None:
            abort(404)
        project = arrival.need_id
        if reason:
            correct_arrival(session, now(), actor=f"user:{signed_in().id}", arrival_id=number, reason=reason)
    return _back(project, "web.money.saved" if reason else "web.money.unsaved")


@access("coordinator")
def rate(number: int) -> Response:
    """Set what a euro is worth on a day."""
    try:
        with transaction(container().engine) as session:
            set_rate(
                session,
                now(),
                currency=Currency.EUR,
                day=date.fromisoformat(request.form.get("day", "")),
                rate=parse_rate(request.form.get("rate", "")),
                source=request.form.get("reason", ""),
                actor=f"user:{signed_in().id}",
            )
    except ValueError:
        return _back(number, "web.money.unsaved")
    return _back(number, "web.money.saved")


def _unconfirmed(line: Contribution) -> bool:
    """Tell whether a coordinator may confirm something of a line."""
    return line.source in INSTITUTIONS and line.holds[Account.PROMISED] > 0


def _said(value: str) -> str:
    """Return a role or a kind of giver in words, and a name as somebody typed it."""
    return write_out(value) if isinstance(value, StrEnum) else typed(value)


def _exact(minor: int, currency: Currency = Currency.MAD) -> str:
    """Return minor units as an amount with two decimals and its currency, as people of the page's language read it."""
    written = format_decimal(Decimal(minor).scaleb(-2), "#,##0.00", locale=CONVENTIONS[language()])
    return f"{written}{NO_BREAK}{CURRENCIES[currency][language()]}".replace("\u202f", NO_BREAK)


def _rate(rate: int) -> str:
    return format_decimal(Decimal(rate) / RATE_UNIT, "0.0000", locale=CONVENTIONS[language()])


def _back(number: int, key: str) -> Response:
    flash(voice().say(key))
    return redirect(url_for("admin.money", number=number))

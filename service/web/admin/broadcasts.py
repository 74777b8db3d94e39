"""Broadcasts: written by one, approved by another, held and called back, with what came of each receiver."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.domain.broadcasts import Audience, BroadcastState, Who
from service.domain.errors import NotFoundError
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, MessageState
from service.domain.text import clean
from service.locales import Language
from service.messaging.budget import ALL, caps, spent_for
from service.messaging.outlook import LONGEST_WRITTEN, MOST_WRITTEN_PARTS
from service.messaging.phrases import Country, Phrase
from service.messaging.segments import measure
from service.models import Broadcast, BroadcastReceiver, Commune, DiasporaAssociation, Message, User
from service.models.communes import find_communes
from service.models.diaspora import place_of
from service.models.session import reading, transaction
from service.settings import COUNTRY
from service.usecases import broadcasts
from service.usecases.inbox import someone_at
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.inbox import asked_form, new_form
from service.web.admin.lists.cells import Plain
from service.web.admin.lists.downloads import download
from service.web.admin.queries import PER_PAGE, Page
from service.web.current import container, now, signed_in, voice

COLUMNS = ("phone", "language", "state", "reason", "parts", "written_at", "ended_at")
AT_ONCE = 1_000
PER_CENT = 100
CHOICES: Mapping[str, type[Who | OfficerRole | Sector | AssociationState]] = {
    "who": Who,
    "role": OfficerRole,
    "sector": Sector,
    "state": AssociationState,
}


@access("viewer")
def show() -> str:
    """List broadcasts, the newest first; `?page=` goes on."""
    with reading(container().engine) as session:
        count = session.scalar(select(func.count()).select_from(Broadcast)) or 0
        pages = max(1, -(-count // PER_PAGE))
        number = min(max(asked_number("page") or 1, 1), pages)
        rows = select(Broadcast, User.name).join(User, User.id == Broadcast.written_by)
        rows = rows.order_by(Broadcast.id.desc()).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
        found = [(one, name, _described(one)) for one, name in session.execute(rows)]
    return render_template("admin/broadcasts.html", page=Page(found, number, pages))


@access("coordinator")
def new() -> str:
    """Show the form; `?like=` fills it as an earlier one was."""
    with reading(container().engine) as session:
        like = session.get(Broadcast, asked_number("like") or 0)
        place = place_of(session, like.audience["place"]) if like else None
    filled = {**like.audience, **{f"text-{one}": text for one, text in like.texts.items()}} if like else {}
    commune = {"commune": place.name_fr} if isinstance(place, Commune) else {}
    return _form({**filled, **commune, "form": new_form()})


@access("coordinator")
def write() -> Response | str:
    """Show first whom it would reach; then keep what was written, for a second person to approve."""
    texts = {one.value: text for one in Language if (text := clean(request.form.get(f"text-{one}", "")))}
    with transaction(container().engine) as session:
        audience = _asked_audience(session)
        if problem := _problem(texts, audience):
            flash(voice().say(problem, most=MOST_WRITTEN_PARTS))
        else:
            assert audience  # noqa: S101  # tells the type checker what no problem means
            if request.form.get("step") == "preview":
                return _form(request.form.to_dict(), _preview(session, audience, texts))
            user, form = signed_in(), asked_form()
            number = broadcasts.write_broadcast(session, now(), user=user, audience=audience, texts=texts, form=form)
            return redirect(url_for("admin.broadcast", number=number))
    return _form(request.form.to_dict())


@access("viewer")
def one(number: int) -> str:
    """Show a broadcast: whom it would reach, or what came of it; `?page=` goes on in its receivers."""
    settings, at = container().settings, now()
    with reading(container().engine) as session:
        broadcast = _broadcast(session, number)
        written = broadcast.state is BroadcastState.WRITTEN
        totals = _totals(session, number)
        count = sum(totals.values())
        pages = max(1, -(-count // PER_PAGE))
        page = min(max(asked_number("page") or 1, 1), pages)
        rows = _results(number).order_by(BroadcastReceiver.phone).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
        people = select(User).where(User.id.in_({broadcast.written_by, broadcast.approved_by}))
        spent = spent_for(session, at.date(), {ALL}).get(ALL, 0)
        return render_template(
            "admin/broadcast.html",
            one=broadcast,
            described=_described(broadcast, place_of(session, broadcast.audience["place"])),
            texts={text: broadcasts.as_sent(said, text) for text, said in broadcast.texts.items()},
            preview=broadcasts.preview(session, settings, at, broadcast) if written else None,
            left_today=max(0, caps(settings)[ALL] * (PER_CENT - settings.cap_reserve) // PER_CENT - spent),
            totals=totals,
            waits=totals.get(MessageState.QUEUED, 0),
            names={user.id: user.name for user in session.scalars(people)},
            page=Page(session.execute(rows).all(), page, pages),
        )


@access("coordinator")
def results(number: int) -> Response:
    """Give what came of each receiver as CSV, however many there are."""
    with reading(container().engine) as session:
        _broadcast(session, number)
    return download(
        _lines(container().engine, number), f"broadcast-{number}", "csv", voice().say("web.broadcasts.title")
    )


def _decision(do: Callable[..., None], key: str) -> Callable[[int], Response]:
    @access("coordinator")
    def decide(number: int) -> Response:
        with transaction(container().engine) as session:
            do(session, now(), user=signed_in(), broadcast_id=number)
        flash(voice().say(key))
        return redirect(url_for("admin.broadcast", number=number))

    return decide


DECISIONS: Mapping[str, Callable[[int], Response]] = {
    "approve": _decision(broadcasts.approve, "web.broadcast.approved"),
    "pause": _decision(broadcasts.pause, "web.broadcast.paused"),
    "resume": _decision(broadcasts.resume, "web.broadcast.resumed"),
    "cancel": _decision(broadcasts.cancel, "web.broadcast.cancelled"),
}


def _preview(session: Session, audience: Audience, texts: Mapping[str, str]) -> Mapping[str, Any]:
    settings, at = container().settings, now()
    # Kept nowhere: its author may still change it.
    draft = Broadcast(audience=audience.stored(), texts=texts)
    some = broadcasts.some_receivers(session, settings, at, draft)
    people = someone_at(session, some)
    return {
        "preview": broadcasts.preview(session, settings, at, draft),
        "texts": {language: broadcasts.as_sent(text, language) for language, text in texts.items()},
        "some": [people[phone] for phone in some],
    }


def _form(filled: Mapping[str, str], seen: Mapping[str, Any] = MappingProxyType({})) -> str:
    with reading(container().engine) as session:
        places = select(Commune.province_code, Commune.province_fr, Commune.province_ar).distinct()
        countries = select(DiasporaAssociation.country).distinct().order_by(DiasporaAssociation.country)
        return render_template(
            "admin/broadcast_form.html",
            filled=filled,
            provinces=session.execute(places.order_by(Commune.province_fr)).all(),
            countries=[Country(code) for code in session.scalars(countries)],
            choices={name: list(kind) for name, kind in CHOICES.items()},
            longest=LONGEST_WRITTEN,
            **seen,
        )


def _asked_audience(session: Session) -> Audience | None:
    """Return the audience of the form, None when there is no such commune; what no form offers asks for nothing."""
    asked = {name: value for name, kind in CHOICES.items() if (value := request.form.get(name, "")) in set[str](kind)}
    place, commune = request.form.get("place", ""), clean(request.form.get("commune", ""))
    place = place if place and place_of(session, place) else ""
    if commune:
        found = find_communes(session, place or None, commune, limit=1)
        if not found:
            return None
        place = found[0].code
    who = Who(asked.pop("who", Who.VILLAGES))
    country = request.form.get("country", "")
    return Audience(who, place, country=country if COUNTRY.fullmatch(country) else "", **asked)


def _problem(texts: Mapping[str, str], audience: Audience | None) -> str | None:
    if audience is None:
        return "web.broadcast.no_commune"
    if not texts:
        return "web.broadcast.no_text"
    if any(measure(broadcasts.as_sent(text, one)).parts > MOST_WRITTEN_PARTS for one, text in texts.items()):
        return "web.broadcast.too_long"
    return None if request.form.get("no_appeal") else "web.broadcast.law"


def _broadcast(session: Session, number: int) -> Broadcast:
    broadcast = session.get(Broadcast, number)
    if broadcast is None:
        raise NotFoundError
    return broadcast


def _described(broadcast: Broadcast, place: object = None) -> list[object]:
    """Return the audience in things that can be said; the `place` with its name, where that was looked up."""
    asked = Audience.kept(broadcast.audience)
    kinds = {name: kind for name, kind in CHOICES.items() if getattr(asked, name)}
    things: list[object] = [kind(getattr(asked, name)) for name, kind in kinds.items()]
    if asked.state:
        # "Officers, verified" would say that these are.
        things[-1] = Phrase("web.broadcast.of_state", {"state": AssociationState(asked.state)})
    if asked.country:
        things.append(Country(asked.country))
    return [*things, place] if place else things


def _totals(session: Session, number: int) -> Mapping[MessageState | str, int]:
    states = (
        select(Message.state, BroadcastReceiver.left_out, func.count())
        .select_from(BroadcastReceiver)
        .outerjoin(Message, Message.id == BroadcastReceiver.message_id)
        .where(BroadcastReceiver.broadcast_id == number)
        .group_by(Message.state, BroadcastReceiver.left_out)
    )
    return {why or state: count for state, why, count in session.execute(states)}


def _results(number: int) -> Select[BroadcastReceiver, Message]:
    return (
        select(BroadcastReceiver, Message)
        .outerjoin(Message, Message.id == BroadcastReceiver.message_id)
        .where(BroadcastReceiver.broadcast_id == number)
    )


def _lines(engine: Engine, number: int) -> Iterator[Sequence[Plain]]:
    yield COLUMNS
    after = ""
    while True:
        some = _results(number).where(BroadcastReceiver.phone > after).order_by(BroadcastReceiver.phone)
        with reading(engine) as session:
            rows = session.execute(some.limit(AT_ONCE)).all()
        for to, message in rows:
            ended = message.final_at or message.accepted_at or to.at if message else to.at
            what = (message.language, message.state, message.reason) if message else ("", "left_out", to.left_out)
            yield to.phone, *what, message.parts if message else 0, to.at, ended
        if not rows:
            return
        after = rows[-1][0].phone

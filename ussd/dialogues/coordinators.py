"""What a coordinator does by phone: verify associations and needs, call people back. Who may only look, looks."""

from datetime import datetime
from typing import Any

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.money import Money
from service.domain.phone import mask_phone
from service.domain.roles import UserRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, NeedState
from service.locales import speaker
from service.models.associations import Officer, VillageAssociation, waiting_associations
from service.models.needs import Need, waiting_needs
from service.models.phones import Phone
from service.models.users import User, user_at
from service.usecases.associations import reject_association, verify_association
from service.usecases.callbacks import Caller, finish_callback, people_to_call
from service.usecases.needs import reject_need, verify_need
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Option, Recall, Show

VERIFY, REJECT, WHO = "verify", "reject", "who"
# The likeliest first.
URGENCIES = (Urgency.NORMAL, Urgency.HIGH, Urgency.CRITICAL, Urgency.LOW)
WHY_ASSOCIATIONS = ("papers", "unknown", "unreachable", "duplicate")
WHY_NEEDS = ("unclear", "cost", "planned", "private", "duplicate")


@dialogue("coordinator.associations")
def check_associations(ctx: Context) -> Talk:
    """Which association, who they are, and whether it is one."""
    if not (yield Recall("associations", lambda: bool(waiting_associations(ctx.session, limit=1)))):
        return (yield from reading(Show("coordinator.associations.none")))
    chosen = yield Choice("coordinator.associations", lambda: _associations(ctx))
    seen = yield Recall("association", lambda: _association(ctx, int(chosen)))
    key = "coordinator.association"
    decision = yield Choice(key, lambda: _answers(ctx, key, seen, VERIFY, REJECT), values=_dated(seen))
    if decision == WHO:
        return (yield from reading(Show("coordinator.who", values=seen)))
    reason = (yield Choice(f"{key}.reason", lambda: _reasons(ctx, WHY_ASSOCIATIONS))) if decision == REJECT else ""
    if refused := (yield from proven(ctx, "decide", what=ctx.voice.say(f"{key}.{decision}"), of=seen["name"])):
        return refused
    _decide_association(ctx, int(chosen), _reason(seen, reason))
    return End(f"{key}.{decision}.done", seen)


@dialogue("coordinator.needs")
def check_needs(ctx: Context) -> Talk:
    """Which need, what it is, and how pressing; one whose association is not verified can only be turned away."""
    if not (yield Recall("needs", lambda: bool(waiting_needs(ctx.session, limit=1)))):
        return (yield from reading(Show("coordinator.needs.none")))
    chosen = yield Choice("coordinator.needs", lambda: _needs(ctx))
    seen = yield Recall("need", lambda: _need(ctx, int(chosen)))
    offered = (VERIFY, REJECT) if seen["verified"] else (REJECT,)
    key, values = _asked(ctx, seen)
    decision = yield Choice(key, lambda: _answers(ctx, "coordinator.need", seen, *offered), values=values)
    if decision == WHO:
        return (yield from reading(Show("coordinator.who", values=seen)))
    if decision == VERIFY:
        reason, urgency = "", (yield Choice("coordinator.need.urgency", URGENCIES))
    else:
        reason, urgency = (yield Choice("coordinator.need.reason", lambda: _reasons(ctx, WHY_NEEDS))), ""
    if refused := (
        yield from proven(ctx, "decide", what=ctx.voice.say(f"coordinator.need.{decision}"), of=seen["reference"])
    ):
        return refused
    _decide_need(ctx, int(chosen), _reason(seen, reason), urgency)
    return End(f"coordinator.need.{decision}.done", seen)


@dialogue("coordinator.calls")
def calls(ctx: Context) -> Talk:
    """Who wants to be called, on which number and in which language; and that it is done."""
    if not (yield Recall("calls", lambda: bool(people_to_call(ctx.session)))):
        return (yield from reading(Show("coordinator.calls.none")))
    chosen = yield Choice("coordinator.calls", lambda: _calls(ctx))
    seen = yield Recall("call", lambda: _call(ctx, int(chosen)))
    values = {**_dated(seen), "language": ctx.voice.say(f"coordinator.language.{seen['language']}")}
    if not seen["decides"]:
        return (yield from reading(Show("coordinator.call", values=values)))
    done = ctx.voice.say("coordinator.call.done")
    yield Choice("coordinator.call", lambda: [Option("done", done)], values=values)
    finish_callback(ctx.facts, ctx.now, actor=_actor(ctx), callback_id=int(chosen))
    return End("coordinator.call.noted")


def _decide_association(ctx: Context, number: int, reason: str) -> None:
    association = ctx.facts.get(VillageAssociation, number)
    # Decided at the admin view meanwhile, what was on this screen decides nothing any more.
    if not association or association.state is not AssociationState.PENDING:
        raise MoveError
    if reason:
        reject_association(ctx.facts, ctx.now, actor=_actor(ctx), association_id=number, reason=reason)
    else:
        code = ctx.settings.ussd_code
        verify_association(ctx.facts, ctx.now, actor=_actor(ctx), association_id=number, code=code)


def _decide_need(ctx: Context, number: int, reason: str, urgency: str) -> None:
    need = ctx.facts.get(Need, number)
    if not need or need.state is not NeedState.REPORTED:
        raise MoveError
    if reason:
        reject_need(ctx.facts, ctx.now, actor=_actor(ctx), need_id=number, reason=reason)
    else:
        verify_need(ctx.facts, ctx.now, actor=_actor(ctx), need_id=number, urgency=Urgency(urgency))


def _user(ctx: Context) -> User:
    user = user_at(ctx.session, ctx.phone)
    if not user:
        raise NotFoundError
    return user


def _decides(ctx: Context) -> bool:
    return _user(ctx).role.includes(UserRole.COORDINATOR)


def _actor(ctx: Context) -> str:
    """Return who decides, as the audit names them.

    Raises NotAllowedError when they may not any more.
    """
    if not _decides(ctx):
        raise NotAllowedError
    return f"user:{_user(ctx).id}"


def _associations(ctx: Context) -> list[Option]:
    return [Option(str(one.id), one.name) for one in waiting_associations(ctx.session)]


def _association(ctx: Context, number: int) -> dict[str, Any]:
    association = ctx.session.get_one(VillageAssociation, number)
    return {
        "day": association.registered_at.isoformat(),
        **_spokesperson(ctx, association),
    }


def _needs(ctx: Context) -> list[Option]:
    return [
        Option(str(need.id), f"{need.reference} {ctx.voice.write(need.sector)}") for need in waiting_needs(ctx.session)
    ]


def _need(ctx: Context, number: int) -> dict[str, Any]:
    need = ctx.session.get_one(Need, number)
    association = need.association
    return {
        "reference": need.reference,
        "sector": need.sector.value,
        "households": need.households,
        "cost": need.cost,
        "share": need.village_share,
        "title": need.title,
        "verified": association.state is AssociationState.VERIFIED,
        **_spokesperson(ctx, association, need.reported_by),
    }


def _asked(ctx: Context, seen: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the text that shows a need, and its values."""
    money = {"cost": Money(seen["cost"]), "share": Money(seen["share"])}
    values = {**seen, **money, "sector": Sector(seen["sector"])}
    if seen["verified"]:
        return "coordinator.need", values
    return "coordinator.need.first", {"need": ctx.voice.say("coordinator.need", **values)}


def _spokesperson(ctx: Context, association: VillageAssociation, first: int = 0) -> dict[str, Any]:
    """Return the association, and who speaks for it, best the officer `first`, with the language they read."""
    officer = min(association.active_officers, key=lambda one: one.id != first, default=None)
    return {
        "name": association.name,
        "douar": association.douar,
        "commune": ctx.place(association.commune),
        "who": _officer(ctx, officer) if officer else ctx.voice.say("coordinator.nobody"),
        "language": ctx.session.get_one(Phone, officer.phone).language.value if officer else ctx.language,
        "decides": _decides(ctx),
    }


def _officer(ctx: Context, officer: Officer) -> str:
    return f"{ctx.voice.write(officer.role)} {_number(ctx, officer.phone)}"


def _number(ctx: Context, phone: str) -> str:
    """Return a number as one word, which no page cuts; masked, as on the admin pages, for those who only view."""
    return phone if _decides(ctx) else mask_phone(phone)


def _calls(ctx: Context) -> list[Option]:
    return [
        Option(str(one.id), one.association or one.person or _number(ctx, one.phone))
        for one in people_to_call(ctx.session)
    ]


def _call(ctx: Context, number: int) -> dict[str, Any]:
    found = [one for one in people_to_call(ctx.session) if one.id == number]
    if not found:
        raise NotFoundError
    return {
        "who": _who(ctx, found[0]) or ctx.voice.say("coordinator.stranger"),
        "number": _number(ctx, found[0].phone),
        "language": found[0].language.value,
        "day": found[0].asked_at.isoformat(),
        "decides": _decides(ctx),
    }


def _who(ctx: Context, caller: Caller) -> str:
    role = ctx.voice.write(caller.role) if caller.role else ""
    return ctx.voice.say("phrase.joint").join(part for part in (caller.association, role or caller.person) if part)


def _answers(ctx: Context, key: str, seen: dict[str, Any], *decisions: str) -> list[Option]:
    """Return the decisions, for those who may decide, and the look at who it is."""
    made = decisions if seen["decides"] else ()
    return [
        *(Option(one, ctx.voice.say(f"{key}.{one}")) for one in made),
        Option(WHO, ctx.voice.say("coordinator.whom")),
    ]


def _reasons(ctx: Context, reasons: tuple[str, ...]) -> list[Option]:
    return [Option(reason, ctx.voice.say(f"rejection.{reason}")) for reason in reasons]


def _reason(seen: dict[str, Any], reason: str) -> str:
    """Return the reason in the language of who is told."""
    return speaker(seen["language"]).say(f"rejection.{reason}") if reason else ""


def _dated(seen: dict[str, Any]) -> dict[str, Any]:
    return {**seen, "day": datetime.fromisoformat(seen["day"]).date()}

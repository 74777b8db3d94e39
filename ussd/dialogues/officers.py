"""Who speaks for the association: one officer asks for a change, a second agrees, a newcomer joins with a code."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from secrets import compare_digest
from typing import Any

from service.domain.phone import parse_phone, show_phone
from service.domain.roles import ChangeKind, OfficerRole
from service.domain.states import AssociationState, ChangeState
from service.locales import Language
from service.models.associations import Officer
from service.models.officers import OfficerChange, deciders, open_invitations, waiting_changes
from service.models.secrets import SecretKind
from service.usecases.officers import (
    INVITATION_DIGITS,
    agree_to_change,
    ask_change,
    hash_invitation,
    join_association,
    may_be_added,
    refuse_change,
)
from service.usecases.phones import know_phone, start
from ussd.dialogues.callbacks import call_me
from ussd.dialogues.context import Context
from ussd.dialogues.pins import LOCKED, guess, proven
from ussd.engine.dialogue import Step, Talk, dialogue, reading
from ussd.engine.prompts import DIGITS, Answer, Choice, End, MisreadError, Option, Recall, Review, Show
from ussd.engine.typed import Secret, Typed

Seen = dict[str, Any]


@dataclass(frozen=True)
class PhoneNumber(Typed):
    """A phone number, national or international; the journal keeps it as E.164. `check` may refuse it."""

    check: Callable[[str], None] = field(kw_only=True)

    def understood(self, typed: str) -> Answer:
        """Accept `0612345678`, `06 12 34 56 78`, `+33 6 39 98 00 01`, `٠٦١٢٣٤٥٦٧٨`."""
        try:
            number = parse_phone(typed.translate(DIGITS))
        except ValueError:
            raise MisreadError("expect.phone") from None
        self.check(number)
        return number


@dialogue("officers")
def officers(ctx: Context) -> Talk:
    """See who speaks for the association; add, remove, hand over."""
    if not (yield Recall("officers.verified", lambda: _verified(ctx))):
        return (yield from reading(Show("officers.pending")))
    way = yield Choice("officers", lambda: _ways(ctx))
    return (yield from WAYS[way](ctx))


@dialogue("officers.seen")
def see(ctx: Context) -> Talk:
    """Show role and last two digits of each."""
    board = yield Recall("officers.board", lambda: _board(ctx))
    return (yield from reading(Show("officers.seen", values={"who": "\n".join(_who(ctx, one) for one in board)})))


@dialogue("officers.add", draft=True)
def add(ctx: Context) -> Talk:
    """Invite somebody more, also a witness."""
    role = yield Choice("officers.add.role", OfficerRole)
    number = yield _new_number(ctx, "officers.add.number")
    said = {"role": OfficerRole(role), "number": show_phone(number)}
    yield Review("officers.add.review", lines=("officers.add.role", "officers.add.number"), values=said)
    return (yield from _ask(ctx, ChangeKind.ADD, said, role=OfficerRole(role), phone=number))


@dialogue("officers.remove")
def remove(ctx: Context) -> Talk:
    """Take somebody else's voice away; one's own is given up by leaving."""
    board = yield Recall("officers.board", lambda: [one for one in _board(ctx) if not one["me"]])
    if not board:
        return (yield from _alone(ctx))
    chosen = yield Choice("officers.remove.who", lambda: _options(ctx, board))
    if not (yield Recall("officers.deciders", lambda: _others_agree(ctx, int(chosen)))):
        return (yield from _alone(ctx))
    said = {"who": _named(ctx, board, chosen)}
    yield Review("officers.remove.review", lines=("officers.remove.who",), values=said)
    return (yield from _ask(ctx, ChangeKind.REMOVE, said, about=int(chosen)))


@dialogue("officers.hand_over", draft=True)
def hand_over(ctx: Context) -> Talk:
    """Give a role to another number, also one's own: when a SIM changes, or a term ends."""
    board = yield Recall("officers.board", lambda: _board(ctx))
    chosen = yield Choice("officers.hand_over.who", lambda: _options(ctx, board))
    if not (yield Recall("officers.deciders", lambda: _others_agree(ctx, int(chosen)))):
        return (yield from _alone(ctx))
    number = yield _new_number(ctx, "officers.hand_over.number")
    said = {"who": _named(ctx, board, chosen), "number": show_phone(number)}
    lines = ("officers.hand_over.who", "officers.hand_over.number")
    yield Review("officers.hand_over.review", lines=lines, values=said)
    return (yield from _ask(ctx, ChangeKind.HAND_OVER, said, about=int(chosen), phone=number))


@dialogue("officers.agree")
def agree(ctx: Context) -> Talk:
    """Answer a change that a fellow officer asked for; only a yes needs proof."""
    waiting = yield Recall("changes", lambda: _changes(ctx))
    if not waiting:
        return End("agree.none")
    change = waiting[0]
    if len(waiting) > 1:
        number = yield Choice("agree.which", lambda: [_change_line(ctx, one) for one in waiting])
        change = next(one for one in waiting if str(one["id"]) == number)
    values = {**change, "role": OfficerRole(change["role"]), "asker": OfficerRole(change["asker"])}
    answer = yield Choice(f"agree.{change['kind']}", lambda: _yes_or_no(ctx), values=values)
    if answer == "no":
        refuse_change(ctx.facts, ctx.now, officer=ctx.officer(), change_id=change["id"])
        return End("agree.refused")
    if refused := (yield from proven(ctx, "agree")):
        return refused
    agree_to_change(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        change_id=change["id"],
        dial=ctx.settings.ussd_code,
        pepper=ctx.settings.secret_key,
    )
    return End(f"agree.{change['kind']}.done")


@dialogue("officers.join")
def join(ctx: Context) -> Talk:
    """Join with an invitation code. The journal holds its hash: `hash_invitation` makes what an SMS may give."""
    question = "join.code"
    found: Answer = 0
    while not found:
        hashed = yield _invitation(ctx, question)
        found = yield _opening(ctx, hashed)
        question = "join.code.again"
    if found == LOCKED:
        return End("code.locked")
    know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
    start(ctx.facts, ctx.now, ctx.phone, ctx.channel)
    officer = join_association(ctx.facts, ctx.now, phone=ctx.phone, change_id=found)
    return End("join.done", {"name": officer.association.name, "role": officer.role})


WAYS: dict[str, Callable[[Context], Talk]] = {
    "see": see,
    ChangeKind.ADD: add,
    ChangeKind.REMOVE: remove,
    ChangeKind.HAND_OVER: hand_over,
}


def _ways(ctx: Context) -> list[Option]:
    return [Option(way, ctx.voice.say(f"officers.{way}")) for way in WAYS]


def _verified(ctx: Context) -> bool:
    return ctx.officer().association.state is AssociationState.VERIFIED


def _ask(ctx: Context, kind: ChangeKind, said: Mapping[str, Any], **what: Any) -> Generator[Step, Any, End]:
    if refused := (yield from proven(ctx, kind, **said)):
        return refused
    change = ask_change(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        kind=kind,
        **what,
        dial=ctx.settings.ussd_code,
        pepper=ctx.settings.secret_key,
    )
    return End("officers.invited" if change.state is ChangeState.AGREED else "officers.asked")


def _alone(ctx: Context) -> Talk:
    """Nobody else could agree: a coordinator does it."""
    yield Choice("officers.alone", lambda: [Option("callback", ctx.voice.say("home.callback"))])
    return (yield from call_me(ctx))


def _others_agree(ctx: Context, about: int) -> bool:
    return bool(deciders(ctx.session, ctx.officer(), about))


def _new_number(ctx: Context, key: str) -> PhoneNumber:
    return PhoneNumber(key, check=lambda number: _must_be_free(ctx, number))


def _must_be_free(ctx: Context, number: str) -> None:
    # One sentence for every reason: whether a stranger is registered, and as what, is not told.
    if not may_be_added(ctx.session, number):
        raise MisreadError("officers.taken")


def _board(ctx: Context) -> list[Seen]:
    me = ctx.officer()
    return [_seen(officer, me) for officer in me.association.active_officers]


def _seen(officer: Officer, me: Officer) -> Seen:
    return {"id": officer.id, "role": officer.role, "last": officer.phone[-2:], "me": officer.id == me.id}


def _who(ctx: Context, seen: Seen) -> str:
    who = f"{ctx.voice.write(OfficerRole(seen['role']))} ..{seen['last']}"
    return ctx.voice.say("officers.me", who=who) if seen.get("me") else who


def _options(ctx: Context, board: list[Seen]) -> list[Option]:
    return [Option(str(one["id"]), _who(ctx, one)) for one in board]


def _named(ctx: Context, board: list[Seen], chosen: str) -> str:
    return next(_who(ctx, one) for one in board if str(one["id"]) == chosen)


def _changes(ctx: Context) -> list[Seen]:
    return [_change(one) for one in waiting_changes(ctx.session, ctx.now, ctx.officer())]


def _change(change: OfficerChange) -> Seen:
    return {
        "id": change.id,
        "kind": change.kind,
        "asker": change.asker.role,
        "role": change.role,
        "last": (change.officer.phone if change.officer else change.phone or "")[-2:],
        # In full: who agrees must be able to tell whose number it is.
        "number": show_phone(change.phone) if change.phone else "",
    }


def _change_line(ctx: Context, seen: Seen) -> Option:
    return Option(str(seen["id"]), f"{ctx.voice.write(ChangeKind(seen['kind']))}: {_who(ctx, seen)}")


def _yes_or_no(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"agree.{answer}")) for answer in ("yes", "no")]


def _invitation(ctx: Context, key: str) -> Secret:
    pepper, phone = ctx.settings.secret_key, ctx.phone
    return Secret(key, digits=INVITATION_DIGITS, check=lambda typed: hash_invitation(pepper, phone, typed))


def _opening(ctx: Context, hashed: str) -> Recall:
    """Look which invitation the code opens: 0 for none, `locked`; counted alike whether there is one or not."""
    return Recall("join.found", lambda: guess(ctx, SecretKind.INVITATION, lambda _: _opened(ctx, hashed)))


def _opened(ctx: Context, hashed: str) -> int:
    waiting = open_invitations(ctx.session, ctx.now, ctx.phone)
    return next((one.id for one in waiting if compare_digest(one.code_hash, hashed)), 0)

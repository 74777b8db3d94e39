"""Proving who one is: a PIN on USSD, which nobody else on the line sees; by SMS, a code that is sent back."""

from collections.abc import Callable, Generator
from itertools import pairwise
from secrets import compare_digest, token_urlsafe
from typing import Any

from service.domain.errors import LockedError
from service.domain.roles import ChangeKind
from service.models.associations import active_officer
from service.models.officers import deciders
from service.models.secrets import SecretKind
from service.security import code_of, hash_pin, pin_fits
from service.usecases.officers import ask_change
from service.usecases.pins import begin_guess, has_pin, set_pin, settle_guess
from ussd.dialogues.callbacks import call_me
from ussd.dialogues.certainty import certain
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Answer, Choice, End, MisreadError, Option, Recall
from ussd.engine.typed import Secret
from ussd.work import TooSoonError

PIN_DIGITS, CODE_DIGITS = 4, 6
RIGHT, LOCKED = "right", "locked"
# 1111, 1234, 4321: the first that a thief tries.
STEPS_OF_EASY = (0, 1, -1)


def proven(ctx: Context, deed: str, **values: Any) -> Generator[Step, Any, End | None]:
    """Let the caller prove who they are, as the last step before facts; return how it ends when they cannot.

    The text `code.for.<deed>` with its values says what a code stands for: of two that came by SMS, one may have been
    asked by somebody else. A number that may be another person's by now proves nothing before somebody vouched for it.
    """
    yield from certain(ctx)
    if ctx.channel == "sms":
        deed = ctx.voice.say(f"code.for.{deed}", **values)
        return End("code.locked") if (yield from _sent_back(ctx, deed)) == LOCKED else None
    if (yield Recall("pin", lambda: has_pin(ctx.session, ctx.phone))):
        return End("pin.locked") if (yield from asked(ctx)) == LOCKED else None
    hashed = yield from chosen(ctx)
    set_pin(ctx.facts, ctx.now, ctx.phone, hashed, first=True)
    return None


def asked(ctx: Context) -> Generator[Step, Any, str]:
    """Ask the PIN; return `right` or `locked`."""
    pepper, phone = ctx.settings.secret_key, ctx.phone
    outcome: str = yield Secret(
        "pin.ask",
        digits=PIN_DIGITS,
        check=lambda typed: _judged(ctx, SecretKind.PIN, lambda kept: pin_fits(kept, pepper, phone, typed)),
    )
    return outcome


def chosen(ctx: Context) -> Generator[Step, Any, str]:
    """Let a new PIN be chosen, typed twice; return its hash, which is all that the journal holds of it."""
    hashed = yield Secret("pin.new", digits=PIN_DIGITS, check=lambda typed: _hashed(ctx, typed))
    yield Secret("pin.again", digits=PIN_DIGITS, check=lambda typed: _same(ctx, hashed, typed))
    return str(hashed)


def guess(ctx: Context, kind: SecretKind, judge: Callable[[str], Answer]) -> Answer:
    """Count a guess, and only then let `judge` compare with the kept hash; return its answer, `locked` unjudged.

    A false answer is a wrong guess.
    """
    try:
        with ctx.work.apart() as session:
            kept = begin_guess(session, ctx.now, ctx.phone, kind)
    except LockedError:
        return LOCKED
    answer = judge(kept)
    with ctx.work.apart() as session:
        settle_guess(session, ctx.now, ctx.phone, kind, right=bool(answer))
    return answer


@dialogue("pin.change")
def change_pin(ctx: Context) -> Talk:
    """Choose a PIN, or another one; who forgot it asks a fellow officer. Never by SMS, which stays on the phone."""
    if ctx.channel == "sms":
        return End("pin.dial", {"code": ctx.settings.ussd_code})
    # A PIN that a stranger chose, or changed, would let them do all the rest.
    yield from certain(ctx)
    has_one = yield Recall("pin", lambda: has_pin(ctx.session, ctx.phone))
    if has_one:
        way = yield Choice("pin.way", lambda: _lines(ctx, "pin.change", "pin.forgotten"))
        if way == "pin.forgotten":
            return (yield from _forgotten(ctx))
        if (yield from asked(ctx)) == LOCKED:
            return End("pin.locked")
    hashed = yield from chosen(ctx)
    set_pin(ctx.facts, ctx.now, ctx.phone, hashed, first=not has_one)
    return End("pin.saved")


def _forgotten(ctx: Context) -> Talk:
    if not (yield Recall("pin.deciders", lambda: _others_agree(ctx))):
        yield Choice("pin.forgotten.alone", lambda: _lines(ctx, "home.callback"))
        return (yield from call_me(ctx))
    yield Choice("pin.forgotten.first", lambda: _lines(ctx, "pin.forgotten.send"))
    ask_change(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        kind=ChangeKind.UNLOCK,
        dial=ctx.settings.ussd_code,
        pepper=ctx.settings.secret_key,
    )
    return End("pin.forgotten.asked")


def _others_agree(ctx: Context) -> bool:
    officer = active_officer(ctx.session, ctx.phone)
    return bool(officer and deciders(ctx.session, officer))


def _lines(ctx: Context, *keys: str) -> list[Option]:
    return [Option(key, ctx.voice.say(key)) for key in keys]


def _sent_back(ctx: Context, deed: str) -> Generator[Step, Any, str]:
    nonce = yield Recall("code", token_urlsafe)
    code = code_of(ctx.settings.secret_key, ctx.phone, nonce)
    outcome: str = yield Secret(
        "code.ask",
        digits=CODE_DIGITS,
        check=lambda typed: _judged(ctx, SecretKind.CODE, lambda _: compare_digest(typed, code)),
        values={"deed": deed, "code": code},
    )
    return outcome


def _judged(ctx: Context, kind: SecretKind, fits: Callable[[str], bool]) -> str:
    outcome = guess(ctx, kind, fits)
    if not outcome:
        raise MisreadError(f"{kind}.wrong")
    return LOCKED if outcome == LOCKED else RIGHT


def _hashed(ctx: Context, typed: str) -> str:
    if ctx.work.too_soon:
        # Typed before the question was seen: on a long dial, which stays in the phone's list of calls.
        raise TooSoonError
    steps = {int(after) - int(before) for before, after in pairwise(typed)}
    if len(steps) == 1 and steps <= set(STEPS_OF_EASY):
        raise MisreadError("pin.easy")
    return hash_pin(ctx.settings.secret_key, ctx.phone, typed)


def _same(ctx: Context, hashed: str, typed: str) -> str:
    if not pin_fits(hashed, ctx.settings.secret_key, ctx.phone, typed):
        raise MisreadError("pin.differs")
    return RIGHT

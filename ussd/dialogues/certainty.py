"""Whose phone this is: before anything sensitive, a number that was silent for long is somebody's word away from it."""

from collections.abc import Generator
from typing import Any

from service.usecases.vouching import ask_to_vouch, must_verify, who_vouches
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Step
from ussd.engine.prompts import Choice, Enter, Option, Recall

COLLEAGUE, COORDINATOR = "colleague", "coordinator"


def certain(ctx: Context) -> Generator[Step, Any, None]:
    """Wait here while the number may be another person's, until a colleague or a coordinator says that it is not.

    What was typed before is kept, and gone on with. Nothing is asked of a number that nobody doubts.
    """
    who = yield Recall("number", lambda: _who(ctx))
    if not who:
        return
    yield Enter("number", version=1, draft=True)
    yield Choice(f"number.{who}", lambda: _line(ctx, "number.ask"))
    yield Recall("number.asked", lambda: _asked(ctx))
    while (yield Recall("number.waits", lambda: must_verify(ctx.session, ctx.now, ctx.phone))):
        yield Choice("number.waiting", lambda: _line(ctx, "number.again"))


def _who(ctx: Context) -> str:
    """Return who must say whose number it is; nobody where it is certain."""
    if not must_verify(ctx.session, ctx.now, ctx.phone):
        return ""
    return COLLEAGUE if who_vouches(ctx.session, ctx.now, ctx.phone) else COORDINATOR


def _asked(ctx: Context) -> bool:
    # Apart, so that the conversation is not over: its facts wait for the answer.
    with ctx.work.apart() as session:
        ask_to_vouch(session, ctx.now, phone=ctx.phone, channel=ctx.channel, dial=ctx.settings.ussd_code)
    return True


def _line(ctx: Context, key: str) -> list[Option]:
    return [Option(key, ctx.voice.say(key))]

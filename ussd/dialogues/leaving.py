"""Leaving, and being forgotten."""

from service.usecases.leaving import forget
from service.usecases.pins import has_pin
from ussd.dialogues.certainty import certain
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Option, Recall


@dialogue("leave")
def leave(ctx: Context) -> Talk:
    """Say what leaving does, ask once, and forget the number; by SMS, the answer is the last thing it is sent."""
    caller = yield Recall("leave.caller", ctx.caller)
    kind = caller["kind"] if caller["kind"] in {"officer", "contact"} else "phone"
    answer = yield Choice(f"leave.{kind}", lambda: _answers(ctx), values={"name": caller["name"]})
    if answer == "no":
        return End("leave.no.done")
    # Who holds a number that speaks for nobody may always have it forgotten; and anybody's STOP is obeyed.
    yield from certain(ctx)
    # Who has never chosen a PIN would choose one for nothing: so could a thief.
    protected = yield Recall("leave.protected", lambda: ctx.channel == "sms" or has_pin(ctx.session, ctx.phone))
    if protected and (refused := (yield from proven(ctx, "leave"))):
        return refused
    forget(ctx.facts, ctx.now, phone=ctx.phone)
    ctx.work.forgets = True
    return End("leave.yes.done")


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"leave.{answer}")) for answer in ("yes", "no")]

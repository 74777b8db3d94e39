"""Saying that a colleague's number is still theirs, after it was silent for long."""

from typing import Any

from service.domain.phone import show_phone
from service.domain.roles import OfficerRole
from service.models.associations import Officer
from service.models.vouching import Person, waiting_vouches
from service.usecases.vouching import refuse_to_vouch, vouch
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Option, Recall


@dialogue("vouch")
def answer_vouch(ctx: Context) -> Talk:
    """Whose number (when several ask), and whether it is still theirs; only a yes needs proof."""
    waiting = yield Recall("vouches", lambda: _waiting(ctx))
    if not waiting:
        return End("vouch.none")
    seen = waiting[0]
    if len(waiting) > 1:
        chosen = yield Choice("vouch.which", lambda: [Option(one["phone"], _who(ctx, one)) for one in waiting])
        seen = next(one for one in waiting if one["phone"] == chosen)
    said = {"who": _who(ctx, seen), "number": show_phone(seen["phone"])}
    answer = yield Choice("vouch.ask", lambda: _answers(ctx), values=said)
    if answer == "no":
        refuse_to_vouch(ctx.facts, ctx.now, who=ctx.person(), phone=seen["phone"])
        return End("vouch.no.done", said)
    if refused := (yield from proven(ctx, "vouch", **said)):
        return refused
    vouch(ctx.facts, ctx.now, who=ctx.person(), phone=seen["phone"])
    return End("vouch.yes.done", said)


def _waiting(ctx: Context) -> list[dict[str, Any]]:
    return [_seen(one) for one in waiting_vouches(ctx.session, ctx.now, ctx.person())]


def _seen(person: Person) -> dict[str, Any]:
    role = person.role.value if isinstance(person, Officer) else ""
    return {"phone": person.phone, "role": role, "name": "" if isinstance(person, Officer) else person.name}


def _who(ctx: Context, seen: dict[str, Any]) -> str:
    """Return the name of a contact, or the role of an officer with the number's last two digits."""
    return seen["name"] or f"{ctx.voice.write(OfficerRole(seen['role']))} ..{seen['phone'][-2:]}"


def _answers(ctx: Context) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"vouch.{answer}")) for answer in ("yes", "no")]

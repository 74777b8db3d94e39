"""The financing plan of a project: who gives what, what is missing, a line more, and each side's agreement."""

from typing import Any

from service.domain.ledger import INSTITUTIONS, SPLITS, VILLAGE_SOURCES, Posting, Source, suggested
from service.domain.money import Money
from service.domain.projects import UNDER_WAY
from service.domain.roles import OFFICERS
from service.messaging.phrases import sourced, words
from service.models.actors import said_of
from service.models.associations import Officer, active_officer
from service.models.contributions import Contribution, contributions_of, last_arrival, missing_of
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference, projects_of
from service.models.projects import Project
from service.models.proposals import introduced_to
from service.usecases.contributions import giver_of, write_line
from service.usecases.plans import agree_plan, may_agree
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.progress import which_project
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Option, Recall, Review, Show
from ussd.engine.typed import Amount, Text

LONGEST_NAME = 30
# In the order in which a village thinks of them.
SOURCES = [source for source in Source if source in VILLAGE_SOURCES | INSTITUTIONS]
NAMED = frozenset({Source.STATE_PROGRAMME, Source.OTHER})


@dialogue("plan")
def plan(ctx: Context) -> Talk:
    """Which project, what is missing and who gives what; then a line closer, one more, or this side's agreement."""
    reference = yield from which_project(ctx, lambda: _projects(ctx))
    if not reference:
        return End("plan.none")
    seen = yield Recall("plan", lambda: _seen(ctx, reference))
    question = "plan.seen" if seen["missing"] else "plan.seen.whole"
    chosen = yield Choice(question, lambda: _lines(ctx, seen), values={**seen, "reference": reference})
    if chosen == "agree":
        return (yield from _agree(ctx, reference, seen["version"]))
    if chosen == "add":
        return (yield from _add(ctx, reference))
    line = next(one for one in seen["lines"] if str(one["id"]) == chosen)
    return (yield from reading(Show("plan.line", values=line)))


def _agree(ctx: Context, reference: str, version: int) -> Talk:
    answer = yield Choice(
        "plan.agree", lambda: _said(ctx, "plan.agree.yes", "plan.agree.no"), values={"reference": reference}
    )
    if answer == "plan.agree.no":
        return End("plan.agree.no.done", {"reference": reference})
    if refused := (yield from proven(ctx, "plan", reference=reference)):
        return refused
    code = ctx.settings.ussd_code
    agreed = agree_plan(ctx.facts, ctx.now, who=_who(ctx), reference=reference, version=version, code=code)
    return End("plan.agreed" if agreed else "plan.agree.yes.done", {"reference": reference})


def _add(ctx: Context, reference: str) -> Talk:
    source = Source((yield Choice("plan.source", SOURCES)))
    label = (
        (yield Text("plan.source.name", longest=LONGEST_NAME, none="plan.source.name.unsaid"))
        if source in NAMED
        else ""
    )
    known = yield Recall("plan.known", lambda: _known(ctx, reference, source, label or ""))
    hint = {"percent": known["percent"], "amount": Money(known["often"])}
    said = ctx.voice.say("plan.hint", **hint) if known["percent"] else ""
    amount, _ = yield Amount(
        "plan.amount",
        low=max(1, known["arrived"]),
        none="" if known["arrived"] else "plan.amount.nothing",
        values={"hint": said},
    )
    in_all = Money.of(amount)
    if in_all.minor == known["promised"]:
        return End("plan.unchanged", {"reference": reference})
    values = {"reference": reference, "giver": label or source, "amount": in_all}
    yield Review("plan.review", lines=("plan.source", "plan.amount"), values=values)
    if refused := (yield from proven(ctx, "line", **values)):
        return refused
    write_line(
        ctx.facts,
        ctx.now,
        officer=ctx.officer(),
        reference=reference,
        source=source,
        amount=in_all,
        label=label or "",
    )
    return End("plan.saved", {"reference": reference})


def _who(ctx: Context) -> Officer | Contact:
    return active_officer(ctx.session, ctx.phone) or ctx.contact()


def _projects(ctx: Context) -> list[Need]:
    who = _who(ctx)
    if isinstance(who, Officer):
        return projects_of(ctx.session, who.association_id)
    return [proposal.need for proposal in introduced_to(ctx.session, who.association_id)]


def _seen(ctx: Context, reference: str) -> dict[str, Any]:
    need, who = _need(ctx, reference), _who(ctx)
    project = ctx.session.get_one(Project, need.id)
    may = ["agree"] if may_agree(ctx.session, who, project) else []
    if isinstance(who, Officer) and who.role in OFFICERS and project.state in UNDER_WAY:
        may.append("add")
    return {
        "version": project.plan_version,
        "cost": need.cost // 100,
        # Of what is finished, or given up, nothing is missing any more.
        "missing": missing_of(ctx.session, need).major if project.state in UNDER_WAY else 0,
        "lines": [_line(ctx, line) for line in contributions_of(ctx.session, need.id)],
        "may": may,
    }


def _line(ctx: Context, line: Contribution) -> dict[str, Any]:
    """Return what is said of a line: its amounts, each with who said it and who confirmed it, and when."""
    columns, voice = line.columns, ctx.voice
    promised = _entered(ctx, line, Posting.PROMISE) or (said_of(ctx.session, line.declared_by), line.declared_at.date())
    confirmed, arrival = _entered(ctx, line, Posting.CONFIRM), last_arrival(ctx.session, line)
    more = [voice.say("plan.line.promised", by=promised[0], on=promised[1]), voice.say("plan.line.unconfirmed")]
    if confirmed and columns.confirmed:
        amount = Money(columns.confirmed).major
        more[1] = voice.say("plan.line.confirmed", confirmed=amount, by=confirmed[0], on=confirmed[1])
    if arrival and arrival.confirmer and columns.received:
        roles = arrival.declarer.role, arrival.declared_at, arrival.confirmer.role, arrival.confirmed_at
        said = words(voice, {"said": sourced(*roles)})["said"]
        more.append(voice.say("plan.line.received", received=Money(columns.received).major, said=said))
    else:
        more.append(voice.say("plan.line.unreceived"))
    return {
        "id": line.id,
        "giver": voice.write(giver_of(line)),
        "promised": Money(columns.promised).major,
        "more": "\n".join(more),
    }


def _entered(ctx: Context, line: Contribution, posting: Posting) -> tuple[object, object] | None:
    """Return who made the last entry of a kind, and on which day."""
    entries = [entry for entry in line.entries if entry.posting is posting]
    return (said_of(ctx.session, entries[-1].actor), entries[-1].at.date()) if entries else None


def _lines(ctx: Context, seen: dict[str, Any]) -> list[Option]:
    lines = [Option(str(one["id"]), f"{one['giver']} {ctx.voice.write(one['promised'])}") for one in seen["lines"]]
    agree = [Option("agree", ctx.voice.say("plan.agree.line"))] if "agree" in seen["may"] else []
    add = [Option("add", ctx.voice.say("plan.add"))] if "add" in seen["may"] else []
    return [*agree, *lines, *add]


def _known(ctx: Context, reference: str, source: Source, label: str) -> dict[str, int]:
    """Return what a giver has promised so far and what of it arrived (whole dirhams), and what is often given."""
    need = _need(ctx, reference)
    lines = contributions_of(ctx.session, need.id)
    columns = [line.columns for line in lines if (line.source, line.label) == (source, label)]
    percent = SPLITS[need.sector].get(source, 0)
    return {
        "promised": columns[0].promised if columns else 0,
        "arrived": -(-columns[0].received // 100) if columns else 0,
        "percent": percent,
        "often": suggested(need.sector, need.cost)[source] if percent else 0,
    }


def _need(ctx: Context, reference: str) -> Need:
    need = need_by_reference(ctx.session, reference)
    assert need  # noqa: S101  # needs are never deleted, and this one was on the screen
    return need


def _said(ctx: Context, *keys: str) -> list[Option]:
    return [Option(key, ctx.voice.say(key)) for key in keys]

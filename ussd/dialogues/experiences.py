"""What others have done: sheets to learn from, the nearest first; and whether one's own project may be one of them."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.roles import OFFICERS
from service.domain.sectors import Sector
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.sheets import ExperienceSheet, SheetConsent, consents_asked, published_sheets, sheets_of
from service.usecases.experiences import Experience, codes_of, languages_for, read_experience, send_experience
from service.usecases.sheets import answer_consent
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.engine.dialogue import Talk, dialogue, reading
from ussd.engine.prompts import Choice, End, Enter, Option, Recall, Show

OWN = "own"
MOST_SHEETS = 20


@dialogue("experience")
def experience(ctx: Context) -> Talk:
    """Which sector, which sheet, read page by page; its short version comes by SMS if wanted."""
    found = yield Recall("experience.what", lambda: _what(ctx))
    if not found:
        return (yield from reading(Show("experience.none")))
    what = yield Choice("experience.what", lambda: _lines(ctx, found))
    if what == OWN:
        return (yield from _consent(ctx))
    reference = yield Choice("experience.which", lambda: [_line(ctx, one) for one in _sheets(ctx, Sector(what))])
    text = yield Recall("experience.read", lambda: _text(ctx, reference))
    yield Choice("experience.read", lambda: [Option("sms", ctx.voice.say("experience.sms"))], values={"text": text})
    send_experience(ctx.facts, ctx.now, phone=ctx.phone, reference=reference)
    return End("experience.sent", {"reference": reference})


def _consent(ctx: Context) -> Talk:
    """Which project's sheet (when several), what it says, and the village's yes or no, or an association's."""
    yield Enter("sheet.consent", version=1, draft=False)
    asked = yield Recall("sheets", lambda: [one.need.reference for one in _asked(ctx)])
    reference = asked[0] if asked else ""
    if len(asked) > 1:
        reference = yield Choice("sheet.which", lambda: [Option(one, one) for one in asked])
    seen = yield Recall("sheet", lambda: _asked_about(ctx, reference))
    # The village answers for the sheet, an association abroad for its name in it.
    asks = yield Recall("sheet.asks", lambda: "sheet.ask" if active_officer(ctx.session, ctx.phone) else "sheet.name")
    answer = yield Choice(asks, lambda: _answers(ctx, asks), values=seen)
    if refused := (yield from proven(ctx, "sheet", reference=reference)):
        return refused
    answer_consent(
        ctx.facts,
        ctx.now,
        author=active_officer(ctx.session, ctx.phone) or ctx.contact(),
        reference=reference,
        agreed=answer == "yes",
        channel=ctx.channel,
    )
    return End(f"{asks}.{answer}.done", {"reference": reference})


def sheets_to_answer(session: Session, phone: str) -> list[SheetConsent]:
    """Return what whoever speaks from this phone was asked about sheets, and may answer or answer otherwise."""
    if officer := active_officer(session, phone):
        return consents_asked(session, association_id=officer.association_id) if officer.role in OFFICERS else []
    contact = active_contact(session, phone)
    return consents_asked(session, diaspora_id=contact.association_id) if contact else []


def _asked(ctx: Context) -> list[SheetConsent]:
    return sheets_to_answer(ctx.session, ctx.phone)


def _what(ctx: Context) -> list[str]:
    """Return the sectors of which there are sheets, in their order, and that there is one of one's own."""
    there = {one.need.sector for one in published_sheets(ctx.session, languages_for(ctx.language))}
    sectors = [sector.value for sector in Sector if sector in there]
    return [*([OWN] if _asked(ctx) else []), *sectors]


def _lines(ctx: Context, found: Sequence[str]) -> list[Option]:
    return [Option(one, ctx.voice.say("sheet.own") if one == OWN else ctx.voice.write(Sector(one))) for one in found]


def _sheets(ctx: Context, sector: Sector) -> list[ExperienceSheet]:
    around = codes_of(ctx.session, ctx.phone)
    return published_sheets(ctx.session, languages_for(ctx.language), sector=sector, around=around)[:MOST_SHEETS]


def _line(ctx: Context, sheet: ExperienceSheet) -> Option:
    return Option(sheet.need.reference, f"{sheet.need.reference} {ctx.place(sheet.need.association.commune)}")


def _text(ctx: Context, reference: str) -> str:
    found = published_sheets(ctx.session, languages_for(ctx.language), reference=reference)
    if not found:
        raise NotFoundError(reference=reference)
    return _said(ctx, read_experience(ctx.session, found[0]))


def _asked_about(ctx: Context, reference: str) -> dict[str, str]:
    need_id = next(one.need_id for one in _asked(ctx) if one.need.reference == reference)
    wanted = languages_for(ctx.language)
    sheet = min(sheets_of(ctx.session, need_id), key=lambda one: wanted.index(one.language))
    return {"reference": reference, "text": _said(ctx, read_experience(ctx.session, sheet))}


def _said(ctx: Context, read: Experience) -> str:
    """Return a sheet in lines for a phone: what is empty is left out."""
    say = ctx.voice.say
    parts = {"difficulties": read.difficulties, "lessons": read.lessons}
    told = [say(f"experience.{part}", words=words) for part, words in parts.items() if words]
    quotes = [say("experience.quote", words=quote.text, by=quote.by) for quote in read.quotes[:1]]
    return "\n".join([read.title, read.place, read.summary, *told, *quotes])


def _answers(ctx: Context, asks: str) -> list[Option]:
    return [Option(answer, ctx.voice.say(f"{asks}.{answer}")) for answer in ("yes", "no")]

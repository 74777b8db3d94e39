"""Testimonies: what a project changed, in somebody's own words."""

from collections.abc import Generator
from typing import Any

from service.domain.testimonies import Publication
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact
from service.models.needs import Need, projects_of
from service.models.proposals import introduced_to
from service.usecases.testimonies import note_testimony
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.progress import which_project
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Choice, End, Recall, Review
from ussd.engine.typed import Text

# A carrier's line is short: on USSD up to three pieces, in an SMS all at once.
PIECES, LONGEST_PIECE, LONGEST = 3, 120, 600
SHOWN_FIRST, SHOWN_LAST = 30, 25


@dialogue("testimony", draft=True)
def give_testimony(ctx: Context) -> Talk:
    """Which project (when several), the words, and what may be done with them; a coordinator reads them first."""
    reference = yield from which_project(ctx, lambda: _projects(ctx))
    if not reference:
        return End("testimony.none")
    words = yield from _words(ctx)
    publication = Publication((yield Choice("testimony.publication", Publication)))
    yield Review(
        "testimony.review",
        lines=("testimony.words", "testimony.publication"),
        values={"words": _shortened(words), "publication": publication},
    )
    # A forged SMS would put words in somebody's mouth; on USSD the network vouches for the number.
    if ctx.channel == "sms" and (refused := (yield from proven(ctx, "testimony", reference=reference))):
        return refused
    note_testimony(
        ctx.facts,
        ctx.now,
        author=_author(ctx),
        reference=reference,
        words=words,
        publication=publication,
        channel=ctx.channel,
    )
    return End("testimony.saved")


def _author(ctx: Context) -> Officer | Contact:
    return active_officer(ctx.session, ctx.phone) or ctx.contact()


def _projects(ctx: Context) -> list[Need]:
    author = _author(ctx)
    if isinstance(author, Officer):
        return projects_of(ctx.session, author.association_id)
    return [proposal.need for proposal in introduced_to(ctx.session, author.association_id)]


def _words(ctx: Context) -> Generator[Step, Any, str]:
    # Kept, so that words begun in one way can be ended in the other.
    channel = yield Recall("channel", lambda: ctx.channel)
    words: str = yield Text("testimony.words", longest=LONGEST if channel == "sms" else LONGEST_PIECE)
    for _ in range(PIECES - 1 if channel != "sms" else 0):
        piece = yield Text("testimony.words.more", longest=LONGEST_PIECE, none="testimony.words.done")
        if not piece:
            break
        words = f"{words} {piece}"
    return words


def _shortened(words: str) -> str:
    """Return how the words begin and how they end: what a carrier cut off is missed there."""
    if len(words) <= SHOWN_FIRST + SHOWN_LAST:
        return words
    return f"{words[:SHOWN_FIRST].rstrip()} ... {words[-SHOWN_LAST:].lstrip()}"

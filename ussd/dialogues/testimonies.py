"""Testimonies: what a project changed, in somebody's own words; and what becomes of them, which only they decide."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.domain.testimonies import Publication
from service.domain.text import search_key
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact
from service.models.needs import Need, projects_of
from service.models.proposals import introduced_to
from service.models.testimonies import Testimony, testimonies_by
from service.usecases.testimonies import change_publication, note_testimony, withdraw_testimony
from ussd.dialogues.certainty import certain
from ussd.dialogues.context import Context
from ussd.dialogues.pins import proven
from ussd.dialogues.progress import which_project
from ussd.engine.dialogue import Step, Talk, dialogue
from ussd.engine.prompts import Answer, Choice, End, Enter, MisreadError, Option, Recall, Review, Voice
from ussd.engine.typed import Text

# A carrier's line is short: on USSD up to three pieces, in an SMS all at once, or in several.
PIECES, LONGEST_PIECE, LONGEST = 3, 120, 600
LONGEST_IN_ALL, FEWEST_LETTERS = 1_500, 10
SHOWN_FIRST, SHOWN_LAST = 30, 25
TOLD = 16  # letters of the words, on a line that chooses them
WAYS = NEW, OLD = "new", "old"
WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Ending(Choice):
    """What may be done with the words; by SMS also more of them, for people send a long story in several texts.

    `said` is all that was said until now, empty where no more is taken; the journal keeps it with what was added.
    """

    said: str = field(default="", kw_only=True)
    added: bool = field(default=False, kw_only=True)

    def question(self, voice: Voice) -> str:
        """Return the question, after a line that says that what came was taken."""
        asked = super().question(voice)
        return f"{voice.say('testimony.added')}\n{asked}" if self.added else asked

    def read(self, typed: str, shown: Sequence[Option]) -> Answer:
        """Accept a line, or a sentence that does not begin like one."""
        try:
            return super().read(typed, shown)
        except MisreadError:
            if not (self.said and _goes_on(typed, shown)):
                raise
        if len(f"{self.said} {typed}") > LONGEST_IN_ALL:
            raise MisreadError("expect.shorter", longest=LONGEST_IN_ALL - len(self.said) - 1)
        return [self.said, typed]

    def accepts(self, answer: Answer) -> bool:
        """Tell whether it goes on from what was said: after a correction, additions to other words are none."""
        return isinstance(answer, str) or answer[0] == self.said


@dialogue("testimony", version=2, draft=True)
def give_testimony(ctx: Context) -> Talk:
    """Which project (when several), the words, and what may be done with them; a coordinator reads them first."""
    given = yield Recall("testimony.given", lambda: bool(testimonies_by(ctx.session, _author(ctx))))
    if given and (yield Choice("testimony.way", lambda: _ways(ctx))) == OLD:
        return (yield from _take_back(ctx))
    reference = yield from which_project(ctx, lambda: _projects(ctx))
    if not reference:
        return End("testimony.none")
    words, publication = yield from _words(ctx)
    yield Review(
        "testimony.review",
        lines=("testimony.words", "testimony.publication"),
        values={"words": _shortened(words), "publication": publication},
    )
    if refused := (yield from _vouched(ctx, reference)):
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


def _take_back(ctx: Context) -> Talk:
    """Which of one's testimonies (when several), and what may be done with it from now on: also nothing at all."""
    yield Enter("testimony.mine", version=1, draft=False)
    mine = yield Recall("testimonies", lambda: [_seen(one) for one in testimonies_by(ctx.session, _author(ctx))])
    seen = mine[0]
    if len(mine) > 1:
        chosen = yield Choice("testimony.which", lambda: [_line(one) for one in mine])
        seen = next(one for one in mine if str(one["id"]) == chosen)
    before = Publication(seen["publication"])
    said = {"words": _shortened(seen["words"]) or ctx.voice.say("testimony.spoken"), "publication": before}
    answer = yield Choice("testimony.mine", lambda: _changes(ctx, before), values=said)
    if refused := (yield from _vouched(ctx, seen["reference"])):
        return refused
    which = {"author": _author(ctx), "testimony_id": seen["id"], "channel": ctx.channel}
    if answer == WITHDRAW:
        withdraw_testimony(ctx.facts, ctx.now, **which)
        return End("testimony.withdrawn")
    change_publication(ctx.facts, ctx.now, publication=Publication(answer), **which)
    return End("testimony.changed", {"publication": Publication(answer)})


def _vouched(ctx: Context, reference: str) -> Generator[Step, Any, End | None]:
    """Be sure of who speaks. A forged SMS would put words in somebody's mouth; the network vouches for who dials."""
    if ctx.channel == "sms":
        return (yield from proven(ctx, "testimony", reference=reference))
    yield from certain(ctx)
    return None


def _author(ctx: Context) -> Officer | Contact:
    return active_officer(ctx.session, ctx.phone) or ctx.contact()


def _projects(ctx: Context) -> list[Need]:
    author = _author(ctx)
    if isinstance(author, Officer):
        return projects_of(ctx.session, author.association_id)
    return [proposal.need for proposal in introduced_to(ctx.session, author.association_id)]


def _words(ctx: Context) -> Generator[Step, Any, tuple[str, Publication]]:
    # Kept, so that words begun in one way can be ended in the other.
    channel = yield Recall("channel", lambda: ctx.channel)
    by_sms = channel == "sms"
    words: str = yield Text("testimony.words", longest=LONGEST if by_sms else LONGEST_PIECE)
    for _ in range(0 if by_sms else PIECES - 1):
        piece = yield Text("testimony.words.more", longest=LONGEST_PIECE, none="testimony.words.done")
        if not piece:
            break
        words = f"{words} {piece}"
    first = words
    while True:
        said = words if by_sms else ""
        answer = yield Ending("testimony.publication", Publication, said=said, added=words != first)
        if isinstance(answer, str):
            return words, Publication(answer)
        words = f"{words} {answer[1]}"


def _goes_on(typed: str, shown: Sequence[Option]) -> bool:
    """Tell whether this is more of a story, and not a line that was meant and written otherwise."""
    first, *rest = typed.split(" ")
    like_a_line = {search_key(option.text.split(" ")[0]) for option in shown}
    return bool(rest) and len(search_key(typed)) >= FEWEST_LETTERS and search_key(first) not in like_a_line


def _shortened(words: str) -> str:
    """Return how the words begin and how they end: what a carrier cut off is missed there."""
    if len(words) <= SHOWN_FIRST + SHOWN_LAST:
        return words
    return f"{words[:SHOWN_FIRST].rstrip()} ... {words[-SHOWN_LAST:].lstrip()}"


def _seen(testimony: Testimony) -> dict[str, Any]:
    kept = {"id": testimony.id, "reference": testimony.need.reference, "words": testimony.text}
    return {**kept, "publication": testimony.publication.value}


def _line(seen: dict[str, Any]) -> Option:
    return Option(str(seen["id"]), f"{seen['reference']} {seen['words'][:TOLD]}".strip())


def _ways(ctx: Context) -> list[Option]:
    return [Option(way, ctx.voice.say(f"testimony.{way}")) for way in WAYS]


def _changes(ctx: Context, before: Publication) -> list[Option]:
    others = [Option(one.value, ctx.voice.write(one)) for one in Publication if one is not before]
    return [*others, Option(WITHDRAW, ctx.voice.say("testimony.withdraw"))]

"""Where the members of a diaspora association come from: communes or whole provinces."""

from collections.abc import Generator, Sequence
from typing import Any

from service.models.communes import Commune
from service.models.diaspora import place_of
from ussd.dialogues.context import Context
from ussd.dialogues.places import ELSEWHERE, communes_like, home_provinces, must_match, provinces_of, some_regions
from ussd.engine.dialogue import Step
from ussd.engine.prompts import Choice, Option, Recall
from ussd.engine.typed import Text

MOST_ORIGINS = 3


def ask_origins(ctx: Context) -> Generator[Step, Any, dict[str, Any]]:
    """Ask for up to three places; return their census codes and their names in one line.

    Whatever follows the first question has a key beneath its own, so that a correction asks for all of them again.
    """
    codes = [(yield from _asked_place(ctx, "diaspora.origins"))]
    while len(codes) < MOST_ORIGINS:
        if (yield Choice("diaspora.origins.more", lambda: yes_or_no(ctx))) == "no":
            break
        codes.append((yield from _asked_place(ctx, "diaspora.origins.next")))
    codes = list(dict.fromkeys(codes))
    names = yield Recall("diaspora.origins.names", lambda: names_of(ctx, codes))
    return {"codes": codes, "names": names}


def names_of(ctx: Context, codes: Sequence[str]) -> str:
    """Return the names of places by their census codes, as the language writes them."""
    return ctx.voice.say("phrase.joint").join(_name(ctx, code) for code in codes)


def yes_or_no(ctx: Context) -> list[Option]:
    """Return the lines of a plain question."""
    return [Option(answer, ctx.voice.say(f"diaspora.{answer}")) for answer in ("yes", "no")]


def _asked_place(ctx: Context, first: str) -> Generator[Step, Any, str]:
    province: str = yield Choice(first, lambda: home_provinces(ctx))
    if province == ELSEWHERE:
        region = yield Choice("diaspora.origins.region", lambda: some_regions(ctx))
        province = yield Choice("diaspora.origins.province", lambda: provinces_of(ctx, region))
    typed = yield Text(
        "diaspora.origins.typed",
        longest=40,
        none="diaspora.origins.all",
        check=lambda text: must_match(ctx, province, text),
    )
    if typed is None:
        return province
    commune: str = yield Choice("diaspora.origins.commune", lambda: communes_like(ctx, province, typed))
    return commune


def _name(ctx: Context, code: str) -> str:
    place = place_of(ctx.session, code)
    if place is None:
        return code
    return ctx.place(place) if isinstance(place, Commune) else ctx.name(place.fr, place.ar)

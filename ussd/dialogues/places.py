"""Lines to choose a place from: the home region's provinces first, communes by what was typed."""

from collections.abc import Generator
from typing import Any

from service.models.communes import Province, Region, find_communes, provinces, regions
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Step
from ussd.engine.prompts import Choice, MisreadError, Option
from ussd.engine.typed import Text

ELSEWHERE = "elsewhere"
COMMUNES_SHOWN = 6


def asked_commune(ctx: Context) -> Generator[Step, Any, str]:
    """Ask for a commune, by its province and what is typed of its name; return its code."""
    province = yield Choice("association.place", lambda: home_provinces(ctx))
    if province == ELSEWHERE:
        region = yield Choice("association.place.region", lambda: some_regions(ctx))
        province = yield Choice("association.place.province", lambda: provinces_of(ctx, region))
    typed = yield Text("association.place.typed", longest=40, check=lambda text: must_match(ctx, province, text))
    commune: str = yield Choice("association.place.commune", lambda: communes_like(ctx, province, typed))
    return commune


def home_provinces(ctx: Context) -> list[Option]:
    """Return the provinces of the home region, and *another region*."""
    return [*provinces_of(ctx, ctx.settings.home_region), Option(ELSEWHERE, ctx.voice.say("association.elsewhere"))]


def provinces_of(ctx: Context, region: str) -> list[Option]:
    """Return the provinces of a region."""
    return [_option(ctx, province) for province in provinces(ctx.session, region)]


def some_regions(ctx: Context) -> list[Option]:
    """Return the regions that have communes."""
    return [_option(ctx, region) for region in regions(ctx.session)]


def communes_like(ctx: Context, province: str, typed: str) -> list[Option]:
    """Return the communes of a province that may be meant by what was typed, best first."""
    found = find_communes(ctx.session, province, typed, limit=COMMUNES_SHOWN)
    return [Option(commune.code, ctx.place(commune)) for commune in found]


def must_match(ctx: Context, province: str, typed: str) -> None:
    """Raise MisreadError when no commune of the province may be meant."""
    if not find_communes(ctx.session, province, typed, limit=1):
        raise MisreadError("expect.commune")


def _option(ctx: Context, place: Province | Region) -> Option:
    return Option(place.code, ctx.name(place.fr, place.ar))

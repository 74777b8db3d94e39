"""Registering a village association."""

from service.domain.roles import OfficerRole
from service.locales import Language
from service.models.communes import Commune, Province, Region, find_communes, provinces, regions
from service.usecases.associations import register_association
from service.usecases.phones import know_phone, start
from ussd.dialogues.context import Context
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, MisreadError, Option, Recall, Review, Text

ELSEWHERE = "elsewhere"
COMMUNES_SHOWN = 6
ROLES = (OfficerRole.PRESIDENT, OfficerRole.SECRETARY, OfficerRole.TREASURER)


@dialogue("association.register", draft=True)
def register(ctx: Context) -> Talk:
    """Role, place, name; then the association, its first officer, the language and the consent are written together."""
    role = yield Choice("association.role", ROLES)
    province = yield Choice("association.place", lambda: _home_provinces(ctx))
    if province == ELSEWHERE:
        region = yield Choice("association.place.region", lambda: _regions(ctx))
        province = yield Choice("association.place.province", lambda: _provinces(ctx, region))
    typed = yield Text("association.place.typed", longest=40, check=lambda text: _must_match(ctx, province, text))
    commune = yield Choice("association.place.commune", lambda: _communes(ctx, province, typed))
    place = yield Recall("association.place.name", lambda: ctx.place(ctx.session.get_one(Commune, commune)))
    douar = yield Text("association.douar", longest=40)
    name = yield Text("association.name", longest=40)
    yield Review(
        "association.review",
        lines=("association.role", "association.place", "association.douar", "association.name"),
        values={"role": OfficerRole(role), "commune": place, "douar": douar, "name": name},
    )
    know_phone(ctx.facts, ctx.now, ctx.phone, Language(ctx.language))
    # Who agrees now wants to be written to, whatever the number said before.
    start(ctx.facts, ctx.now, ctx.phone, ctx.channel)
    register_association(
        ctx.facts,
        ctx.now,
        phone=ctx.phone,
        role=OfficerRole(role),
        commune_code=commune,
        douar=douar,
        name=name,
    )
    return End("association.saved")


def _home_provinces(ctx: Context) -> list[Option]:
    return [*_provinces(ctx, ctx.settings.home_region), Option(ELSEWHERE, ctx.voice.say("association.elsewhere"))]


def _provinces(ctx: Context, region: str) -> list[Option]:
    return [_option(ctx, province) for province in provinces(ctx.session, region)]


def _regions(ctx: Context) -> list[Option]:
    return [_option(ctx, region) for region in regions(ctx.session)]


def _option(ctx: Context, place: Province | Region) -> Option:
    return Option(place.code, ctx.name(place.fr, place.ar))


def _communes(ctx: Context, province: str, typed: str) -> list[Option]:
    found = find_communes(ctx.session, province, typed, limit=COMMUNES_SHOWN)
    return [Option(commune.code, ctx.place(commune)) for commune in found]


def _must_match(ctx: Context, province: str, typed: str) -> None:
    if not find_communes(ctx.session, province, typed, limit=1):
        raise MisreadError("expect.commune")

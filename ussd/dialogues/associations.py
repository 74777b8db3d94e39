"""Registering a village association."""

from service.domain.roles import OfficerRole
from service.locales import Language
from service.models.communes import Commune
from service.usecases.associations import register_association
from service.usecases.phones import know_phone, start
from ussd.dialogues.context import Context
from ussd.dialogues.places import asked_commune
from ussd.engine.dialogue import Talk, dialogue
from ussd.engine.prompts import Choice, End, Recall, Review
from ussd.engine.typed import Text

ROLES = (OfficerRole.PRESIDENT, OfficerRole.SECRETARY, OfficerRole.TREASURER)


@dialogue("association.register", draft=True)
def register(ctx: Context) -> Talk:
    """Role, place, name; then the association, its first officer, the language and the consent are written together."""
    role = yield Choice("association.role", ROLES)
    commune = yield from asked_commune(ctx)
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

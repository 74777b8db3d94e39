"""A village registers and says what it needs; a second officer joins."""

from service.cli.acts.tale import Tale
from service.cli.story import Way
from service.domain.money import Money
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.locales import Language

NAMES = {Language.FR: "Français", Language.AR: "العربية", Language.SHI: "Tachelhit", Language.EN: "English"}
# Who is new is asked language and consent first, whatever they begin.
REGISTER = Way((), "BESOIN", "حاجة")
NEED = Way(("home.need",), "BESOIN", "حاجة")
OFFICERS = Way(("home.officers",), "BUREAU", "مكتب")
JOIN = Way((), "REJOINDRE", "انضمام")


def registers(tale: Tale) -> None:
    """Register the association."""
    she, place = tale.secretary, tale.place
    she.begins(REGISTER)
    she.picks(NAMES[she.language], "consent.yes", "home.register", OfficerRole.SECRETARY, place.province)
    she.types(place.typed)
    she.picks(place.commune)
    she.types(place.douar, tale.association)
    she.sees(tale.association, place.commune)
    she.picks("review.send")
    she.ended()
    she.hears("sms.association_saved", tale.association)


def is_verified(tale: Tale) -> None:
    """Let a coordinator verify the association."""
    tale.coordinator.decides("/admin/associations", tale.association, "verify")
    tale.secretary.hears("sms.association_verified", tale.association)


def invites(tale: Tale) -> None:
    """Let the secretary invite a treasurer, who joins with the code that came."""
    she, he = tale.secretary, tale.treasurer
    she.begins(OFFICERS)
    she.picks("officers.add", OfficerRole.TREASURER)
    she.types(he.carrier.number)
    she.picks("review.send")
    she.proves()
    she.ended()
    code = he.invitation()
    he.begins(JOIN)
    he.picks(NAMES[he.language], "consent.yes")
    if not he.by_sms:
        he.picks("home.join")
    he.types(code)
    he.ended()
    she.hears("sms.officer_joined")


def reports(tale: Tale) -> None:
    """Report the need."""
    she = tale.secretary
    she.begins(NEED)
    she.picks(Sector.WATER)
    she.types("84", "320 000", "60000", "Puits du bas")
    she.sees(Sector.WATER, "84", Money.of(320_000), Money.of(60_000))
    she.picks("review.send")
    she.ended()
    tale.learns_reference(she.hears("sms.need_saved").text)


def need_is_verified(tale: Tale) -> None:
    """Let the coordinator verify the need."""
    tale.coordinator.decides("/admin/needs", tale.reference, "verify", urgency="high")
    tale.secretary.hears("sms.need_verified", tale.reference)

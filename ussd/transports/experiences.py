"""EXPERIENCE by SMS: the short version of a sheet, the nearest of a sector or the one that is named."""

from service.models.sheets import published_sheets
from service.usecases.experiences import codes_of, languages_for, short_version
from ussd.transports import forms
from ussd.transports.inbox import Inbox
from ussd.transports.keywords import Command

OTHERS = 2  # references more, of what is next nearest


def tell_experience(inbox: Inbox, command: Command) -> bool:
    """Answer `EXPERIENCE EAU` or `EXPERIENCE K7-4Q2`; False for the word alone, which begins the dialogue."""
    sector = forms.sector(command.rest, inbox.language)
    if not (command.reference or sector):
        return False
    found = published_sheets(
        inbox.session,
        languages_for(inbox.language),
        sector=None if command.reference else sector,
        around=codes_of(inbox.session, inbox.phone),
        reference=command.reference or "",
    )
    if found:
        others = [one.need.reference for one in found[1 : 1 + OTHERS]]
        inbox.reply("experience", **short_version(inbox.session, found[0], others))
    else:
        inbox.reply("experience_none")
    return True

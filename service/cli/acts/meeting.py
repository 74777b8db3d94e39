"""Two associations find each other: the matching proposes, one abroad says yes, the village accepts."""

from service.cli.acts.tale import Tale
from service.cli.story import Way

PROPOSALS = Way(("home.proposals",), "LISTE", "لائحة")
ANSWER = Way(("home.answer",), "OUI", "نعم")


def is_proposed(tale: Tale) -> None:
    """Let the matching propose the need to those who fit best."""
    tale.job("match")
    tale.lyon.hears("sms.alert", tale.reference)


def says_yes(tale: Tale) -> None:
    """Let Lyon ask for more, and say yes."""
    lyon = tale.lyon
    if lyon.by_sms:
        lyon.types(f"INFO {tale.reference}")
        lyon.sees("Puits du bas")
        lyon.types(f"oui {tale.reference.lower()}")
    else:
        lyon.begins(PROPOSALS)
        lyon.picks(tale.reference)
        lyon.sees("Puits du bas")
        lyon.picks("proposal.yes")
    lyon.sees(tale.reference)
    lyon.ended()
    tale.secretary.hears("sms.interest", tale.diaspora, tale.reference)


def accepts(tale: Tale) -> None:
    """Let the village accept."""
    she = tale.secretary
    she.begins(ANSWER)
    she.sees(tale.diaspora)
    if not she.by_sms:
        she.picks("interest.accept")
    she.proves()
    she.ended()
    she.hears("sms.introduced_village", tale.diaspora)
    tale.lyon.hears("sms.introduced_diaspora", tale.association)

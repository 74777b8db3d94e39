"""Money that the service never touches: promised, agreed to by both sides, and counted by two when it is there."""

from service.cli.acts.tale import Tale
from service.cli.story import Way
from service.domain.ledger import Source
from service.domain.money import Currency, Money

PLEDGE = Way(("home.pledge",), "DON", "تبرع")
PLAN = Way(("home.project", "project.line.plan"), "PLAN", "خطة")
ARRIVED = Way(("home.arrival",), "RECU", "استلام")
COUNT = Way(("home.receive",), "RECU", "استلام")
PROMISED = Money.of(5_000, Currency.EUR)


def promises(tale: Tale) -> None:
    """Let Lyon promise money, and prove that it is Lyon."""
    lyon = tale.lyon
    if lyon.by_sms:
        lyon.types(f"{PLEDGE.spoken(lyon.language)} {tale.reference} 5000 EUR")
    else:
        lyon.begins(PLEDGE)
        lyon.picks(tale.reference)
        lyon.types("5000")
    lyon.sees(PROMISED, tale.reference)
    lyon.picks("review.send")
    lyon.proves()
    lyon.ended()
    lyon.hears("sms.pledge_noted", PROMISED)
    tale.secretary.hears("sms.pledge_village", tale.diaspora, PROMISED)


def agree(tale: Tale) -> None:
    """Let both sides agree to the same plan: what is promised is then confirmed."""
    she, lyon = tale.secretary, tale.lyon
    she.begins(PLAN)
    she.sees("plan.seen", Source.VILLAGE_LABOUR, tale.diaspora)
    she.picks("plan.agree.line", "plan.agree.yes")
    she.proves()
    she.ended()
    lyon.hears("sms.plan_to_agree", tale.reference)
    lyon.begins(PLAN, tale.reference)
    lyon.picks("plan.agree.line", "plan.agree.yes")
    lyon.proves()
    lyon.ended()
    she.hears("sms.plan_agreed", tale.reference)


def arrives(tale: Tale) -> None:
    """Let the treasurer say what arrived, and the secretary count it on a phone of her own."""
    she, he = tale.secretary, tale.treasurer
    he.begins(ARRIVED)
    he.picks(tale.diaspora)
    he.types("5000 EUR")
    he.sees(PROMISED, tale.diaspora)
    he.picks("review.send")
    he.proves()
    he.ended()
    she.hears("sms.arrival_to_count", PROMISED)
    she.begins(COUNT)
    she.sees(PROMISED)
    she.picks("arrival.count.same")
    she.proves()
    she.ended()
    tale.lyon.hears("sms.arrival_confirmed", PROMISED, tale.reference)

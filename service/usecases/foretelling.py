"""What a decision will tell by SMS: shown to who decides, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.segments import measure
from service.locales import Language, speaker
from service.messaging.outbox import text_for
from service.messaging.outlook import estimate
from service.models.associations import VillageAssociation
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need
from service.models.phones import Phone
from service.settings import Settings

Decided = VillageAssociation | DiasporaAssociation | Need
KINDS: Mapping[type[Decided], str] = {
    VillageAssociation: "association",
    DiasporaAssociation: "diaspora",
    Need: "need",
}


@dataclass(frozen=True)
class Foretold:
    """A text for the people who read its language: its parts for each, and what it costs to all, in thousandths."""

    language: Language
    text: str
    people: int
    parts: int
    cost: int


def foretell(session: Session, settings: Settings, one: Decided, decision: str, reason: object = "") -> list[Foretold]:
    """Return what is told of a decision (`verified`, `rejected`), a text for each language; none to who said STOP."""
    name = "reference" if isinstance(one, Need) else "name"
    values = {name: called(one), "reason": reason}
    known = select(Phone).where(Phone.number.in_(told_of(one)), Phone.stopped_at.is_(None)).order_by(Phone.number)
    phones = session.scalars(known).all()
    texts = {
        language: text_for(speaker(language), f"{KINDS[type(one)]}_{decision}", values)
        for language in dict.fromkeys(phone.language for phone in phones)
    }
    numbers = {language: [one.number for one in phones if one.language == language] for language in texts}
    return [
        Foretold(
            language,
            text,
            len(numbers[language]),
            measure(text).parts,
            sum(estimate(settings, number, text).cost for number in numbers[language]),
        )
        for language, text in texts.items()
    ]


def told_of(one: Decided) -> list[str]:
    """Return the numbers that hear of a decision."""
    if isinstance(one, DiasporaAssociation):
        return [contact.phone for contact in one.active_contacts]
    association = one.association if isinstance(one, Need) else one
    return [officer.phone for officer in association.active_officers]


def called(one: Decided) -> str:
    """Return what a decision is told of: a need's reference, an association's name."""
    return one.reference if isinstance(one, Need) else one.name

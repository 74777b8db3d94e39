"""What a decision will tell by SMS: shown to who decides, before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.segments import measure
from service.domain.states import ProposalState
from service.locales import Language, speaker
from service.messaging.outbox import text_for
from service.messaging.outlook import estimate
from service.models.associations import VillageAssociation
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need
from service.models.phones import Phone
from service.models.proposals import Proposal
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
    """Return what is told of a decision (`verified`, `rejected`), also to whoever had said yes to what is turned away.

    Each text is told in the languages of those who hear it; who said STOP hears nothing.
    """
    name = "reference" if isinstance(one, Need) else "name"
    values = {name: called(one), "reason": reason, "code": settings.ussd_code}
    told = _texts(session, settings, told_of(one), f"{KINDS[type(one)]}_{decision}", values)
    ended = _interested(session, one) if decision == "rejected" else []
    for proposal in ended:
        told += _texts(session, settings, told_of(proposal.diaspora), "closed", {"reference": proposal.need.reference})
    return told


def _texts(
    session: Session, settings: Settings, numbers: Sequence[str], template: str, values: Mapping[str, object]
) -> list[Foretold]:
    known = select(Phone).where(Phone.number.in_(numbers), Phone.stopped_at.is_(None)).order_by(Phone.number)
    phones: dict[Language, list[str]] = {}
    for phone in session.scalars(known):
        phones.setdefault(phone.language, []).append(phone.number)
    texts = {language: text_for(speaker(language), template, values) for language in phones}
    return [
        Foretold(
            language,
            text,
            len(phones[language]),
            measure(text).parts,
            sum(estimate(settings, number, text).cost for number in phones[language]),
        )
        for language, text in texts.items()
    ]


def _interested(session: Session, one: Decided) -> Sequence[Proposal]:
    """Return whose interest in a need, or in the needs of a village, ends with it."""
    if isinstance(one, DiasporaAssociation):
        return []
    which = Need.id == one.id if isinstance(one, Need) else Need.association_id == one.id
    found = select(Proposal).join(Proposal.need).where(which, Proposal.state == ProposalState.INTERESTED)
    return session.scalars(found.order_by(Proposal.id)).all()


def told_of(one: Decided) -> list[str]:
    """Return the numbers that hear of a decision."""
    if isinstance(one, DiasporaAssociation):
        return [contact.phone for contact in one.active_contacts]
    association = one.association if isinstance(one, Need) else one
    return [officer.phone for officer in association.active_officers]


def called(one: Decided) -> str:
    """Return what a decision is told of: a need's reference, an association's name."""
    return one.reference if isinstance(one, Need) else one.name

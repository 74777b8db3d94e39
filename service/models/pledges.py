"""What diaspora associations promise."""

from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.money import Currency, Money
from service.domain.projects import UNDER_WAY
from service.domain.states import AssociationState, NeedState, ProposalState
from service.models.associations import VillageAssociation
from service.models.base import Base, Id, stored
from service.models.diaspora import DiasporaAssociation
from service.models.needs import Need
from service.models.projects import Project
from service.models.proposals import Proposal


class Pledge(Base):
    """A promise, proven by a code sent back or a PIN. The service moves no money: it notes what was said."""

    __tablename__ = "pledges"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    diaspora_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    minor: Mapped[int] = mapped_column(Id)
    currency: Mapped[Currency] = mapped_column(stored(Currency))
    promised_at: Mapped[datetime]

    need: Mapped[Need] = relationship()
    diaspora: Mapped[DiasporaAssociation] = relationship()

    @property
    def amount(self) -> Money:
        """What was promised."""
        return Money(self.minor, self.currency)


# A promise may come before the yes: it is one.
PLEDGEABLE = (ProposalState.PROPOSED, ProposalState.INTERESTED, ProposalState.INTRODUCED)


def pledgeable(session: Session, diaspora_id: int) -> list[Proposal]:
    """Return what a verified diaspora association may promise something for, the newest first."""
    return list(
        session.scalars(
            select(Proposal)
            .join(Proposal.need)
            .join(Need.association)
            .join(Proposal.diaspora)
            .where(
                Proposal.diaspora_id == diaspora_id,
                Proposal.state.in_(PLEDGEABLE),
                DiasporaAssociation.state == AssociationState.VERIFIED,
                VillageAssociation.state == AssociationState.VERIFIED,
                Need.state != NeedState.REJECTED,
                # Nothing is promised for what is stopped or done.
                Need.id.not_in(select(Project.need_id).where(Project.state.not_in(UNDER_WAY))),
            )
            .order_by(Proposal.id.desc())
        )
    )

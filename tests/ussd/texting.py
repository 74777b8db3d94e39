"""What tests of texts have in common."""

import re
from collections.abc import Callable

from sqlalchemy import select

from service.container import Container
from service.domain.states import ProposalState
from service.models import Proposal
from service.models.session import reading
from tests.ussd.conftest import Handset

NewHandset = Callable[[str], Handset]


def other(phone: Handset, number: str) -> Handset:
    """Return another phone of the same world."""
    return Handset(phone.conversations, number, phone.ids)


def code_in(text: str) -> str:
    """Return the code that a text asks to be sent back."""
    codes = re.findall(r"\b[0-9]{6}\b", text)
    assert len(codes) == 1, text
    return str(codes[0])


def confirms(phone: Handset, text: str) -> str:
    """Send a text and then the code that it is answered with; return what comes back."""
    (asked,) = phone.sends(text)
    (answer,) = phone.sends(code_in(asked))
    return answer


def states(container: Container) -> list[ProposalState]:
    """Return what became of each proposal."""
    with reading(container.engine) as session:
        return list(session.scalars(select(Proposal.state).order_by(Proposal.id)))

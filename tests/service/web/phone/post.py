"""Messages in the outbox as the sender leaves them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.locales import Language
from service.models.messages import Message
from service.models.phones import Phone
from service.models.session import transaction


@dataclass(frozen=True)
class Post:
    """Writes messages as the sender does after the console carried them."""

    engine: Engine

    def deliver(
        self,
        phone: str,
        text: str,
        at: datetime,
        *,
        state: MessageState = MessageState.DELIVERED,
        gateway: str | None = "console",
    ) -> int:
        with transaction(self.engine) as session:
            if session.get(Phone, phone) is None:
                session.add(Phone(number=phone, language=Language.FR))
                session.flush()
            count = session.scalar(select(func.count(Message.id)))
            message = Message(
                key=f"test:{count}",
                phone=phone,
                template="test",
                kind=Kind.NEWS,
                priority=4,
                language="fr",
                text=text,
                parts=1,
                state=state,
                gateway=gateway,
                next_at=at,
                expires_at=at,
                created_at=at,
                accepted_at=at,
            )
            session.add(message)
            session.flush()
            return message.id

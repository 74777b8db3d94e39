"""The phones that messages go to."""

from sqlalchemy.orm import Session

from service.locales import DEFAULT_LANGUAGE, Language
from service.messaging.once import add_once
from service.models import Phone


def receiver(session: Session, number: str, language: Language | None = None) -> Phone:
    """Return the phone of an E.164 number, made when it is new; `language` is for a new one."""
    phone = session.get(Phone, number)
    if phone is None:
        add_once(session, Phone, unique="number", number=number, language=language or DEFAULT_LANGUAGE)
        phone = session.get_one(Phone, number)
    return phone

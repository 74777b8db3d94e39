"""What a dialogue knows of the one it talks with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.locales import DEFAULT_LANGUAGE, Language, Speaker, speaker
from service.models.associations import Officer, active_officer, line_of
from service.models.communes import Commune
from service.models.diaspora import Contact, active_contact
from service.models.spotchecks import active_resident
from service.models.users import user_at
from service.settings import Settings
from ussd.work import Work


@dataclass
class Context:
    """One replay of a conversation: what it may look at, and, after the last question, the facts it may change.

    `project` is the reference of the project whose menu led here, empty where none did.
    """

    phone: str
    work: Work
    now: datetime
    channel: str
    settings: Settings
    start: str = ""
    project: str = ""
    language: str = DEFAULT_LANGUAGE

    @property
    def session(self) -> Session:
        """Where to look things up."""
        return self.work.session()

    @property
    def facts(self) -> Session:
        """The transaction of the last answer: facts, the messages they cause and the journal's end, together."""
        return self.work.facts()

    @property
    def voice(self) -> Speaker:
        """The language spoken now."""
        return speaker(self.language)

    def officer(self) -> Officer:
        """Return the officer who speaks.

        Raises NotFoundError when the phone no longer speaks for an association.
        """
        officer = active_officer(self.session, self.phone)
        if not officer:
            raise NotFoundError
        return officer

    def contact(self) -> Contact:
        """Return the contact who speaks.

        Raises NotFoundError when the phone no longer answers for a diaspora association.
        """
        contact = active_contact(self.session, self.phone)
        if not contact:
            raise NotFoundError
        return contact

    def person(self) -> Officer | Contact:
        """Return the officer or the contact who speaks.

        Raises NotFoundError when the phone no longer speaks for either.
        """
        return active_officer(self.session, self.phone) or self.contact()

    def caller(self) -> dict[str, str]:
        """Return who dials: `kind` (officer, contact, coordinator, resident, unknown), name, state, language, SMS."""
        line = line_of(self.session, self.phone)
        language = line.language if line else ""
        sms = "stopped" if line and line.stopped_at else "on"
        known = {"language": language, "sms": sms, "name": "", "role": "", "state": "", "reason": ""}
        if line and line.role:
            standing = {"state": line.state.value, "reason": line.state_reason}
            return {**known, **standing, "kind": "officer", "role": line.role, "name": line.name}
        if contact := active_contact(self.session, self.phone):
            diaspora = contact.association
            standing = {"state": diaspora.state.value, "reason": diaspora.state_reason}
            return {**known, **standing, "kind": "contact", "name": diaspora.name}
        if user := user_at(self.session, self.phone):
            return {**known, "kind": "coordinator", "name": user.name}
        if resident := active_resident(self.session, self.phone):
            return {**known, "kind": "resident", "name": resident.association.name}
        return {**known, "kind": "unknown"}

    def place(self, commune: Commune) -> str:
        """Return a commune's name as the language writes it."""
        return commune.name_ar if self.language == Language.AR else commune.name_ascii

    def name(self, french: str, arabic: str) -> str:
        """Return the name of a province or region as the language writes it."""
        return arabic if self.language == Language.AR else french

"""What is to be seen, and what is not: a finished project, one under way, needs that wait, people who speak."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from service.domain.testimonies import Publication
from service.locales import Language
from service.models import Contact, DiasporaAssociation, Need, Officer
from service.models.session import transaction
from service.usecases.listings import agree_to_listing
from service.usecases.testimonies import note_testimony, publish_testimony
from tests.ussd.projects import WITNESS, half_done, handed_over, project_of, sheet_published, staffed_village
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT, diaspora, need_of, officer_of, settle

NAMED_WORDS, NAMELESS_WORDS, PRIVATE_WORDS = "L'eau coule enfin", "Les filles vont en classe", "Pour vous seuls"
WAITING_TITLE, HIDDEN_ASSOCIATION, CONTACT_NAME = "Citerne du haut", "Utrecht-Souss", "Fatima"
PHONES = (SECRETARY, TREASURER, WITNESS, LYON, UTRECHT)


@dataclass(frozen=True)
class PublicStory:
    """The references of the projects, and the numbers of what may be withdrawn."""

    finished: str
    running: str
    waiting: str
    lyon: int
    named: int


def tell_public_story(engine: Engine, now: datetime) -> PublicStory:
    """Let it all happen at one moment."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, now)
        finished = session.scalars(select(Need).where(Need.reference == project_of(session, now))).one()
        handed_over(session, now, finished)
        sheet_published(session, now, finished)
        running = project_of(session, now)
        half_done(session, now, running)
        waiting = need_of(session, now)
        waiting.title = WAITING_TITLE
        need_of(session, now, verified=False)
        lyon = session.scalars(select(DiasporaAssociation).where(DiasporaAssociation.name == "Lyon-Taliouine")).one()
        contact = session.scalars(select(Contact).where(Contact.phone == LYON)).one()
        agree_to_listing(
            session,
            now,
            association_id=lyon.id,
            actor=f"contact:{contact.id}",
            channel="ussd",
            language=Language.FR,
        )
        diaspora(session, now, UTRECHT, HIDDEN_ASSOCIATION)
        said: list[tuple[Officer | Contact, str, Publication]] = [
            (officer_of(session, WITNESS), NAMED_WORDS, Publication.NAMED),
            (officer_of(session, TREASURER), f"{NAMELESS_WORDS} {TREASURER}", Publication.ANONYMOUS),
            (contact, PRIVATE_WORDS, Publication.PRIVATE),
        ]
        numbers = []
        for author, words, publication in said:
            told = note_testimony(
                session,
                now,
                author=author,
                reference=finished.reference,
                words=words,
                publication=publication,
                channel="ussd",
            )
            if publication is not Publication.PRIVATE:
                publish_testimony(session, now, actor="user:1", testimony_id=told.id)
            numbers.append(told.id)
        return PublicStory(finished.reference, running, waiting.reference, lyon.id, numbers[0])

"""People move: the old phone can do nothing, the project loses nothing, the other side hears whom to speak with."""

import pytest
from sqlalchemy import select

from service.domain.errors import MoveError, NotFoundError
from service.domain.projects import Grievance, ProjectState
from service.domain.states import AssociationState, MessageState
from service.locales import Language
from service.models import Contact, Message, Need, Phone, Project, VillageAssociation
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.disputes import dispute
from service.usecases.moving import merge_associations, remove_contact, replace_contact, split_association
from tests.service.usecases.story import NEIGHBOUR, Story
from tests.world import LYON, SECRETARY, TREASURER, officer_of, village

COORDINATOR, NEW = "user:1", "+33639980099"


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced."""
    story.says_yes()
    story.accepts()
    story.before += len(story.told())
    return story


def lyon(story: Story) -> int:
    with reading(story.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        return contact.id


def test_a_contact_is_replaced_and_the_village_hears_whom_to_call(project: Story) -> None:
    with transaction(project.engine) as session:
        replace_contact(session, project.clock(), actor=COORDINATOR, contact_id=lyon(project), name="Ali", phone=NEW)
    with reading(project.engine) as session:
        assert active_contact(session, LYON) is None
        new = active_contact(session, NEW)
        assert new
        assert new.association.name == "Lyon-Taliouine"
    assert sorted(project.told()) == [
        (SECRETARY, "contact_changed"),
        (TREASURER, "contact_changed"),
        (NEW, "contact_welcome"),
    ]


def test_a_newcomer_is_woken_by_no_clock_but_the_associations_whatever_the_number_is_from(project: Story) -> None:
    with transaction(project.engine) as session:
        contact = session.get_one(Contact, lyon(project))
        contact.association.time_zone = "America/Toronto"
        replace_contact(session, project.clock(), actor=COORDINATOR, contact_id=contact.id, name="Ali", phone=NEW)
    with reading(project.engine) as session:
        assert session.get_one(Phone, NEW).zone == "America/Toronto"


def test_nothing_that_waits_goes_to_a_contact_who_died_and_a_project_stays(project: Story) -> None:
    with transaction(project.engine) as session:
        old = remove_contact(session, project.clock(), actor=COORDINATOR, contact_id=lyon(project))
        with pytest.raises(NotFoundError):
            dispute(session, project.clock(), who=old, reference=project.reference, reason=Grievance.OTHER)
    with reading(project.engine) as session:
        waiting = session.scalars(select(Message.state).where(Message.phone == LYON))
        assert set(waiting) == {MessageState.CANCELLED}
        assert session.get_one(Project, project.need).state is ProjectState.INTRODUCED
    with transaction(project.engine) as session, pytest.raises(NotFoundError):
        remove_contact(session, project.clock(), actor=COORDINATOR, contact_id=old.id)


def test_a_number_that_speaks_for_somebody_answers_for_nobody_else(project: Story) -> None:
    with transaction(project.engine) as session, pytest.raises(MoveError):
        replace_contact(
            session, project.clock(), actor=COORDINATOR, contact_id=lyon(project), name="Ali", phone=SECRETARY
        )
    with reading(project.engine) as session:
        assert session.get_one(Contact, lyon(project)).left_at is None


def test_an_association_goes_on_in_another_with_its_officers_and_projects(project: Story) -> None:
    with transaction(project.engine) as session:
        kept = village(session, project.clock(), NEIGHBOUR, Language.FR, "Ait Baha").id
    project.before += len(project.told())
    with transaction(project.engine) as session:
        merge_associations(session, project.clock(), actor=COORDINATOR, number=project.association, into=kept)
    with reading(project.engine) as session:
        assert session.get_one(Need, project.need).association_id == kept
        assert officer_of(session).association_id == kept
        assert session.get_one(VillageAssociation, project.association).state is AssociationState.REJECTED
        # Also who speaks for the one that was there before may carry it on.
        who = officer_of(session, NEIGHBOUR)
    with transaction(project.engine) as session:
        dispute(session, project.clock(), who=session.merge(who), reference=project.reference, reason=Grievance.MONEY)
    assert (LYON, "village_changed") in project.told()


def test_nothing_is_merged_into_itself(project: Story) -> None:
    with transaction(project.engine) as session, pytest.raises(MoveError):
        merge_associations(
            session, project.clock(), actor=COORDINATOR, number=project.association, into=project.association
        )


def test_an_association_splits_and_the_project_goes_with_those_who_carry_it_on(project: Story) -> None:
    with transaction(project.engine) as session:
        treasurer = officer_of(session, TREASURER).id
        new = split_association(
            session,
            project.clock(),
            actor=COORDINATOR,
            number=project.association,
            name="Ifri d'en haut",
            officers=[treasurer],
            needs=[project.need],
        ).id
    with reading(project.engine) as session:
        assert session.get_one(Need, project.need).association_id == new
        assert officer_of(session, TREASURER).association_id == new
        left = officer_of(session, SECRETARY)
        assert left.association_id == project.association
    with transaction(project.engine) as session, pytest.raises(NotFoundError):
        dispute(session, project.clock(), who=session.merge(left), reference=project.reference, reason=Grievance.MONEY)
    assert sorted(project.told()) == [(TREASURER, "officer_moved"), (LYON, "village_changed")]


def test_somebody_stays_behind_when_an_association_splits(project: Story) -> None:
    with transaction(project.engine) as session:
        everyone = [one.id for one in officer_of(session).association.active_officers]
        for officers, error in ((everyone, MoveError), ([], MoveError), ([10_000], NotFoundError)):
            with pytest.raises(error):
                split_association(
                    session,
                    project.clock(),
                    actor=COORDINATOR,
                    number=project.association,
                    name="Ifri",
                    officers=officers,
                    needs=[],
                )

"""A short tour through what the demo story left behind: five steps, each a page with its rows."""

from flask import abort, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Need, Project, VillageAssociation
from service.models.associations import active_officer
from service.models.session import reading
from service.web.access import access
from service.web.current import container

# The phone of the secretary in the first edition of the story (service.cli.demo); nobody has such a number.
STORYTELLER = "+212600001001"


@access("viewer")
def show() -> str:
    """Lead through the demo story; where it was not played there is no tour."""
    with reading(container().engine) as session:
        village = demo_village(session)
        if village is None:
            abort(404)
        need = session.scalars(
            select(Need).where(Need.association_id == village.id).order_by(Need.id).limit(1)
        ).one_or_none()
        project = session.get(Project, need.id) if need else None
    return render_template("admin/tour.html", steps=_steps(village, need, project))


def demo_village(session: Session) -> VillageAssociation | None:
    """Return the village of the demo story, None where it was not played."""
    secretary = active_officer(session, STORYTELLER)
    return secretary.association if secretary else None


def _steps(village: VillageAssociation, need: Need | None, project: Project | None) -> list[tuple[str, str]]:
    """Return (part of a catalogue key, address) of each step that there is something to see of.

    An address says which step it was (`tour`), so that its page leads on.
    """
    steps = [("village", "admin.association", village.id)]
    if need:
        steps.append(("need", "admin.need", need.id))
    if project:
        steps.append(("project", "admin.project", project.need_id))
        steps.append(("money", "admin.money", project.need_id))
    addresses = [(step, url_for(page, number=number, tour=at)) for at, (step, page, number) in enumerate(steps, 1)]
    return [*addresses, ("sheet", url_for("admin.sheets", tour=len(steps) + 1))] if project else addresses

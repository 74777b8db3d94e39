"""Projects from the day their works begin: a list, and a page each. Nothing here asks for anything."""

from flask import abort, render_template, request

from service.domain.reference import parse_reference
from service.domain.sectors import Sector
from service.models.session import reading
from service.models.sheets import published_sheets
from service.usecases.published import cards, shown_projects, story_of
from service.web.access import access
from service.web.current import container, voice
from service.web.public.asked import asked_sector, page_of

STATES = {"running": False, "finished": True}


@access("public")
def find() -> str:
    """List projects; `?sector=` of one sector, `?state=` running or finished, `?page=` goes on."""
    sector, state = asked_sector(), request.args.get("state", "")
    with reading(container().engine) as session:
        page = page_of(session, shown_projects(sector=sector, finished=STATES.get(state)))
        shown = cards(session, voice(), page.rows)
    return render_template(
        "public/projects.html", page=page, shown=shown, sectors=list(Sector), sector=sector, states=STATES, state=state
    )


@access("public")
def show(reference: str) -> str:
    """Tell one project."""
    known = parse_reference(reference)
    with reading(container().engine) as session:
        story = story_of(session, voice(), known) if known else None
        if not story:
            abort(404)
        sheet = bool(published_sheets(session, (), reference=story.card.reference))
    return render_template("public/project.html", story=story, card=story.card, sheet=sheet)

"""The first page: what waits, each one click away."""

from flask import render_template

from service.models.session import reading
from service.web.access import access
from service.web.admin.queries import count_waiting
from service.web.current import container


@access("viewer")
def show() -> str:
    """Show how many associations and needs wait for a decision."""
    with reading(container().engine) as session:
        waiting = count_waiting(session)
    return render_template("admin/home.html", waiting=waiting)

"""Finished and running projects for machines of funders: IATI 2.03, without amounts (law 18-18)."""

from flask import Response

from service.usecases.iati import Reporter, activities
from service.web.access import access
from service.web.current import container, now


@access("public")
def export() -> Response:
    """Write the activities as they are read from the database: memory stays flat."""
    settings = container().settings
    reporter = Reporter(settings.iati_reference, settings.iati_name)
    return Response(activities(container().engine, now(), reporter), mimetype="application/xml")

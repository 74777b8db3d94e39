"""The API for programs: an application of its own, without sessions, forms, cookies or anybody else's origin."""

from flask import Flask, Response, g, jsonify
from werkzeug.routing import BaseConverter, IntegerConverter

from service.container import Container
from service.web.api import (
    associations,
    diaspora,
    figures,
    messages,
    needs,
    progress,
    projects,
    proposals,
    sheets,
    testimonies,
    webhooks,
)
from service.web.api.door import served
from service.web.api.limits import Buckets
from service.web.api.openapi import describe
from service.web.api.operations import Operation
from service.web.api.paging import LARGEST
from service.web.api.problems import set_up_problems
from service.web.current import EXTENSION
from service.web.gateways import NoSession

PREFIX = "/api/"
ROOT = "/api/v1"
ROOMS = (
    *(needs, associations, diaspora, proposals, projects, progress),
    *(testimonies, sheets, messages, figures, webhooks),
)
OPERATIONS: tuple[Operation, ...] = tuple(operation for room in ROOMS for operation in room.operations.made)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    # Kept by nobody but who asked, and only to ask whether it changed.
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
}


class Reference(BaseConverter):
    """A need's reference code, `K7-4Q2`."""

    regex = "[0-9A-Z]{2,3}-[0-9A-Z]{3}"


class Number(IntegerConverter):
    """A row's number: as large as a database takes, in the digits of ASCII."""

    regex = "[0-9]+"

    def __init__(self, map: object) -> None:  # noqa: A002  # werkzeug's word
        """Bound it."""
        super().__init__(map, min=1, max=LARGEST)  # type: ignore[arg-type]  # the map of the routes


def make_api(config: dict[str, object], container: Container) -> Flask:
    """Return the application that serves `/api/`."""
    api = Flask("service.web.api", static_folder=None)
    api.config.update(config)
    api.session_interface = NoSession()
    api.extensions[EXTENSION] = container
    api.url_map.merge_slashes = False  # another address is another thing, not a redirect
    api.url_map.converters |= {"reference": Reference, "number": Number}
    set_up_problems(api)
    buckets = Buckets(container.settings.api_rate)
    for operation in OPERATIONS:
        view = served(operation, buckets)
        _add(api, f"{ROOT}{operation.path}", operation.name, view, operation.method)
    document = describe(OPERATIONS, ROOT)
    _add(api, f"{ROOT}/openapi.json", "openapi", lambda: jsonify(document), "GET")
    api.after_request(_add_headers)
    return api


def _add(api: Flask, path: str, name: str, view: object, method: str) -> None:
    # What a browser of another site asks beforehand (OPTIONS) is answered by nobody: 405.
    endpoint = name.replace(".", "_")
    api.add_url_rule(path, endpoint, view, methods=[method], provide_automatic_options=False)  # type: ignore[arg-type]


def _add_headers(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    answer.headers.update(g.get("limits", {}))
    return answer

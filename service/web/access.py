"""Who may use a route: every view says so, and nothing is served that does not."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args

from flask import Flask

# `gateway` views check their token themselves; `simulator` views exist only where the phone simulator is on;
# the last three are the ladder of service.domain.roles.UserRole.
Access = Literal["public", "gateway", "simulator", "viewer", "coordinator", "admin"]
KNOWN = frozenset(get_args(Access))
View = TypeVar("View", bound=Callable[..., Any])


class UndeclaredViewError(Exception):
    """A route does not say who may use it: a mistake in the code, found at the start."""


def access(who: Access) -> Callable[[View], View]:
    """Declare who may use a view; put it nearest to the function, below `@blueprint.get(…)`."""

    def declare(view: View) -> View:
        vars(view)["access"] = who
        return view

    return declare


def access_of(app: Flask, endpoint: str) -> str | None:
    """Return what the view of an endpoint declares, None when it declares nothing known."""
    who = getattr(app.view_functions.get(endpoint), "access", None)
    return who if who in KNOWN else None


def check_declarations(app: Flask) -> None:
    """Walk the route map.

    Raises UndeclaredViewError naming the routes that do not say who may use them.
    """
    silent = sorted(rule.rule for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint) is None)
    if silent:
        raise UndeclaredViewError(f"these routes do not declare their access: {', '.join(silent)}")

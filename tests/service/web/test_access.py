"""Every route says who may use it, and the guard holds it to its word."""

import re

import pytest
from flask import Blueprint, Flask

from service.app import create_app
from service.container import Container
from service.domain.roles import UserRole
from service.web.access import KNOWN, UndeclaredViewError, access, access_of
from service.web.gateways import direct
from tests.service.web.person import MakeUser, Person

PUBLIC = {
    "static",
    "public.home",
    "public.experiences",
    "public.experience",
    "public.experience_pdf",
    "public.card",
    "public.projects",
    "public.project",
    "public.testimonies",
    "public.figures",
    "public.network",
    "public.join",
    "public.privacy",
    "public.search",
    "public.feed",
    "public.sitemap",
    "public.robots",
    "public.iati",
    "health.alive",
    "health.ready",
    "metrics.show",  # to whom the settings let it
    "admin.sign_in",
    "admin.do_sign_in",
    "admin.sign_in_code",  # to who has typed the password
    "admin.check_code",
    "admin.invitation",  # to who has the link
    "admin.accept_invitation",
}


def silent_blueprint() -> Blueprint:
    blueprint = Blueprint("silent", __name__)
    blueprint.add_url_rule("/silent", "view", lambda: "seen")
    return blueprint


def open_blueprint() -> Blueprint:
    """Routes of every kind, as outsiders of this package make them."""
    blueprint = Blueprint("open", __name__)
    for who in sorted(KNOWN):
        view = access(who)(lambda: "seen")
        blueprint.add_url_rule(f"/open/{who}", who, view, methods=["GET", "POST"])
    return blueprint


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert len(rules) > len(PUBLIC)
    assert {rule.endpoint for rule in rules if access_of(app, rule.endpoint) is None} == set()


def test_what_is_public_is_a_short_known_list(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules() if access_of(app, rule.endpoint) == "public"} == PUBLIC


def test_a_silent_route_stops_the_start(container: Container) -> None:
    with pytest.raises(UndeclaredViewError, match="/silent"):
        create_app(container, [silent_blueprint()])


def test_a_silent_hook_stops_the_start_also_where_it_is_answered_before_flask(container: Container) -> None:
    blueprint = Blueprint("silent", __name__, url_prefix="/hooks/console")
    blueprint.add_url_rule("/<token>/ussd", "view", direct(lambda _environ, _token: "seen"), methods=["POST"])
    with pytest.raises(UndeclaredViewError, match="/hooks/console/<token>/ussd"):
        create_app(container, [blueprint])


def test_every_admin_route_sends_strangers_to_sign_in(app: Flask) -> None:
    walked = 0
    for rule in app.url_map.iter_rules():
        if access_of(app, rule.endpoint) in set(UserRole):
            path = re.sub("<[^>]+>", "1", rule.rule)
            for method in (rule.methods or set()) & {"GET", "POST"}:
                answer = app.test_client().open(path, method=method)
                assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/admin/sign-in"), rule
                walked += 1
    assert walked >= 9


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (UserRole.VIEWER, ["viewer"]),
        (UserRole.COORDINATOR, ["viewer", "coordinator"]),
        (UserRole.ADMIN, ["viewer", "coordinator", "admin"]),
    ],
)
def test_a_role_may_do_what_the_ones_below_may(
    container: Container, make_user: MakeUser, role: UserRole, seen: list[str]
) -> None:
    person = Person(create_app(container, [open_blueprint()]).test_client())
    make_user(role=role)
    person.sign_in()
    answers = {str(one): person.get(f"/open/{one}").status_code for one in UserRole}
    assert answers == {str(one): 200 if one in seen else 403 for one in UserRole}


def test_gateways_and_the_simulator_need_no_form_token_but_all_others_do(
    container: Container, make_user: MakeUser
) -> None:
    person = Person(create_app(container, [open_blueprint()]).test_client())
    make_user(role=UserRole.ADMIN)
    person.sign_in()
    answers = {who: person.client.post(f"/open/{who}").status_code for who in sorted(KNOWN)}
    exempt = {"gateway", "simulator"}
    assert answers == {who: 200 if who in exempt else 400 for who in KNOWN}


def test_the_simulator_is_not_there_where_the_settings_keep_it_off(container: Container) -> None:
    off = Container(
        container.settings.model_copy(update={"simulator": False}),
        container.engine,
        container.gateways,
        container.clock,
    )
    client = create_app(off, [open_blueprint()]).test_client()
    assert client.get("/open/simulator").status_code == 404
    assert client.get("/open/gateway").status_code == 200

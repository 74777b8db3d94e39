"""The admin view: who signs in sees what waits and decides."""

from flask import Blueprint

from service.web.admin import (
    account,
    associations,
    audit,
    broadcasts,
    contributions,
    details,
    diaspora,
    exports,
    figures,
    home,
    inbox,
    invitation,
    messages,
    money,
    moving,
    moving_abroad,
    needs,
    numbers,
    password,
    people,
    programs,
    progress,
    projects,
    proposals,
    second_factor,
    sheets,
    sign_in,
    testimonies,
    tour,
    users,
)

ID = "int(max=9223372036854775807)"  # the largest a database takes: more is nobody's number


LISTS = {
    "associations": associations,
    "diaspora": diaspora,
    "needs": needs,
    "proposals": proposals,
    "projects": projects,
    "progress": progress,
    "contributions": contributions,
    "testimonies": testimonies,
    "sheets": sheets,
    "people": people,
    "messages": messages,
}


def _blueprint() -> Blueprint:
    made = Blueprint("admin", __name__, url_prefix="/admin")
    made.add_url_rule("/", "home", home.show)
    made.add_url_rule(f"/calls/<{ID}:number>/done", "called", home.called, methods=["POST"])
    made.add_url_rule("/sign-in", "sign_in", sign_in.show)
    made.add_url_rule("/sign-in", "do_sign_in", sign_in.enter, methods=["POST"])
    made.add_url_rule("/sign-out", "sign_out", sign_in.leave, methods=["POST"])
    made.add_url_rule("/password", "password", password.show)
    made.add_url_rule("/password", "set_password", password.change, methods=["POST"])
    _add_account(made)
    _add_users(made)
    made.add_url_rule(
        f"/associations/<{ID}:number>/verify", "verify_association", associations.verify, methods=["POST"]
    )
    made.add_url_rule(
        f"/associations/<{ID}:number>/reject", "reject_association", associations.reject, methods=["POST"]
    )
    made.add_url_rule(f"/diaspora/<{ID}:number>/verify", "verify_diaspora", diaspora.verify, methods=["POST"])
    made.add_url_rule(f"/diaspora/<{ID}:number>/reject", "reject_diaspora", diaspora.reject, methods=["POST"])
    _add_moving(made)
    made.add_url_rule(f"/needs/<{ID}:number>/verify", "verify_need", needs.verify, methods=["POST"])
    made.add_url_rule(f"/needs/<{ID}:number>/reject", "reject_need", needs.reject, methods=["POST"])
    made.add_url_rule("/tour", "tour", tour.show)
    for path, endpoint, page in details.PAGES:
        made.add_url_rule(f"/{path}/<{ID}:number>", endpoint, page)
    made.add_url_rule(f"/needs/<{ID}:number>/same", "same_need", details.same, methods=["POST"])
    made.add_url_rule(f"/undo/<kind>/<{ID}:number>", "undo", details.undo, methods=["POST"])
    made.add_url_rule(f"/sheets/<{ID}:number>", "sheet", sheets.one)
    made.add_url_rule(f"/sheets/<{ID}:number>/<language>.pdf", "sheet_pdf", sheets.paper)
    for verb, do in sheets.DEEDS.items():
        made.add_url_rule(f"/sheets/<{ID}:number>/{verb}", f"{verb}_sheet", do, methods=["POST"])
    made.add_url_rule(f"/projects/<{ID}:number>", "project", projects.one)
    made.add_url_rule(f"/projects/<{ID}:number>/<verb>", "move_project", projects.decide, methods=["POST"])
    made.add_url_rule(f"/projects/<{ID}:number>/report-days", "report_days", projects.report_days, methods=["POST"])
    made.add_url_rule(f"/testimonies/<{ID}:number>/sound", "sound", testimonies.sound)
    for verb, decide in testimonies.DECISIONS.items():
        made.add_url_rule(f"/testimonies/<{ID}:number>/{verb}", f"{verb}_testimony", decide, methods=["POST"])
    made.add_url_rule(f"/projects/<{ID}:number>/money", "money", money.show)
    made.add_url_rule(f"/projects/<{ID}:number>/money/line", "write_line", money.write, methods=["POST"])
    made.add_url_rule(f"/projects/<{ID}:number>/money/rate", "set_rate", money.rate, methods=["POST"])
    made.add_url_rule(f"/contributions/<{ID}:number>/confirm", "confirm_line", money.confirm, methods=["POST"])
    made.add_url_rule(f"/arrivals/<{ID}:number>/correct", "correct_arrival", money.correct, methods=["POST"])
    for path, endpoint, figure in figures.PAGES:
        made.add_url_rule(f"/figures{path}", endpoint, figure)
    for name, room in LISTS.items():
        made.add_url_rule(f"/{name}", name, room.show)
    made.add_url_rule("/messages/all", "all_messages", messages.every)
    made.add_url_rule(f"/messages/<{ID}:number>/replay", "replay_message", messages.replay, methods=["POST"])
    made.add_url_rule(f"/messages/<{ID}:number>/arrived", "message_arrived", messages.arrived, methods=["POST"])
    made.add_url_rule("/messages/stop", "stop_gateway", messages.stop, methods=["POST"])
    made.add_url_rule("/messages/start", "start_gateway", messages.start, methods=["POST"])
    _add_inbox(made)
    _add_programs(made)
    _add_what_leaves(made)
    return made


def _add_programs(made: Blueprint) -> None:
    made.add_url_rule("/api", "programs", programs.show)
    made.add_url_rule("/api/tokens", "make_token", programs.make, methods=["POST"])
    made.add_url_rule(f"/api/tokens/<{ID}:number>/revoke", "revoke_token", programs.revoke, methods=["POST"])
    made.add_url_rule("/api/webhooks", "subscribe", programs.subscribe, methods=["POST"])
    made.add_url_rule(f"/api/webhooks/<{ID}:number>/stop", "unsubscribe", programs.unsubscribe, methods=["POST"])
    made.add_url_rule(
        f"/api/webhooks/<{ID}:number>/deliveries/<{ID}:delivery>/replay",
        "replay_delivery",
        programs.replay,
        methods=["POST"],
    )


def _add_moving(made: Blueprint) -> None:
    for verb, change in (("merge", moving.merge), ("split", moving.split)):
        made.add_url_rule(f"/associations/<{ID}:number>/{verb}", f"{verb}_association", change, methods=["POST"])
    made.add_url_rule(f"/diaspora/<{ID}:number>/moving", "moving_diaspora", moving_abroad.show)
    for verb, change in (("merge", moving_abroad.merge), ("split", moving_abroad.split)):
        made.add_url_rule(f"/diaspora/<{ID}:number>/{verb}", f"{verb}_diaspora", change, methods=["POST"])
    for verb, change in (("replace", moving.replace), ("remove", moving.remove)):
        made.add_url_rule(f"/contacts/<{ID}:number>/{verb}", f"{verb}_contact", change, methods=["POST"])
    made.add_url_rule("/numbers", "numbers", numbers.show)
    made.add_url_rule("/numbers/confirm", "confirm_number", numbers.confirm, methods=["POST"])


def _add_what_leaves(made: Blueprint) -> None:
    """Add what is told outside: who is named to everybody, and files to take away."""
    for verb, change in (("list", diaspora.list_publicly), ("unlist", diaspora.unlist)):
        made.add_url_rule(f"/diaspora/<{ID}:number>/{verb}", f"{verb}_diaspora", change, methods=["POST"])
    made.add_url_rule("/exports", "exports", exports.show)
    made.add_url_rule("/exports/<kind>", "ask_export", exports.ask, methods=["POST"])
    made.add_url_rule(f"/exports/<{ID}:number>", "read_export", exports.read)
    made.add_url_rule(f"/exports/<{ID}:number>/file", "fetch_export", exports.fetch)


def _add_inbox(made: Blueprint) -> None:
    made.add_url_rule("/inbox", "inbox", inbox.show)
    made.add_url_rule("/inbox/begin", "begin_conversation", inbox.begin, methods=["POST"])
    made.add_url_rule("/inbox/measure", "measure", inbox.measure, methods=["POST"])
    made.add_url_rule("/inbox/canned", "canned", inbox.show_canned)
    made.add_url_rule("/inbox/canned", "word_canned", inbox.word, methods=["POST"])
    made.add_url_rule(f"/inbox/<{ID}:number>", "conversation", inbox.one)
    for verb, do in inbox.DEEDS.items():
        made.add_url_rule(f"/inbox/<{ID}:number>/{verb}", f"{verb}_conversation", do, methods=["POST"])
    made.add_url_rule("/broadcasts", "broadcasts", broadcasts.show)
    made.add_url_rule("/broadcasts", "write_broadcast", broadcasts.write, methods=["POST"])
    made.add_url_rule("/broadcasts/new", "new_broadcast", broadcasts.new)
    made.add_url_rule(f"/broadcasts/<{ID}:number>", "broadcast", broadcasts.one)
    made.add_url_rule(f"/broadcasts/<{ID}:number>/results.csv", "broadcast_results", broadcasts.results)
    for verb, decide in broadcasts.DECISIONS.items():
        made.add_url_rule(f"/broadcasts/<{ID}:number>/{verb}", f"{verb}_broadcast", decide, methods=["POST"])


def _add_account(made: Blueprint) -> None:
    made.add_url_rule("/sign-in/code", "sign_in_code", sign_in.show_code)
    made.add_url_rule("/sign-in/code", "check_code", sign_in.enter_code, methods=["POST"])
    made.add_url_rule("/invitation/<token>", "invitation", invitation.show)
    made.add_url_rule("/invitation/<token>", "accept_invitation", invitation.accept, methods=["POST"])
    made.add_url_rule("/account", "account", account.show)
    made.add_url_rule("/account/phone", "my_phone", account.phone, methods=["POST"])
    made.add_url_rule(f"/account/sessions/<{ID}:number>/end", "end_session", account.end_session, methods=["POST"])
    made.add_url_rule("/account/sessions/end", "end_all_sessions", account.end_all, methods=["POST"])
    made.add_url_rule("/account/second-factor", "second_factor", second_factor.show)
    for verb, change in (("begin", second_factor.begin), ("confirm", second_factor.confirm)):
        made.add_url_rule(f"/account/second-factor/{verb}", f"{verb}_factor", change, methods=["POST"])
    made.add_url_rule("/account/second-factor/codes", "renew_codes", second_factor.renew, methods=["POST"])
    made.add_url_rule("/account/second-factor/off", "factor_off", second_factor.turn_off, methods=["POST"])


def _add_users(made: Blueprint) -> None:
    made.add_url_rule("/users", "users", users.show)
    made.add_url_rule("/users/invite", "invite", users.invite, methods=["POST"])
    for verb, do in users.DEEDS.items():
        made.add_url_rule(f"/users/<{ID}:number>/{verb}", f"{verb}_user", do, methods=["POST"])
    made.add_url_rule("/audit", "audit", audit.show)


admin = _blueprint()

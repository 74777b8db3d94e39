"""Exports: asked for here, made by the worker, fetched by who asked within a week."""

import json
from pathlib import Path

from flask import Response, abort, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as Answer

from service.domain.errors import NotAllowedError
from service.domain.phone import parse_phone, show_phone
from service.domain.roles import UserRole
from service.models import Export
from service.models.exports import KEPT, ExportState, newest_exports
from service.models.session import reading, transaction
from service.usecases.exports import MAKERS, ask_export, fetch_export
from service.web.access import access
from service.web.current import container, now, signed_in, voice

UNDER_WAY = (ExportState.QUEUED, ExportState.RUNNING)
# Which of the headings of a person's page a table is under; all others are under the last.
GROUPS = {
    "who": ("phones", "officers", "contacts", "residents", "users", "officer_changes"),
    "consents": ("consents", "sheet_consents", "listing_consents"),
    "messages": ("messages", "receipts"),
    "texts": ("inbound_events", "journals", "callbacks"),
    "reports": ("needs", "progress_reports", "testimonies", "pledges", "arrivals", "spot_questions"),
    "audit": ("audit_entries",),
}


@access("coordinator")
def show() -> str:
    """List what was asked for last, and how far it is."""
    with reading(container().engine) as session:
        exports = newest_exports(session)
    going = any(one.state in UNDER_WAY for one in exports)
    return render_template("admin/exports.html", exports=exports, going=going, days=KEPT.days, mine=_may_fetch)


@access("coordinator")
def ask(kind: str) -> Answer:
    """Ask for a file of a kind."""
    if kind not in MAKERS:
        abort(404)
    arguments: dict[str, object] = {"amounts": request.form.get("amounts") == "yes"}
    if kind == "person":
        try:
            arguments = {"phone": parse_phone(request.form.get("phone", ""))}
        except ValueError:
            return _back("web.exports.unread")
    with transaction(container().engine) as session:
        ask_export(session, now(), actor=f"user:{signed_in().id}", kind=kind, **arguments)
    return _back("web.exports.asked")


@access("coordinator")
def fetch(number: int) -> Response:
    """Hand the file over."""
    export, path = _fetched(number)
    name = f"tiwizi-{export.kind}-{export.id}{path.suffix}"
    return send_file(
        path.resolve(), mimetype=MAKERS[export.kind].media_type, as_attachment=True, download_name=name, max_age=0
    )


@access("coordinator")
def read(number: int) -> str:
    """Show what is kept about a person, to be read or printed."""
    export, path = _fetched(number)
    if export.kind != "person":
        abort(404)
    kept = json.loads(path.read_text())
    known = {table for tables in GROUPS.values() for table in tables}
    groups = {**GROUPS, "others": tuple(table for table in kept["rows"] if table not in known)}
    shown = {
        group: [(table, kept["rows"][table]) for table in tables if table in kept["rows"]]
        for group, tables in groups.items()
    }
    return render_template("admin/person_data.html", shown=shown, phone=show_phone(kept["phone"]), export=export)


def _fetched(number: int) -> tuple[Export, Path]:
    with transaction(container().engine) as session:
        export = session.get(Export, number)
        if export and not _may_fetch(export):
            raise NotAllowedError
        return fetch_export(session, now(), container().settings, actor=f"user:{signed_in().id}", export_id=number)


def _may_fetch(export: Export) -> bool:
    """Tell whether a file is for who is signed in: it is for who asked, and for admins."""
    user = signed_in()
    return export.asked_by == f"user:{user.id}" or user.role.includes(UserRole.ADMIN)


def _back(key: str) -> Answer:
    flash(voice().say(key))
    return redirect(url_for("admin.exports"))

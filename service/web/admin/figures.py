"""Figures: pictures of the records with their tables, of a period and a province that stand in the address."""

from collections.abc import Callable
from datetime import date, timedelta

from flask import Response, abort, render_template, request
from werkzeug.wrappers import Response as Answer

from service.locales import Language
from service.models.session import reading
from service.usecases.figures.scope import LONGEST, Scope, all_provinces
from service.usecases.figures.year import FIRST, LAST, report_of
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.pictures import ROOMS, name_of
from service.web.current import container, language, now, voice

LAST_DAYS, LAST_MONTHS = 30, 12
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@access("viewer")
def show(room: str = "needs") -> str:
    """Show the charts of one subject; `?since=`, `?until=` and `?province=` say of what."""
    if room not in ROOMS:
        abort(404)
    with reading(container().engine) as session:
        provinces = all_provinces(session)
        scope = _scope(room, {one.code for one in provinces})
        charts = ROOMS[room](session, scope)
    return render_template(
        "admin/figures.html",
        room=room,
        rooms=list(ROOMS),
        charts=charts,
        scope=scope,
        provinces=sorted(((one.code, name_of(one)) for one in provinces), key=lambda one: one[1]),
        years=range(now().year, max(FIRST, now().year - 5), -1),
        voice=voice(),
    )


@access("viewer")
def table(room: str, name: str) -> Response:
    """Return the table of one chart, for a spreadsheet."""
    if room not in ROOMS:
        abort(404)
    with reading(container().engine) as session:
        scope = _scope(room, {one.code for one in all_provinces(session)})
        found = [chart for chart in ROOMS[room](session, scope) if chart.name == name]
    if not found:
        abort(404)
    return _file(
        found[0].as_csv().encode(), "text/csv; charset=utf-8", f"tiwizi-{name}-{scope.since}-{scope.until}.csv"
    )


@access("viewer")
def report() -> Answer:
    """Return the yearly report: `?year=`, and `?format=pdf` on paper (French or Arabic), else as a workbook."""
    # XlsxWriter and fpdf2 take half a second to load, which no start of the web need wait for.
    from service.web.report import on_paper, workbook  # noqa: PLC0415  # see above

    year = asked_number("year") or 0
    try:
        with reading(container().engine) as session:
            gathered = report_of(session, now(), year)
    except ValueError:
        abort(404)
    if request.args.get("format") != "pdf":
        return _file(workbook(gathered, language()), XLSX, f"tiwizi-{year}-{language()}.xlsx")
    spoken = language() if language() is Language.AR else Language.FR
    return _file(on_paper(gathered, spoken), "application/pdf", f"tiwizi-{year}-{spoken}.pdf")


PAGES: tuple[tuple[str, str, Callable[..., str | Answer]], ...] = (
    ("", "figures", show),
    ("/report", "report", report),
    ("/<room>", "figures", show),
    ("/<room>/<name>.csv", "figures_csv", table),
)


def _scope(room: str, provinces: set[str]) -> Scope:
    """Return what the address asks for; what makes no sense is as not said."""
    until = _day("until") or now().date()
    since = _day("since") or _usual(room, until)
    if not 0 <= (until - since).days < LONGEST:
        since = _usual(room, until)
    province = request.args.get("province", "")
    return Scope(since, until, province if province in provinces and room != "messages" else "")


def _usual(room: str, until: date) -> date:
    """Return where a period begins when nobody says: a month of messages, a year of months of all else."""
    if room == "messages":
        return until - timedelta(LAST_DAYS - 1)
    months = until.year * 12 + until.month - LAST_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if FIRST <= day.year <= LAST else None


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

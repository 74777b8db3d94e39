"""What machines read of the public pages: what is new (Atom), which pages there are, where robots may go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from flask import Response, render_template, url_for

from service.models.session import reading
from service.models.sheets import published_sheets
from service.usecases.experiences import languages_for
from service.usecases.published import cards, shown_projects
from service.web.access import access
from service.web.current import container, language, now, voice
from service.web.public.sharing import absolute

MOST_NEWS = 30
MOST_PAGES = 50_000  # of a site map (sitemaps.org)
PAGES = ("home", "projects", "experiences", "testimonies", "figures", "network", "join", "privacy")
# Nothing there is for machines that look around.
CLOSED = ("/admin/", "/hooks/", "/phone", "/api/", "/search")


@dataclass(frozen=True)
class News:
    """One entry of the feed."""

    path: str
    title: str
    said: str
    at: datetime


@access("public")
def feed() -> Response:
    """Tell the sheets published and the projects handed over last, the newest first."""
    news = sorted((*_sheets(), *_finished()), key=lambda one: one.at, reverse=True)[:MOST_NEWS]
    title, updated = voice().say("public.feed.title"), news[0].at if news else None
    written = render_template("public/feed.xml", news=news, title=title, updated=updated)
    return Response(written, mimetype="application/atom+xml")


@access("public")
def sitemap() -> Response:
    """List all public pages."""
    lines = (f"<url><loc>{escape(absolute(path))}</loc></url>" for path in _paths())
    body = "\n".join(lines)
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{body}\n</urlset>\n',
        mimetype="application/xml",
    )


@access("public")
def robots() -> Response:
    """Say where nothing is to be read."""
    closed = "".join(f"Disallow: {path}\n" for path in CLOSED)
    return Response(f"User-agent: *\n{closed}Sitemap: {absolute(url_for('public.sitemap'))}\n", mimetype="text/plain")


def _sheets() -> Iterator[News]:
    with reading(container().engine) as session:
        for sheet in published_sheets(session, languages_for(language())):
            path = url_for("public.experience", reference=sheet.need.reference)
            yield News(path, sheet.title, sheet.summary, sheet.published_at or now())


def _finished() -> list[News]:
    with reading(container().engine) as session:
        projects = session.scalars(shown_projects(finished=True).limit(MOST_NEWS)).all()
        shown = cards(session, voice(), projects)
    return [
        News(
            url_for("public.project", reference=one.reference),
            voice().say("public.feed.finished", sector=one.sector, place=one.place),
            voice().say("public.households", count=one.households),
            one.moved_at,
        )
        for one in shown
    ]


def _paths() -> Iterator[str]:
    yield from (url_for(f"public.{page}") for page in PAGES)
    with reading(container().engine) as session:
        sheets = published_sheets(session, ())
        yield from (url_for("public.experience", reference=one.need.reference) for one in sheets)
        projects = session.scalars(shown_projects().limit(MOST_PAGES - len(PAGES) - len(sheets)))
        yield from (url_for("public.project", reference=one.need.reference) for one in projects)

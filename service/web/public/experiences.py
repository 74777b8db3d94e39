"""Experience sheets everybody may read: found by sector and by word, on a page of their own and on paper."""

from flask import Response, abort, render_template, request
from sqlalchemy.orm import Session

from service.domain.reference import parse_reference
from service.domain.sectors import Sector
from service.domain.text import search_key
from service.models.session import reading
from service.models.sheets import ExperienceSheet, published_languages, published_sheets
from service.usecases.experiences import Experience, languages_for, read_experience
from service.web.access import access
from service.web.current import container, language
from service.web.public.asked import asked_sector, asked_word


@access("public")
def find() -> str:
    """List the sheets; `?sector=` those of one sector, `?q=` those that have a word."""
    sector, word = asked_sector(), asked_word()
    with reading(container().engine) as session:
        sheets = published_sheets(session, languages_for(language()), sector=sector)
        found = [(sheet.need.sector, read_experience(session, sheet)) for sheet in sheets]
    shown = [(about, read) for about, read in found if search_key(word) in search_key(words_of(read))]
    return render_template("public/experiences.html", found=shown, sectors=list(Sector), sector=sector, word=word)


@access("public")
def show(reference: str) -> str:
    """Show one, in the page's language where there is a sheet in it."""
    with reading(container().engine) as session:
        sheet = _published(session, reference, language())
        papers = published_languages(session, sheet.need_id)
        return render_template("public/experience.html", read=read_experience(session, sheet), papers=papers)


@access("public")
def paper(reference: str) -> Response:
    """Return one as a PDF; `?language=` says in which of its languages."""
    with reading(container().engine) as session:
        read = read_experience(session, _published(session, reference, request.args.get("language", language())))
    return pdf(read)


def pdf(read: Experience) -> Response:
    """Answer with a sheet on paper."""
    # fpdf2 and HarfBuzz take half a second to load, which no start of the web need wait for.
    from service.web.pdf import draw_sheet  # noqa: PLC0415  # see above

    answer = Response(draw_sheet(read), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="tiwizi-{read.reference}-{read.language}.pdf"'
    return answer


def _published(session: Session, reference: str, wanted: str) -> ExperienceSheet:
    known = parse_reference(reference)
    found = published_sheets(session, languages_for(wanted), reference=known) if known else []
    if not found:
        abort(404)
    return found[0]


def words_of(read: Experience) -> str:
    """Return all that may be looked for in a sheet."""
    quotes = " ".join(one.text for one in read.quotes)
    return f"{read.reference} {read.title} {read.place} {read.summary} {read.difficulties} {read.lessons} {quotes}"

"""What is said of projects, how many there are, who takes part, how to join, what is kept; and the search in all."""

from itertools import islice

from flask import render_template

from service.domain.phone import show_phone
from service.domain.text import search_key
from service.messaging.phrases import Country
from service.models.exports import KEPT
from service.models.session import reading
from service.models.sheets import published_sheets
from service.usecases.experiences import languages_for, read_experience
from service.usecases.overview import found_projects, network, overview
from service.usecases.published import cards, quotes, shown_words
from service.usecases.purge import INACTIVE, JOURNALS_KEPT, PARTS_KEPT, RAW_KEPT
from service.web.access import access
from service.web.current import container, language, voice
from service.web.public.asked import asked_word, page_of
from service.web.public.experiences import words_of

MOST_FOUND = 10  # of a kind
MONTHS_A_YEAR, DAYS_A_YEAR = 12, 365


@access("public")
def testimonies() -> str:
    """List what people say of projects; `?page=` goes on."""
    with reading(container().engine) as session:
        page = page_of(session, shown_words())
        shown = quotes(session, voice(), page.rows)
    return render_template("public/testimonies.html", page=page, shown=shown)


@access("public")
def figures() -> str:
    """Count projects by sector, province and year."""
    with reading(container().engine) as session:
        counted = overview(session)
    return render_template("public/figures.html", counted=counted)


@access("public")
def members() -> str:
    """Count the associations of emigrants by country, and name those that agreed to it."""
    with reading(container().engine) as session:
        countries = network(session)
    return render_template("public/network.html", countries=countries, country=Country)


@access("public")
def join() -> str:
    """Say how a village and an association of emigrants take part."""
    return render_template("public/join.html", number=show_phone(container().settings.sms_number))


@access("public")
def privacy() -> str:
    """Say what is kept and for how long, as the purge does it, and how to end it."""
    kept = {
        "texts": RAW_KEPT.days * MONTHS_A_YEAR // DAYS_A_YEAR,
        "inactive": INACTIVE.days * MONTHS_A_YEAR // DAYS_A_YEAR,
        "journals": JOURNALS_KEPT.days,
        "parts": PARTS_KEPT.days,
        "exports": KEPT.days,
    }
    return render_template("public/privacy.html", kept=kept, number=show_phone(container().settings.sms_number))


@access("public")
def search() -> str:
    """Look for `?q=` in projects, experience sheets and testimonies."""
    word = asked_word()
    key = search_key(word)
    if not key:
        return render_template("public/search.html", word=word, projects=[], sheets=[], said=[])
    with reading(container().engine) as session:
        projects = cards(session, voice(), found_projects(session, word, MOST_FOUND))
        read = (read_experience(session, one) for one in published_sheets(session, languages_for(language())))
        sheets = list(islice((one for one in read if key in search_key(words_of(one))), MOST_FOUND))
        with_word = (one for one in session.scalars(shown_words()) if key in search_key(one.text))
        said = quotes(session, voice(), islice(with_word, MOST_FOUND))
    return render_template("public/search.html", word=word, projects=projects, sheets=sheets, said=said)

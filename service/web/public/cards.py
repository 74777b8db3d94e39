"""Cards to print, for those who keep no telephone book: where to dial and write to, the words, what happens next."""

from flask import Response, abort

from service.domain.phone import show_phone
from service.locales import Language
from service.web.access import access
from service.web.current import container


@access("public")
def paper(holder: str, language: str) -> Response:
    """Return a card as a PDF."""
    # fpdf2 and HarfBuzz take half a second to load, which no start of the web need wait for.
    from service.web.cards import Holder, draw_card  # noqa: PLC0415  # see above

    if holder not in set(Holder) or language not in set(Language):
        abort(404)
    settings = container().settings
    drawn = draw_card(Holder(holder), Language(language), settings.ussd_code, show_phone(settings.sms_number))
    answer = Response(drawn, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="tiwizi-{holder}-{language}.pdf"'
    return answer

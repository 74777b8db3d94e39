"""How texts that people write begin: with who sends them, as those of the catalogues do."""

from unicodedata import bidirectional

from service.locales import Language, speaker


def with_sender(text: str) -> str:
    """Return a text as its receiver reads it: after who sends it, unless that was typed."""
    latin, arabic = (speaker(language).say("answer.sender") for language in (Language.FR, Language.AR))
    if text.replace(" :", ":").casefold().startswith((latin.casefold(), arabic)):
        return text
    # In the letters of the text: one Arabic letter would make of a text in Latin ones twice the parts.
    in_arabic = any(bidirectional(letter) == "AL" for letter in text)
    return f"{arabic if in_arabic else latin} {text}"

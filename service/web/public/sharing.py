"""How a public page presents itself to search engines and to whom a link to it is sent."""

from urllib.parse import quote, urlencode

from flask import request

from service.locales import Language
from service.web.current import container, language

# What makes a page another page; all else (a word looked for, say) is left out of its address.
KEPT = ("sector", "state", "page")


def here_in(other: Language | None = None) -> str:
    """Return the full address of this page in a language; without one, that from which each finds their own."""
    kept = {name: request.args[name] for name in KEPT if request.args.get(name)}
    query = urlencode(kept if other is None else {**kept, "lang": other})
    return f"{container().settings.url}{quote(request.path)}{'?' if query else ''}{query}"


def canonical() -> str:
    """Return the one address of what is shown here: each language is a page of its own."""
    return here_in(language())


def absolute(path: str) -> str:
    """Return the full address of a path of ours."""
    return f"{container().settings.url}{path}"

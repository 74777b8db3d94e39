"""Public pages may be kept, by browsers and by who stands between, but are asked after each time.

Whoever withdraws must be gone at once, so nothing is shown unasked from a cache; a page that has not changed costs a
line instead of itself, which on a slow network is what counts.
"""

from flask import Response, request, session

WHOLE = 200
# All that a session of somebody who only reads holds.
IMPERSONAL = frozenset({"language"})


def let_keep(response: Response) -> Response:
    """Give an answer its mark, and 304 to who has it; what knows a person who signed in is kept by nobody."""
    if request.method not in {"GET", "HEAD"} or response.status_code != WHOLE or session.keys() - IMPERSONAL:
        return response
    # Who has just chosen a language is told to remember it: that answer is theirs.
    response.headers["Cache-Control"] = "private, no-cache" if session.modified else "public, no-cache"
    response.vary.update(("Cookie", "Accept-Language"))
    if response.is_streamed:
        return response
    response.add_etag()
    response.make_conditional(request)
    return response

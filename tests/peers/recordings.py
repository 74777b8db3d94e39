"""A stand-in for where a gateway keeps the sounds of calls."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, redirect
from werkzeug.wrappers import Response as Answer

from service.gateways.africastalking.recordings import LARGEST
from tests.peers.hooks import served

SOUND = b"ID3\x04 a short sound"


@contextmanager
def recordings() -> Iterator[str]:
    """Serve a sound at /1.mp3, one that is too large, a page, one that is elsewhere, and one that is gone."""
    app = Flask(__name__)

    @app.get("/1.mp3")
    def sound() -> Response:
        return Response(SOUND, mimetype="audio/mpeg")

    @app.get("/large.mp3")
    def large() -> Response:
        return Response(b"x" * (LARGEST + 1), mimetype="audio/mpeg")

    @app.get("/page.mp3")
    def page() -> Response:
        return Response("<script>", mimetype="text/html")

    @app.get("/elsewhere.mp3")
    def elsewhere() -> Answer:
        return redirect("/1.mp3")

    with served(app) as url:
        yield url

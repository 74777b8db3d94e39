"""A stand-in for the hooks: a menu that repeats what it is told, and a memory of what was posted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from flask import Blueprint, Flask, Response, request
from werkzeug.serving import make_server

from service.web.access import access

FIRST = "CON Tiwizi - Ait Abdallah\n1 Signaler un besoin\n2 Avancement\n0 Aide"
LONGEST = 3  # answers; then the dialogue ends
PATIENCE = 20  # seconds that a held answer waits at most, should a test forget it


@dataclass
class StandInHooks:
    """Answers like a service with a dialogue of three questions. A test sets what else it should answer.

    `failures` requests get a 500 first; `replies` gives the body for a whole `text`; `hold` keeps answers back until
    `release`.
    """

    token: str
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    free: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.release()

    def hold(self) -> None:
        """Keep answers back from now on."""
        self.free.clear()

    def release(self) -> None:
        """Let the answers go."""
        self.free.set()

    def texts(self, session_id: str | None = None) -> list[str]:
        """Return the `text` of each USSD turn, of one session or of all."""
        return [form["text"] for form in self.forms("ussd") if session_id in {None, form["sessionId"]}]

    def forms(self, hook: str) -> list[dict[str, str]]:
        """Return what was posted to `ussd`, `ussd-end` or `sms`, in order."""
        return [form for name, form in self.posted if name == hook]

    def blueprint(self) -> Blueprint:
        """Return the hooks under the paths of the real ones; another token is 404."""
        blueprint = Blueprint("hooks", __name__, url_prefix="/hooks/africastalking")

        @blueprint.post("/<token>/<hook>")
        @access("gateway")
        def hear(token: str, hook: str) -> Response:
            return self._hear(token, hook)

        return blueprint

    def _hear(self, token: str, hook: str) -> Response:
        if token != self.token or hook not in {"ussd", "ussd-end", "sms"}:
            return Response("Not Found\n", 404, mimetype="text/plain")
        self.posted.append((hook, request.form.to_dict()))
        self.free.wait(PATIENCE)
        if self.failures:
            self.failures -= 1
            return Response("Internal Server Error\n", 500, mimetype="text/plain")
        reply = self._reply(request.form["text"]) if hook == "ussd" else ""
        return Response(reply, mimetype="text/plain")

    def _reply(self, text: str) -> str:
        if text in self.replies:
            return self.replies[text]
        answers = text.split("*")
        if not text:
            return FIRST
        word = "END" if len(answers) >= LONGEST else "CON"
        return f"{word} Compris: {answers[-1]}\nQuestion {len(answers) + 1}"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the application on a free port while the block runs; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

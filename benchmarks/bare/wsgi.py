"""The yardstick: a Flask route that does nothing, where granian looks for the service, started by the same `serve`."""

from flask import Flask, Response

from service.cli.serve import serve
from service.container import make_container
from service.settings import load_settings

app = Flask(__name__)


@app.post("/hooks/africastalking/<token>/ussd")
def ussd(token: str) -> Response:  # noqa: ARG001  # the path is the service's
    """Answer every turn alike; what the carrier sent is not even read."""
    return Response("CON Tiwizi", mimetype="text/plain")


@app.get("/readyz")
def ready() -> dict[str, str]:
    """Say that the process answers, as the service does."""
    return {"status": "ready"}


if __name__ == "__main__":
    serve(make_container(load_settings()))

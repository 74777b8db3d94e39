"""The process that is bound to an SMS centre: it sends what is routed there, and takes what comes."""

from dataclasses import replace
from threading import Event, Thread

import structlog

from service.container import Container
from service.gateways.smpp import SmppGateway
from service.gateways.smpp.link import Link, Timing
from service.messaging.sender import drain
from ussd.sessions import Conversations
from ussd.transports.smpp import Incoming

log = structlog.get_logger()

DRAIN_EVERY_S = 1.0
FINISH_S = 8  # to send what was claimed; then the link takes some 12 s at most, and a supervisor gives 30 in all


def run(container: Container, stop: Event, timing: Timing | None = None) -> None:
    """Be bound until `stop` is set; then finish what was begun, unbind, and put on disk what is not there yet."""
    conversations = Conversations(container)
    gateway = SmppGateway(container.settings, Incoming(conversations), timing)
    own = replace(container, gateways={gateway.name: gateway})
    sending = Thread(target=_send, args=(own, gateway.link, stop), name="smpp-sender")
    gateway.link.start()
    sending.start()
    stop.wait()
    sending.join(FINISH_S)
    gateway.link.close()
    sending.join()
    conversations.close()


def _send(own: Container, link: Link, stop: Event) -> None:
    """Empty the outbox of what is routed here, but only while there is somewhere to send it."""
    while not stop.is_set():
        if link.wait_bound(DRAIN_EVERY_S):
            try:
                drain(own, stopping=stop)
            except Exception:  # whatever the database has, the link and the dialogues go on
                log.exception("smpp.drain_failed")
            stop.wait(DRAIN_EVERY_S)

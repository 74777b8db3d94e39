"""The process that is bound to an SMS centre: it sends what is routed there, and takes what comes."""

from dataclasses import replace
from datetime import datetime
from threading import Event, Thread

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.container import Container
from service.gateways.smpp import SmppGateway
from service.gateways.smpp.link import Link, Timing
from service.messaging.liveness import KEPT_EVERY, heard
from service.messaging.sender import drain
from service.models.session import transaction
from ussd.sessions import Conversations
from ussd.transports.smpp import Incoming

log = structlog.get_logger()

DRAIN_EVERY_S = LISTEN_EVERY_S = 1.0
FINISH_S = 8  # to send what was claimed; then the link takes some 12 s at most, and a supervisor gives 30 in all


def run(container: Container, stop: Event, timing: Timing | None = None) -> None:
    """Be bound until `stop` is set; then finish what was begun, unbind, and put on disk what is not there yet."""
    conversations = Conversations(container)
    gateway = SmppGateway(container.settings, Incoming(conversations), timing)
    own = replace(container, gateways={gateway.name: gateway})
    sending = Thread(target=_send, args=(own, gateway.link, stop), name="smpp-sender")
    listening = Thread(target=_listen, args=(own, gateway.link, stop), name="smpp-listener")
    gateway.link.start()
    sending.start()
    listening.start()
    stop.wait()
    sending.join(FINISH_S)
    gateway.link.close()
    sending.join()
    listening.join()
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


def _listen(own: Container, link: Link, stop: Event) -> None:
    """Note every minute that the centre is there: bound as long as it answers, or the link ends it."""
    noted: datetime | None = None
    while not stop.wait(LISTEN_EVERY_S):
        now = own.clock()
        if not link.wait_bound(0) or (noted and now - noted < KEPT_EVERY):
            continue
        try:
            with transaction(own.engine) as session:
                heard(session, now, SmppGateway.name)
            noted = now
        except SQLAlchemyError:  # a database that is back a second later has lost nothing
            log.exception("smpp.not_noted")

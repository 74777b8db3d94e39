"""The link to an SMS centre: bound as a transceiver, kept alive, and bound again by itself when it breaks."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Event, Thread
from typing import Any

import structlog

from service.gateways.smpp.codes import INVALID_COMMAND, NEVER, NOT_NOW, OK, THROTTLED
from service.gateways.smpp.connection import Connection, InDoubtError, NotSentError, Response
from service.gateways.smpp.receipts import taken
from service.gateways.smpp.wire import (
    RESPONSE,
    Command,
    Delivered,
    Header,
    MalformedError,
    Submit,
    read_delivered,
    read_message_id,
    write,
    write_submit,
)
from service.settings import Settings

log = structlog.get_logger()

# Handles what a deliver_sm brought; what one phone sends is brought in its order, one after the other. When it returns,
# that is durable, and the centre is told so; then goes what was returned, the next screen of a dialogue. What raises is
# brought again by the centre.
Received = Callable[[Delivered], Submit | None]

HANDLERS = 16  # threads; each phone has always the same
MOST_WAITING = 64  # more than these are refused for now, and the centre brings them again
REPLY_AFTER = (0, 0.5, 1, 2)  # seconds before each try, while the centre says that we are too fast
NOBODY: Received = lambda _delivered: None  # noqa: E731  # a link that only sends


class BindError(Exception):
    """The centre let us not in."""


@dataclass(frozen=True)
class Timing:
    """How long to wait for what, in seconds."""

    connect: float = 10  # also for a write
    response: float = 20
    bind: float = 5  # with a text to send
    place: float = 10  # in the window, with a text to send
    alive: float = 10  # for the answer to an enquire_link
    first_wait: float = 1  # before binding again
    longest_wait: float = 60
    leave: float = 8  # with something unfinished


class Link:
    """Owns the connection, in a thread of its own. `submit` may be called from any thread."""

    def __init__(self, settings: Settings, received: Received = NOBODY, timing: Timing | None = None) -> None:
        """Take the account from the settings; nothing is connected before `start`."""
        self._settings, self._received, self._timing = settings, received, timing or Timing()
        self._connection: Connection | None = None
        self._window = BoundedSemaphore(settings.smpp_window)
        self._handlers = [ThreadPoolExecutor(1, f"smpp-handler-{number}") for number in range(HANDLERS)]
        self._handled: set[Future[object]] = set()
        self._bound, self.leaving = Event(), Event()
        self._failures = 0
        self._thread = Thread(target=self._run, name="smpp-link")

    def start(self) -> None:
        """Begin to bind."""
        self._thread.start()

    def wait_bound(self, seconds: float | None = None) -> bool:
        """Tell whether there is a bind, or comes one within so many seconds, or as long as a text may wait for it."""
        return self._bound.wait(self._timing.bind if seconds is None else seconds)

    def submit(self, submit: Submit) -> Response:
        """Have the centre carry it, and return its answer; waits for a place in the window.

        Raises NotSentError when surely nothing has left, InDoubtError when nobody can tell; then an answer that comes
        late is received like a receipt, where one was asked for.
        """
        connection = self._connection
        if connection is None:
            raise NotSentError("not bound")
        if not self._window.acquire(timeout=self._timing.place):
            raise NotSentError("no place in the window")
        try:
            answer = connection.request(partial(write_submit, submit))
            return _answered(connection, answer, self._timing.response)
        except InDoubtError:
            if submit.receipt:
                answer.add_done_callback(partial(self._answered_late, connection, submit))
            raise
        finally:
            self._window.release()

    def close(self) -> None:
        """Finish what is being handled and what waits for a response, unbind, and end: within some 12 seconds."""
        self.leaving.set()
        if connection := self._connection:
            unfinished: list[Future[Any]] = [*self._handled, *connection.unanswered()]
            wait(unfinished, self._timing.leave)
            self._unbind(connection)
        if self._thread.is_alive():
            self._thread.join()
        for handler in self._handlers:
            handler.shutdown(cancel_futures=True)

    def _unbind(self, connection: Connection) -> None:
        try:
            _answered(connection, connection.request(partial(write, "unbind")), self._timing.alive / 4)
        except (NotSentError, InDoubtError):
            log.info("smpp.not_unbound")
        connection.hang_up()

    def _run(self) -> None:
        while not self.leaving.is_set():
            try:
                self._live()
            except (OSError, MalformedError, BindError, NotSentError, InDoubtError) as error:
                self._failures += 1
                if not self.leaving.is_set():
                    log.warning("smpp.link_down", reason=str(error) or type(error).__name__, failures=self._failures)
            self.leaving.wait(self._pause())

    def _pause(self) -> float:
        longest = min(self._timing.first_wait * 2.0 ** min(self._failures - 1, 10), self._timing.longest_wait)
        return longest * random.uniform(0.5, 1)  # noqa: S311  # keeps binds apart, needs no secrecy

    def _live(self) -> None:
        """Connect, bind, and serve until the link breaks. Raises what broke it."""
        connection = Connection(self._settings.smpp_host, self._settings.smpp_port, self._timing.connect)
        try:
            self._bind(connection)
            self._connection, self._failures = connection, 0
            self._bound.set()
            log.info("smpp.bound", bind=connection.name)
            # `close` ends the connection that it sees; one that it came too early to see ends here.
            if not self.leaving.is_set():
                self._serve(connection)
        finally:
            self._connection = None
            self._bound.clear()
            connection.close()

    def _bind(self, connection: Connection) -> None:
        settings, until = self._settings, time.monotonic() + self._timing.response
        bind = connection.request(
            partial(
                write,
                "bind_transceiver",
                system_id=settings.smpp_system_id,
                password=settings.smpp_password,
                system_type=settings.smpp_system_type,
            )
        )
        while not bind.done():
            if time.monotonic() > until or self.leaving.is_set():
                raise BindError("no answer to the bind")
            self._read(connection, 0.2)
        if status := bind.result().status:
            raise BindError(f"the bind was refused: status 0x{status:08x}")

    def _serve(self, connection: Connection) -> None:
        heard, asked = time.monotonic(), 0.0
        while True:
            due = asked + self._timing.alive if asked else heard + self._settings.smpp_enquire_seconds
            if self._read(connection, max(0.0, due - time.monotonic())):
                heard, asked = time.monotonic(), 0.0
            elif time.monotonic() >= due:
                if asked:
                    raise ConnectionResetError("enquire_link was not answered")
                connection.request(partial(write, "enquire_link"))
                asked = time.monotonic()

    def _read(self, connection: Connection, wait: float) -> bool:
        """Act on what comes within so many seconds; False when nothing does."""
        came = connection.read(wait)
        for header, raw in came:
            if header.command & RESPONSE:
                if not connection.settle(header, raw):
                    log.info("smpp.response_too_late", status=header.status)
            else:
                self._take(connection, header, raw)
        return bool(came)

    def _take(self, connection: Connection, header: Header, raw: bytes) -> None:
        match header.command:
            case Command.ENQUIRE_LINK:
                connection.respond(write("enquire_link_resp", header.sequence))
            case Command.UNBIND:
                connection.respond(write("unbind_resp", header.sequence))
                raise ConnectionResetError("unbound by the centre")
            case Command.DELIVER_SM:
                self._deliver(connection, header, raw)
            case _:
                connection.respond(write("generic_nack", header.sequence, status=INVALID_COMMAND))

    def _deliver(self, connection: Connection, header: Header, raw: bytes) -> None:
        try:
            delivered = read_delivered(raw, connection.name)
        except MalformedError:
            log.warning("smpp.delivered_malformed")
            connection.respond(write("deliver_sm_resp", header.sequence, status=NEVER))
            return
        if self.leaving.is_set() or len(self._handled) >= MOST_WAITING:
            connection.respond(write("deliver_sm_resp", header.sequence, status=NOT_NOW))
            return
        self._hand_over(delivered, partial(self._handle, connection, header.sequence, delivered))

    def _answered_late(self, connection: Connection, submit: Submit, answer: Future[Response]) -> None:
        if answer.exception():
            return  # the link was lost: no answer will come
        response = answer.result()
        log.info("smpp.answered_late", status=response.status)
        # A refusal has no id by which its message could be found.
        if response.status == OK and (named := read_message_id(response.raw)):
            late = taken(submit, connection.name, named)
            self._hand_over(late, partial(self._received, late))

    def _hand_over(self, delivered: Delivered, handle: Callable[[], object]) -> None:
        handled = self._handlers[hash(delivered.source.number) % HANDLERS].submit(handle)
        self._handled.add(handled)
        handled.add_done_callback(self._finished)

    def _finished(self, handled: Future[object]) -> None:
        self._handled.discard(handled)
        if not handled.cancelled() and (error := handled.exception()):
            log.error("smpp.not_finished", exc_info=error)

    def _handle(self, connection: Connection, sequence: int, delivered: Delivered) -> None:
        status, reply = NOT_NOW, None
        try:
            reply = self._received(delivered)
            status = OK
        except Exception:  # whatever went wrong, the link lives on, and the centre brings it again
            log.exception("smpp.not_handled")
        try:
            connection.respond(write("deliver_sm_resp", sequence, status=status))
            if reply:
                self._reply(reply)
        except (NotSentError, InDoubtError) as error:
            # A person whose screen does not come dials again, and goes on where the dialogue stood.
            log.info("smpp.not_answered", reason=str(error))

    def _reply(self, reply: Submit) -> None:
        for pause in REPLY_AFTER:
            self.leaving.wait(pause)
            status = self.submit(reply).status
            if status not in THROTTLED:
                break
        if status:
            log.warning("smpp.reply_refused", status=f"0x{status:08x}")


def _answered(connection: Connection, answer: Future[Response], patience: float) -> Response:
    try:
        return answer.result(patience)
    except TimeoutError as error:
        connection.forget(answer)
        raise InDoubtError("no response") from error

"""How fast we submit: as fast as we can, until the centre says that it is too fast."""

import time
from threading import Event, Lock

FIRST_GAP, LONGEST_GAP = 0.1, 5.0  # seconds between two submits
PAUSE = 1.0  # seconds without any, when the centre has just complained
CLOSE_UP = 0.9  # of the gap is left after each text that was accepted
NO_GAP = 0.01
PATIENCE = 15.0  # seconds that a text waits for its turn


class Pace:
    """Keeps the submits of all threads apart; `leaving` ends their waiting."""

    def __init__(self, leaving: Event) -> None:
        """Begin without a gap."""
        self._leaving, self._lock = leaving, Lock()
        self._gap = self._next = 0.0

    def wait(self) -> bool:
        """Return when it is this text's turn; False at once when we leave, or that is too long to wait for."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            if turn - now > PATIENCE:
                return False
            self._next = turn + self._gap
        return not self._leaving.wait(turn - now)

    def slow(self) -> None:
        """Pause, and leave twice as much time between two from now on."""
        with self._lock:
            self._gap = min(max(FIRST_GAP, 2 * self._gap), LONGEST_GAP)
            self._next = max(self._next, time.monotonic() + max(PAUSE, self._gap))

    def close_up(self) -> None:
        """Leave a little less time between two."""
        if self._gap:
            with self._lock:
                self._gap = self._gap * CLOSE_UP if self._gap > NO_GAP else 0.0

"""The memory of a process that stays."""

import gc


def keep_what_is_loaded() -> None:
    """Call once a process is up: what is loaded stays, and is not looked through for what may go.

    That would stop every thread now and then, and take a third of a sender's own time.
    """
    gc.collect()
    gc.freeze()

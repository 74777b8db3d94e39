"""One tree of errors. Each says what went wrong in a key of the catalogues and, for the web, its HTTP status."""


class TiwiziError(Exception):
    """What a person can be told: `key` names the sentence in the catalogues, `values` fill it."""

    key = "error.failed"
    status = 500

    def __init__(self, **values: object) -> None:
        """Keep the values that fill the sentence."""
        super().__init__(self.key, values)
        self.values = values


class NotFoundError(TiwiziError):
    """Nothing of that name exists, or the one who asks may not know of it."""

    key = "error.not_found"
    status = 404


class NotAllowedError(TiwiziError):
    """This person may not do that."""

    key = "error.not_allowed"
    status = 403


class LockedError(TiwiziError):
    """Too many wrong guesses, of this phone or of all: nobody's secret is compared for now."""

    key = "error.locked"
    status = 429


class MoveError(TiwiziError):
    """The thing is in a state that does not allow the move (already answered, already decided…)."""

    key = "error.move"
    status = 409


class HandedOverError(MoveError):
    """What the village has already is not stopped any more."""

    key = "error.handed_over"

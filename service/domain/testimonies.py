"""What may be done with a testimony."""

from enum import StrEnum


class Publication(StrEnum):
    """What its author agreed to."""

    NAMED = "named"
    ANONYMOUS = "anonymous"
    PRIVATE = "private"

"""What may be done with what people say of a project."""

from enum import StrEnum


class Publication(StrEnum):
    """What its author agreed to."""

    NAMED = "named"
    ANONYMOUS = "anonymous"
    PRIVATE = "private"


class TestimonyState(StrEnum):
    """A testimony: given, then published or set aside by a coordinator; withdrawn by its author at any time."""

    __test__ = False  # pytest takes it for a test

    GIVEN = "given"
    PUBLISHED = "published"
    SET_ASIDE = "set_aside"
    WITHDRAWN = "withdrawn"


class SheetState(StrEnum):
    """An experience sheet."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"

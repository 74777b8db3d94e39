"""What may be done with what people say of a project."""

from collections.abc import Mapping
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


TESTIMONY_MOVES: Mapping[TestimonyState, frozenset[TestimonyState]] = {
    TestimonyState.GIVEN: frozenset(
        {TestimonyState.PUBLISHED, TestimonyState.SET_ASIDE, TestimonyState.WITHDRAWN},
    ),
    TestimonyState.PUBLISHED: frozenset(
        {TestimonyState.GIVEN, TestimonyState.SET_ASIDE, TestimonyState.WITHDRAWN},
    ),
    TestimonyState.SET_ASIDE: frozenset(
        {TestimonyState.GIVEN, TestimonyState.PUBLISHED, TestimonyState.WITHDRAWN},
    ),
    TestimonyState.WITHDRAWN: frozenset(),
}


class SheetState(StrEnum):
    """An experience sheet."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


SHEET_MOVES: Mapping[SheetState, frozenset[SheetState]] = {
    SheetState.DRAFT: frozenset({SheetState.PUBLISHED}),
    SheetState.PUBLISHED: frozenset({SheetState.WITHDRAWN}),
    # Drawn anew, it is a draft again.
    SheetState.WITHDRAWN: frozenset({SheetState.DRAFT}),
}

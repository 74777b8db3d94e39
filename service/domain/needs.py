"""What may be known of a need beyond its short form."""

from enum import StrEnum


class CostBasis(StrEnum):
    """Where the cost comes from."""

    QUOTE = "quote"
    STUDY = "study"
    ESTIMATE = "estimate"
    UNKNOWN = "unknown"


class Funder(StrEnum):
    """Who else was asked to pay."""

    NOBODY = "nobody"
    COMMUNE = "commune"
    PROVINCE = "province"
    INDH = "indh"
    OTHER = "other"


class Agreement(StrEnum):
    """Whether the commune agrees."""

    YES = "yes"
    ASKED = "asked"
    NO = "no"


class LandStatus(StrEnum):
    """Whose the land is."""

    ASSOCIATION = "association"
    COMMUNE = "commune"
    COLLECTIVE = "collective"
    PRIVATE = "private"
    UNSETTLED = "unsettled"


class WaterRight(StrEnum):
    """Whether those who have a right to the water agree."""

    AGREED = "agreed"
    ASKED = "asked"
    DISPUTED = "disputed"
    NONE = "none"

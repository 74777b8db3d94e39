"""The sectors of a need, most often asked for first."""

from enum import StrEnum


class Sector(StrEnum):
    """What a need is about; also the last part of its catalogue key `sector.…`."""

    WATER = "water"
    IRRIGATION = "irrigation"
    SANITATION = "sanitation"
    ROADS = "roads"
    ELECTRICITY = "electricity"
    EDUCATION = "education"
    HEALTH = "health"
    INCOME = "income"
    TOURISM = "tourism"
    OTHER = "other"


class Urgency(StrEnum):
    """How pressing the coordinator, not the reporter, judges a need."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

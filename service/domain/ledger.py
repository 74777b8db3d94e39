"""The money of a project: who gives what, and the accounts it goes through. Nothing is moved here, only noted.

Every entry takes an amount from one account of a contribution and puts it into another, so the accounts of a
contribution always add up to nothing, whatever was entered. Nothing is changed or deleted: what was wrong is entered
back.
"""

from enum import StrEnum


class Source(StrEnum):
    """Where a contribution comes from."""

    VILLAGE_CASH = "village_cash"
    VILLAGE_LABOUR = "village_labour"
    VILLAGE_MATERIALS = "village_materials"
    VILLAGE_LAND = "village_land"
    DIASPORA = "diaspora"
    COMMUNE = "commune"
    PROVINCE = "province"
    STATE_PROGRAMME = "state_programme"
    OTHER = "other"


class Account(StrEnum):
    """Where an amount of a contribution stands: with its giver, promised, confirmed, or received by the village."""

    GIVER = "giver"
    PROMISED = "promised"
    CONFIRMED = "confirmed"
    RECEIVED = "received"


class Posting(StrEnum):
    """Why an entry was made."""

    PROMISE = "promise"
    CONFIRM = "confirm"
    RECEIVE = "receive"
    RELEASE = "release"
    CORRECTION = "correction"


class ArrivalState(StrEnum):
    """What the village says arrived: declared by one officer, confirmed by a second, or counted otherwise."""

    DECLARED = "declared"
    CONFIRMED = "confirmed"
    DIFFERENT = "different"
    WITHDRAWN = "withdrawn"


VILLAGE_SOURCES = frozenset({Source.VILLAGE_CASH, Source.VILLAGE_LABOUR, Source.VILLAGE_MATERIALS, Source.VILLAGE_LAND})
INSTITUTIONS = frozenset({Source.COMMUNE, Source.PROVINCE, Source.STATE_PROGRAMME, Source.OTHER})

"""Shapes that several subjects share. Amounts are whole centimes of a dirham, moments are in UTC."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from service.domain.text import clean
from service.models.associations import VillageAssociation
from service.models.communes import Commune

LONGEST_REASON = 200
LARGEST_AMOUNT = 10**12  # centimes: ten thousand million dirhams
# Nothing that is no character; what is only blank is refused by what is done with it.
VISIBLE = r"^[^\x00-\x1f\x7f]*$"
Reference = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2,3}-[0-9A-Z]{3}$")]


class Body(BaseModel):
    """What a program sends: this and nothing else, and no text where a number is due."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def line(longest: int) -> StringConstraints:
    """Return the limits of a line that somebody wrote."""
    return StringConstraints(min_length=1, max_length=longest, pattern=VISIBLE)


Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{7,14}$"), Field(description="E.164.")]


def _boolean(given: object) -> object:
    """Refuse 1, which Python takes for true."""
    if not isinstance(given, bool):
        raise ValueError("true or false")  # noqa: TRY004  # what pydantic expects of a validator
    return given


def _whole(given: object) -> object:
    """Take 3.0 for 3, as JSON does."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


# After the bounds of a number, which would else be hidden from its schema.
WHOLE = BeforeValidator(_whole)
Consent = Annotated[
    Literal[True],
    BeforeValidator(_boolean),
    Field(description="Who is written to agreed to it, on paper (law 09-08)."),
]


class Rejection(Body):
    """Why something is turned away."""

    reason: Annotated[str, line(LONGEST_REASON), Field(description="Is told by SMS.")]


def said_reason(body: Rejection) -> str:
    """Return a reason cleaned. Raises ValueError when nothing is left of it."""
    reason = clean(body.reason)
    if not reason:
        raise ValueError("a reason has letters")
    return reason


class Place(BaseModel):
    """A commune, by its census code (HCP, RGPH 2024)."""

    code: str
    name_fr: str
    name_ar: str
    province_code: str
    region_code: str

    @classmethod
    def of(cls, commune: Commune) -> "Place":
        """Return a commune as it is shown."""
        return cls(
            code=commune.code,
            name_fr=commune.name_fr,
            name_ar=commune.name_ar,
            province_code=commune.province_code,
            region_code=commune.region_code,
        )


class Village(BaseModel):
    """Which village association."""

    id: int
    name: str
    douar: str
    commune: Place

    @classmethod
    def of(cls, association: VillageAssociation) -> "Village":
        """Return an association as others name it."""
        return cls(
            id=association.id, name=association.name, douar=association.douar, commune=Place.of(association.commune)
        )

"""What a search finds: a reference or a phone as it is, else rows in which each word begins a word, however accented.

The words of places are turned into their census codes before the database is asked: it need not look at names.
"""

import re
from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, false, select

from service.census.places import places_called
from service.domain.phone import parse_phone
from service.domain.reference import parse_reference
from service.domain.text import words
from service.models import Contact, DiasporaAssociation, Need, Officer, Origin, VillageAssociation
from service.web.admin.lists.filters import of_needs
from service.web.showing import may_decide

Condition = ColumnElement[bool]
Search = Callable[[str], Condition]
MOST_WORDS = 6
# Digits as people write a number; a year or a few households are none.
PHONE = re.compile(r"\+?[\d\s().-]{9,}")


def all_words(typed: str, has: Callable[[str], Condition]) -> Condition:
    """Return the condition that each word of a search is found; what has no word finds nothing."""
    found = [has(word) for word in words(typed)[:MOST_WORDS]]
    return reduce(and_, found) if found else false()


def begins(column: SQLColumnExpression[str], word: str) -> Condition:
    """Return the condition that a word of a folded column begins so."""
    return column.contains(f" {word}")


def sought_phone(typed: str) -> str | None:
    """Return the whole number that is looked for, by one of those who see whole ones."""
    if not may_decide() or not PHONE.fullmatch(typed):
        return None
    try:
        return parse_phone(typed)
    except ValueError:
        return None


def search_associations(typed: str) -> Condition:
    """Find village associations by their names, their douars, their communes and provinces, or somebody's phone."""
    phone = sought_phone(typed)
    return VillageAssociation.id.in_(_reached(phone)) if phone else all_words(typed, _association)


def search_diaspora(typed: str) -> Condition:
    """Find associations abroad by their names, their cities, where their members come from, or somebody's phone."""
    phone = sought_phone(typed)
    if phone:
        return DiasporaAssociation.id.in_(select(Contact.association_id).where(Contact.phone == phone))
    return all_words(typed, lambda word: begins(DiasporaAssociation.search, word) | _from(word))


def search_needs(typed: str) -> Condition:
    """Find needs by reference, by the words of their titles, associations and places, or by a phone of the village."""
    reference, phone = parse_reference(typed), sought_phone(typed)
    if reference:
        return Need.reference == reference
    if phone:
        return Need.association_id.in_(_reached(phone))
    return all_words(typed, lambda word: begins(Need.search, word) | Need.association_id.in_(_associations(word)))


def search_by_need(column: Any) -> Search:
    """Return a search that finds rows by their need, whose number is in `column`."""
    return lambda typed: of_needs(column, search_needs(typed))


def _association(word: str) -> Condition:
    return begins(VillageAssociation.search, word) | VillageAssociation.commune_code.in_(places_called(word))


def _associations(word: str) -> Any:
    return select(VillageAssociation.id).where(_association(word)).correlate(None)


def _from(word: str) -> Condition:
    return DiasporaAssociation.id.in_(select(Origin.association_id).where(Origin.place_code.in_(places_called(word))))


def _reached(phone: str) -> Any:
    return select(Officer.association_id).where(Officer.phone == phone).correlate(None)

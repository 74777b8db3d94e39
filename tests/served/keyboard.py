"""A browser that is used by its keyboard alone: what has the focus, what it is called, and whether one sees it."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

# Nobody presses more often than this to come from one thing to the next.
MOST = 30
# More than any page here has.
ENDLESS = 400
LINK, BUTTON, SUMMARY = "link", "button", "DisclosureTriangle"
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getClientRects()[0] ?? one.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    place: [...document.querySelectorAll("*")].indexOf(one),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: hit !== null && (hit === one || one.contains(hit)),
    in_main: one.closest("main") !== null,
    said: (one.labels?.[0] ?? one).textContent.trim().split(/\\s+/).join(" "),
    value: one.selectedOptions ? one.selectedOptions[0].text : one.value ?? "",
  };
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, audio")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled)
  .map((one) => [...document.querySelectorAll("*")].indexOf(one))"""
# What a page focuses by itself it has focused when it has been drawn.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Focus:
    """What has the focus, `place` in the document: what is written on it, and how one sees it."""

    place: int
    said: str
    value: str
    outlined: bool
    seen: bool
    in_main: bool


class Keyboard:
    """The keyboard of a page. What is focused by it is seen, and outlined."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.tools: CDPSession = page.context.new_cdp_session(page)

    @property
    def focus(self) -> Focus | None:
        """What has the focus now, None when the page as a whole has it."""
        found = self.page.evaluate(FOCUSED)
        return Focus(**found) if found else None

    def step(self, *, back: bool = False) -> Focus | None:
        """Press Tab once; return what has the focus then."""
        self.page.keyboard.press("Shift+Tab" if back else "Tab")
        focus = self.focus
        assert focus is None or focus.outlined, f"no outline around {focus}"
        assert focus is None or focus.seen, f"not seen: {focus}"
        return focus

    def called(self) -> tuple[str, str]:
        """Return role and name of what has the focus, as assistive technology has them: asking takes its time."""
        held = self.tools.send("Runtime.evaluate", {"expression": "document.activeElement"})
        tree = self.tools.send(
            "Accessibility.getPartialAXTree", {"objectId": held["result"]["objectId"], "fetchRelatives": False}
        )
        told: dict[str, Any] = tree["nodes"][0]
        return told["role"]["value"], _plain(told["name"]["value"])

    def reach(self, name: str, role: str = "", *, in_part: bool = False, back: bool = False) -> Focus:
        """Press Tab until what is called so has the focus."""
        met, wanted = [], _plain(name)
        for _ in range(MOST):
            focus = self.step(back=back)
            met.append(focus.said if focus else "")
            if focus and wanted in focus.said:
                is_a, named = self.called()
                if role in ("", is_a) and (wanted in named if in_part else wanted == named):
                    return focus
        raise AssertionError(f"{role} {name!r} is not reached in {MOST} steps, but {met}")

    def enter(self) -> None:
        """Press Enter on what leads to another page, and wait until it is there."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.evaluate(DRAWN)

    def follow(self, name: str, role: str = "", *, in_part: bool = False, back: bool = False) -> None:
        """Reach a link or a button, and press Enter."""
        self.reach(name, role, in_part=in_part, back=back)
        self.enter()

    def open(self, name: str) -> None:
        """Reach what hides something, and show it."""
        self.reach(name, SUMMARY)
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.parentElement.open")

    def write(self, name: str, text: str) -> None:
        """Reach a field, and write over what is in it."""
        self.reach(name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, name: str, option: str) -> None:
        """Reach a list of choices, and go down it to one."""
        self.reach(name)
        self.page.keyboard.press("Home")
        for _ in range(MOST):
            focus = self.focus
            assert focus
            if focus.value == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name} has no {option}")

    def skip(self, words: str) -> None:
        """Leave the menu by the first link of the page, and see that it leads to what the page is about."""
        self.step()
        assert self.called() == (LINK, words)
        self.page.keyboard.press("Enter")
        after = self.step()
        assert after
        assert after.in_main, after
        self.page.keyboard.press("Shift+Tab")

    def round(self) -> set[int]:
        """Go through the whole page once, until the keyboard comes back to where it began; return the places."""
        first = self.step()
        places = {first.place if first else 0}
        for _ in range(ENDLESS):
            focus = self.step()
            if focus is None or focus == first:
                return places
            places.add(focus.place)
        raise AssertionError(f"the keyboard does not come back to {first}")

    def reachable(self) -> set[int]:
        """Return the places of all that one could click or fill in."""
        return set(self.page.evaluate(REACHABLE))


def _plain(text: str) -> str:
    return " ".join(text.split())

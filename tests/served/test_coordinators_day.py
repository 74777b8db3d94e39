"""A coordinator's day by keyboard alone, from signing in to signing out; its pictures are the handbook's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest
from playwright.sync_api import Browser, Download, Page, expect
from pyotp import TOTP

from docs.make_handbook import PICTURES, PROSE, SIZE, pictures_of
from jobs.match import match
from service.container import utc_now
from service.models.session import make_engine
from service.usecases.exports import make_next
from tests.served.conftest import Service, serving
from tests.served.coordination import CAREFUL, NAME, PARTNER, PENDING, WORDS, Morning, agree_to_sheet, tell_morning
from tests.served.keyboard import BUTTON, LINK, Keyboard
from tests.service.web.person import PASSWORD
from tests.service.web.phone.table import Complaints, say

pytestmark = [pytest.mark.served, pytest.mark.browser]

PATIENCE = 15_000  # milliseconds
PLACE = """(part) => [document.querySelector(part).getBoundingClientRect().top + scrollY,
  document.documentElement.scrollHeight]"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("day"), "web") as service:
        yield service


@pytest.fixture(scope="module")
def morning(running: Service) -> Morning:
    engine = make_engine(running.database_url)
    told = tell_morning(engine, utc_now())
    engine.dispose()
    return told


@dataclass
class Day:
    """The coordinator's window."""

    service: Service
    morning: Morning
    page: Page
    keys: Keyboard
    taken: set[str] = field(default_factory=set)

    def picture(self, name: str, begun_at: str = "main") -> None:
        """Keep what the page is about, or a part of it, for the handbook."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        width, height = SIZE
        top, end = self.page.evaluate(PLACE, begun_at)
        clip = {"x": 0, "y": min(top, end - height), "width": width, "height": height}
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True, clip=clip)  # type: ignore[arg-type]  # so
        self.taken.add(name)

    def go(self, key: str, *, back: bool | None = None) -> None:
        """Take the menu: backwards from what the page is about, else forwards, over its end where need be."""
        focus = self.keys.focus
        self.keys.follow(say(key), LINK, back=bool(focus and focus.in_main) if back is None else back)
        self.keys.skip(say("web.skip"))

    def answer(self, reference: str) -> None:
        """Go to what waits by the first page."""
        self.go("web.nav.home")
        self.keys.follow(reference, LINK, in_part=True)

    def does(self, key: str, said: str) -> None:
        """Press a button; the page says what was done, and the keyboard is there."""
        self.keys.follow(say(key), BUTTON)
        notice = self.page.get_by_role("status")
        expect(notice).to_contain_text(said)
        expect(notice).to_be_focused()

    def fetches(self, name: str, role: str) -> Download:
        self.keys.reach(name, role)
        with self.page.expect_download() as fetched:
            self.page.keyboard.press("Enter")
        return fetched.value


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def day(chromium: Browser, running: Service, morning: Morning, complaints: Complaints) -> Iterator[Day]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="fr-FR", base_url=running.url)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", complaints.hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/admin/")
    yield Day(running, morning, page, Keyboard(page))
    expect.set_options(timeout=None)
    context.close()


def comes_in(day: Day, name: str) -> None:
    expect(day.page.get_by_label(say("web.sign_in.name"))).to_be_focused()
    day.page.keyboard.type(name)
    day.keys.write(say("web.sign_in.password"), PASSWORD)


def signs_in(day: Day) -> None:
    comes_in(day, NAME)
    day.picture("entrer")
    day.keys.follow(say("web.sign_in.enter"), BUTTON)
    day.keys.skip(say("web.skip"))
    day.picture("attend")


def verifies(day: Day) -> None:
    day.keys.follow(PENDING, LINK)
    day.picture("association")
    day.does("web.verify", PENDING)

    day.answer(day.morning.need)
    day.keys.choose(say("web.urgency"), say("urgency.high"))
    day.picture("besoin")
    day.does("web.verify", day.morning.need)
    expect(day.page.locator("h1 .state")).to_have_text(say("need_state.verified"))


def sees_whom_is_asked(day: Day) -> None:
    with day.service.container() as held:
        match(held)
    day.go("web.nav.proposals")
    day.keys.open(say("web.list.narrow"))
    day.keys.choose(say("web.column.state"), say("proposal_state.proposed"))
    day.keys.follow(say("web.list.show"), BUTTON)
    shown = day.page.get_by_role("row").filter(has_text=PARTNER)
    expect(shown.filter(has_text=day.morning.need)).to_have_count(1)
    day.picture("propositions", ".papers")
    day.keys.follow(day.morning.need, LINK, in_part=True)
    expect(day.page.locator(".proposals")).to_contain_text(PARTNER)


def answers(day: Day) -> None:
    day.go("web.nav.inbox")
    day.keys.follow("Ait Abdallah", LINK, in_part=True)
    day.keys.choose(say("web.canned.title"), say("web.canned.name.call_you"))
    day.keys.follow(say("web.canned.insert"), BUTTON)
    day.keys.reach(say("web.inbox.text"))
    day.page.keyboard.press("Control+End")
    day.page.keyboard.type(" Demain matin.")
    day.keys.follow(say("web.inbox.preview"), BUTTON)
    day.picture("courrier", "#answer")
    day.does("web.inbox.send", say("web.inbox.sent"))
    expect(day.page.locator(".talk .sent").last).to_contain_text("Demain matin.")
    day.does("web.inbox.resolve", say("web.inbox.resolved"))


def follows(day: Day) -> None:
    day.answer(day.morning.silent)
    day.picture("projet")
    day.keys.open(say("web.project.days"))
    day.page.keyboard.press("Tab")
    day.page.keyboard.type("90")
    day.does("web.project.days.save", say("web.project.days.saved"))

    day.answer(day.morning.disputed)
    day.keys.open(say("web.project.do.settle"))
    day.keys.write(say("web.reason"), "Les deux sont venus : le mur sera refait.")
    day.does("web.project.do.settle", say("web.project.moved"))
    expect(day.page.locator("main .state").first).to_have_text(say("project_state.introduced"))


def moderates(day: Day) -> None:
    day.go("web.nav.testimonies")
    day.picture("temoignage")
    day.does("web.testimony.do.publish", say("web.testimony.published"))
    expect(day.page.get_by_role("row").filter(has_text=WORDS)).to_contain_text(say("testimony_state.published"))


def publishes(day: Day) -> None:
    day.answer(day.morning.finished)
    day.keys.write(say("web.sheet.field.title"), "L'eau au village")
    day.keys.write(say("web.sheet.field.summary"), "84 foyers ont l'eau.")
    day.keys.write(say("web.sheet.field.difficulties"), "L'autorisation a pris trois mois.")
    day.keys.write(say("web.sheet.field.lessons"), "Demander l'autorisation avant d'acheter les tuyaux.")
    day.does("web.sheet.do.complete", say("web.sheet.done.complete"))
    day.does("web.sheet.do.ask", say("web.sheet.done.ask"))
    with day.service.container() as held:
        agree_to_sheet(held.engine, utc_now(), day.morning.finished)
    day.go("web.nav.sheets")
    day.keys.follow(say("web.sheet.see"), LINK)
    day.picture("fiche")
    day.does("web.sheet.do.publish", say("web.sheet.done.publish"))
    expect(day.page.get_by_role("heading", name="Français")).to_contain_text(say("sheet_state.published"))


def exports(day: Day) -> None:
    day.go("web.nav.needs")
    day.keys.write(say("web.list.search"), day.morning.need)
    day.keys.follow(say("web.list.show"), BUTTON)
    listed = day.fetches(say("web.list.download").format(format="CSV"), LINK).path().read_text(encoding="utf-8-sig")
    assert [day.morning.need in line for line in listed.splitlines()] == [False, True]

    day.go("web.nav.figures")
    day.keys.follow(say("web.figures.report"), LINK)
    report = day.fetches("XLSX", BUTTON)
    assert report.suggested_filename == f"tiwizi-{utc_now().year}-fr.xlsx"
    assert report.path().read_bytes().startswith(b"PK")

    day.go("web.exports.title", back=False)
    day.does("web.exports.ask", say("web.exports.asked"))
    day.picture("exports")
    with day.service.container(exports_folder=str(day.service.folder / "var" / "exports")) as held:
        assert make_next(held.engine, held.settings, held.clock, "worker", Event())
    day.keys.follow(say("web.exports.refresh"), LINK)
    iati = day.fetches(say("web.exports.fetch"), LINK).path().read_text()
    assert day.morning.silent in iati


def leaves(day: Day) -> None:
    day.keys.follow(say("web.nav.sign_out"), BUTTON, back=True)
    expect(day.page.get_by_role("status")).to_have_text(say("web.sign_in.left"))
    expect(day.page.get_by_label(say("web.sign_in.name"))).to_be_focused()


def test_a_coordinators_day_needs_no_mouse(day: Day, complaints: Complaints) -> None:
    signs_in(day)
    verifies(day)
    sees_whom_is_asked(day)
    answers(day)
    follows(day)
    moderates(day)
    publishes(day)
    exports(day)
    leaves(day)
    assert complaints == []
    assert day.taken == set(pictures_of(PROSE.read_text(encoding="utf-8")))


def test_a_second_factor_is_set_up_and_used_without_a_mouse(day: Day, complaints: Complaints) -> None:
    comes_in(day, CAREFUL)
    day.keys.enter()
    day.keys.follow(CAREFUL, LINK, in_part=True)
    day.keys.skip(say("web.skip"))
    day.keys.follow(say("web.factor.begin"), LINK)
    day.keys.skip(say("web.skip"))
    day.keys.write(say("web.sign_in.password"), PASSWORD)
    day.keys.follow(say("web.factor.begin"), BUTTON)
    key = day.page.locator(".key").inner_text().replace(" ", "")
    day.keys.skip(say("web.skip"))
    day.keys.write(say("web.factor.code"), TOTP(key).now())
    day.keys.follow(say("web.factor.turn_on"), BUTTON)
    on_paper = day.page.locator(".codes li").first.inner_text()
    day.keys.skip(say("web.skip"))
    day.keys.follow(say("web.codes.kept"), LINK)
    leaves(day)
    comes_in(day, CAREFUL)
    day.keys.enter()
    expect(day.page.get_by_label(say("web.code.code"))).to_be_focused()
    day.page.keyboard.type(on_paper)
    day.keys.enter()
    expect(day.page.get_by_role("heading", name=say("web.waiting.title"))).to_be_visible()
    assert complaints == []


def test_the_keyboard_comes_to_all_of_a_page_and_leaves_it(day: Day, complaints: Complaints) -> None:
    comes_in(day, NAME)
    day.keys.enter()
    pages = {"", *re.findall(r'href="/admin/([a-z/]+)"', day.page.content())}
    assert len(pages) > 15
    for path in sorted(pages):
        day.page.goto(f"/admin/{path}")
        assert day.keys.reachable() - day.keys.round() == set(), path
    assert complaints == []

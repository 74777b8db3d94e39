"""USSD on the phones in a real browser, with stand-in hooks on a real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from service.messaging.segments import measure
from tests.peers.hooks import FIRST, StandInHooks
from tests.service.web.phone.table import (
    FRANCE,
    OFFICER,
    SECRETARY,
    WIDTHS,
    Complaints,
    phone_at,
    picture,
    say,
    shows,
    walk,
    widen,
)

# The page does not see which database is behind; test_messages.py tries them all.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
MENU = FIRST.removeprefix("CON ")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_village_secretary_dials_and_answers_by_keys_and_by_letters(
    page: Page, hooks: StandInHooks, width: int
) -> None:
    widen(page, width)
    phone = phone_at(page, SECRETARY)
    phone.press(*"*384*84#")
    phone.primary()
    expect(phone.screen).to_have_text(MENU)
    expect(phone.part("length")).to_have_text(f"GSM-7 {measure(MENU).units}/160")
    picture(page, f"menu-{width}")
    phone.press("1")
    phone.primary()
    expect(phone.screen).to_contain_text("Question 2")
    phone.press("2")
    phone.element.locator(".green").click()
    expect(phone.screen).to_contain_text("Question 3")
    phone.field.type("puits")
    expect(phone.part("typed")).to_contain_text("5/160")
    picture(page, f"typing-{width}")
    phone.field.press("Enter")
    expect(phone.screen).to_contain_text("Compris: puits")
    assert hooks.texts() == ["", "1", "1*2", "1*2*puits"]


def test_a_turn_carries_what_the_carrier_sends(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, FRANCE)
    phone.answer("*384*84#")
    shows(phone, MENU)
    (turn,) = hooks.forms("ussd")
    assert re.fullmatch(r"ATUid_[0-9a-f]{32}", turn.pop("sessionId"))
    assert turn == {"phoneNumber": "+33639980001", "serviceCode": "*384*84#", "networkCode": "99999", "text": ""}


def test_the_service_is_told_how_a_session_ended(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    walk(phone, "1", "2")
    with page.expect_response("**/ussd-end"):
        phone.answer("puits")
    shows(phone, "Compris: puits")
    (end,) = hooks.forms("ussd-end")
    assert end["sessionId"] == hooks.forms("ussd")[0]["sessionId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", end["date"])
    assert (end["status"], end["hopsCount"], end["input"]) == ("Success", "4", "1*2*puits")
    assert end["lastAppResponse"].startswith("Compris: puits")
    assert int(end["durationInMillis"]) >= 0


def test_a_long_dial_brings_its_first_answers_along(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    phone.answer("*384*84*1*2#")
    shows(phone, "Question 3")
    assert hooks.texts() == ["1*2"]


def test_another_code_leads_nowhere_and_says_which_one_does(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    phone.answer("*100#")
    shows(phone, "*384*84#")
    phone.primary()
    shows(phone, say("phone.idle"))
    assert hooks.posted == []


def test_trying_again_after_a_failure_sends_the_same_text(
    page: Page, hooks: StandInHooks, complaints: Complaints
) -> None:
    phone = phone_at(page, SECRETARY)
    walk(phone, "1")
    hooks.failures = 1
    phone.answer("2")
    shows(phone, say("phone.no_answer"))
    picture(page, "no-answer")
    phone.primary()
    shows(phone, "Compris: 2")
    assert hooks.texts() == ["", "1", "1*2", "1*2"]
    assert len({turn["sessionId"] for turn in hooks.forms("ussd")}) == 1
    assert "500" in complaints.pop()


@pytest.mark.parametrize("body", ["Bonjour", "CON", "con 1 Oui", "<!doctype html>", ""])
def test_what_is_neither_con_nor_end_is_no_answer(page: Page, hooks: StandInHooks, body: str) -> None:
    hooks.replies[""] = body
    phone = phone_at(page, SECRETARY)
    phone.answer("")
    shows(phone, say("phone.no_answer"))
    with page.expect_response("**/ussd-end"):
        phone.key("end")
    assert hooks.forms("ussd-end")[0]["status"] == "Failed"


def test_hanging_up_ends_the_session_and_the_next_call_is_another(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    walk(phone, "1")
    with page.expect_response("**/ussd-end"):
        phone.field.press("Escape")
    shows(phone, say("phone.ended"))
    page.keyboard.press("Enter")
    shows(phone, say("phone.idle"))
    walk(phone)
    assert hooks.forms("ussd-end")[0]["status"] == "Incomplete"
    assert hooks.texts() == ["", "1", ""]
    assert len({turn["sessionId"] for turn in hooks.forms("ussd")}) == 2


def test_a_dropped_network_swallows_the_answer_that_was_on_its_way(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    walk(phone, "1")
    hooks.hold()
    phone.answer("2")
    shows(phone, say("phone.waiting"))
    phone.key("drop")
    shows(phone, say("phone.dropped"))
    with page.expect_response("**/ussd") as late:
        hooks.release()
    late.value.finished()
    # What is asked for and read after the late answer gives the page its time to misuse it.
    page.evaluate("fetch('/phone').then(answer => answer.text())")
    shows(phone, say("phone.dropped"))
    expect(phone.part("drop")).to_be_disabled()
    assert hooks.texts() == ["", "1", "1*2"]


def test_the_carrier_ends_a_session_after_three_minutes(page: Page, hooks: StandInHooks) -> None:
    page.clock.install()
    page.reload()
    phone = phone_at(page, SECRETARY)
    walk(phone)
    expect(phone.part("timer")).to_have_text(re.compile(r"3:00|2:5\d"))
    page.clock.fast_forward(100_000)
    expect(phone.part("timer")).to_have_text(re.compile(r"1:\d\d"))
    with page.expect_response("**/ussd-end"):
        page.clock.fast_forward(81_000)
    shows(phone, say("phone.timed_out"))
    assert hooks.forms("ussd-end")[0]["status"] == "Incomplete"


def test_two_phones_at_once_do_not_mix(page: Page, hooks: StandInHooks) -> None:
    secretary, officer = phone_at(page, SECRETARY), phone_at(page, OFFICER)
    secretary.answer("")
    officer.answer("")
    shows(secretary, MENU)
    shows(officer, MENU)
    secretary.answer("1")
    officer.answer("2")
    shows(secretary, "Compris: 1")
    shows(officer, "Compris: 2")
    secretary.answer("puits")
    shows(secretary, "Compris: puits")
    shows(officer, "Compris: 2")
    said = {turn["phoneNumber"]: turn["sessionId"] for turn in hooks.forms("ussd")}
    assert hooks.texts(said["+212600000001"]) == ["", "1", "1*puits"]
    assert hooks.texts(said["+212600000002"]) == ["", "2"]


def test_an_arabic_screen_reads_from_the_right_and_is_counted_in_its_alphabet(page: Page, hooks: StandInHooks) -> None:
    hooks.replies[""] = "CON آيت عبد الله\n1 الإجابة\n2 الإبلاغ عن حاجة\n0 مساعدة"
    phone = phone_at(page, SECRETARY)
    phone.answer("")
    shows(phone, "الإجابة")
    expect(phone.screen).to_have_css("direction", "rtl")
    units = measure(hooks.replies[""].removeprefix("CON ")).units
    expect(phone.part("length")).to_have_text(f"UCS-2 {units}/70")
    picture(page, "arabic-screen")


def test_the_screen_holds_nine_lines_of_24_letters(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, SECRETARY)
    heights = {}
    for lines in (9, 10):
        hooks.replies[""] = "END " + "\n".join(["un mot de vingt-4 lettres"[:24]] * lines)
        phone.answer("")
        shows(phone, "vingt-4")
        heights[lines] = phone.screen.evaluate("element => [element.clientHeight, element.scrollHeight]")
        phone.primary()
    assert heights[9][0] == heights[9][1]
    assert heights[10][0] < heights[10][1]


def test_a_screen_beyond_the_budget_is_marked_and_can_be_scrolled(page: Page, hooks: StandInHooks) -> None:
    hooks.replies[""] = "CON " + "\n".join(f"{line} Une ligne de trop" for line in range(1, 14))
    phone = phone_at(page, SECRETARY)
    phone.answer("")
    shows(phone, "13 Une ligne")
    expect(phone.part("length")).to_have_class("over")
    phone.key("down")
    page.wait_for_function("element => element.scrollTop > 0", arg=phone.screen.element_handle())

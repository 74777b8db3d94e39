"""SMS on the phones in a real browser, with stand-in hooks on a real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from service.container import Container
from service.messaging.segments import measure
from tests.peers.hooks import StandInHooks
from tests.service.web.phone.post import Post
from tests.service.web.phone.table import FRANCE, SECRETARY, WIDTHS, Complaints, phone_at, picture, say, widen

# The page does not see which database is behind; test_messages.py tries them all.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.mark.parametrize(
    "text",
    ["puits", "l'été à Taliouine", "€" * 80, "€" * 81, "a" * 161, "a" * 152 + "€" * 5, "ç", "ماء", "ء" * 71, "💧" * 36],
    ids=["plain", "accents", "80-euros", "81-euros", "161", "cut-at-a-pair", "cedilla", "arabic", "71-arabic", "drops"],
)
def test_the_page_measures_a_text_as_the_service_does(page: Page, text: str) -> None:
    phone = phone_at(page, SECRETARY)
    phone.open_tray()
    phone.part("draft").fill(text)
    length = measure(text)
    name = {"gsm7": "GSM-7", "ucs2": "UCS-2"}[length.encoding]
    expect(phone.part("drafted")).to_have_text(f"{name} {length.units} · {length.parts} SMS")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_sms_arrives_in_the_tray(page: Page, post: Post, container: Container, width: int) -> None:
    widen(page, width)
    phone = phone_at(page, FRANCE)
    post.deliver(
        "+33639980001",
        "Tiwizi: besoin EAU a Ait Abdallah, 84 foyers. Votre commune. OUI K7-4Q2 ou NON K7-4Q2.",
        container.clock(),
    )
    expect(phone.badge).to_have_text("1")
    expect(phone_at(page, SECRETARY).badge).to_be_hidden()
    phone.open_tray()
    expect(phone.inbox).to_contain_text("OUI K7-4Q2 ou NON K7-4Q2")
    expect(phone.badge).to_be_hidden()
    picture(page, f"sms-{width}")
    page.reload()
    expect(phone.inbox).to_have_count(1)
    expect(phone.badge).to_be_hidden()


def test_an_sms_is_sent_as_the_carrier_sends_it_and_stays_in_the_tray(page: Page, hooks: StandInHooks) -> None:
    phone = phone_at(page, FRANCE)
    phone.open_tray()
    phone.write_sms("OUI K7-4Q2")
    expect(phone.inbox).to_contain_text("OUI K7-4Q2")
    expect(phone.part("draft")).to_have_value("")
    (sms,) = hooks.forms("sms")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sms["date"])
    assert (sms["from"], sms["to"], sms["text"]) == ("+33639980001", "+212600000000", "OUI K7-4Q2")
    assert sms["id"]
    assert sms["linkId"]


def test_an_sms_that_did_not_leave_is_sent_again_under_the_same_id(
    page: Page, hooks: StandInHooks, complaints: Complaints
) -> None:
    phone = phone_at(page, SECRETARY)
    phone.open_tray()
    hooks.failures = 1
    phone.write_sms("BESOIN")
    expect(phone.part("trouble")).to_have_text(say("phone.not_sent"))
    phone.part("write").locator("button").click()
    expect(phone.inbox).to_contain_text("BESOIN")
    phone.write_sms("BESOIN")
    expect(phone.inbox).to_have_count(2)
    first, again, another = (sms["id"] for sms in hooks.forms("sms"))
    assert first == again != another
    assert "500" in complaints.pop()

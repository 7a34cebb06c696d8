"""The page of contracts in a real browser without a network: read by keyboard, found by its links, accessible."""

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from o2c.contracts.released import FOLDER

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.timeout(240), pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the path")]
FILE = FOLDER / "index.html"
BILL = "o2c-billing-BillingRequested-v1"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """The file as it lies there, with the network off; fails when it asks for anything else or breaks its own rules."""
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(offline=True, locale="es-BO", viewport={"width": 1200, "height": 900})
        opened = context.new_page()
        opened.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
        opened.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith(("file://", "data:")) else None)
        opened.goto(FILE.as_uri())
        yield opened
        browser.close()
    assert problems == []


def test_it_is_accessible_closed_and_with_messages_opened(page: Page) -> None:
    for _ in range(2):
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.evaluate("[...document.querySelectorAll('details')].slice(0, 25).forEach(one => one.open = true)")


def test_a_message_is_reached_and_opened_by_keyboard_alone(page: Page) -> None:
    page.goto(FILE.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Ir al contenido"
    while page.evaluate("document.activeElement.textContent") != "o2c.billing.v1":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # from the heading that the link led to: its first message
    first = page.locator("section:has(#o2c-billing-v1) details").first
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert not first.evaluate("one => one.open")
    page.keyboard.press("Enter")
    assert first.evaluate("one => one.open")
    assert first.locator("pre").is_visible()


def test_a_link_to_a_message_opens_it_with_fields_and_an_example(page: Page) -> None:
    page.goto(f"{FILE.as_uri()}#{BILL}")
    message = page.locator(f"#{BILL}")
    message.wait_for(state="visible")
    assert message.get_by_role("rowheader", name="suborders[].items[].unit_price.amount").is_visible()
    assert '"ce_id": "billing/8015g00000AbC02AAF/1"' in message.locator("pre").inner_text()
    message.get_by_role("link", name="Esquema de BillingRequested").click()
    assert page.url.endswith("/billing/BillingRequested/v1.0.schema.json")

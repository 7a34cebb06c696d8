"""The page of traces in a real browser: a lifecycle is sent, found by its number, opened, and followed to what caused it."""

import json
import shutil
import time
from collections.abc import Iterator

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from o2c.play.cast import Cast
from o2c.stack.ports import free_ports
from o2c.trazas.app import Receiver
from tests.lifecycle.test_lifecycle import SAMPLES, SECOND, START
from tests.lifecycle.town import Town
from tests.recorded import recording

CHROMIUM = shutil.which("chromium")
NUMBER = "00012345"
pytestmark = [pytest.mark.timeout(240), pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the path")]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver that was sent the traces of one order's whole life."""
    opened = Receiver(":memory:", free_ports(1)[0])
    opened.start()
    with recording() as recorded:
        town = Town(now=START, cast=Cast(silent=frozenset({SECOND})))
        town.salesforce(json.loads((SAMPLES / "01_platform_event_schemaless.json").read_text())["value"])
        town.live(30)
        body = recorded.exported()
    for _ in range(200):
        try:
            httpx2.get(opened.url)
            break
        except httpx2.HTTPError:
            time.sleep(0.02)
    sent = httpx2.post(f"{opened.endpoint}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"})
    assert sent.status_code == 200
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, receiver: Receiver) -> Iterator[Page]:
    """An empty search; fails when a script failed or anything came from elsewhere."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000}, locale="es-BO")
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.on(
        "request", lambda asked: problems.append(asked.url) if not asked.url.startswith((receiver.endpoint, "data:")) else None
    )
    opened.goto(receiver.url)
    ready(opened)
    yield opened
    opened.close()
    assert problems == []


def ready(page: Page) -> None:
    page.wait_for_selector("body[data-ready]")


def search(page: Page, words: str) -> None:
    """By keyboard alone: Tab to the first field, the words, Enter."""
    while page.evaluate("document.activeElement.name") != "q":
        page.keyboard.press("Tab")
    page.keyboard.type(words)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    ready(page)


def follow(page: Page, link: Locator) -> None:
    """Opens a link as the keyboard does."""
    link.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    ready(page)


def is_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_an_order_is_found_by_its_number_and_what_caused_its_bill_is_followed_from_trace_to_trace(page: Page) -> None:
    search(page, NUMBER)
    assert page.locator("#status").inner_text().endswith(f"cadenas de {NUMBER}")
    is_accessible(page)
    follow(page, page.get_by_role("link", name="Alta solicitada").first)
    traces = [page.locator("#trace-title").inner_text()]
    is_accessible(page)
    steps = [page.locator("#detail-title").inner_text()]
    for _ in range(8):
        follow(page, page.locator("#detail h4:has-text('Causada por') + ul a").first)
        traces.append(page.locator("#trace-title").inner_text())
        steps.append(page.locator("#detail-title").inner_text())
    assert len(set(traces)) > 2, "links lead from trace to trace"
    assert any(step.startswith("create ") for step in steps)
    assert "Orden recibida" in page.locator("#chains").inner_text()


def test_a_link_is_followed_forward_too(page: Page) -> None:
    search(page, NUMBER)
    follow(page, page.get_by_role("link", name="Orden recibida").first)
    before = page.locator("#trace-title").inner_text()
    page.locator("#waterfall .open", has_text="create o2c.intake.v1").last.focus()
    page.keyboard.press("Enter")
    onward = page.locator("#detail h4:has-text('Continúa en') + ul a")
    assert "después" in page.locator("#detail").inner_text()
    follow(page, onward.first)
    assert page.locator("#trace-title").inner_text() != before


def test_the_waterfall_is_walked_and_folded_by_keyboard(page: Page) -> None:
    search(page, NUMBER)
    follow(page, page.get_by_role("link", name="Orden recibida").first)
    rows = page.locator("#waterfall tbody tr:visible")
    many = rows.count()
    rows.first.locator(".open").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('tr').sectionRowIndex") == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert rows.count() == 1 < many
    page.keyboard.press("ArrowRight")
    assert rows.count() == many


def test_colour_is_never_all_that_tells_a_service(page: Page) -> None:
    search(page, NUMBER)
    follow(page, page.get_by_role("link", name="Alta solicitada").first)
    rows = page.locator("#waterfall tbody tr")
    services = {rows.nth(at).locator(".service").inner_text() for at in range(rows.count())}
    assert len(services) > 1
    assert services >= set(page.locator("#legend li").all_inner_texts()), "each is named in its row and in the legend"
    looks = "e => { const s = getComputedStyle(e, '::before'); return s.backgroundColor + s.backgroundImage }"
    assert len({page.locator("#legend .service").nth(at).evaluate(looks) for at in range(len(services))}) == len(services)


def test_attributes_are_shown_and_the_trace_is_downloaded_for_jaeger(page: Page) -> None:
    search(page, NUMBER)
    follow(page, page.get_by_role("link", name="Suborden liberada").first)
    heard = page.locator("#waterfall tr", has=page.locator("[data-service=provisioning]"), has_text="process o2c.intake.v1")
    heard.locator(".open").first.click()
    shown = page.locator("#detail").inner_text()
    assert all(name in shown for name in ("o2c.order.number", NUMBER, "messaging.destination.name", "o2c.site.code"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar para Jaeger").click()
    (data,) = json.loads(download.value.path().read_text())["data"]
    assert page.locator("#trace-title").inner_text() == f"Traza {data['traceID']}"
    assert len(data["spans"]) == page.locator("#waterfall tbody tr").count()


def test_a_number_nobody_has_is_said_in_words(page: Page) -> None:
    search(page, "00099999")
    assert page.locator("#status").inner_text() == "0 cadenas de 00099999"
    is_accessible(page)

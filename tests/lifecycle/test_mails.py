"""Every mail of the procedure, with the very values that a decision gives it: nothing a template needs is missing."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from o2c.commands.mail import example, templates
from services.notifications.adapters.mime import Mailbox, build
from services.notifications.adapters.render import render
from shared.contracts.acceptance import CalendarAmended
from shared.contracts.base import Fact, to_json
from shared.contracts.common import (
    CommandRefused,
    FalloutRaised,
    JeopardyCleared,
    JeopardyRaised,
    NotificationRequested,
    TaskEscalated,
    WaitingChanged,
)
from shared.contracts.contacts import ContactRecord
from shared.contracts.intake import ReturnOrder
from tests.builders import PARENT, card, passed_tests, released, terms
from tests.decrees import change
from tests.given import MONDAY
from tests.lifecycle.test_lifecycle import bank
from tests.unit.acceptance.acceptance_site import Site
from tests.unit.intake.desk import OWNER, Desk, broken
from tests.unit.provisioning.delivery import Delivery
from tests.unit.testing.trial import Trial


def told() -> Iterator[Fact]:
    """What the services say over a whole order, and in the cases that it does not meet."""
    town = bank()
    town.live(30)
    yield from (one.fact for one in town.log)
    returned = ReturnOrder(aggregate=PARENT, reason="DUPLICADA", detail="Ya existe.")
    yield from Desk(broken()).facts
    yield from Desk().claimed().when(returned, OWNER).facts
    yield from Delivery().networked().until(MONDAY + timedelta(days=3)).facts
    yield from Trial().run("INTERNAL", "SD-01", cause="NETWORK").facts
    yield from Site().acta_out().rejects().dismisses().facts
    by_business_days = released(card(terms=terms(acceptance={"n": 10, "unit": "BUSINESS"})))
    decree = CalendarAmended(version=2, changes=(change("2026-12-04", working=False),))
    yield from Site().when(by_business_days).when(passed_tests()).rendered().sent("acta/1/1").when(decree).facts
    yield from Site().acta_out().signs().billed().facts
    by_mail = released(card(segment="NEGOCIO"))
    yield from Site().when(by_mail).when(passed_tests()).rendered().sent("acta/1/1").signs().billed().facts


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return list(told())


@pytest.fixture(scope="module")
def mails(facts: list[Fact]) -> list[NotificationRequested]:
    return [one for one in facts if isinstance(one, NotificationRequested)]


def gaps(text: str) -> list[str]:
    """What a person must never read: a name that was not filled in, an empty bracket, a sentence that stops short."""
    return re.findall(r"—|\bNone\b|Undefined|[{}]|\{%|\(\s*\)|\[\s*\]|ref:|: ?[.;,]|:\s*$|, ?[.;,]", text)


CODE = re.compile(r"\b[A-Z]{3,}_[A-Z_]{2,}\b")
"""A name that programs use among each other."""


@pytest.mark.criterion("X.11")
def test_every_template_is_asked_for_and_no_other(mails: list[NotificationRequested]) -> None:
    assert sorted({one.template for one in mails}) == templates()


@pytest.mark.criterion("X.11")
def test_every_mail_reads_without_gaps_in_plain_text_and_html(mails: list[NotificationRequested]) -> None:
    for request in mails:
        people = {one.ref: ContactRecord(ref=one.ref, kind="contact", name="Ana Quispe") for one in (*request.to, *request.cc)}
        rendered = render(NotificationRequested.model_validate_json(to_json(request)), people)
        html = re.sub(r"<[^>]+>", "\n", re.sub(r"</?strong>", "", rendered.html))
        lines = [line for line in (rendered.text + html).splitlines() if line.strip()]
        for text in (rendered.subject, *lines):
            assert gaps(text) in ([], [":"]), (request.template, text)  # a list is announced by a colon
            assert text.startswith("Adjuntos") or not CODE.search(text), (request.template, text)
        assert rendered.text.count("\n\n") > 3, "it has paragraphs"
        assert request.to, request.template
        assert (request.values.get("orden") or request.parent) in rendered.subject


@pytest.mark.criterion("X.11")
def test_all_mails_of_an_order_are_one_thread_and_each_is_its_own_message(mails: list[NotificationRequested]) -> None:
    ana = [Mailbox("Ana Quispe", "ana@example.com", "x")]

    def sent(number: int, request: NotificationRequested, parent: str) -> dict[str, str | None]:
        rendered = render(request, {})
        made = build(f"service/{parent}/{number}", parent, "O2C <o2c@example.com>", ana, [], rendered, [], None, MONDAY)
        return {name: made[name] for name in ("Message-ID", "References", "In-Reply-To")}

    first = [sent(number, one, PARENT) for number, one in enumerate(mails)]
    assert len({one["Message-ID"] for one in first}) == len(mails)
    (root,) = {one["References"] for one in first}
    assert root is not None
    assert re.fullmatch(r"<[^<>@ ]+@example\.com>", root)
    assert {one["In-Reply-To"] for one in first} == {root}
    assert sent(1, mails[0], "8015g00000Other2AAF")["References"] != root


@pytest.mark.criterion("X.11")
def test_the_preview_of_a_mail_shows_what_its_service_gives_it(mails: list[NotificationRequested]) -> None:
    given: dict[str, set[str]] = {name: set() for name in templates()}
    for request in mails:
        given[request.template] |= request.values.keys()
    assert {name: set(example(name).values) for name in given} == given


@pytest.mark.criterion("X.6", "X.8")
def test_what_people_are_told_to_do_and_why_has_no_gaps(facts: list[Fact]) -> None:
    said: set[str] = set()
    for one in facts:
        match one:
            case WaitingChanged():
                said |= {wait.what for wait in one.began}
            case TaskEscalated() | JeopardyRaised() | JeopardyCleared() | CommandRefused():
                said.add(one.why)
            case FalloutRaised():
                said.add(one.detail)
    assert len(said) > 50
    assert {text: gaps(text) for text in said if gaps(text)} == {}

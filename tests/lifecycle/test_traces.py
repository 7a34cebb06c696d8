"""A whole lifecycle in traces: short ones, joined by links across every wait, from Salesforce to the bill and the kit."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from o2c.play.cast import Cast
from shared import span_names
from tests.lifecycle.test_lifecycle import SAMPLES, SECOND, START
from tests.lifecycle.town import Town
from tests.recorded import Recorded, causes, identity, recording

SALESFORCE = "process salesforce.orders"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def lived() -> Iterator[Recorded]:
    with recording() as recorded:
        town = Town(now=START, cast=Cast(silent=frozenset({SECOND})))
        town.salesforce(json.loads((SAMPLES / "01_platform_event_schemaless.json").read_text())["value"])
        town.live(30)
        yield recorded


@pytest.mark.parametrize("fact", ["BillingRequested", "ServiceBillingActivated", "WelcomeKitDelivered"])
def test_what_ends_a_lifecycle_can_be_walked_back_to_the_message_of_salesforce(fact: str, lived: Recorded) -> None:
    made = lived.creating(fact)
    assert made
    for one in made:
        past = lived.past(one)
        assert SALESFORCE in {cause.name for cause in past}
        assert {cause.kind for cause in past} >= {SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.PRODUCER, SpanKind.CLIENT}


def test_a_bill_after_silence_is_walked_back_over_the_clock_and_the_mail_that_started_it(lived: Recorded) -> None:
    expired = [one for one in lived.creating("BillingRequested") if "deadline expiry" in {c.name for c in lived.past(one)}]
    assert expired
    names = {cause.name for cause in lived.past(expired[0])}
    assert names >= {"deadline expiry", "effect SendMail", "command RecordDelivery", "effect RenderActa"}


def test_no_span_is_an_orphan_but_those_that_salesforce_began(lived: Recorded) -> None:
    known = {identity(one) for one in lived.spans}
    for one in lived.spans:
        led = causes(one)
        assert led or one.name == SALESFORCE, one.name
        assert set(led) <= known, f"{one.name} hangs on a span that nobody made"


def test_traces_are_chains_of_reactions_and_not_one_that_lasts_weeks(lived: Recorded) -> None:
    chains = {identity(one)[0] for one in lived.spans}
    waits = [one for one in lived.spans if one.parent is None and one.links]
    assert len(chains) > 50
    assert len(waits) > 40
    for one in waits:
        assert all(link.context.trace_id != identity(one)[0] for link in one.links), one.name


def test_every_reaction_names_its_order_and_what_it_did(lived: Recorded) -> None:
    for one in lived.spans:
        told = one.attributes or {}
        if one.name.startswith(("process ", "deadline ", "POST ")) and told.get(span_names.OUTCOME) == "moved":
            assert told[span_names.ORDER], one.name
            assert told[span_names.FACT_TYPES], one.name
    numbers = {(one.attributes or {}).get(span_names.ORDER_NUMBER) for one in lived.spans}
    assert numbers == {None, "00012345"}


def test_no_span_of_a_lifecycle_without_faults_is_an_error(lived: Recorded) -> None:
    assert all(one.status.status_code is not StatusCode.ERROR for one in lived.spans)


def test_no_span_tells_who_the_customer_is(lived: Recorded) -> None:
    sent = (SAMPLES / "01_platform_event_schemaless.json").read_text()
    text = "\n".join(one.to_json() for one in lived.spans)
    assert [secret for secret in PERSONAL if secret not in sent] == []
    assert [secret for secret in PERSONAL if secret in text] == []


PERSONAL = ("Banco Ejemplo", "1020304050", "Ana Quispe", "@example.com", "+591700000", "Av. 16 de Julio", "18450.00", "5200.00")
"""The customer, its tax number, a person, mails, phones, an address and amounts of the sample."""

"""What the operator may decide otherwise: each alternative of a policy value of intake changes what it says it changes."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.common import (
    ActivationsRequested,
    ActivationsSlaBreached,
    JeopardyRaised,
    NotificationRequested,
    OverrideRecorded,
    TaskEscalated,
)
from shared.contracts.intake import (
    DocsFoundIncomplete,
    DocumentAttached,
    FulfilmentPlanned,
    OrderReceived,
    QuoteSelected,
    SubmitQuote,
    ValidateDocs,
)
from tests.builders import BANK_LINES, OTHER, PARENT, SUBORDER, bob, line, sale
from tests.given import MONDAY as NOW
from tests.given import actor
from tests.unit.intake.desk import ACTIVACIONES, Desk

CONTRACTOR = actor("CONTRATISTA", "/contratista")


def bolivian(text: str) -> datetime:
    """A moment in La Paz."""
    return datetime.fromisoformat(f"{text}-04:00").astimezone(UTC)


def chosen(sold: object = None, at: datetime = NOW, **values: object) -> Desk:
    """An order that comes after the operator chose."""
    desk = Desk(empty=True).choosing(**values)
    return desk.when(sold or sale(), at=at)  # type: ignore[arg-type]  # a sale


@pytest.mark.criterion("D1", "2.6")
@pytest.mark.parametrize(
    ("choice", "segment", "why"),
    [
        ("NEGOCIO_ONLY", "NEGOCIO", None),
        ("NEGOCIO_ONLY", "CORPORACIONES_EMPRESAS", "CHANNEL_NOT_ALLOWED"),
        ("ALL_SEGMENTS", "CORPORACIONES_EMPRESAS", None),
    ],
)
def test_the_operator_says_for_whom_a_document_by_mail_counts(choice: str, segment: str, why: str | None) -> None:
    desk = chosen(sale(segment=segment, documents=()), documents__mail_channel=choice).claimed().attached("SOW", source="EMAIL")
    (told,) = desk.of(DocumentAttached)
    assert (told.counts, told.why) == (why is None, why)


@pytest.mark.criterion("D1")
@pytest.mark.parametrize(("segment", "missing"), [("CORPORACIONES_EMPRESAS", []), ("NEGOCIO", [1, 2, 3, 5, 7, 8])])
def test_the_whole_list_may_be_for_negocio_alone(segment: str, missing: list[int]) -> None:
    sold = sale(segment=segment, documents=(), opportunity_code=None)
    desk = chosen(sold, documents__mail_channel="LIST_NEGOCIO_ONLY").claimed().validated()
    assert [one.item for fact in desk.of(DocsFoundIncomplete) for one in fact.missing] == missing
    assert desk.state.docs_valid is (missing == [])


@pytest.mark.criterion("D5", "3.5")
@pytest.mark.parametrize(
    ("choice", "asked", "warned", "due"),
    [
        ("CLOCK_HOURS", "2026-11-27 17:00", "2026-11-28 11:00", "2026-11-28 17:00"),
        ("NEXT_BUSINESS_DAY", "2026-11-27 17:00", "2026-11-29 23:00", "2026-11-30 17:00"),  # three quarters of three days
        ("BUSINESS_HOURS", "2026-11-27 17:00", "2026-12-01 15:00", "2026-12-02 11:00"),  # 18 of 24 hours at work
    ],
)
def test_the_operator_says_which_hours_activaciones_has(choice: str, asked: str, warned: str, due: str) -> None:
    desk = chosen(at=bolivian(asked), activations__answer_within=choice).planned()
    (request,) = [one for one in desk.of(ActivationsRequested) if one.request_id == f"{SUBORDER}/quotes"]
    assert (request.warn_at, request.due) == (bolivian(warned), bolivian(due))
    assert desk.until(bolivian(warned) - timedelta(seconds=1)).of(JeopardyRaised) == []
    assert {one.level for one in desk.until(bolivian(warned)).of(JeopardyRaised)} == {"AMBER"}
    assert desk.until(bolivian(due)).of(ActivationsSlaBreached) == []
    assert desk.until(bolivian(due) + timedelta(seconds=1)).of(ActivationsSlaBreached)


@pytest.mark.criterion("D5", "3.5")
def test_the_operator_may_say_it_by_kind_of_request_and_the_mail_names_the_first_end() -> None:
    desk = chosen(
        at=bolivian("2026-11-27 17:00"),
        activations__answer_within={"QUOTES": "BUSINESS_HOURS", "others": "NEXT_BUSINESS_DAY"},
        activations__hours={"QUOTES": 8, "SERVICE_CREATION": 24, "BILLING_ACCOUNT": 24},
    ).planned()
    due = {one.kind: one.due for one in desk.of(ActivationsRequested)}
    assert due == {
        "QUOTES": bolivian("2026-11-30 15:00"),
        "SERVICE_CREATION": bolivian("2026-11-30 17:00"),
        "BILLING_ACCOUNT": bolivian("2026-11-30 17:00"),
    }
    (mail,) = [one for one in desk.of(NotificationRequested) if one.template == "SOLICITUD_ACTIVACIONES"]
    assert mail.values["vence_el"] == due["QUOTES"].isoformat()


@pytest.mark.criterion("3.5")
def test_the_share_of_the_warning_and_the_hours_are_the_operators() -> None:
    desk = chosen(activations__warning_share=0.5, activations__hours=8).planned()
    (request, *_) = desk.of(ActivationsRequested)
    assert (request.warn_at, request.due) == (NOW + timedelta(hours=4), NOW + timedelta(hours=8))


@pytest.mark.criterion("1.8")
def test_how_long_an_order_may_wait_is_the_operators_and_stays_as_it_was_when_it_came() -> None:
    desk = chosen(claim__hours=2)
    (received,) = desk.of(OrderReceived)
    assert received.claim_hours == 2
    desk.choosing(claim__hours=9).when(sale(BANK_LINES | {OTHER: (line("SDWAN-200", 4),)}, version=2))
    assert desk.until(NOW + timedelta(hours=2, seconds=-1)).of(TaskEscalated) == []
    assert len(desk.until(NOW + timedelta(hours=2)).of(TaskEscalated)) == 1


@pytest.mark.criterion("D6", "3.4")
def test_the_operator_says_how_many_quotes_are_enough() -> None:
    desk = chosen(quotes__minimum=3).planned().offered("14200.00", "12900.00")
    assert desk.chosen().code() == "TOO_FEW_QUOTES"
    assert desk.offered("14200.00", "12900.00", "13000.00").chosen().of(QuoteSelected)[0].total == bob("12900.00")


@pytest.mark.criterion("D6", "3.4")
@pytest.mark.parametrize(("choice", "taken"), [("ACTIVACIONES", ACTIVACIONES), ("CONTRATISTA", CONTRACTOR)])
def test_the_operator_says_whose_quotes_are_taken(choice: str, taken: object) -> None:
    desk = chosen(quotes__from=choice).planned()
    offer = SubmitQuote(aggregate=PARENT, request_id=f"{SUBORDER}/quotes", contractor="Fibra Oriente Ltda.", total=bob(9))
    for who in (ACTIVACIONES, CONTRACTOR):
        assert desk.when(offer, who).code() == ("" if who is taken else "ROLE_NOT_ALLOWED")
    assert {one.split()[0] for one in desk.waits() if one.endswith("SubmitQuote")} == {choice}


@pytest.mark.criterion("D11")
@pytest.mark.parametrize(("choice", "standard"), [("PER_LINE", [True, False]), ("PER_ORDER", [False, False])])
def test_homologation_is_told_per_line_or_the_strictest_for_the_whole_order(choice: str, standard: list[bool]) -> None:
    lines = {SUBORDER: (line("SDWAN-100"),), OTHER: (line("ANTIDDOS-PRY", 2),)}
    content = chosen(sale(lines), homologation__level=choice).state.content
    assert [item.standard for one in content.suborders for item in one.items] == standard


@pytest.mark.criterion("D16", "1.7")
@pytest.mark.parametrize(("choice", "homologated"), [("NON_STANDARD_ONLY", True), ("ALL", False)])
def test_the_families_may_limit_what_the_cpq_has_too(choice: str, homologated: bool) -> None:
    outside = line("SDWAN-100", family="CONECTIVIDAD", in_cpq=True)
    content = chosen(sale({SUBORDER: (outside,)}), homologation__families_limit=choice).state.content
    assert content.suborders[0].items[0].homologated is homologated


@pytest.mark.criterion("D17", "3.2", "3.3")
@pytest.mark.parametrize(("code", "both"), [("SDWAN-100", True), ("FW-GEST-100", True), ("NUBE-8-32", False)])
def test_sdwan_is_a_line_and_its_conditions_ask_for_a_trait(code: str, both: bool) -> None:
    desk = Desk(sale({SUBORDER: (line(code),)})).planned()
    sub = desk.state.subs[SUBORDER]
    assert sub.traits.sdwan_ciber is both
    assert (sub.has("INSTALLATION"), sub.has("EQUIPMENT")) == (both, both)
    row = desk.tables["PRODUCTS"].decide(NOW.date(), code="SDWAN-100")
    assert (row.text("family"), row.text("line")) == ("SMART_CONNECTIVITY", "SDWAN"), "no family of its own"


@pytest.mark.criterion("D9", "15.2")
@pytest.mark.parametrize(
    ("choice", "groups"),
    [("PER_SITE", {SUBORDER: (SUBORDER,), OTHER: (OTHER,)}), ("WHOLE_ORDER", {f"{PARENT}/ORDEN": (SUBORDER, OTHER)})],
)
def test_sites_are_billed_one_by_one_or_the_whole_order_at_once(choice: str, groups: dict[str, tuple[str, ...]]) -> None:
    (received,) = chosen(billing__grouping=choice).of(OrderReceived)
    assert {one.group: one.members for one in received.groups} == groups
    assert {one.suborder: one.group for one in received.suborders} == {
        member: name for name, members in groups.items() for member in members
    }


@pytest.mark.criterion("D14", "1.5")
@pytest.mark.parametrize(("choice", "taken"), [("OM_SUPERVISOR", ""), ("PROJECT_MANAGER", "ROLE_NOT_ALLOWED")])
def test_the_operator_says_which_role_may_act_for_the_owner(choice: str, taken: str) -> None:
    told = ValidateDocs(aggregate=PARENT, override_reason="El dueño está de baja")
    desk = chosen(overrides__role=choice).claimed()
    assert desk.when(told, actor("OM_SUPERVISOR", "supervisor-1")).code() == taken
    assert bool(desk.of(OverrideRecorded)) is (taken == "")
    if taken:
        assert desk.when(told, actor(choice, "pm-1")).code() == ""
        assert len(desk.of(OverrideRecorded)) == 1


@pytest.mark.criterion("D12", "3.8")
@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("SEQUENTIAL", {"logical": ("network_link",), "stock": ("logical",)}),
        ("PARALLEL", {"logical": ("service_creation",), "stock": ("network_link", "logical")}),
    ],
)
def test_network_and_configuration_follow_each_other_or_begin_together(choice: str, after: dict[str, tuple[str, ...]]) -> None:
    desk = chosen(build__sequence=choice).planned()
    steps = {one.step: one for one in desk.of(FulfilmentPlanned)[0].steps if one.suborder == SUBORDER}
    assert {name: steps[name].after for name in after} == after
    assert steps["network_link"].after == ("service_creation",)
    assert steps["stock"].due > max(steps[name].due for name in after["stock"])
    assert (steps["logical"].due < steps["network_link"].due) is (choice == "PARALLEL")


@pytest.mark.criterion("D2", "1.1", "2.5")
@pytest.mark.parametrize(
    ("choice", "sold", "ruling"),
    [
        ("TWO", "CORPORACIONES", "CORPORACIONES_EMPRESAS"),
        ("THREE", "CORPORACIONES", "CORPORACIONES"),
        ("THREE", "EMPRESAS", "EMPRESAS"),
        ("THREE", None, "CORPORACIONES_EMPRESAS"),  # sold as both: nobody guesses which
    ],
)
def test_the_operator_may_rule_by_three_segments_and_partners_read_the_same_two(
    choice: str, sold: str | None, ruling: str
) -> None:
    desk = chosen(sale(policy_segment=sold, opportunity_code=None), segments=choice).delivered()
    card = desk.cards()[SUBORDER]
    assert (card.segment, card.ruling_segment) == ("CORPORACIONES_EMPRESAS", ruling)
    assert desk.of(OrderReceived)[0].ruling_segment == ruling
    assert desk.of(DocsFoundIncomplete) == [], "an opportunity code is asked of Negocio alone, however many segments rule"

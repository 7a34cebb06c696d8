"""Commercial terms: phases and billing groups (`partners.md` 2.3)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, cast

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.money import Currency
from services.intake.domain.salesforce.reader import Node
from services.intake.domain.salesforce.sites import SoldSite
from shared.contracts.shapes import Mechanism, Phase, Terms, Trigger

HUNDRED: Final = Decimal("100.00")
USUAL_TERM_MONTHS: Final = 12
ACTIVITIES: Final = frozenset({"NETWORK_BUILT", "SERVICE_PROVISIONED", "TESTS_PASSED", "ALL_SITES_ACCEPTED"})
AT_ACCEPTANCE: Final = Phase(no=1, name="Total", percent=HUNDRED, trigger=Trigger(on="ACCEPTANCE"))


def read_groups(
    order: Node, parent: str, currency: Currency, sites: Sequence[SoldSite], mapping: OrgMapping
) -> tuple[Terms, ...]:
    """One billing group per site group of the contract, and one for each site alone (15.2)."""
    mechanism = cast("Mechanism", order.label("BillingMode__c", "mechanism", needed=True) or "OTHER")
    phases = read_phases(order, mechanism)
    value = contract_value(order, sites)
    grouped = _site_groups(order, parent, sites)
    taken = {member for _, members in grouped for member in members}
    alone = [(one.suborder, (one.suborder,)) for one in sites if one.suborder not in taken]
    shared: dict[str, Any] = {
        "mechanism": mechanism,
        "phases": phases,
        "prices_include_tax": mapping.prices_include_tax,
        "payer": order.id("BillingAccountId__c"),
        "contract_id": order.id("ContractId"),
        "purchase_order": order.text("PoNumber"),
        "contract_start": order.day("ContractStartDate__c"),
        "contract_value": currency.money(value),
        "pre_acceptance_agreed": order.flag("PreAcceptanceAgreed__c") or False,
    }
    both = sorted([*grouped, *alone])
    return tuple(Terms(group=group, members=tuple(sorted(members)), **shared) for group, members in both)


def contract_value(order: Node, sites: Sequence[SoldSite]) -> Decimal:
    """As the contract says, else what is paid once plus the monthly price over its term."""
    given = order.amount("ContractValue__c")
    if given is not None:
        return given
    total = Decimal(0)
    for item in (item for one in sites for item in one.items):
        months = 1 if item.charge == "ONE_TIME" else item.term_months or USUAL_TERM_MONTHS
        total += item.quantity * item.unit_price.amount * months
    if total >= quirks.LARGEST_AMOUNT:
        order.violate("FIELD_INVALID", "ContractValue__c")
        return Decimal("0.00")
    return quirks.cents(total)


def read_phases(order: Node, mechanism: Mechanism) -> tuple[Phase, ...]:
    """The contract's phases; TOTAL is one on acceptance, and without a list the owner sets them later."""
    nodes = order.children("BillingPhases")
    phases = tuple(_phase(node) for node in nodes)
    if mechanism == "TOTAL":
        return (AT_ACCEPTANCE,)
    if not phases:
        order.findings.warn("PHASES_MISSING", order.at("BillingPhases"))
        return ()
    if sorted(phase.no for phase in phases) != list(range(1, len(phases) + 1)):
        order.violate("FIELD_INVALID", "BillingPhases")
    total = sum(phase.percent for phase in phases)
    if total != HUNDRED:
        order.violate("PHASES_NOT_100", "BillingPhases", total=str(total).replace(".", ","))
    return tuple(sorted(phases, key=lambda phase: phase.no))


def _phase(node: Node) -> Phase:
    trigger = node.label("Trigger__c", "trigger", needed=True) or "ACCEPTANCE"
    no = node.count("Number__c", needed=True) or 1
    day = node.read("Date__c", quirks.day, needed=trigger == "DATE")
    if trigger in ACTIVITIES:
        release = Trigger(on="ACTIVITY", activity=trigger)
    elif trigger == "DATE":
        release = Trigger(on="DATE", date=day)
    else:
        release = Trigger(on="ACCEPTANCE")
    return Phase(
        no=no,
        name=node.text("Name__c") or f"Fase {no}",
        percent=node.need_price("Percent__c"),
        trigger=release,
        clause=node.text("ContractClause__c"),
    )


def _site_groups(order: Node, parent: str, sites: Sequence[SoldSite]) -> list[tuple[str, tuple[str, ...]]]:
    """Sites that the contract bills together; each is in one group at most and is a site of this order."""
    by_code = {one.site.code.casefold(): one.suborder for one in sites if one.site.code}
    taken: set[str] = set()
    groups: dict[str, tuple[str, ...]] = {}
    for node in order.children("SiteGroups"):
        name = f"{parent}/{node.need_text('Code')[:60]}"
        if name in groups:
            node.violate("DUPLICATE_ID", "Code", id=name)
        members = []
        for code in _codes(node):
            member = by_code.get(code.casefold())
            if member is None:
                node.violate("GROUP_SITE_UNKNOWN", "SiteCodes", site=code[:60])
            elif member in taken:
                node.violate("GROUP_SITE_TWICE", "SiteCodes", site=code[:60])
            else:
                taken.add(member)
                members.append(member)
        if members:
            groups[name] = tuple(members)
    return list(groups.items())


def _codes(node: Node) -> list[str]:
    listed = node.value.get("SiteCodes")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
        node.violate("FIELD_INVALID", "SiteCodes")
        return []
    return [one.strip() for one in listed]

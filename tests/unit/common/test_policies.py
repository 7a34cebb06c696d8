"""Who may ask what, and in which stage: the operator's table, said once more without our code (1.5, X.1, X.8)."""

import importlib
from typing import Any, Final

import pytest

from shared.decider import Allow

COMMON: Final = frozenset({"AssignTask", "AddNote", "ResolveFallout", "RecordEffectFailed"})
TAKEN: Final = "CLAIMED DOCS_INCOMPLETE DOCS_VALID PLANNED IN_DELIVERY"
SENT: Final = "OPEN REVIEWING DISPUTED REWORK SIGNED EXPIRED ONBOARDING"
EVERY: Final = "*"
"""Every stage there is."""
TABLE: Final = {
    "intake": [
        ("ReviewOrder", "OM", f"RECEIVED {TAKEN}"),
        ("ClaimOrder", "OM", f"RECEIVED {TAKEN}"),
        ("ReturnOrder", "OM OWNER", "RECEIVED CLAIMED DOCS_INCOMPLETE"),
        ("ReassignOrder", "OWNER OM_SUPERVISOR", TAKEN),
        ("AttachDocument", "OWNER EC", f"RECEIVED {TAKEN}"),
        ("SetApplicability", "OWNER", "CLAIMED DOCS_INCOMPLETE DOCS_VALID"),
        ("RecordDocumentStored", "SYSTEM", EVERY),
        ("ValidateDocs", "OWNER", TAKEN),
        ("GenerateWorkOrders", "OWNER", "CLAIMED DOCS_INCOMPLETE DOCS_VALID PLANNED"),
        ("SubmitQuote", "ACTIVACIONES CONTRATISTA", TAKEN),  # of the two, whom the operator asks (D6)
        ("SelectQuote", "OWNER", "PLANNED IN_DELIVERY"),
        ("AnswerActivationsRequest", "ACTIVACIONES", TAKEN),
        ("RecordRegionalTicket", "REGIONAL OWNER", TAKEN),
        ("AssignTeam", "OWNER", "DOCS_VALID PLANNED IN_DELIVERY"),
        ("PresentHld", "OWNER", "PLANNED IN_DELIVERY"),
        ("HoldOrder", "OWNER", "DOCS_VALID PLANNED IN_DELIVERY"),
        ("ResumeOrder", "OWNER", "DOCS_VALID PLANNED IN_DELIVERY"),
        ("CancelSuborder", "OWNER", f"RECEIVED {TAKEN} RETURNED"),
        ("FailSuborder", "OM_SUPERVISOR", "IN_DELIVERY"),
    ],
    "provisioning": [
        ("PlanNetworkBuild", "INGENIERO_B2B OWNER", "NETWORK REWORK"),
        ("CompleteBuildItem", "INGENIERO_B2B CONTRATISTA", "NETWORK REWORK"),
        ("AnswerActivationsRequest", "ACTIVACIONES", "NETWORK LOGICAL REWORK"),  # beside the network in a parallel plan (D12)
        ("ConfirmVirtualCircuit", "NOC", "NETWORK LOGICAL EQUIPMENT VISIT METHOD REWORK"),
        ("ReportStock", "JEFE_PRODUCTO OWNER", "EQUIPMENT REWORK"),
        ("ReleaseEquipment", "JEFE_PRODUCTO OWNER", "EQUIPMENT VISIT"),
        ("ScheduleTechnicalVisit", "CONTRATISTA OWNER", "NETWORK LOGICAL EQUIPMENT VISIT REWORK"),
        ("ReportTechnicalVisit", "CONTRATISTA OWNER", "VISIT REWORK"),
        ("VerifyProvisioningMethod", "INGENIERO_B2B OWNER", "METHOD REWORK"),
        ("ConfirmServiceProvisioned", "INGENIERO_B2B REGIONAL", "METHOD REWORK"),
    ],
    "testing": [
        ("StartInternalTests", "INGENIERO_B2B", "INTERNAL"),
        ("RecordAtpResults", "INGENIERO_B2B REGIONAL OWNER", "INTERNAL CUSTOMER E2E"),
        ("CloseTestRun", "INGENIERO_B2B", "INTERNAL CUSTOMER"),
        ("CloseTestRun", "OWNER", "E2E"),
        ("AgreeTestDate", "PROJECT_MANAGER OWNER", "INTERNAL AGENDA SCHEDULED"),
        ("ProposeSession", "PROJECT_MANAGER OWNER", "AGENDA SCHEDULED"),
        ("AnswerSession", "CLIENTE INGENIERO_B2B REGIONAL TIER2 OWNER", "AGENDA SCHEDULED"),
        ("SendTestInformation", "PROJECT_MANAGER OWNER", "SCHEDULED"),
        ("StartCustomerTests", "INGENIERO_B2B OWNER", "INTERNAL AGENDA SCHEDULED"),
        ("RecordRegionalTicket", "REGIONAL OWNER", "AGENDA SCHEDULED CUSTOMER E2E CLOSING"),
        ("RecordDeliveryKit", "REGIONAL", "CUSTOMER E2E CLOSING"),
        ("CloseRegionalTicket", "REGIONAL", EVERY),
    ],
    "acceptance": [
        ("RecordActaRendered", "SYSTEM", EVERY),
        ("ResendActa", "OWNER", "SENDING"),
        ("RecordSignature", "OWNER CLIENTE", SENT),
        ("RejectAcceptance", "OWNER CLIENTE", SENT),
        ("UpholdRejection", "OWNER", SENT),
        ("DismissRejection", "OWNER GI", SENT),
        ("ReferDispute", "OWNER", SENT),
        ("ResolveDispute", "EC", "DISPUTED"),
        ("RecordExpiryCall", "OWNER", "EXPIRED ONBOARDING"),
        ("ApproveRedating", "OM_SUPERVISOR", f"WAITING SENDING {SENT}"),
        ("UpdateCustomerData", "OWNER", "ONBOARDING"),
        ("ScheduleTraining", "OWNER", "ONBOARDING"),
        ("RecordTraining", "OWNER", "ONBOARDING"),
        ("RecordKitDelivery", "OWNER", "ONBOARDING"),
    ],
    "billing": [
        ("SetBillingPhases", "OWNER", "WAITING DEFERRED BLOCKED REQUESTED ACTIVE"),
        ("AttachBillingDocument", "OWNER", "WAITING DEFERRED BLOCKED REQUESTED"),
        ("AnswerActivationsRequest", "ACTIVACIONES", "REQUESTED"),
        ("ConfirmBillingActivation", "FACTURADOR_BBD ACTIVACIONES", "REQUESTED ACTIVE"),  # ACTIVE: a repeat
        ("RefuseBillingActivation", "FACTURADOR_BBD ACTIVACIONES", "REQUESTED"),
        ("ResendBillingRequest", "OWNER OM_SUPERVISOR", "REQUESTED"),
    ],
}
WHILE_HELD: Final = {"RecordActaRendered", *COMMON}
"""Of what people and workers ask, what a hold does not stop; answers of outside systems are taken anyway (X.1)."""
OPENS_WORK: Final = {"ClaimOrder", "GenerateWorkOrders", "PlanNetworkBuild", "StartInternalTests"}


def policy(service: str) -> tuple[Allow, ...]:
    decider: Any = importlib.import_module(f"services.{service}.app").SERVICE.deciders[0]
    rows: tuple[Allow, ...] = decider.policy
    return rows


@pytest.mark.criterion("1.5", "X.8")
@pytest.mark.parametrize("service", TABLE)
def test_each_command_is_for_these_roles_in_these_stages_and_for_nobody_else(service: str) -> None:
    rows = [row for row in policy(service) if row.command.__name__ not in COMMON]
    found = {(row.command.__name__, row.roles): row.stages for row in rows}
    told = {(name, frozenset(who.split())): stages for name, who, stages in TABLE[service]}
    assert found.keys() == told.keys()
    every = frozenset[str]().union(*(row.stages for row in policy(service)))
    for key, stages in told.items():
        assert found[key] == (every if stages == EVERY else set(stages.split())), key


@pytest.mark.criterion("X.1", "X.8")
@pytest.mark.parametrize("service", TABLE)
def test_a_hold_stops_every_command_of_people_but_notes_tasks_and_fallouts(service: str) -> None:
    rows = policy(service)
    held = {row.command.__name__ for row in rows if row.while_held}
    assert held == WHILE_HELD & {row.command.__name__ for row in rows}
    assert {row.command.__name__ for row in rows if row.opens_work} == OPENS_WORK & {row.command.__name__ for row in rows}


@pytest.mark.criterion("X.6", "X.7", "X.8")
@pytest.mark.parametrize("service", TABLE)
def test_notes_tasks_and_fallouts_are_the_teams_and_failed_effects_the_workers_in_every_stage(service: str) -> None:
    rows = {row.command.__name__: row for row in policy(service)}
    every = frozenset[str]().union(*(row.stages for row in rows.values()))
    for name in COMMON:
        assert rows[name].stages == every
        assert rows[name].roles == ({"SYSTEM"} if name == "RecordEffectFailed" else {"TEAM"}), name

"""A suborder in testing, carried step by step by those whose turn it is."""

from datetime import timedelta
from typing import Any, Self

from services.testing.app import ENGINEER as AGENDA_DECIDER
from services.testing.app import SUBORDER as DECIDER
from shared.contracts.provisioning import ProvisionedService, ReworkCompleted, ServiceProvisioned
from shared.contracts.shapes import Card, Run, Window
from shared.contracts.testing import (
    AgreeTestDate,
    AnswerSession,
    CloseTestRun,
    ProposeSession,
    RecordAtpResults,
    RecordRegionalTicket,
    ReworkRequested,
    SendTestInformation,
    SessionProposed,
    SlotBooked,
    StartCustomerTests,
    StartInternalTests,
    TestResult,
)
from tests.builders import PARENT, SUBORDER, doc, mail_sent
from tests.given import MONDAY, Given, actor
from tests.products import ficha, released_with

ENGINEER, OWNER, SUPERVISOR = actor("INGENIERO_B2B"), actor("OM", "om-1"), actor("OM_SUPERVISOR")
REGIONAL, CUSTOMER = actor("REGIONAL"), actor("CLIENTE")
TICKET = "RITM0045127"


def provisioned(its: Card) -> ServiceProvisioned:
    """Provisioning made a service of every item that is not only charged."""
    items = [one for one in its.items if not one.charge_only]
    services = tuple(
        ProvisionedService(item_id=one.item_id, service_id=f"BO-{one.item_id[-6:]}", method="REMOTE") for one in items
    )
    return ServiceProvisioned(parent=PARENT, suborder=SUBORDER, services=services, circuit_id="BO-SCZ-FWAAS-000812")


def window(hours: int = 24) -> Window:
    start = MONDAY + timedelta(hours=hours)
    return Window.model_validate({"from": start, "to": start + timedelta(hours=2)})


class Trial(Given):
    """The main path, one word per step."""

    def __init__(self, its: Card | None = None) -> None:
        super().__init__("testing", DECIDER, SUBORDER, PARENT)
        known = its or ficha(regional_ticket=TICKET)
        self.when(released_with(known)).when(provisioned(known))

    def run(self, run: Run, *failing: str, cause: str | None = None) -> Self:
        """Records every item that has no result yet, these as failed, and closes the run."""
        results = tuple(
            TestResult(
                item=one.item,
                outcome="FAIL" if one.item in failing else "PASS",
                value="conforme",
                evidence=doc("EVIDENCIA_ATP", f"{run}-{one.item}-{self.state.attempt(run)}"),
            )
            for one in self.state.of_run(run)
            if self.state.result(run, one.item) is None
        )
        self.when(RecordAtpResults(aggregate=SUBORDER, run=run, results=results), ENGINEER)
        return self.closes(run, cause)

    def closes(self, run: Run, cause: Any = None) -> Self:
        return self.when(CloseTestRun(aggregate=SUBORDER, run=run, cause=cause), OWNER if run == "E2E" else ENGINEER)

    def internal(self) -> Self:
        return self.when(StartInternalTests(aggregate=SUBORDER), ENGINEER).run("INTERNAL")

    def dated(self) -> Self:
        at = self.now + timedelta(hours=24)
        return self.when(AgreeTestDate(aggregate=SUBORDER, date=at, channel="CALL", person=f"{PARENT}:tecnico"), OWNER)

    def proposed(self, engineer: str = "ingeniero-1", hours: int = 24) -> Self:
        start = self.now + timedelta(hours=hours)
        asked = Window.model_validate({"from": start, "to": start + timedelta(hours=2)})
        command = ProposeSession(
            aggregate=SUBORDER, mode="ONLINE", window=asked, link="https://teams.example.com/p", engineer=engineer
        )
        return self.when(command, OWNER)

    def answers(self, party: str, *, yes: bool = True, session: int | None = None) -> Self:
        number = session or self.state.sessions
        speaker = OWNER if party == "CLIENTE" else actor(party)
        return self.when(AnswerSession(aggregate=SUBORDER, session=number, party=party, accepted=yes), speaker)

    def booked(self, session: int | None = None) -> Self:
        number = session or self.state.sessions
        return self.when(SlotBooked(parent=PARENT, suborder=SUBORDER, session=number, window=window()))

    def scheduled(self) -> Self:
        self.dated().proposed().booked()
        for party in self.state.session.missing:
            self.answers(party)
        return self

    def informed(self) -> Self:
        self.when(SendTestInformation(aggregate=SUBORDER, values={"requisitos": "Una estación con navegador"}), OWNER)
        purpose = self.of(type(self.last[0]))[-1].purpose
        return self.when(mail_sent(purpose, self.now, service="testing"))

    def begins(self) -> Self:
        return self.when(StartCustomerTests(aggregate=SUBORDER), OWNER)

    def with_customer(self) -> Self:
        """Internal tests passed, and the session with the customer is on."""
        return self.internal().scheduled().informed().begins()

    def passed(self) -> Self:
        return self.with_customer().run("CUSTOMER").run("E2E")

    def ticket(self, number: str = TICKET) -> Self:
        return self.when(RecordRegionalTicket(aggregate=SUBORDER, ticket=number), REGIONAL)

    def reworked(self) -> Self:
        """Provisioning did what was asked last."""
        asked = self.of(ReworkRequested)[-1]
        done = ReworkCompleted(parent=PARENT, suborder=SUBORDER, rework_id=asked.rework_id, steps=asked.steps, attempt=2)
        return self.when(done)

    def mails(self, template: str) -> list[Any]:
        return [one for one in self.facts if getattr(one, "template", "") == template]

    def waits(self) -> set[str]:
        """Who has the ball, with the first message that takes it."""
        return {f"{one.party} {one.cleared_by[0]}" for one in self.decider.waiting(self.state)}

    @property
    def code(self) -> str | None:
        return self.refusal.code if self.refusal else None


def agenda(engineer: str = "ingeniero-1") -> Given:
    """An engineer's agenda, empty."""
    return Given("testing", AGENDA_DECIDER, f"agenda:{engineer}", f"agenda:{engineer}")


def proposal(session: int = 1, suborder: str = SUBORDER, hours: int = 24, **fields: Any) -> SessionProposed:
    known = {"engineer": "ingeniero-1", "mode": "ONLINE", "parties": ("CLIENTE", "INGENIERO_B2B")} | fields
    told = {
        "parent": PARENT,
        "suborder": suborder,
        "billing_group": suborder,
        "session": session,
        "window": window(hours),
    } | known
    return SessionProposed.model_validate(told)

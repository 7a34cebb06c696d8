"""A parent order in intake, carried step by step by those whose turn it is."""

from datetime import datetime
from itertools import pairwise
from typing import Any, Self

from services.intake.app import ORDER
from services.intake.domain.evolve import evolve
from services.intake.domain.rollup import LEGAL
from services.intake.domain.state import State
from shared.contracts.acceptance import AcceptanceSigned, SuborderCompleted
from shared.contracts.base import Fact, to_json
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.intake import (
    AnswerActivationsRequest,
    AssignTeam,
    AttachDocument,
    ClaimOrder,
    GenerateWorkOrders,
    OrderStateChanged,
    Problem,
    RecordRegionalTicket,
    ReviewOrder,
    SelectQuote,
    SubmitQuote,
    SuborderReleased,
    SuborderStateChanged,
    ValidateDocs,
)
from shared.contracts.salesforce import SalesforceOrderSubmitted
from shared.contracts.shapes import CalendarUse, Evidence, Period
from tests.builders import OTHER, PARENT, SUBORDER, bob, digest, doc, sale
from tests.given import MONDAY as NOW
from tests.given import Given, actor

OWNER, RIVAL, SUPERVISOR, EC = actor("OM", "om-1"), actor("OM", "om-2"), actor("OM_SUPERVISOR"), actor("EC")
ACTIVACIONES, REGIONAL, SYSTEM = actor("ACTIVACIONES", "/activaciones"), actor("REGIONAL", "/servicenow"), actor("SYSTEM")
STILL_MISSING = ("PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO")
"""What the bank's order lacks at the gate."""
PEOPLE = {
    "INGENIERO_B2B": "ingeniero-1",
    "ACTIVACIONES": "area:activaciones",
    "CONTRATISTA": "area:contratistas",
    "NOC": "area:noc",
    "JEFE_PRODUCTO": "area:jefe_producto",
    "REGIONAL": "area:regional",
    "TIER2": "area:tier2",
    "PROJECT_MANAGER": "pm-1",
}


class Desk(Given):
    """The main path, one word per step."""

    def __init__(self, heard: SalesforceOrderSubmitted | None = None, *, empty: bool = False) -> None:
        super().__init__("intake", ORDER, PARENT, PARENT)
        if not empty:
            self.when(heard or sale())

    def claimed(self) -> Self:
        return self.when(ReviewOrder(aggregate=PARENT), OWNER).when(ClaimOrder(aggregate=PARENT), OWNER)

    def attached(self, *kinds: str, **changes: Any) -> Self:
        for kind in kinds:
            self.when(AttachDocument(aggregate=PARENT, doc=doc(kind, **changes)), OWNER)
        return self

    def validated(self) -> Self:
        return self.when(ValidateDocs(aggregate=PARENT), OWNER)

    def documented(self, *more: str) -> Self:
        return self.claimed().attached(*STILL_MISSING, *more).validated()

    def generated(self) -> Self:
        return self.when(GenerateWorkOrders(aggregate=PARENT), OWNER)

    def planned(self, *more: str) -> Self:
        return self.documented(*more).generated()

    def offered(self, *totals: str, suborder: str = SUBORDER) -> Self:
        names = ("Redes del Altiplano S.R.L.", "Fibra Oriente Ltda.", "Enlaces Andinos S.A.")
        for name, total in zip(names, totals or ("14200.00", "12900.00"), strict=False):
            command = SubmitQuote(aggregate=PARENT, request_id=f"{suborder}/quotes", contractor=name, total=bob(total))
            self.when(command, ACTIVACIONES)
        return self

    def chosen(self, suborder: str = SUBORDER, **which: Any) -> Self:
        return self.when(SelectQuote(aggregate=PARENT, suborder=suborder, **which), OWNER)

    def answered(self, request: str, **values: str) -> Self:
        return self.when(AnswerActivationsRequest(aggregate=PARENT, request_id=request, values=values), ACTIVACIONES)

    def created(self, suborder: str = SUBORDER) -> Self:
        return self.answered(f"{suborder}/service_creation", service_id="BO-LPZ-000812")

    def with_ticket(self, suborder: str = SUBORDER) -> Self:
        return self.when(RecordRegionalTicket(aggregate=PARENT, suborder=suborder, ticket="RITM0045127"), REGIONAL)

    def staffed(self, *suborders: str) -> Self:
        for one in suborders or (SUBORDER,):
            roles = {role: PEOPLE[role] for role in self.state.subs[one].roles}
            self.when(AssignTeam(aggregate=PARENT, suborders=(one,), roles=roles), OWNER)
        return self

    def released(self, *suborders: str) -> Self:
        """From a plan to the release of these suborders."""
        for one in suborders or (SUBORDER,):
            if self.state.subs[one].has("INSTALLATION"):
                self.offered(suborder=one).chosen(one)
            if self.state.subs[one].has("PROVISIONING_START"):
                self.with_ticket(one)
            self.created(one).staffed(one)
        return self

    def delivered(self) -> Self:
        return self.planned().released(SUBORDER, OTHER)

    def accepted(self, suborder: str = SUBORDER) -> Self:
        return self.when(acceptance(suborder))

    def completed(self, suborder: str = SUBORDER) -> Self:
        return self.when(SuborderCompleted(parent=PARENT, suborder=suborder, billing_group=suborder, at=self.now))

    def troubled(self, suborder: str = SUBORDER, fallout: str = "stock/1", service: str = "provisioning", **more: str) -> Self:
        raised = FalloutRaised.model_validate(
            {"parent": PARENT, "suborder": suborder, "billing_group": suborder, "fallout_id": fallout, "class": "SHORTAGE"}
            | {"step": "EQUIPMENT", "detail": "Faltan 2 CPE-SDW-M", "queue": "JEFE_PRODUCTO"}
            | more
        )
        return self.hears_of(raised, service)

    def settled(self, suborder: str = SUBORDER, fallout: str = "stock/1", service: str = "provisioning") -> Self:
        resolved = FalloutResolved(parent=PARENT, suborder=suborder, fallout_id=fallout, how="RETRY", reason="Hay equipo")
        return self.hears_of(resolved, service)

    def hears_of(self, fact: Fact, service: str) -> Self:
        """A fact of another service, under the id that service gives it."""
        self._service = service
        self.when(fact, source=service)
        self._service = ""
        return self

    _service = ""

    def world(self, who: Any, source: str, identity: str) -> Any:
        return super().world(who, source, f"{self._service}/{identity}" if self._service else identity)

    def code(self) -> str:
        """Why the last command was refused."""
        return self.refusal.code if self.refusal else ""

    def waits(self) -> set[str]:
        """Who has the ball, with the first message that takes it."""
        return {f"{one.party} {one.cleared_by[0]}" for one in self.decider.waiting(self.state)}

    def cards(self) -> dict[str, Any]:
        return {one.suborder: one.card for one in self.of(SuborderReleased)}

    def states(self) -> list[str]:
        """The states of the order as they were published, which follow on each other."""
        changes = self.of(OrderStateChanged)
        assert all(one.to_state == other.from_state for one, other in pairwise(changes))
        return [one.to_state for one in changes]

    def told_again(self) -> State:
        """The state that the facts alone give."""
        state = State()
        for fact in self.facts:
            state = evolve(state, type(fact).model_validate_json(to_json(fact)))
        return state


def only_legal(desk: Desk) -> None:
    """No published state used an edge that 4.1 does not have."""
    for one in (*desk.of(OrderStateChanged), *desk.of(SuborderStateChanged)):
        assert one.to_state in LEGAL[one.from_state], (one.from_state, one.to_state)


def broken(version: int = 1, *codes: str) -> SalesforceOrderSubmitted:
    """A message that cannot be an order."""
    found = tuple(Problem(code=code, path="$.suborders", detail="No sirve") for code in codes or ("NO_SITES",))
    return SalesforceOrderSubmitted(
        parent=PARENT, version=version, order_number="00012345", executive="0055g000009AbCdAAK", violations=found
    )


def acceptance(suborder: str = SUBORDER, at: datetime = NOW) -> AcceptanceSigned:
    """A site's acceptance by signature."""
    proof = Evidence(
        basis="SIGNED",
        series=1,
        acta=doc("ACTA_ENTREGA"),
        sent_at=at,
        deadline=at,
        decided_at=at,
        calendar=CalendarUse(id="BO", version=1),
        policy=Period(n=10, unit="CALENDAR"),
        dossier_sha256=digest("dossier"),
    )
    return AcceptanceSigned(parent=PARENT, suborder=suborder, billing_group=suborder, evidence=proof)

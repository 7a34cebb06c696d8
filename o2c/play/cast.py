"""Everybody outside the services: each role answers what it is asked through the public commands, and nothing else.

Pure: facts in, replies out. The demo sends them over HTTP and Kafka, the tests hand them to the deciders.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final

from shared.contracts import acceptance, billing, intake, provisioning, testing
from shared.contracts.base import Command, Fact
from shared.contracts.common import ActivationsRequested, RegionalTicketRequested, WaitingChanged
from shared.contracts.notifications import PutContact
from shared.contracts.shapes import Doc, Money, Phase, Signature, Trigger, Window

OWNER: Final = "om-1"
STAFF: Final = {
    "INGENIERO_B2B": "ingeniero-1",
    "ACTIVACIONES": "area:activaciones",
    "CONTRATISTA": "area:contratistas",
    "NOC": "area:noc",
    "JEFE_PRODUCTO": "area:jefe_producto",
    "REGIONAL": "area:regional",
    "TIER2": "area:tier2",
    "PROJECT_MANAGER": "pm-1",
}
PROJECT_SITES: Final = 10
"""From so many sites on an order is a project (6.9)."""
SLOTS: Final = {"firmante": "Firmante", "tecnico": "Contacto técnico", "administrativo": "Contacto administrativo"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A command somebody sends: to which service, in which role, and not before when."""

    service: str
    command: Command
    role: str
    actor: str
    not_before: datetime | None = None
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Papers:
    """Documents the Ejecutivo Comercial adds in Salesforce after being told what is missing."""

    parent: str
    kinds: tuple[str, ...]


Answer = Reply | Papers


def document(kind: str, name: str, at: datetime, *, signed: bool = False, origin: str | None = None) -> Doc:
    """A document by reference; its stand-in content is its name."""
    signature = Signature(method="SCAN", valid=True, detail="firma manuscrita escaneada") if signed else None
    digest = sha256(name.encode()).hexdigest()
    return Doc(
        doc_id=name, kind=kind, ref=f"demo/{name}", sha256=digest, source="UPLOAD", at=at, signature=signature, origin=origin
    )


@dataclass
class Cast:
    """All roles of the procedure. `silent` suborders never answer the acta; the others sign after `sign_after`."""

    silent: frozenset[str] = frozenset()
    sign_after: timedelta = timedelta(days=4)
    memory: dict[tuple[str, str], dict[str, Fact]] = field(default_factory=dict)
    missing: dict[str, set[int]] = field(default_factory=dict)
    quotes: dict[str, int] = field(default_factory=dict)
    engineer_free_at: datetime | None = None

    def hear(self, service: str, aggregate: str, fact: Fact, now: datetime) -> list[Answer]:
        """What the roles do on hearing this fact."""
        known = self.memory.setdefault((service, aggregate), {})
        known[type(fact).__name__] = fact
        if isinstance(fact, WaitingChanged):
            return [answer for wait in fact.began for answer in self._on_wait(service, aggregate, wait.cleared_by[0], now)]
        act = ON_FACT.get(type(fact))
        return act(self, aggregate, fact, now) if act else []

    def _on_wait(self, service: str, aggregate: str, name: str, now: datetime) -> list[Answer]:
        act = ON_WAIT.get((service, name))
        return act(self, aggregate, now) if act else []

    def latest(self, service: str, aggregate: str, kind: type[Fact]) -> Fact:
        """The latest fact of a type that this aggregate published."""
        return self.memory[service, aggregate][kind.__name__]


def om(service: str, command: Command, not_before: datetime | None = None) -> Reply:
    """The Order Manager who owns the order."""
    return Reply(service, command, "OM", OWNER, not_before)


def received(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """An Order Manager looks, then takes the order; the EC gives the contacts that the sale lacks."""
    assert isinstance(fact, intake.OrderReceived)
    executive = fact.executive
    contacts: list[Answer] = [
        Reply(
            "notifications",
            PutContact(
                aggregate=f"{parent}:{slot}",
                ref=f"{parent}:{slot}",
                fields={
                    "name": name,
                    "email": f"{slot}.{fact.order_number}@example.com",
                    "language": fact.language,
                },
            ),
            "EC",
            executive,
        )
        for slot, name in SLOTS.items()
        if any(warning.code == "CONTACT_MISSING" for warning in fact.warnings)
    ]
    looks = om("intake", intake.ReviewOrder(aggregate=parent))
    return [*contacts, looks]


def claim(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """Looking comes before owning."""
    return [om("intake", intake.ClaimOrder(aggregate=parent))]


def check_papers(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """The owner checks the documents."""
    return [om("intake", intake.ValidateDocs(aggregate=parent))]


KINDS: Final = {
    1: "CONTRATO_FIRMADO",
    2: "RELEVAMIENTO_PREVENTA",
    3: "PROPUESTA_COMERCIAL",
    4: "ANALISIS_RENTABILIDAD",
    5: "RIESGO_CREDITICIO",
    6: "APROBACION_EXCEPCION",
    7: "SOW",
}


def bring_papers(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """The EC brings exactly what was named, and the contract summary that billing will want."""
    assert isinstance(fact, intake.DocsFoundIncomplete)
    items = {one.item for one in fact.missing}
    cast.missing[parent] = items
    kinds = tuple(KINDS[item] for item in sorted(items) if item in KINDS)
    return [Papers(parent, (*kinds, "FORMULARIO_RESUMEN_CONTRATO"))]


def papers_came(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """When the last missing document is there the owner checks again."""
    assert isinstance(fact, intake.DocumentAttached)
    open_items = cast.missing.get(parent)
    if not open_items or fact.item not in open_items:
        return []
    open_items.discard(fact.item)
    return [] if open_items else check_papers(cast, parent, fact, now)


def generate(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """With valid documents the work orders are generated."""
    return [om("intake", intake.GenerateWorkOrders(aggregate=parent))]


def assign_team(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """The owner fills every role."""
    assert isinstance(fact, intake.OrderDecomposed)
    many = len(fact.suborders) >= PROJECT_SITES
    suborders = tuple(one.suborder for one in fact.suborders)
    teams: list[Answer] = [
        om("intake", intake.AssignTeam(aggregate=parent, suborders=(one.suborder,), roles=team_of(one, many=many)))
        for one in fact.suborders
    ]
    special = tuple(one.suborder for one in fact.suborders if one.traits.non_standard)
    if special:
        roles = sorted({role for one in fact.suborders for role in team_of(one, many=many)})
        hld = document("HLD", f"HLD-{parent}", now)
        shown = intake.PresentHld(aggregate=parent, suborders=special, document=hld, at=now, presented_to=tuple(roles))
        teams.append(om("intake", shown, now + timedelta(minutes=1)))
    return teams if suborders else []


def team_of(one: intake.Decomposition, *, many: bool) -> dict[str, str]:
    """The roles the plan of a suborder needs (6.9)."""
    traits, kinds = one.traits, {order.kind for order in one.work_orders}
    needed = {
        "CONTRATISTA": traits.build != "NONE" or (traits.sdwan_ciber and bool(kinds & {"INSTALLATION", "EQUIPMENT"})),
        "NOC": traits.noc_circuit,
        "JEFE_PRODUCTO": "EQUIPMENT" in kinds,
        "REGIONAL": traits.regional,
        "TIER2": traits.tier2,
        "PROJECT_MANAGER": traits.non_standard or many,
    }
    return {role: STAFF[role] for role in ("INGENIERO_B2B", "ACTIVACIONES", *(role for role, yes in needed.items() if yes))}


def activations(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """Activaciones answers: two quotes, a service record, a billing account."""
    assert isinstance(fact, ActivationsRequested)
    if fact.kind == "QUOTES":
        offers = (("Redes del Altiplano S.R.L.", "14200.00"), ("Fibra Oriente Ltda.", "12900.00"))
        return [
            Reply(
                "intake",
                intake.SubmitQuote(
                    aggregate=parent, request_id=fact.request_id, contractor=name, total=Money(amount=Decimal(total))
                ),
                "ACTIVACIONES",
                "/activaciones",
            )
            for name, total in offers
        ]
    short = fact.request_id.replace("/", "-")[-24:]
    values = {"account": f"BBD-{short}"} if fact.kind == "BILLING_ACCOUNT" else {"service_id": f"SRV-{short}"}
    answer = intake.AnswerActivationsRequest(aggregate=parent, request_id=fact.request_id, values=values)
    return [Reply("intake", answer, "ACTIVACIONES", "/activaciones")]


def choose_quote(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """With the second quote the owner takes the cheapest."""
    assert isinstance(fact, intake.QuoteReceived)
    cast.quotes[fact.suborder] = cast.quotes.get(fact.suborder, 0) + 1
    if cast.quotes[fact.suborder] != 2:  # noqa: PLR2004 - the second of Activaciones
        return []
    return [om("intake", intake.SelectQuote(aggregate=parent, suborder=fact.suborder))]


def ticket(cast: Cast, aggregate: str, fact: Fact, now: datetime) -> list[Answer]:
    """ServiceNow opens the ticket where it was asked to answer."""
    assert isinstance(fact, RegionalTicketRequested)
    number = f"RITM{int(sha256(fact.request_id.encode()).hexdigest()[:6], 16):07d}"
    if fact.purpose == "PROVISIONING_START":
        opened: Command = intake.RecordRegionalTicket(aggregate=aggregate, suborder=fact.suborder, ticket=number)
        return [Reply("intake", opened, "REGIONAL", "/servicenow")]
    opened = testing.RecordRegionalTicket(aggregate=aggregate, ticket=number)
    return [Reply("testing", opened, "REGIONAL", "/servicenow")]


def set_phases(cast: Cast, group: str, now: datetime) -> list[Answer]:
    """The owner gives the contract's phases where the sale says *por fases* without a list."""
    phases = (
        Phase(no=1, name="Entrega", percent=Decimal("70.00"), trigger=Trigger(on="ACCEPTANCE")),
        Phase(no=2, name="Cierre", percent=Decimal("30.00"), trigger=Trigger(on="ACTIVITY", activity="ALL_SITES_ACCEPTED")),
    )
    return [om("billing", billing.SetBillingPhases(aggregate=group, phases=phases, clause="Cláusula 9.2"))]


def plan_build(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The engineer plans one link, built by the contractor."""
    executor = provisioning.Executor(kind="CONTRACTOR", name="Redes del Altiplano S.R.L.")
    item = provisioning.BuildItem(item="ENLACE-1", kind="PRIMARY_LINK", executors=(executor,))
    plan = provisioning.PlanNetworkBuild(aggregate=suborder, items=(item,))
    return [Reply("provisioning", plan, "INGENIERO_B2B", STAFF["INGENIERO_B2B"])]


def build(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The contractor builds everything that was planned."""
    started = cast.latest("provisioning", suborder, provisioning.NetworkBuildStarted)
    assert isinstance(started, provisioning.NetworkBuildStarted)
    return [
        Reply("provisioning", provisioning.CompleteBuildItem(aggregate=suborder, item=one.item), "CONTRATISTA", "/contratista")
        for one in started.items
    ]


def configure(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """Activaciones configures the network."""
    asked = cast.latest("provisioning", suborder, provisioning.LogicalConfigurationRequested)
    assert isinstance(asked, provisioning.LogicalConfigurationRequested)
    answer = intake.AnswerActivationsRequest(aggregate=suborder, request_id=asked.request_id, values={"vlan": "1204"})
    return [Reply("provisioning", answer, "ACTIVACIONES", "/activaciones")]


def circuit(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The NOC enables the virtual circuit."""
    number = int(sha256(suborder.encode()).hexdigest()[:4], 16)
    enabled = provisioning.ConfirmVirtualCircuit(aggregate=suborder, circuit_id=f"BO-FWAAS-{number:06d}")
    return [Reply("provisioning", enabled, "NOC", "/noc")]


def stock(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The Jefe de Producto finds everything in the warehouse of Santa Cruz."""
    asked = cast.latest("provisioning", suborder, provisioning.StockCheckRequested)
    assert isinstance(asked, provisioning.StockCheckRequested)
    items = tuple(
        provisioning.StockAnswer(sku=one.sku, quantity=one.quantity, available=True, warehouse="ALM-SCZ-01")
        for one in asked.items
    )
    return [Reply("provisioning", provisioning.ReportStock(aggregate=suborder, items=items), "JEFE_PRODUCTO", "/producto")]


def schedule_visit(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner agrees the window with the site."""
    window = Window.model_validate({"from": now + timedelta(hours=20), "to": now + timedelta(hours=24)})
    visit = provisioning.ScheduleTechnicalVisit(
        aggregate=suborder, window=window, site_contact=f"{suborder}:sede", access_needs="Registro en portería"
    )
    return [om("provisioning", visit)]


def visit_done(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The contractor installs."""
    done = provisioning.ReportTechnicalVisit(aggregate=suborder, outcome="COMPLETED", serials=(f"SN-{suborder[-6:]}",))
    return [Reply("provisioning", done, "CONTRATISTA", "/contratista")]


def verify_method(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The engineer asks the table for the method."""
    command = provisioning.VerifyProvisioningMethod(aggregate=suborder)
    return [Reply("provisioning", command, "INGENIERO_B2B", STAFF["INGENIERO_B2B"])]


def confirm_provisioned(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The engineer confirms the service of every item."""
    verified = cast.latest("provisioning", suborder, provisioning.ProvisioningMethodVerified)
    assert isinstance(verified, provisioning.ProvisioningMethodVerified)
    services = tuple(
        provisioning.ProvisionedService(item_id=one.item_id, service_id=f"BO-{one.item_id[-6:]}", method=one.method)
        for one in verified.methods
    )
    confirmed = provisioning.ConfirmServiceProvisioned(aggregate=suborder, services=services)
    return [Reply("provisioning", confirmed, "INGENIERO_B2B", STAFF["INGENIERO_B2B"])]


def start_internal(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The engineer begins the internal tests."""
    return [Reply("testing", testing.StartInternalTests(aggregate=suborder), "INGENIERO_B2B", STAFF["INGENIERO_B2B"])]


RUN_LETTERS: Final = {"INTERNAL": "I", "CUSTOMER": "C", "E2E": "E"}


def run_tests(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """Every item of the run that is on passes, with its evidence; then the run is closed."""
    stage = cast.latest("testing", suborder, WaitingChanged)
    prepared = cast.latest("testing", suborder, testing.AtpPrepared)
    assert isinstance(stage, WaitingChanged)
    assert isinstance(prepared, testing.AtpPrepared)
    run = stage.stage
    results = tuple(
        testing.TestResult(
            item=one.item,
            outcome="PASS",
            value="conforme",
            evidence=document("EVIDENCIA_ATP", f"{suborder}-{run}-{one.item}", now),
        )
        for one in prepared.items
        if RUN_LETTERS[run] in one.runs
    )
    recorded = testing.RecordAtpResults.model_validate({"aggregate": suborder, "run": run, "results": results})
    closed = testing.CloseTestRun.model_validate({"aggregate": suborder, "run": run})
    engineer = STAFF["INGENIERO_B2B"]
    closing = om("testing", closed) if run == "E2E" else Reply("testing", closed, "INGENIERO_B2B", engineer)
    return [Reply("testing", recorded, "INGENIERO_B2B", engineer), closing]


def agree_date(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner agrees the date with the customer, by call."""
    parent = cast.memory["testing", suborder][WaitingChanged.__name__].parent
    agreed = testing.AgreeTestDate(aggregate=suborder, date=now + timedelta(hours=20), channel="CALL", person=f"{parent}:tecnico")
    return [om("testing", agreed)]


def propose(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner asks for the session; each suborder gets an hour of its own in the engineer's agenda."""
    start = max(now + timedelta(hours=20), cast.engineer_free_at or now)
    cast.engineer_free_at = start + timedelta(hours=2)
    window = Window.model_validate({"from": start, "to": start + timedelta(hours=1)})
    session = testing.ProposeSession(
        aggregate=suborder,
        mode="ONLINE",
        window=window,
        link="https://teams.example.com/pruebas",
        engineer=STAFF["INGENIERO_B2B"],
    )
    return [om("testing", session)]


def session_asked(cast: Cast, suborder: str, fact: Fact, now: datetime) -> list[Answer]:
    """Every party but the engineer, whose agenda answers, says yes."""
    assert isinstance(fact, testing.SessionProposed)
    actors = {"REGIONAL": ("REGIONAL", "regional-1"), "TIER2": ("TIER2", "tier2-1"), "CLIENTE": ("OM", OWNER)}
    return [
        Reply(
            "testing", testing.AnswerSession(aggregate=suborder, session=fact.session, party=party, accepted=True), *actors[party]
        )
        for party in fact.parties
        if party in actors
    ]


def inform(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner sends what the customer needs for the tests."""
    return [om("testing", testing.SendTestInformation(aggregate=suborder, values={"requisitos": "Una estación con navegador"}))]


def start_customer(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner begins the session."""
    return [om("testing", testing.StartCustomerTests(aggregate=suborder))]


def deliver_kit(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """Regional hands the kit over and closes the ticket."""
    tests = cast.memory["testing", suborder]
    opened = tests.get("RegionalTicketOpened")
    released = cast.memory.get(("released", suborder), {}).get("SuborderReleased")
    number = getattr(opened, "ticket", None) or getattr(getattr(released, "card", None), "regional_ticket", "") or ""
    kit = testing.RecordDeliveryKit(
        aggregate=suborder, kit=document("DIGITAL_DELIVERY_KIT", f"DDK-{suborder}", now), ticket=number
    )
    closed = testing.CloseRegionalTicket(aggregate=suborder, ticket=number, outcome="SOLVED")
    return [Reply("testing", kit, "REGIONAL", "/servicenow"), Reply("testing", closed, "REGIONAL", "/servicenow")]


def remember_card(cast: Cast, parent: str, fact: Fact, now: datetime) -> list[Answer]:
    """Regional knows its ticket from the card."""
    assert isinstance(fact, intake.SuborderReleased)
    cast.memory.setdefault(("released", fact.suborder), {})["SuborderReleased"] = fact
    return []


def sign(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The customer signs some days later, or never answers."""
    if suborder in cast.silent:
        return []
    asked = cast.latest("acceptance", suborder, acceptance.AcceptanceRequested)
    assert isinstance(asked, acceptance.AcceptanceRequested)
    at = now + cast.sign_after
    signed = acceptance.RecordSignature(
        aggregate=suborder,
        document=document("ACTA_FIRMADA", f"acta-firmada-{suborder}-{asked.series}", at, signed=True, origin=asked.acta.doc_id),
        signer=f"{asked.parent}:firmante",
        signer_role="Gerente de Tecnología",
        signed_at=at,
        attestation="El Order Manager recibió el original firmado.",
    )
    return [om("acceptance", signed, at)]


def call(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner calls the customer about the expiry."""
    expired = cast.latest("acceptance", suborder, acceptance.AcceptanceExpired)
    called = acceptance.RecordExpiryCall(
        aggregate=suborder,
        person=f"{expired.parent}:firmante",
        at=now,
        outcome="Informado del vencimiento y del inicio de la facturación",
    )
    return [om("acceptance", called)]


def activate(cast: Cast, group: str, fact: Fact, now: datetime) -> list[Answer]:
    """Facturador BBD confirms the activation."""
    assert isinstance(fact, billing.BillingRequested)
    reference = f"ALTA-{sha256(fact.request_id.encode()).hexdigest()[:8].upper()}"
    confirmed = billing.ConfirmBillingActivation(
        aggregate=group, request_id=fact.request_id, activated_at=now, bbd_reference=reference
    )
    return [Reply("billing", confirmed, "FACTURADOR_BBD", "/bbd")]


def update_data(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """The owner updates the customer's record."""
    change = acceptance.FieldChange(field="canal_de_soporte", before=None, after="Mesa B2B")
    return [om("acceptance", acceptance.UpdateCustomerData(aggregate=suborder, changes=(change,)))]


def train(cast: Cast, suborder: str, now: datetime) -> list[Answer]:
    """A live session is set and held."""
    start = now + timedelta(hours=4)
    window = Window.model_validate({"from": start, "to": start + timedelta(hours=1)})
    material = document("INDUCCION", f"material-{suborder}", now)
    planned = acceptance.ScheduleTraining(aggregate=suborder, window=window, attendees=(f"{suborder}:sede",), material=material)
    held = acceptance.RecordTraining(aggregate=suborder, attendance=3, at=start + timedelta(hours=1))
    return [om("acceptance", planned), om("acceptance", held, start + timedelta(hours=1))]


ON_FACT: Final[dict[type[Fact], Callable[[Cast, str, Fact, datetime], list[Answer]]]] = {
    intake.OrderReceived: received,
    intake.OrderReviewed: claim,
    intake.OrderClaimed: check_papers,
    intake.DocsFoundIncomplete: bring_papers,
    intake.DocumentAttached: papers_came,
    intake.DocsValidated: generate,
    intake.OrderDecomposed: assign_team,
    intake.QuoteReceived: choose_quote,
    intake.SuborderReleased: remember_card,
    ActivationsRequested: activations,
    RegionalTicketRequested: ticket,
    testing.SessionProposed: session_asked,
    billing.BillingRequested: activate,
}
"""What a role does on a fact."""

ON_WAIT: Final[dict[tuple[str, str], Callable[[Cast, str, datetime], list[Answer]]]] = {
    ("provisioning", "PlanNetworkBuild"): plan_build,
    ("provisioning", "CompleteBuildItem"): build,
    ("provisioning", "AnswerActivationsRequest"): configure,
    ("provisioning", "ConfirmVirtualCircuit"): circuit,
    ("provisioning", "ReportStock"): stock,
    ("provisioning", "ScheduleTechnicalVisit"): schedule_visit,
    ("provisioning", "ReportTechnicalVisit"): visit_done,
    ("provisioning", "VerifyProvisioningMethod"): verify_method,
    ("provisioning", "ConfirmServiceProvisioned"): confirm_provisioned,
    ("testing", "StartInternalTests"): start_internal,
    ("testing", "CloseTestRun"): run_tests,
    ("testing", "AgreeTestDate"): agree_date,
    ("testing", "ProposeSession"): propose,
    ("testing", "SendTestInformation"): inform,
    ("testing", "StartCustomerTests"): start_customer,
    ("testing", "RecordDeliveryKit"): deliver_kit,
    ("acceptance", "RecordSignature"): sign,
    ("acceptance", "RecordExpiryCall"): call,
    ("acceptance", "UpdateCustomerData"): update_data,
    ("acceptance", "ScheduleTraining"): train,
    ("billing", "SetBillingPhases"): set_phases,
}
"""What a role does when it has the ball: the wait names the message that takes it."""

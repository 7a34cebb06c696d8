"""The story of an order as a person follows it: one Spanish line per milestone, and a table per site at the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from o2c.play.driver import Heard
from shared.calendar.calendar import LA_PAZ
from shared.contracts import acceptance, billing, intake, provisioning, testing
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised

WHO: Final = {
    "om-1": "Carla Suárez (OM)",
    "SYSTEM": "sistema",
    "ingeniero-1": "Daniel Rocha (Ingeniero B2B)",
    "/activaciones": "Activaciones",
    "/noc": "NOC",
    "/bbd": "Facturador BBD",
    "/servicenow": "Regional (ServiceNow)",
    "/contratista": "Contratista",
    "/producto": "Jefe de Producto",
}


def _list(values: Any) -> str:
    return ", ".join(map(str, values))


LINES: Final[dict[type[Fact], Callable[[Any], str]]] = {
    intake.OrderReceived: lambda f: f"Orden {f.order_number} recibida: {f.customer_name}, {len(f.suborders)} sede(s), {f.offer}",
    intake.OrderRejected: lambda f: f"Orden rechazada: {_list(one.detail for one in f.violations)}",
    intake.OrderClaimed: lambda f: "El Order Manager se apropia de la orden",
    intake.DocsFoundIncomplete: lambda f: f"Documentos faltantes: {_list(one.why.split(':')[0] for one in f.missing)}",
    intake.DocsValidated: lambda f: "Documentos validados",
    intake.OrderDecomposed: lambda f: f"Órdenes de trabajo: {sum(len(one.work_orders) for one in f.suborders)}",
    intake.QuoteSelected: lambda f: f"Cotización elegida: {f.contractor}, Bs {f.total.amount}",
    intake.SuborderReleased: lambda f: f"Suborden {f.card.suborder_number} liberada ({f.card.site.name})",
    provisioning.NetworkBuilt: lambda f: "Red construida",
    provisioning.VirtualCircuitEnabled: lambda f: f"Circuito virtual {f.circuit_id} habilitado",
    provisioning.EquipmentReserved: lambda f: f"Equipo reservado en {_list(one.warehouse for one in f.items)}",
    provisioning.TechnicalVisitCompleted: lambda f: "Visita técnica realizada",
    provisioning.ServiceProvisioned: lambda f: "Servicio aprovisionado",
    testing.InternalTestsPassed: lambda f: "Pruebas internas satisfactorias",
    testing.CustomerTestsScheduled: lambda f: "Sesión de pruebas confirmada por todas las partes",
    testing.CustomerTestsPassed: lambda f: "Pruebas con el cliente satisfactorias",
    testing.TestsPassed: lambda f: "Pruebas E2E satisfactorias: funcionando al 100%",
    acceptance.AcceptanceClockStarted: lambda f: f"Acta enviada; plazo hasta {f.deadline.astimezone(LA_PAZ):%d/%m/%Y %H:%M}",
    acceptance.AcceptanceReminderSent: lambda f: f"Recordatorio del día {_list(f.slots)} enviado",
    acceptance.AcceptanceSigned: lambda f: "El cliente firma el acta de entrega",
    acceptance.AcceptanceExpired: lambda f: "Aceptación vencida: el cliente no respondió en diez días",
    acceptance.AcceptanceExpiryNotified: lambda f: f"Aviso de vencimiento enviado, con copia a {_list(f.cc)}",
    intake.AllSitesAccepted: lambda f: "Todas las sedes aceptadas",
    billing.BillingRequested: lambda f: (
        f"Alta solicitada: fase {f.phase.no} de {f.phase.of}, {f.phase.amount.currency} {f.phase.amount.amount}"
    ),
    billing.BillingBlocked: lambda f: f"Facturación bloqueada: {_list(f.missing)}",
    billing.ServiceBillingActivated: lambda f: f"Alta confirmada en Facturador BBD: fase {f.phase}, {f.bbd_reference}",
    acceptance.TrainingDelivered: lambda f: "Capacitación realizada",
    acceptance.WelcomeKitDelivered: lambda f: f"Kit de bienvenida entregado: {_list(f.kits)}",
    acceptance.SuborderCompleted: lambda f: "Suborden completada",
    intake.OrderCompleted: lambda f: f"Orden terminada: {f.outcome}",
    FalloutRaised: lambda f: f"Problema {f.fallout_class}: {f.detail}",
}


def _sites_of(heard: Heard) -> tuple[str, ...]:
    """The suborders a fact concerns; of a billing group, its members."""
    match heard.fact:
        case billing.BillingRequested():
            return tuple(one.suborder for one in heard.fact.suborders)
        case billing.ServiceBillingActivated():
            return heard.fact.suborders
        case _:
            return (getattr(heard.fact, "suborder", "") or heard.subject,)


@dataclass
class Story:
    """Tells each milestone once, and keeps what the closing table shows."""

    console: Console
    numbers: dict[str, str] = field(default_factory=dict)
    sites: dict[str, dict[str, str]] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)

    def tell(self, heard: Heard) -> None:
        """One line, and what the table needs."""
        fact = heard.fact
        if isinstance(fact, intake.OrderReceived):
            for one in fact.suborders:
                self.numbers[one.suborder] = f"{one.suborder_number} {one.site.code}"
                self.sites[one.suborder] = {
                    "site": one.site.name,
                    "stage": "RECEIVED",
                    "evidence": "—",
                    "phases": "",
                    "trace": "",
                }
        if isinstance(fact, intake.OrderCompleted):
            self.completed.add(heard.key)
        self._remember(heard)
        line = LINES.get(type(fact))
        if line is not None:
            when = heard.at.astimezone(LA_PAZ)
            where = self.numbers.get(getattr(fact, "suborder", "") or heard.subject, "orden")
            who = WHO.get(heard.actor, heard.actor if not heard.actor.startswith(("intake", "sf/")) else "sistema")
            self.console.print(f"{when:%d/%m/%Y %H:%M}  [bold]{where:<16}[/]  {line(fact)}  [dim]{who}[/]", soft_wrap=True)

    def _remember(self, heard: Heard) -> None:
        fact = heard.fact
        for suborder in _sites_of(heard):
            if suborder in self.sites:
                self._note(self.sites[suborder], fact, heard.traceparent)

    @staticmethod
    def _note(site: dict[str, str], fact: Fact, traceparent: str) -> None:
        match fact:
            case acceptance.AcceptanceSigned():
                site["evidence"] = f"FIRMA {fact.evidence.dossier_sha256[:12]}"
            case acceptance.AcceptanceExpired():
                site["evidence"] = f"TÁCITA {fact.evidence.dossier_sha256[:12]}"
            case acceptance.SuborderCompleted():
                site["stage"] = "COMPLETADA"
            case billing.BillingRequested():
                site["trace"] = traceparent[3:35]
            case billing.ServiceBillingActivated():
                site["phases"] = f"{site['phases']} {fact.phase}:{fact.bbd_reference}".strip()
            case _:
                return

    def table(self) -> Table:
        """One row per site."""
        table = Table(title="Resultado por sede")
        for name in ("Suborden", "Sede", "Etapa", "Evidencia de aceptación", "Fases activas", "Traza"):
            table.add_column(name, overflow="fold")
        for suborder, site in self.sites.items():
            table.add_row(
                self.numbers[suborder], site["site"], site["stage"], site["evidence"], site["phases"] or "—", site["trace"] or "—"
            )
        return table

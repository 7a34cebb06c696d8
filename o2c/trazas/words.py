"""What a chain did, in the words of those who deliver: the milestones among the facts it made."""

from collections.abc import Iterable
from typing import Final

MILESTONES: Final = {
    "OrderReceived": "Orden recibida",
    "OrderRejected": "Orden rechazada",
    "OrderClaimed": "El Order Manager se apropia",
    "DocsFoundIncomplete": "Faltan documentos",
    "DocsValidated": "Documentos validados",
    "OrderDecomposed": "Órdenes de trabajo generadas",
    "QuoteSelected": "Cotización elegida",
    "SuborderReleased": "Suborden liberada",
    "NetworkBuilt": "Red construida",
    "VirtualCircuitEnabled": "Circuito virtual habilitado",
    "EquipmentReserved": "Equipo reservado",
    "TechnicalVisitCompleted": "Visita técnica realizada",
    "ServiceProvisioned": "Servicio aprovisionado",
    "InternalTestsPassed": "Pruebas internas satisfactorias",
    "CustomerTestsScheduled": "Sesión de pruebas agendada",
    "CustomerTestsPassed": "Pruebas con el cliente satisfactorias",
    "TestsPassed": "Pruebas E2E satisfactorias",
    "ReworkRequested": "Retrabajo pedido",
    "ActaPrepared": "Acta preparada",
    "AcceptanceClockStarted": "Corre el plazo de aceptación",
    "AcceptanceReminderSent": "Recordatorio enviado",
    "AcceptanceSigned": "Acta firmada",
    "AcceptanceRejected": "Acta rechazada",
    "AcceptanceExpired": "Aceptación vencida",
    "AcceptanceExpiryNotified": "Aviso de vencimiento enviado",
    "AllSitesAccepted": "Todas las sedes aceptadas",
    "BillingRequested": "Alta solicitada",
    "BillingBlocked": "Facturación bloqueada",
    "ServiceBillingActivated": "Alta confirmada",
    "CustomerDataUpdated": "Datos del cliente al día",
    "TrainingScheduled": "Capacitación agendada",
    "TrainingDelivered": "Capacitación realizada",
    "WelcomeKitDelivered": "Kit de bienvenida entregado",
    "SuborderCompleted": "Suborden completada",
    "OrderCompleted": "Orden terminada",
    "OrderHeld": "Orden en espera",
    "OrderResumed": "Orden reanudada",
    "FalloutRaised": "Problema detectado",
    "CommandRefused": "Comando rechazado",
    "NotificationSent": "Correo enviado",
    "DeliveryDeferred": "Correo postergado",
    "NotificationFailed": "Correo fallido",
    "TaskEscalated": "Tarea escalada",
}
SMALL: Final = frozenset({"WaitingChanged", "FactKept"})
"""Made with almost every other fact: said only where a chain made nothing else."""


def told(facts: Iterable[str]) -> list[str]:
    """Milestones in the order made, each once; other facts are counted."""
    found = list(facts)
    said = list(dict.fromkeys(MILESTONES[one] for one in found if one in MILESTONES))
    rest = len({one for one in found if one not in MILESTONES and one not in SMALL})
    more = [f"{rest} hecho{'s' if rest > 1 else ''} {'más' if said else 'de trámite'}"] if rest else []
    return said + more or (["Anotado para después"] if found else [])

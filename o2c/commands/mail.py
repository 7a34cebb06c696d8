"""`o2c mail preview`: a mail as it would be read, with sample values."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from services.notifications.adapters.render import FOLDER, Rendered, render
from shared.contracts.common import NotificationRequested
from shared.contracts.contacts import ContactRecord
from shared.contracts.shapes import AskedBy, Doc, Recipient

app: Final = typer.Typer(add_completion=False, help="Correos: ver una plantilla con valores de ejemplo.", no_args_is_help=True)

SUBJECT: Final = ".subject.txt"
REF: Final = "8015g00000AbC01AAF:firmante"
VALUES: Final = {
    "orden": "00012345",
    "suborden": "00012346",
    "cliente": "Banco Ejemplo S.A.",
    "sede": "Edificio Central (LPZ-001), La Paz",
    "productos": "FWAAS-GEST-M, SDWAN-100",
}
MORE: Final[dict[str, dict[str, str]]] = {
    "ORDEN_RECHAZADA": {
        "motivos": "$.order.TaxId__c: El NIT no tiene la forma esperada.\n$.suborders[1].items: La suborden no tiene ítems."
    },
    "ORDEN_DEVUELTA": {"motivos": "CLIENTE_FUERA_DE_ALCANCE El cliente se atiende en otro segmento."},
    "DOCUMENTOS_FALTANTES": {"faltantes": "3. Propuesta comercial\n5. Respaldo de riesgo crediticio"},
    "SOLICITUD_ACTIVACIONES": {
        "solicitud": "Configuración lógica",
        "referencia": "CORP.SOL-PRO.1338 paso 6",
        "vence_el": "2026-12-01T14:00:00Z",
    },
    "CONSULTA_STOCK": {"equipos": "1 CPE-SDW-M, 2 FW-100F"},
    "VISITA_TECNICA": {"contratista": "Redes del Sur S.R.L.", "desde": "2026-12-02T13:00:00Z", "hasta": "2026-12-02T17:00:00Z"},
    "INVITACION_PRUEBAS": {"modalidad": "ONLINE", "enlace": "https://teams.example.com/reunion/42"},
    "INFORMACION_PRUEBAS": {"desde": "2026-12-04T14:00:00Z", "requisitos": "Una computadora en la red de la sede"},
    "PRUEBA_FALLIDA": {"corrida": "E2E", "items": "ATP-07", "causa": "CONFIGURACION", "falla": "1"},
    "ALTA_REALIZADA": {"referencia": "BBD-2026-004411"},
    "SOLICITUD_ALTA": {
        "fase": "1 Entrega (70.00 %)",
        "cuenta": "BBD-4471902",
        "monto": "BOB 6457.50",
        "solicitud": "8015g00000AbC02AAF/1",
    },
    "DATOS_ACTUALIZADOS": {"campos": "contacto técnico, dirección de instalación"},
    "INVITACION_CAPACITACION": {"fecha": "18/12/2026 10:00", "hasta": "18/12/2026 11:00"},
    "WELCOME_KIT": {"kits": "KIT-FWAAS", "idioma": "español"},
    "ESCALAMIENTO": {"motivo": "Activaciones no respondió en 24 horas.", "tarea": "Cotización"},
    "PLAZO_MODIFICADO": {"plazo_anterior": "11/12/2026 16:30"},
    "RECHAZO_DESESTIMADO": {"motivos": "La prueba observada no es parte del ATP acordado."},
    "ACEPTACION_VENCIDA": {
        "enviada_el": "27/11/2026 16:30",
        "consecuencia": "El plazo terminó sin respuesta: el servicio se da por aceptado y será activado para su facturación.",
    },
}
TERM: Final = {
    "plazo": "07/12/2026 16:30 (hora de Bolivia)",
    "consecuencia": "Si hasta ese momento no recibimos el acta firmada ni un rechazo, "
    "el servicio se dará por aceptado y comenzará su facturación.",
}
WITH_TERM: Final = frozenset(
    {"ACTA_ENTREGA", "RECORDATORIO_ACTA", "ACEPTACION_VENCIDA", "RECHAZO_DESESTIMADO", "PLAZO_MODIFICADO"}
)
WITH_ACTA: Final = frozenset({"ACTA_ENTREGA", "RECORDATORIO_ACTA", "ACEPTACION_VENCIDA"})


def templates() -> list[str]:
    """Names of all mails."""
    return sorted(path.name.removesuffix(SUBJECT) for path in FOLDER.glob(f"*{SUBJECT}"))


def example(template: str) -> NotificationRequested:
    """A request of this mail with values as its service would give them."""
    values = VALUES | (TERM if template in WITH_TERM else {}) | MORE.get(template, {})
    acta = Doc(
        doc_id="acta-1",
        kind="ACTA_ENTREGA",
        title="Acta de entrega 00012346.pdf",
        ref="actas/8015g00000AbC02AAF/1",
        sha256="0" * 64,
        at=datetime(2026, 11, 27, 20, 30, tzinfo=UTC),
    )
    return NotificationRequested(
        parent="8015g00000AbC01AAF",
        template=template,
        purpose="preview",
        to=(Recipient(role="CLIENTE", ref=REF),),
        values=values,
        attachments=(acta,) if template in WITH_ACTA else (),
        asked_by=AskedBy(service="acceptance", aggregate="8015g00000AbC02AAF"),
    )


def preview_of(template: str) -> Rendered:
    """The mail with sample values."""
    return render(example(template), {REF: ContactRecord(ref=REF, kind="contact", name="Jorge Vaca Suárez")})


@app.callback()
def mail() -> None:
    """Correos: ver una plantilla con valores de ejemplo."""


@app.command()
def preview(
    template: Annotated[str, typer.Argument(help="Nombre de la plantilla, por ejemplo ACTA_ENTREGA.")],
    html: Annotated[Path | None, typer.Option(help="Archivo donde guardar la versión HTML.")] = None,
) -> None:
    """Muestra un correo con valores de ejemplo."""
    if template not in templates():
        print(f"No existe la plantilla {template}. Hay: {', '.join(templates())}")
        raise typer.Exit(2)
    rendered = preview_of(template)
    print(f"Asunto: {rendered.subject}\n\n{rendered.text}")
    if html is not None:
        html.write_text(rendered.html, encoding="utf-8")
        print(f"HTML guardado en {html}")

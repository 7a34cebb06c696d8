"""`o2c mail preview`: a mail as it would be read, with sample values."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from services.notifications.adapters.render import FOLDER, Rendered, render
from shared.contracts.common import NotificationRequested
from shared.contracts.contacts import ContactRecord
from shared.contracts.shapes import AskedBy, Doc, Invite, Recipient, Window

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
        "motivos": "- El NIT no tiene la forma esperada. ($.order.TaxId__c)\n"
        "- La suborden 00012347 no tiene ítems. ($.suborders[0])"
    },
    "ORDEN_DEVUELTA": {"motivos": "Cliente fuera de alcance: El cliente se atiende en otro segmento."},
    "DOCUMENTOS_FALTANTES": {"faltantes": "3. propuesta comercial\n5. respaldo de riesgo crediticio"},
    "SOLICITUD_ACTIVACIONES": {
        "solicitud": "Configuración lógica",
        "referencia": "CORP.SOL-PRO.1338 paso 6",
        "vence_el": "2026-12-01T14:00:00Z",
    },
    "CONSULTA_STOCK": {"equipos": "1 CPE-SDW-M, 2 FW-100F"},
    "VISITA_TECNICA": {
        "contratista": "Redes del Sur S.R.L.",
        "visita": "1",
        "desde": "2026-12-04T14:00:00Z",
        "hasta": "2026-12-04T16:00:00Z",
        "accesos": "Registro en portería",
    },
    "INVITACION_PRUEBAS": {"modalidad": "ONLINE", "enlace": "https://teams.example.com/reunion/42"},
    "INFORMACION_PRUEBAS": {
        "modalidad": "ONLINE",
        "desde": "2026-12-04T14:00:00Z",
        "requisitos": "Una computadora en la red de la sede",
    },
    "PRUEBA_FALLIDA": {"corrida": "E2E", "items": "SD-01, SD-04", "causa": "configuración lógica", "falla": "1"},
    "ALTA_REALIZADA": {"referencia": "BBD-2026-004411"},
    "SOLICITUD_ALTA": {
        "fase": "1 de 2, Entrega (70,00 %)",
        "cuenta": "BBD-4471902",
        "monto": "Bs 6.457,50",
        "solicitud": "8015g00000AbC02AAF/1",
        "vence_el": "2026-12-01T14:00:00Z",
    },
    "DATOS_ACTUALIZADOS": {"campos": "contacto_tecnico, canal_de_soporte"},
    "INVITACION_CAPACITACION": {"fecha": "04/12/2026 10:00", "hasta": "04/12/2026 12:00"},
    "WELCOME_KIT": {"kits": "KIT-FWAAS, KIT-SDWAN", "idioma": "español"},
    "ESCALAMIENTO": {"motivo": "Activaciones superó el plazo de la solicitud de cotizaciones."},
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


ABOUT_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "ORDEN_RECHAZADA": ("orden",),
    **dict.fromkeys(("ORDEN_DEVUELTA", "DOCUMENTOS_FALTANTES", "ALTA_REALIZADA", "SOLICITUD_ALTA"), ("orden", "cliente")),
}
"""What mails say of the parent order or billing group that they are about; the others name the site."""
WITH_INVITE: Final = frozenset({"INVITACION_PRUEBAS", "INVITACION_CAPACITACION", "VISITA_TECNICA"})
MEETING: Final = Window.model_validate(
    {"from": datetime(2026, 12, 4, 14, 0, tzinfo=UTC), "to": datetime(2026, 12, 4, 16, 0, tzinfo=UTC)}
)


def templates() -> list[str]:
    """Names of all mails."""
    return sorted(path.name.removesuffix(SUBJECT) for path in FOLDER.glob(f"*{SUBJECT}"))


def example(template: str) -> NotificationRequested:
    """A request of this mail with values as its service would give them."""
    known = {name: VALUES[name] for name in ABOUT_ORDER.get(template, tuple(VALUES))}
    values = known | (TERM if template in WITH_TERM else {}) | MORE.get(template, {})
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
        invite=Invite(window=MEETING) if template in WITH_INVITE else None,
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

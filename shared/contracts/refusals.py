"""Every refusal code with its HTTP status and the Spanish sentence that says what to do (`facts.md` section 13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """HTTP status and sentence of a code; `{names}` are filled from the refusal's details."""

    status: int
    sentence: str


def _all(status: int, sentences: Mapping[str, str]) -> dict[str, Refusal]:
    return {code: Refusal(status, sentence) for code, sentence in sentences.items()}


REFUSALS: Final[dict[str, Refusal]] = {
    "UNKNOWN_ORDER": Refusal(404, "No existe la orden {order}. Verifique el número."),
    **_all(
        403,
        {
            "ROLE_NOT_ALLOWED": "Su rol no permite {command}. Pida a quien corresponda que lo haga.",
            "NOT_OWNER": "La orden es de {owner}. Pida que la haga su dueño o que se la reasignen.",
        },
    ),
    **_all(
        409,
        {
            "WRONG_STAGE": "{command} no corresponde en la etapa actual ({stage}). Revise el estado de la orden.",
            "STALE_VERSION": "La orden cambió mientras tanto (versión {version}). Vuelva a abrirla.",
            "ON_HOLD": "La orden está en espera: {reason}. Reanúdela primero.",
            "ALREADY_CLAIMED": "{owner} ya se apropió de la orden.",
            "ALREADY_HELD": "La suborden ya está en espera.",
            "NOT_HELD": "La suborden no está en espera.",
            "ALREADY_RELEASED": "La suborden ya fue liberada; no se puede cancelar aquí.",
            "PAST_ACCEPTANCE": "La suborden ya fue aceptada; no se puede dar por fallida.",
            "QUOTE_CLOSED": "Ya se eligió una cotización.",
            "ACCEPTANCE_CLOSED": "La aceptación de esta acta ya está cerrada. Revise la historia de la suborden.",
            "KIT_ALREADY_SENT": "El kit de bienvenida ya fue entregado.",
            "ALREADY_SENT": "El correo ya fue enviado.",
            "PHASES_ALREADY_AGREED": "Las fases de facturación ya están acordadas.",
            "NOT_REFUSED": "La solicitud no fue rechazada; no hay nada que reenviar.",
            "VERSION_CONFLICT": "Llegó la misma versión con otro contenido. Pida una versión nueva.",
            "AMENDMENT_RECEIVED": "La venta cambió después de la liberación. Decida qué se hace y ciérrelo a mano.",
        },
    ),
    **_all(
        422,
        {
            "UNKNOWN_STAFF": "No se conoce al usuario {staff} en el rol {role}.",
            "KEY_REUSED": "Esa clave ya se usó para otro pedido. Use una clave nueva.",
            "INVALID_FIELDS": "Revise los campos: {paths}.",
            "PERSONAL_DATA": "El texto contiene un correo, teléfono o NIT. Quítelo.",
            "REASON_REQUIRED": "Indique el motivo.",
            "UNKNOWN_TASK": "No existe la tarea {key}.",
            "UNKNOWN_FALLOUT": "No existe el problema {fallout}.",
            "SKIP_NOT_ALLOWED": "Sólo el Supervisor de Order Managers puede omitir el paso.",
            "SEGMENT_OUT_OF_SCOPE": "El segmento {label} no se atiende aquí.",
            "NO_SITES": "La orden no tiene sedes.",
            "DUPLICATE_SITE": "La sede {site} está repetida.",
            "ORPHAN_SUBORDER": "La suborden {suborder} es de otra orden padre.",
            "SITE_COUNT_MISMATCH": "Se declararon {declared} subórdenes y llegaron {found}.",
            "SUBORDER_SITE_COUNT": "La suborden {suborder} debe tener exactamente una sede.",
            "NO_ITEMS": "La suborden {suborder} no tiene ítems.",
            "ITEM_COUNT_MISMATCH": "Se declararon {declared} ítems y llegaron {found}.",
            "PHASES_NOT_100": "Los porcentajes de las fases suman {total}, deben sumar 100,00.",
            "NIT_INVALID": "El NIT no tiene la forma esperada.",
            "RATE_MISSING": "Falta el tipo de cambio y su fecha.",
            "ORDER_NOT_ACTIVATED": "La orden no está activada en Salesforce.",
            "ORDER_TYPE_OUT_OF_SCOPE": "El tipo de orden {label} no se atiende aquí.",
            "ACTION_OUT_OF_SCOPE": "La acción {label} no se atiende aquí.",
            "DUPLICATE_ID": "El id {id} está repetido.",
            "REQUIRED_FIELD": "Falta el campo {path}.",
            "FIELD_INVALID": "El campo {path} no es válido.",
            "LABEL_UNKNOWN": "No se conoce el valor {label}.",
            "GROUP_SITE_UNKNOWN": "El grupo nombra la sede {site}, que no está en la orden.",
            "GROUP_SITE_TWICE": "La sede {site} está en dos grupos.",
            "ORDER_NOT_REVIEWED": "Abra primero el cliente y la oferta de esta versión de la orden.",
            "NOT_HOMOLOGATED": "La orden tiene productos no homologados ({items}); sólo se puede devolver.",
            "UNKNOWN_DOCUMENT_KIND": "No se conoce el tipo de documento {kind}.",
            "DOCUMENT_UNKNOWN": "No se guardó el documento {document}. Cárguelo en /v1/documents y envíe el Doc que responde.",
            "EMPTY_FILE": "El archivo está vacío.",
            "HASH_MISMATCH": "El archivo no coincide con su huella SHA-256. Vuelva a cargarlo.",
            "DOCS_NOT_VALID": "Valide primero los documentos de la orden.",
            "TOO_FEW_QUOTES": "Faltan cotizaciones: hay {found} de {needed}.",
            "UNKNOWN_QUOTE": "No existe la cotización {quote}.",
            "UNKNOWN_REQUEST": "No existe la solicitud {request}.",
            "REGIONAL_NOT_EXPECTED": "Esta suborden no lleva ticket de Regional.",
            "ROLE_NOT_IN_PLAN": "El rol {role} no está en el plan.",
            "TEAM_NOT_ASSIGNED": "Asigne primero el equipo de trabajo: falta {roles}.",
            "HLD_NOT_APPLICABLE": "Esta suborden no requiere presentar el HLD.",
            "HLD_AUDIENCE_INCOMPLETE": "Faltan en la presentación del HLD: {roles}.",
            "CHANNEL_NOT_ALLOWED": "Por correo sólo cuenta para el segmento Negocio; cárguelo en Salesforce.",
            "CERTIFICATE_NOT_IN_SALESFORCE": "El certificado de aprobación sólo cuenta si está en Salesforce.",
            "EXECUTOR_NOT_ALLOWED": "Esta operación no permite el ejecutor {executor}.",
            "JOINT_NEEDS_TWO": "Una construcción conjunta necesita al menos dos ejecutores.",
            "UNKNOWN_BUILD_ITEM": "No existe el ítem de construcción {item}.",
            "CIRCUIT_NOT_EXPECTED": "Esta suborden no lleva circuito virtual.",
            "CIRCUIT_NOT_ENABLED": "El NOC aún no habilitó el circuito virtual.",
            "UNKNOWN_SKU": "No se pidió el equipo {sku}.",
            "WAREHOUSE_REQUIRED": "Indique el almacén del equipo {sku}.",
            "VISIT_NOT_APPLICABLE": "Esta suborden no lleva visita técnica.",
            "VISIT_NOT_SCHEDULED": "Programe primero la visita técnica.",
            "STOCK_NOT_CHECKED": "Falta la respuesta de stock del Jefe de Producto.",
            "WINDOW_IN_PAST": "La fecha ya pasó. Elija otra.",
            "NO_RULE_ROW": "La tabla no tiene una fila para: {detail}. Corrija el dato o agregue la fila.",
            "METHOD_NOT_VERIFIED": "Verifique primero el método de aprovisionamiento.",
            "INTERNAL_TESTS_PENDING": "Primero deben pasar las pruebas internas.",
            "DATE_NOT_AGREED": "Acuerde primero la fecha con el cliente.",
            "PARTIES_PENDING": "Falta la confirmación de: {parties}.",
            "ENGINEER_BUSY": "El ingeniero tiene otra sesión en ese horario.",
            "UNKNOWN_SESSION": "No existe la sesión {session}.",
            "INFORMATION_NOT_SENT": "Falta enviar al cliente la información de las pruebas.",
            "REGIONAL_TICKET_MISSING": "Falta el ticket de ServiceNow con Regional.",
            "UNKNOWN_TICKET": "No existe el ticket {ticket}.",
            "KIT_NOT_EXPECTED": "Esta suborden no lleva Digital Delivery Kit.",
            "UNKNOWN_ATP_ITEM": "No existe el ítem de prueba {item}.",
            "EVIDENCE_REQUIRED": "Falta la evidencia de {item}.",
            "RESULTS_INCOMPLETE": "Faltan resultados de: {items}.",
            "CAUSE_REQUIRED": "Indique la causa de la falla.",
            "SIGNER_INCOMPLETE": "Complete firmante, cargo y fecha; una firma escaneada necesita constancia.",
            "SIGNATURE_INVALID": "La firma electrónica no es válida: {detail}.",
            "ACTA_MISMATCH": "La firma no es del acta vigente tal como se envió. Registre el mismo archivo, firmado.",
            "NO_OPEN_REJECTION": "No hay un rechazo abierto.",
            "DISMISSAL_NEEDS_GI": "Una segunda desestimación la decide el Gerente de Ingeniería.",
            "UNKNOWN_REDATING": "No hay un cambio de plazo propuesto para ese calendario.",
            "DECREE_REQUIRED": "Indique el decreto y su fecha de publicación.",
            "TRAINING_NOT_REQUIRED": "Esta suborden no requiere capacitación en vivo.",
            "ATTENDANCE_REQUIRED": "Indique cuántas personas asistieron.",
            "NO_ACCEPTANCE_EVIDENCE": "Falta la firma o el vencimiento del plazo de aceptación.",
            "EXPIRY_NOT_NOTIFIED": "Falta el aviso de vencimiento al cliente con sus copias.",
            "OPEN_REJECTION": "Hay un rechazo abierto.",
            "DOCS_REOPENED": "Los documentos deben validarse de nuevo.",
            "ATTACHMENT_MISSING": "Falta el adjunto {kind}.",
            "APPROVER_MISMATCH": "El aprobador {named} no es el que corresponde ({expected}).",
            "BILLING_ACCOUNT_MISSING": "Activaciones aún no preparó la cuenta de facturación.",
            "PHASES_MISSING": "Defina las fases de facturación del contrato.",
            "PRE_ACCEPTANCE_NOT_AGREED": "El contrato no permite facturar antes de la aceptación.",
            "PHASE_NOT_REQUESTED": "Esa fase no está solicitada.",
            "ADDRESS_MISSING": "Falta la dirección de correo de {to}.",
            "CC_ADDRESS_MISSING": "Falta la dirección de una copia obligatoria, de {cc}.",
            "DEADLINE_TEXT_MISSING": "El correo del acta no dice el plazo o su consecuencia.",
            "TOO_LATE_TO_SEND": "Ya pasó la hora límite de envío.",
            "REFUSED_BY_SERVER": "El servidor de correo rechazó el mensaje.",
            "RETRIES_EXHAUSTED": "Se agotaron los intentos de envío.",
            "UNKNOWN_MESSAGE": "No existe el mensaje.",
            "TOTAL_MISMATCH": "El total dice {declared} y los ítems suman {found}.",
            "HOMOLOGADO_DIFFERS": "Salesforce dice que el producto {homologado} homologado; según la regla {ours}.",
            "PHONE_FORMAT": "El teléfono no tiene la forma +591 y ocho dígitos.",
            "CONTACT_MISSING": "Falta el contacto {role} del cliente, o su correo.",
            "SHORTAGE": "Falta stock de {items}. Indique otro almacén o equipo, o la fecha esperada.",
            "COMMERCIAL_DISPUTE": "Hay una disputa comercial abierta. La resuelve el Ejecutivo Comercial.",
            "BILLING_REFUSED": "La facturación fue rechazada ({code}). Corrija la causa y reenvíe la solicitud.",
            "ORDER_INCOMPLETE": "La orden no llegó completa: {missing}. Pida a Salesforce que la reenvíe.",
            "GAP": "Salesforce avisó un cambio sin decir cuál. Pida que reenvíe los registros o confírmelos.",
            "TICKET_NOT_SOLVED": "El ticket {ticket} se cerró sin solución ({outcome}). Pida a Regional que lo resuelva.",
            "FAILED_AFTER_REQUEST": "La suborden se dio por fallida con una fase ya solicitada. Acuérdelo con Facturador BBD.",
            "EFFECT_FAILED": "Se agotaron los intentos de {key} ({code}). Corrija la causa y reintente.",
            "RULE_OVERLAP": "Dos filas de la tabla se superponen.",
            "RULE_CYCLE": "La facturación no puede esperar una actividad posterior a ella.",
        },
    ),
}
"""A code is stable for ever; its sentence may be improved."""


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence(code: str, details: Mapping[str, object]) -> str:
    """The Spanish sentence of a code, filled with what is known."""
    known = REFUSALS.get(code)
    return known.sentence.format_map(_Blank(details)) if known else code

"""Mails as people read them: Jinja2 templates in es-BO, plain text and HTML, with the names filled in at the last moment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.contracts.common import NotificationRequested
from shared.contracts.contacts import ContactRecord
from shared.contracts.shapes import Window

FOLDER: Final = Path(__file__).parents[1] / "templates"
LA_PAZ: Final = ZoneInfo("America/La_Paz")
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})", re.ASCII)
BLANKS: Final = re.compile(r"\n{3,}")
REF: Final = "ref:"
TERM: Final = ("plazo", "consecuencia")
PERSONAL: Final = ("name", "email", "phone", "street")
WORDS: Final = {
    "INTERNAL": "pruebas internas",
    "CUSTOMER": "pruebas con el cliente",
    "E2E": "pruebas E2E",
    "ONLINE": "en línea (Teams)",
    "ON_SITE": "en las oficinas del cliente",
}
NAMES: Final = {
    "orden": "Orden",
    "suborden": "Suborden",
    "cliente": "Cliente",
    "sede": "Sede",
    "productos": "Productos",
    "plazo": "Plazo",
    "plazo_anterior": "Plazo anterior",
    "enviada_el": "Acta enviada el",
    "solicitud": "Solicitud",
    "vence_el": "Vence",
    "equipos": "Equipos",
    "modalidad": "Modalidad",
    "enlace": "Enlace",
    "desde": "Desde",
    "hasta": "Hasta",
    "fecha": "Fecha",
    "items": "Ítems",
    "corrida": "Corrida",
    "falla": "Falla n.º",
    "campos": "Datos actualizados",
    "monto": "Monto",
    "contacto": "Contacto en la sede",
    "telefono": "Teléfono",
    "direccion": "Dirección",
    "accesos": "Requisitos de ingreso",
    "visita": "Visita n.º",
    "contacto_tecnico": "Contacto técnico",
    "correo": "Correo electrónico",
    "nit": "NIT",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three texts."""

    subject: str
    text: str
    html: str


def label(name: str) -> str:
    """How a value is called in a mail."""
    return NAMES.get(name, name.replace("_", " ").capitalize())


def labels(names: str) -> str:
    """How several are called in a sentence: `contacto técnico, dirección`."""
    called = (label(name.strip()) for name in names.split(","))
    return ", ".join(one if one.isupper() else one[:1].lower() + one[1:] for one in called)


def appointment(window: Window) -> str:
    """When a meeting is, in local time: `el 25/11/2026 de 06:03 a 10:03 (hora de Bolivia)`."""
    start, end = window.start.astimezone(LA_PAZ), window.end.astimezone(LA_PAZ)
    if start.date() == end.date():
        return f"el {start:%d/%m/%Y} de {start:%H:%M} a {end:%H:%M} (hora de Bolivia)"
    return f"del {start:%d/%m/%Y %H:%M} al {end:%d/%m/%Y %H:%M} (hora de Bolivia)"


_environment: Final = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["rotulo"] = label
_environment.filters["rotulos"] = labels


def render(request: NotificationRequested, people: Mapping[str, ContactRecord]) -> Rendered:
    """The mail of a request. A template's text uses what it is given; a value it needs and lacks is an error."""
    values = {name: readable(filled(value, people)) for name, value in request.values.items() if value}
    to = [people[one.ref].name for one in request.to if one.ref in people and people[one.ref].name]
    context = {
        "v": values,
        "orden": values.get("orden") or request.parent,  # a refused order may have no readable number
        "saludo": to[0] if len(to) == 1 else "",
        "cita": appointment(request.invite.window) if request.invite else "",
        "adjuntos": [one.title or label(one.kind.lower()) for one in request.attachments],
    }
    subject = " ".join(_environment.get_template(f"{request.template}.subject.txt").render(context).split())
    text = _environment.get_template(f"{request.template}.txt").render(context)
    html = _environment.get_template(f"{request.template}.html").render(context | {"titulo": subject})
    return Rendered(subject, BLANKS.sub("\n\n", text).strip() + "\n", html)


def filled(value: str, people: Mapping[str, ContactRecord]) -> str:
    """A `ref:` value is the contact's name, or the field after a slash: `ref:8015…:sede/phone`."""
    if not value.startswith(REF):
        return value
    ref, _, field = value.removeprefix(REF).partition("/")
    person = people.get(ref)
    found = getattr(person, field or "name", None) if field in {"", *PERSONAL} else None
    return str(found or "")


def refs_of(request: NotificationRequested) -> set[str]:
    """The contacts that a mail's values name."""
    named = (value.removeprefix(REF).partition("/")[0] for value in request.values.values() if value.startswith(REF))
    return set(named)


def readable(value: str) -> str:
    """A code as words, an instant as the local time; anything else as it is."""
    if INSTANT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(LA_PAZ):%d/%m/%Y %H:%M} (hora de Bolivia)"
    return WORDS.get(value, value)


def states_the_term(request: NotificationRequested, rendered: Rendered) -> bool:
    """Whether the acta's mail says, in both forms, until when to answer and what follows from silence (14.1)."""
    plain_html = " ".join(unescape(re.sub(r"<[^>]+>", " ", rendered.html)).split())
    plain_text = " ".join(rendered.text.split())
    wanted = [" ".join(request.values.get(name, "").split()) for name in TERM]
    return all(one and one in plain_text and one in plain_html for one in wanted)

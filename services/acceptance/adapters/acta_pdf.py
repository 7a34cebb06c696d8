"""The acta de entrega as PDF/A in Spanish, rendered by typst and stored write-once under its own hash."""

import asyncio
import json
from datetime import datetime
from hashlib import sha256
from typing import Any

import typst
from obstore.exceptions import AlreadyExistsError

from shared.contracts.acceptance import RecordActaRendered
from shared.contracts.shapes import Doc
from shared.messaging.effects import Task
from shared.objects import store_of

PAGE = """
#set page(paper: "a4", margin: 2.2cm)
#set text(lang: "es", size: 10pt)
#set document(title: "Acta de entrega", date: none)
#let d = json(bytes(sys.inputs.content))
#align(center)[#text(size: 16pt, weight: "bold")[Acta de entrega del servicio]]
#v(0.6em)
#table(columns: (4cm, 1fr), stroke: 0.4pt,
  [Cliente], [#d.customer], [Orden / suborden], [#d.order / #d.suborder], [Sede], [#d.site],
  [Productos], [#d.products.map(p => p.at(0)).join(", ")],
  [Servicios], [#d.services.map(s => s.at(0)).join(", ")], [Circuito virtual], [#if d.circuit == "" [—] else [#d.circuit]])
== Resultados de las pruebas (#d.atps.join(", "))
#table(columns: (auto, auto, auto, 1fr, auto), stroke: 0.4pt, [*Ítem*], [*Corrida*], [*Resultado*], [*Valor*], [*Intento*],
  ..d.results.map(r => r.map(c => [#c])).flatten())
#if d.skipped.len() > 0 [Pasos omitidos con motivo: #d.skipped.join(", ")]
== Plazo de aceptación
Tiene hasta el *#d.deadline* para firmar o rechazar esta acta. #d.consequence
#v(3em)
#table(columns: (1fr, 1fr), stroke: none, align: center, [\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_ \\ Por el cliente], [\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_ \\ Por Tigo Business])
"""


def render(content: dict[str, Any]) -> bytes:
    """The acta as PDF/A-2b."""

    pdf: bytes = typst.compile(
        PAGE.encode(), format="pdf", sys_inputs={"content": json.dumps(content, ensure_ascii=False)}, pdf_standards="a-2b"
    )
    return pdf


async def render_acta(task: Task) -> RecordActaRendered:
    """Renders and stores the acta; the same acta is never written twice."""
    revision = int(task.effect.args["revision"])
    data = await asyncio.to_thread(render, dict(task.effect.args["content"]))
    path = f"actas/{task.po}/{task.aggregate}/{task.effect.key.replace('/', '-')}.pdf"
    store = store_of(task.settings.objects.url)
    try:
        await store.put_async(path, data, mode="create")
    except AlreadyExistsError:
        data = bytes(await (await store.get_async(path)).bytes_async())
    return RecordActaRendered(aggregate=task.aggregate, revision=revision, acta=_doc(path, data, task.now))


def _doc(path: str, data: bytes, at: datetime) -> Doc:
    return Doc(
        doc_id=path.removeprefix("actas/"), kind="ACTA_ENTREGA", ref=path, sha256=sha256(data).hexdigest(), source="UPLOAD", at=at
    )

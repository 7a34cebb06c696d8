"""The acta de entrega as PDF/A-2b in Spanish, set by typst and stored write-once."""

import asyncio
import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import typst
from obstore.exceptions import AlreadyExistsError

from shared.contracts.acceptance import RecordActaRendered
from shared.contracts.shapes import Doc
from shared.messaging.effects import Task
from shared.objects import store_of

PAGE: Final = Path(__file__).parent / "acta.typ"


def pdf_of(content: dict[str, Any], at: datetime) -> bytes:
    """The acta as PDF/A-2b, dated; same content and moment, same file."""
    told = {"content": json.dumps(content, ensure_ascii=False, sort_keys=True)}
    dated = int(at.timestamp())
    return bytes(
        typst.compile(PAGE, format="pdf", sys_inputs=told, pdf_standards="a-2b", ignore_system_fonts=True, timestamp=dated)
    )


async def render(task: Task) -> RecordActaRendered:
    """Renders and stores; an acta that is there already, after a kill, is answered as it is."""
    args = task.effect.args
    series, revision = int(args["series"]), int(args["revision"])
    path = f"documents/{task.po}/actas/{task.aggregate}-{series}-{revision}.pdf"
    file = await asyncio.to_thread(pdf_of, dict(args["content"]), task.now)
    store = store_of(task.settings.objects.url)
    try:
        await store.put_async(path, file, mode="create")
    except AlreadyExistsError:
        found = await store.get_async(path)
        file = bytes(await found.bytes_async())
    acta = Doc(
        doc_id=f"{task.aggregate}/acta/{series}/{revision}",
        kind="ACTA_ENTREGA",
        title=f"Acta de entrega {args['content']['acta']}.pdf",
        ref=path,
        sha256=sha256(file).hexdigest(),
        version=revision,
        at=task.now,
    )
    return RecordActaRendered(aggregate=task.aggregate, revision=revision, acta=acta)

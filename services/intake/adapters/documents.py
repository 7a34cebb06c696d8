"""Salesforce files: fetched by their reference and stored once; a demo without files stores the title instead."""

from hashlib import sha256

import httpx2

from shared import objects, uploads
from shared.contracts.base import Command
from shared.contracts.intake import RecordDocumentStored
from shared.contracts.shapes import Doc
from shared.messaging.effects import Task


class TooLargeError(Exception):
    """A file beyond what is stored."""


async def store(task: Task) -> Command:
    """StoreDocument {doc}: only what its hash vouches for is stored; another hash is reported and judged (2.8)."""
    doc = Doc.model_validate(task.effect.args["doc"])
    content = await content_of(doc, task.settings.objects.documents_url)
    digest = sha256(content).hexdigest()
    if doc.hash_of == "REFERENCE" or digest == doc.sha256:
        await objects.put_once(task.settings.objects.url, doc.ref, content)
        stored = doc.model_copy(update={"sha256": digest, "hash_of": "CONTENT"})
        await uploads.vouch(task.settings.objects.url, stored)
    return RecordDocumentStored(aggregate=task.aggregate, doc_id=doc.doc_id, sha256=digest)


async def content_of(doc: Doc, documents_url: str | None) -> bytes:
    """The file's bytes; without a configured address its title as UTF-8, the stand-in of the samples (`partners.md` 2.2)."""
    if documents_url is None:
        return (doc.title or doc.doc_id).encode()
    async with httpx2.AsyncClient(timeout=30) as client:
        answer = await client.get(f"{documents_url.rstrip('/')}/{doc.doc_id}/{doc.version}")
        answer.raise_for_status()
        if len(answer.content) > uploads.LARGEST_BYTES:
            raise TooLargeError(doc.doc_id)
        return answer.content

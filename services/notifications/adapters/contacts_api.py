"""People write, read and erase contacts here, by role; each act is logged without the person's data."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from services.notifications.adapters import address_book
from shared.auth import Tokens
from shared.contracts.base import Model, Ref, Text, to_json
from shared.contracts.contacts import ContactRecord
from shared.contracts.refusals import REFUSALS, sentence
from shared.decider import Actor
from shared.http import bearer
from shared.messaging.resources import Resources

log = structlog.get_logger()

WRITERS: Final = frozenset({"OM", "EC"})
ERASERS: Final = frozenset({"OPS"})
READERS: Final = frozenset({"OM", "OM_SUPERVISOR", "PROJECT_MANAGER", "EC", "OPS"})
KINDS: Final = {"cliente": "customer", "sede": "site"}
EDITABLE: Final = frozenset({"name", "email", "phone", "street", "nit", "language"})


class PutBody(Model):
    """Write a contact: the fields given replace those known."""

    ref: Ref
    fields: dict[str, Any]


class EraseBody(Model):
    """Erase a contact."""

    ref: Ref
    reason: Text = ""


def add_routes(app: FastAPI, resources: Resources, tokens: Tokens) -> None:
    """PutContact, EraseContact, and reading a contact (X.11)."""
    caller = bearer(tokens)

    @app.post("/v1/commands/PutContact", tags=["contactos"], summary="Escribe un contacto en la libreta")
    async def put_contact(body: PutBody, actor: Annotated[Actor, Depends(caller)]) -> JSONResponse:
        if not actor.roles & WRITERS:
            return _refused("ROLE_NOT_ALLOWED", command="PutContact")
        known = await _known(resources, body.ref)
        record = merged(body, known, resources.clock.now())
        if isinstance(record, str):
            return _refused("INVALID_FIELDS", paths=record)
        await _put(resources)(body.ref, to_json(record))
        log.info("contact_written", ref=body.ref, actor=actor.id, fields=sorted(body.fields))
        return JSONResponse({"ref": body.ref}, 202)

    @app.post("/v1/commands/EraseContact", tags=["contactos"], summary="Borra a una persona de la libreta")
    async def erase_contact(body: EraseBody, actor: Annotated[Actor, Depends(caller)]) -> JSONResponse:
        if not actor.roles & ERASERS:
            return _refused("ROLE_NOT_ALLOWED", command="EraseContact")
        if not body.reason.strip():
            return _refused("REASON_REQUIRED")
        await _put(resources)(body.ref, None)
        log.info("contact_erased", ref=body.ref, actor=actor.id)
        return JSONResponse({"ref": body.ref}, 202)

    @app.get("/v1/contacts/{ref}", tags=["contactos"], summary="Lee un contacto; cada lectura queda registrada")
    async def contact(ref: str, actor: Annotated[Actor, Depends(caller)]) -> JSONResponse:
        if not actor.roles & READERS:
            return _refused("ROLE_NOT_ALLOWED", command="leer un contacto")
        known = await _known(resources, ref)
        log.info("contact_read", ref=ref, actor=actor.id, found=known is not None)
        if known is None:
            return JSONResponse({"code": "UNKNOWN_CONTACT", "why": "No hay un contacto con esa referencia."}, 404)
        return JSONResponse(known.model_dump(mode="json"))


def merged(body: PutBody, known: ContactRecord | None, now: Any) -> ContactRecord | str:
    """The record with the given fields, or the names of those that are wrong."""
    unknown = sorted(set(body.fields) - EDITABLE)
    if unknown or not body.fields:
        return ", ".join(unknown) or "fields"
    base = known.model_dump() if known else {"ref": body.ref, "kind": kind_of(body.ref)}
    try:
        return ContactRecord.model_validate(base | body.fields | {"updated_at": now})
    except ValidationError as error:
        return ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False, include_url=False))


def kind_of(ref: str) -> str:
    """What a reference stands for: by its slot; without one it is a user of ours."""
    _, colon, slot = ref.partition(":")
    return KINDS.get(slot, "contact") if colon else "staff"


def _put(resources: Resources) -> Callable[[str, bytes | None], Awaitable[None]]:
    if resources.put_contact is None:
        raise HTTPException(503, {"code": "TRY_AGAIN", "why": "La libreta de contactos no está disponible."})
    return resources.put_contact


async def _known(resources: Resources, ref: str) -> ContactRecord | None:
    async with resources.command_pool.acquire() as connection:
        return (await address_book.lookup(connection, [ref])).get(ref)


def _refused(code: str, **details: object) -> JSONResponse:
    return JSONResponse({"code": code, "why": sentence(code, details)}, REFUSALS[code].status)

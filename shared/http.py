"""The HTTP side of every service: commands with typed bodies, orders, tasks, health and metrics."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import Body, Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import objects, uploads
from shared.auth import NoTokenError, Tokens
from shared.contracts.base import Command
from shared.contracts.refusals import sentence
from shared.contracts.shapes import Doc
from shared.db import TRANSIENT
from shared.decider import Actor, refused
from shared.messaging.backlog import BacklogError
from shared.messaging.commands import Answer, BlockedError, handle, refusal
from shared.messaging.gauges import scrape
from shared.messaging.resources import Resources

ORDER: Final = """
SELECT id, po, version, doc, due_at, effect_at, blocked, updated_at FROM aggregate
WHERE (id = $1 OR po = $1) AND version > 0 ORDER BY id LIMIT 1000"""
EVENTS: Final = """
SELECT f.aggregate, f.seq, f.type, f.at, f.caused_by, f.actor, f.role, f.trace, f.data FROM fact f
WHERE f.aggregate IN (SELECT id FROM aggregate WHERE id = $1 OR po = $1) ORDER BY f.at, f.aggregate, f.seq LIMIT 10000"""
WAITING: Final = """
SELECT id, po, doc -> 'waits' AS waits, doc ->> 'stage' AS stage FROM aggregate
WHERE version > 0 AND doc -> 'waits' <> '{}'::jsonb LIMIT 2000"""
BODY_LIMIT: Final = 256 << 10
DOCUMENTS: Final = "/v1/documents"
Caller = Callable[..., Awaitable[Actor]]
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer(tokens: Tokens) -> Caller:
    """The dependency of every route that is not open: the caller, or 401."""

    async def caller(authorization: Annotated[str | None, Header()] = None) -> Actor:
        try:
            return tokens.actor(authorization)
        except NoTokenError as error:
            raise HTTPException(401, {"code": "TOKEN_REQUIRED", "why": "Inicie sesión: falta un token válido."}) from error

    return caller


def only_reads(scope: MutableMapping[str, Any]) -> bool:
    """What changes nothing is in no trace: probes and pages that are looked at all day. A command is, in its caller's."""
    return scope.get("method") in READING


@dataclass(frozen=True)
class LimitBody:
    """Turns away what is too large, or does not say how large it is, before anything reads it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 411 or 413, or hands the request on."""
        turned_away = self._why_not(scope) if scope["type"] == "http" else None
        await (turned_away or self.app)(scope, receive, send)

    @staticmethod
    def _why_not(scope: Scope) -> Response | None:
        length = Headers(scope=scope).get("content-length")
        if length is None and scope["method"] == "POST":
            return JSONResponse({"code": "LENGTH_REQUIRED", "why": "Envíe la cabecera Content-Length."}, 411)
        if int(length or 0) > (uploads.LARGEST_BYTES if scope["path"] == DOCUMENTS else BODY_LIMIT):
            return JSONResponse({"code": "TOO_LARGE", "why": "El mensaje es demasiado grande."}, 413)
        return None


def build_http(resources: Resources, tokens: Tokens, ready: Callable[[], Awaitable[dict[str, str]]]) -> FastAPI:
    """The application of one service: nothing is open without a token but health and metrics."""
    service = resources.service
    app = FastAPI(
        title=f"O2C {service}",
        version="1",
        description=f"Comandos y consultas del servicio {service}.",
        telemetry={  # its logs hold messages of exceptions
            "operation_spans": False,
            "logs": False,
            "exclude": only_reads,
            "meter_provider": resources.instruments.provider,
        },
    )
    caller = bearer(tokens)

    app.add_middleware(LimitBody)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [{"path": ".".join(map(str, e["loc"][1:])), "type": e["type"]} for e in error.errors()]
        paths = ", ".join(field["path"] for field in fields)
        return JSONResponse(
            {"code": "INVALID_FIELDS", "why": sentence("INVALID_FIELDS", {"paths": paths}), "details": {"fields": fields}}, 422
        )

    for row in {row.command: row for row in resources.roster.policy()}.values():
        if issubclass(row.command, Command):
            _add_command(app, resources, caller, row.command)
    _add_documents(app, resources, caller)
    _add_queries(app, resources, caller)
    _add_health(app, resources, ready)
    return app


def _add_command(app: FastAPI, resources: Resources, caller: Caller, kind: type[Command]) -> None:
    rows = [row for row in resources.roster.policy() if row.command is kind]
    allowed = "; ".join(f"{', '.join(sorted(row.stages))}: {', '.join(sorted(row.roles))}" for row in rows)

    async def command(
        actor: Annotated[Actor, Depends(caller)],
        body: Annotated[Any, Body()],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
        if_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        if not idempotency_key:
            return JSONResponse({"code": "KEY_REQUIRED", "why": "Envíe la cabecera Idempotency-Key."}, 400)
        expected = (if_match or "").strip('" W/')
        try:
            unknown = await uploads.unvouched(resources.settings.objects.url, body)
            if unknown is not None:
                return _respond(refusal(unknown))
            answer = await handle(
                resources,
                body,
                actor,
                idempotency_key,
                expected_version=int(expected) if expected.isdigit() else None,
            )
        except BacklogError:
            return _busy()
        except BlockedError:
            return _later("Esta orden espera una reparación nuestra. Intente más tarde con la misma clave.")
        except (*TRANSIENT, *objects.UNREACHABLE):
            return _later("No se pudo confirmar ahora. Repita con la misma clave: no se hará dos veces.")
        return _respond(answer)

    command.__annotations__["body"] = Annotated[kind, Body()]
    app.post(
        f"/v1/commands/{kind.__name__}",
        name=kind.__name__,
        summary=(kind.__doc__ or kind.__name__).splitlines()[0],
        description=f"Etapas y roles: {allowed}.",
        tags=["comandos"],
    )(command)


def _add_documents(app: FastAPI, resources: Resources, caller: Caller) -> None:
    @app.post(
        DOCUMENTS,
        name="document",
        status_code=201,
        response_model=Doc,
        response_model_exclude_none=True,
        summary="Guarda un archivo y responde el Doc que un comando puede llevar",
        tags=["documentos"],
        openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
    )
    async def document(
        request: Request, about: Annotated[uploads.About, Query()], actor: Annotated[Actor, Depends(caller)]
    ) -> Doc | Response:
        content = await request.body()
        if not content:
            return _respond(refusal(refused("EMPTY_FILE")))
        settings, now = resources.settings, resources.clock.now()
        try:
            signature = await uploads.signature_in(content, settings.signatures, now)
        except TimeoutError:
            return _later("La firma del archivo no se pudo comprobar a tiempo. Intente de nuevo.")
        try:
            return await uploads.keep(settings.objects.url, content, about, actor.id, now, signature=signature)
        except objects.UNREACHABLE:
            return _later("El almacén de documentos no responde. Intente de nuevo.")


def _busy() -> JSONResponse:
    why = "Hay mucho trabajo en cola y por ahora no se empieza más. Repita en unos segundos con la misma clave."
    return JSONResponse({"code": "BACKLOG", "why": why}, 429, {"Retry-After": "10"})


def _later(why: str) -> JSONResponse:
    return JSONResponse({"code": "TRY_AGAIN", "why": why}, 503, {"Retry-After": "2"})


def _respond(answer: Answer) -> Response:
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    if "version" in answer.body:
        headers["ETag"] = f'"{answer.body["version"]}"'
    return JSONResponse(answer.body, answer.status, headers)


def _add_queries(app: FastAPI, resources: Resources, caller: Caller) -> None:
    def unknown(order: str) -> JSONResponse:
        return JSONResponse({"code": "UNKNOWN_ORDER", "why": sentence("UNKNOWN_ORDER", {"order": order})}, 404)

    @app.get("/v1/orders/{order:path}/events", tags=["consultas"], summary="La historia de una orden o suborden")
    async def events(order: str, _actor: Annotated[Actor, Depends(caller)]) -> Response:
        rows = await resources.command_pool.fetch(EVENTS, order)
        if not rows:
            return unknown(order)
        shown = [
            dict(row) | {"data": orjson.loads(row["data"]), "id": f"{resources.service}/{row['aggregate']}/{row['seq']}"}
            for row in rows
        ]
        return Response(orjson.dumps({"service": resources.service, "events": shown}), media_type="application/json")

    @app.get("/v1/orders/{order:path}", tags=["consultas"], summary="Estado, quién tiene la pelota y qué mensaje la mueve")
    async def order(order: str, _actor: Annotated[Actor, Depends(caller)]) -> Response:
        rows = await resources.command_pool.fetch(ORDER, order)
        if not rows:
            return unknown(order)
        shown = []
        for row in rows:
            doc = orjson.loads(row["doc"])
            shown.append(
                {
                    "id": row["id"],
                    "parent": row["po"],
                    "version": row["version"],
                    "stage": doc.get("stage", ""),
                    "waiting": list(doc.get("waits", {}).values()),
                    "fallouts": doc.get("fallouts", {}),
                    "held": doc.get("held"),
                    "due_at": row["due_at"],
                    "blocked": row["blocked"],
                    "updated_at": row["updated_at"],
                    "state": doc,
                }
            )
        headers = {"ETag": f'"{shown[0]["version"]}"'} if len(shown) == 1 else {}
        body = orjson.dumps({"service": resources.service, "aggregates": shown})
        return Response(body, media_type="application/json", headers=headers)

    @app.get("/v1/tasks", tags=["consultas"], summary="Cola de tareas: lo que cada parte tiene pendiente")
    async def tasks(_actor: Annotated[Actor, Depends(caller)], party: str | None = None) -> Response:
        rows = await resources.command_pool.fetch(WAITING)
        waits = [
            {"aggregate": row["id"], "parent": row["po"], "stage": row["stage"], **wait}
            for row in rows
            for wait in orjson.loads(row["waits"] or "{}").values()
        ]
        chosen = [wait for wait in waits if party is None or wait["party"] == party]
        return Response(orjson.dumps({"service": resources.service, "tasks": chosen}), media_type="application/json")

    @app.get("/v1/policy", tags=["consultas"], summary="Qué comando puede quién, y en qué etapa")
    async def policy(_actor: Annotated[Actor, Depends(caller)]) -> list[dict[str, Any]]:
        return [
            {"command": row.command.__name__, "stages": sorted(row.stages), "roles": sorted(row.roles)}
            for row in resources.roster.policy()
        ]


def _add_health(app: FastAPI, resources: Resources, ready: Callable[[], Awaitable[dict[str, str]]]) -> None:
    @app.get("/livez", tags=["salud"], summary="¿Avanza el proceso?")
    async def livez() -> Response:
        silent = time.monotonic() - resources.beat_at
        alive = silent < resources.settings.workers.watchdog_seconds
        return JSONResponse({"alive": alive, "silent_seconds": round(silent, 1)}, 200 if alive else 503)

    @app.get("/readyz", tags=["salud"], summary="¿Puede trabajar?")
    async def readyz() -> Response:
        checks = await ready()
        failing = {name: why for name, why in checks.items() if why != "ok"}
        return JSONResponse({"ready": not failing, "checks": checks}, 503 if failing else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(await scrape(resources), media_type=CONTENT_TYPE_LATEST)

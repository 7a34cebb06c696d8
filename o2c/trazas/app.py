"""The receiver of OTLP and the page that shows it, on one loop-back port. It only takes spans and is only read."""

import threading
from pathlib import Path
from typing import Any, Final

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from o2c.trazas import otlp
from o2c.trazas.jaeger import as_jaeger
from o2c.trazas.store import FOREVER_NS, Search, Store

HERE: Final = Path(__file__).parent
HOSTS: Final = ["127.0.0.1", "localhost"]
MILLI: Final = 1_000_000
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def build(store: Store) -> Starlette:
    """The application over one store."""

    async def receive(request: Request) -> Response:
        try:
            body = otlp.unpacked(await _body(request), request.headers.get("content-encoding", ""))
            kind = request.headers.get("content-type", "")
            await run_in_threadpool(store.add, await run_in_threadpool(otlp.read, body, kind))
        except otlp.TooLargeError:
            return Response(status_code=413)
        except otlp.UnreadableError as error:
            return JSONResponse({"code": 3, "message": f"unreadable: {error}"}, 400)
        if kind.startswith(otlp.JSON):
            return JSONResponse({})
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type=otlp.PROTOBUF)

    async def search(request: Request) -> Response:
        try:
            wanted = _asked(request)
        except ValueError:
            return JSONResponse({"why": "La búsqueda no se entiende: duración y fechas van en números."}, 400)
        found = await run_in_threadpool(store.search, wanted)
        return JSONResponse({"traces": found, "services": await run_in_threadpool(store.services)})

    async def one(request: Request) -> Response:
        found = await run_in_threadpool(store.trace, request.path_params["trace"])
        return JSONResponse(found) if found else JSONResponse({"why": "Esa traza no está, o ya se olvidó."}, 404)

    async def jaeger(request: Request) -> Response:
        trace = request.path_params["trace"]
        found = await run_in_threadpool(store.trace, trace)
        if found is None:
            return JSONResponse({"why": "Esa traza no está, o ya se olvidó."}, 404)
        return JSONResponse(as_jaeger(found), headers={"content-disposition": f'attachment; filename="traza-{trace}.json"'})

    return Starlette(
        routes=[
            Route("/v1/traces", receive, methods=["POST"]),
            Route("/", lambda _request: RedirectResponse("/trazas")),
            Route("/trazas", _file("page.html")),
            Route("/trazas/page.css", _file("page.css")),
            Route("/trazas/page.js", _file("page.js")),
            Route("/trazas/api/search", search),
            Route("/trazas/api/trace/{trace}", one),
            Route("/trazas/api/trace/{trace}/jaeger.json", jaeger),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
    )


def _file(name: str) -> Any:
    async def send(_request: Request) -> Response:
        return FileResponse(HERE / name, headers=HEADERS)

    return send


async def _body(request: Request) -> bytes:
    """The body as it came. Raises TooLargeError as soon as it is."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > otlp.BODY_LIMIT:
            raise otlp.TooLargeError
    return bytes(body)


def _asked(request: Request) -> Search:
    """The search of a query string. Raises ValueError for a number that is none."""
    given = {key: value.strip() for key, value in request.query_params.items() if value.strip()}
    until = given.get("until_ms")
    return Search(
        q=given.get("q", ""),
        service=given.get("service", ""),
        name=given.get("name", ""),
        errors="errors" in given,
        min_ns=int(float(given.get("min_ms", 0)) * MILLI),
        since_ns=int(given.get("since_ms", 0)) * MILLI,
        until_ns=int(until) * MILLI if until else FOREVER_NS,
        technical="technical" in given,
        limit=min(max(int(given.get("limit", 200)), 1), 1000),
    )


class Receiver:
    """Receiver and page in a thread of their own, so that a busy stack does not keep services waiting."""

    def __init__(self, path: Path | str, port: int) -> None:
        """Over the file at `path`, listening on the loop-back's `port` once started."""
        self.store, self.port = Store(path), port
        config = uvicorn.Config(build(self.store), "127.0.0.1", port, log_config=None, lifespan="off", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="trazas", daemon=True)

    @property
    def endpoint(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` of a service says."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The page."""
        return f"{self.endpoint}/trazas"

    def start(self) -> None:
        """Opens the port in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Closes port and file."""
        if self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join(5)
        self.store.close()

"""`o2c db upgrade|status|passwords`: schemas, roles and migrations, under the administrator of the settings."""

import asyncio
import json
import re
from base64 import b64encode
from dataclasses import asdict
from hashlib import pbkdf2_hmac, sha256
from hmac import digest
from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Any, Final, NoReturn

import asyncpg
import typer

from o2c.local import settings_of
from shared import migrate, roles
from shared.contracts.catalogue import SERVICES

app: Final = typer.Typer(add_completion=False, help="La base de datos: esquemas, roles y migraciones.", no_args_is_help=True)
ITERATIONS: Final = 4096
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]
Chosen = Annotated[
    list[str] | None, typer.Option("--service", help="Un servicio, o varios repitiendo la opción; sin ella, todos.")
]
TROUBLE: Final = (migrate.MigrationError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@app.callback()
def group() -> None:
    """La base de datos: esquemas, roles y migraciones."""


def _target() -> tuple[str, str]:
    """Address and administrator: those set, else of the running local stack, else the defaults."""
    settings = settings_of().postgres
    return settings.dsn, settings.admin_user


def _services(chosen: list[str] | None) -> tuple[str, ...]:
    for name in chosen or ():
        if name not in SERVICES:
            raise typer.BadParameter(f"No hay un servicio {name}. Elija entre {', '.join(SERVICES)}.")
    return tuple(chosen or SERVICES)


def _fail(error: Exception) -> NoReturn:
    code = f"{error.sqlstate} " if isinstance(error, asyncpg.PostgresError) else ""
    typer.echo(f"No se pudo: {code}{error or type(error).__name__}", err=True)
    raise typer.Exit(1) from error


def _phase(value: str) -> str:
    if value not in {"pre", "post", "all"}:
        raise typer.BadParameter("pre, post o all")
    return value


@app.command()
def upgrade(
    phase: Annotated[str, typer.Option(callback=_phase, help="pre, antes de las réplicas nuevas; post, después; all.")] = "all",
    service: Chosen = None,
    as_json: AsJson = False,
) -> None:
    """Pone al día roles, esquemas, tablas y derechos; repetirlo no cambia nada."""
    dsn, admin = _target()
    chosen: Any = phase
    try:
        applied = asyncio.run(migrate.upgrade(dsn, _services(service), chosen, admin))
    except TROUBLE as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps([{"service": one.service, "name": one.name} for one in applied], indent=1))
        return
    for one in applied:
        typer.echo(f"{one.service:<14} aplicada {one.name}")
    typer.echo(f"{len(applied)} migraciones aplicadas." if applied else "Nada que aplicar: todo está al día.")


@app.command()
def status(service: Chosen = None, as_json: AsJson = False) -> None:
    """Dice qué está aplicado, pendiente, cambiado o desconocido; termina en 1 si falta o cambió algo."""
    dsn, admin = _target()
    try:
        found = asyncio.run(migrate.status(dsn, _services(service), admin))
    except TROUBLE as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        for one in found:
            typer.echo(f"{one.service:<14} {len(one.applied)} aplicadas, {len(one.pending)} pendientes")
            for what, names in (("pendiente", one.pending), ("CAMBIADA", one.changed), ("desconocida", one.unknown)):
                for name in names:
                    typer.echo(f"  {what} {name}")
    if not all(one.settled for one in found):
        raise typer.Exit(1)


@app.command()
def passwords(file: Annotated[Path, typer.Argument(help="Archivo pgpass: host:puerto:base:rol:contraseña.")]) -> None:
    """Da a los roles la contraseña de un archivo pgpass; al servidor sólo llega su verificador SCRAM."""
    ours = {f"{one}_{kind}" for one in SERVICES for kind in roles.LIMITS}
    found = {role: secret for role, secret in _pgpass(file).items() if role in ours}
    dsn, admin = _target()
    try:
        asyncio.run(_set(dsn, admin, {role: scram(secret, token_bytes(16)) for role, secret in found.items()}))
    except TROUBLE as error:
        _fail(error)
    typer.echo(f"{len(found)} roles con contraseña.")


def _pgpass(file: Path) -> dict[str, str]:
    """Passwords by role; as in libpq, a backslash escapes a colon or itself."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    parts = [re.split(r"(?<!\\):", line, maxsplit=4) for line in lines]
    return {part[3]: re.sub(r"\\(.)", r"\1", part[4]) for part in parts}


def scram(secret: str, salt: bytes) -> str:
    """The SCRAM-SHA-256 verifier that Postgres stores for a password (RFC 5803)."""
    salted = pbkdf2_hmac("sha256", secret.encode(), salt, ITERATIONS)
    stored = sha256(digest(salted, b"Client Key", "sha256")).digest()
    server = digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_b64(salt)}${_b64(stored)}:{_b64(server)}"


def _b64(value: bytes) -> str:
    return b64encode(value).decode()


async def _set(dsn: str, admin: str, verifiers: dict[str, str]) -> None:
    connection = await asyncpg.connect(migrate.role_dsn(dsn, admin), timeout=10)
    try:
        for role, verifier in verifiers.items():
            await connection.execute(f"ALTER ROLE \"{role}\" PASSWORD '{verifier}'")
    finally:
        await connection.close()


if __name__ == "__main__":
    app()

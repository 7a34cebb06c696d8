"""What an installation needs, looked at from outside: each check answers one finding, in words for who must mend it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import IMAP4
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiosmtplib import SMTP, SMTPException
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from obstore.exceptions import BaseError as StoreError

from o2c.buzon.mailbox import Box
from o2c.local import service_of, topics_of
from shared import migrate, objects, topics
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.db import connect, connected
from shared.kafka import client
from shared.roles import RIGHTS
from shared.rules.error import RuleError
from shared.settings import Mailbox, Settings

LIMIT_SECONDS: Final = 15.0
SKEW_SECONDS: Final = 60.0
"""From here on services hold back what is irreversible (`ClockGuard`)."""
PROBE: Final = ("doctor/probe", b"o2c doctor\n")
DATABASE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
BROKER: Final = (KafkaError, OSError, TimeoutError)
HOST: Final = Clock()
DATABASE_NOW: Final = "SELECT clock_timestamp()"
HAS_SCHEMA: Final = "SELECT to_regclass('migration') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; `do` says how to mend it and is empty where nothing is wrong."""

    check: str
    ok: bool
    seen: str
    do: str = ""


def fine(check: str, seen: str) -> Finding:
    """Nothing to do."""
    return Finding(check, ok=True, seen=seen)


def bad(check: str, seen: str, do: str) -> Finding:
    """Somebody must act."""
    return Finding(check, ok=False, seen=seen, do=do)


def told(error: BaseException) -> str:
    """An error for a person: its kind, and its words where it has any."""
    code = f"{error.sqlstate} " if isinstance(error, asyncpg.PostgresError) else ""
    words = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {code}{words}" if words else type(error).__name__


async def kafka(settings: Settings) -> Finding:
    """The brokers answer, and let this principal in."""
    where = ", ".join(settings.kafka.bootstrap_servers)
    try:
        async with topics.administering(settings.kafka) as admin:
            brokers = (await admin.describe_cluster())["brokers"]
    except BROKER as error:
        return bad(
            "kafka",
            f"No se llega a {where} ({told(error)}).",
            "Revise que el broker esté en marcha y O2C_KAFKA__BOOTSTRAP_SERVERS, __SECURITY, __USERNAME y __PASSWORD.",
        )
    return fine("kafka", f"{len(brokers)} broker(s) en {where}, {settings.kafka.security}.")


async def topics_exist(settings: Settings) -> Finding:
    """All topics are there, with their partitions, copies and settings."""
    try:
        missing, differing = await topics.inspect(settings.kafka, topics_of(settings))
    except (*BROKER, topics.TopicError) as error:
        return bad("temas", f"No se pudieron leer ({told(error)}).", "Arregle primero Kafka o los permisos de o2c-admin.")
    if missing:
        return bad("temas", f"Faltan {len(missing)}: {', '.join(missing)}.", "Ejecute o2c topics create.")
    if differing:
        seen = "; ".join(f"{one.topic}: {one.what} es {one.found}, debe ser {one.wanted}" for one in differing)
        return bad(
            "temas",
            f"{seen}.",
            "Corríjalos con las herramientas de Kafka; las particiones de un tema en uso no se cambian, rompería el orden.",
        )
    return fine("temas", f"{len(topics_of(settings))} temas como deben ser.")


async def postgres(settings: Settings) -> Finding:
    """Every role of every service comes in."""
    refused: list[str] = []
    try:
        for service in SERVICES:
            for kind in RIGHTS:
                try:
                    await (await connect(settings.postgres.dsn, f"{service}_{kind}")).close()
                except asyncpg.InvalidAuthorizationSpecificationError as error:
                    refused.append(f"{service}_{kind} ({told(error)})")
    except DATABASE as error:
        return bad(
            "postgres",
            f"No se llega a la base ({told(error)}).",
            "Revise que Postgres esté en marcha y O2C_POSTGRES__DSN.",
        )
    if refused:
        return bad(
            "postgres",
            f"No entran {len(refused)} roles, el primero {refused[0]}.",
            "Ejecute o2c db upgrade; si existen, revise PGPASSFILE y pg_hba.conf, y dé las contraseñas con o2c db passwords.",
        )
    return fine("postgres", f"Entran los {len(SERVICES) * len(RIGHTS)} roles.")


async def migrations(settings: Settings) -> Finding:
    """Every schema has the files of this release, unchanged."""
    wrong: list[str] = []
    for service in SERVICES:
        try:
            done = await _applied(settings, service)
        except DATABASE as error:
            wrong.append(f"{service}: no se pudo leer ({told(error)})")
            continue
        files = {one.name: one.checksum for one in migrate.migrations(service)}
        wrong += [f"{service}: falta {name}" for name in files if name not in done]
        wrong += [f"{service}: cambió {name}" for name in files if done.get(name, files[name]) != files[name]]
        wrong += [f"{service}: {why}" for why in migrate.unfit(service, done) if why.startswith("desconocida")]
    if wrong:
        more = f" y {len(wrong) - 3} más" if len(wrong) > 3 else ""  # noqa: PLR2004 - enough to see what it is about
        return bad(
            "migraciones",
            f"{'; '.join(wrong[:3])}{more}.",
            "Ejecute o2c db upgrade. Lo cambiado o desconocido es de otra versión: instale la que corresponde.",
        )
    return fine("migraciones", f"Los {len(SERVICES)} esquemas están al día.")


async def _applied(settings: Settings, service: str) -> dict[str, str]:
    async with connected(settings.postgres.dsn, f"{service}_ops") as connection:
        if not await connection.fetchval(HAS_SCHEMA):
            return {}
        return {row["name"]: row["checksum"] for row in await connection.fetch(migrate.DONE)}


async def mail(settings: Settings) -> Finding:
    """The mail server takes a session, as far as one goes without a mail."""
    smtp = settings.smtp
    secret = smtp.password.get_secret_value() if smtp.password else None
    session = SMTP(
        hostname=smtp.host, port=smtp.port, start_tls=smtp.starttls, username=smtp.username, password=secret, timeout=10
    )
    try:
        await session.connect()
        await session.noop()
    except (SMTPException, OSError, TimeoutError) as error:
        return bad(
            "correo",
            f"No se llega a {smtp.host}:{smtp.port} ({told(error)}).",
            "Revise el servidor de correo y O2C_SMTP__*. Los avisos esperan y salen después; nada se pierde.",
        )
    finally:
        with suppress(SMTPException):
            await session.quit()
    return fine("correo", f"{smtp.host}:{smtp.port} responde.")


async def bounces(settings: Settings) -> Finding:
    """The mailbox of what comes back can be opened, and nothing in it waits for a person."""
    mailbox = settings.mailbox
    if not mailbox.host:
        return fine("devueltos", "Nadie lee el buzón de devueltos (O2C_MAILBOX__HOST); se registran a mano.")
    try:
        left = await asyncio.to_thread(_unreadable, mailbox)
    except (IMAP4.error, OSError) as error:
        return bad(
            "devueltos",
            f"No se pudo abrir el buzón en {mailbox.host}:{mailbox.port} ({type(error).__name__}).",
            "Revise O2C_MAILBOX__* y que el servidor deje crear las dos carpetas. Lo que llegue espera en la bandeja de entrada.",
        )
    if left:
        return bad("devueltos", f"{left} correos en {mailbox.unreadable_folder}.", "Ábralos y registre cada devuelto a mano.")
    return fine("devueltos", f"{mailbox.host}:{mailbox.port} abre, y nada espera a una persona.")


def _unreadable(mailbox: Mailbox) -> int:
    box = Box(mailbox)
    try:
        return box.unreadable()
    finally:
        box.close()


async def store(settings: Settings) -> Finding:
    """The document store takes an object, the same each time, and gives it back."""
    url = settings.objects.url
    try:
        await objects.put_once(url, *PROBE)
        found = await objects.fetch(url, PROBE[0])
    except (StoreError, OSError, ValueError, objects.OtherContentError) as error:
        return bad(
            "documentos",
            f"No se pudo escribir y leer en {url} ({told(error)}).",
            "Revise O2C_OBJECTS__URL, el espacio y los permisos de escritura.",
        )
    if found != PROBE[1]:
        return bad("documentos", f"{url} devolvió otro contenido.", "No use este almacén: revise quién más escribe en él.")
    return fine("documentos", f"{url} guarda y devuelve.")


async def clocks(settings: Settings) -> Finding:
    """This host, the database and the brokers agree on the time, as far as it can be seen without writing.

    Of the brokers only this much can be: whether one stamped a record later than it is here.
    """
    try:
        apart = await _database_ahead(settings)
        ahead = await _stamped_ahead(settings)
    except (*DATABASE, *BROKER) as error:
        return bad("relojes", f"No se pudieron comparar ({told(error)}).", "Arregle primero Kafka y Postgres.")
    do = "Ponga en hora las máquinas (NTP). Mientras tanto los servicios retienen lo irreversible."
    if abs(apart) > SKEW_SECONDS:
        return bad("relojes", f"Postgres está a {apart:+.0f} s de esta máquina.", do)
    if ahead is not None:
        return bad("relojes", f"Un broker selló un registro el {ahead:%Y-%m-%d %H:%M:%S} UTC, que aquí es futuro.", do)
    return fine("relojes", f"Postgres está a {apart:+.1f} s de esta máquina; ningún broker va adelantado.")


async def _database_ahead(settings: Settings) -> float:
    """By how many seconds the database's clock is before this host's; half of the answer's way is taken off."""
    async with connected(settings.postgres.dsn, f"{SERVICES[0]}_ops") as connection:
        before = HOST.wall()
        database: datetime = await connection.fetchval(DATABASE_NOW)
        return (database - (before + (HOST.wall() - before) / 2)).total_seconds()


async def _stamped_ahead(settings: Settings) -> datetime | None:
    """When a broker stamped a record that by this host's clock is still to come; None: there is none."""
    async with topics.administering(settings.kafka) as admin:
        known = await admin.describe_topics([one.name for one in topics_of(settings)])
    parts = [TopicPartition(one["topic"], part["partition"]) for one in known for part in one["partitions"]]
    future = int(1000 * (HOST.wall().timestamp() + SKEW_SECONDS))
    consumer = AIOKafkaConsumer(**client(settings.kafka))
    try:
        await consumer.start()
        found = await consumer.offsets_for_times(dict.fromkeys(parts, future)) if parts else {}
    finally:
        await consumer.stop()
    stamps = [one.timestamp for one in found.values() if one is not None]
    return datetime.fromtimestamp(max(stamps) / 1000, UTC) if stamps else None


async def tokens(settings: Settings) -> Finding:
    """The keys that verify tokens can be read."""
    path = settings.auth.key_file
    try:
        keys = KeySet.import_key_set(json.loads(path.read_text())).keys
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        return bad(
            "llaves",
            f"No se pudo leer {path} ({told(error)}).",
            "Ponga ahí el conjunto JWK del proveedor de identidad, o revise O2C_AUTH__KEY_FILE. Sin él nadie entra.",
        )
    if not keys:
        return bad("llaves", f"{path} no tiene llaves.", "Ponga ahí el conjunto JWK del proveedor de identidad.")
    return fine("llaves", f"{len(keys)} llave(s) en {path}.")


async def rules(settings: Settings) -> Finding:
    """Tables and policy values of every service load, the operator's own where there are any."""
    wrong: list[str] = []
    for service in SERVICES:
        try:
            service_of(service).worlds(HOST, settings.rules_dir)
        except (RuleError, OSError) as error:
            wrong.append(f"{service}: {told(error)}")
    if wrong:
        return bad("reglas", "; ".join(wrong), "Corrija el archivo y la línea que se nombran.")
    return fine("reglas", f"Cargan las de los {len(SERVICES)} servicios.")


CHECKS: Final[Sequence[tuple[str, Callable[[Settings], Awaitable[Finding]]]]] = (
    ("reglas", rules),
    ("llaves", tokens),
    ("kafka", kafka),
    ("temas", topics_exist),
    ("postgres", postgres),
    ("migraciones", migrations),
    ("correo", mail),
    ("devueltos", bounces),
    ("documentos", store),
    ("relojes", clocks),
)
"""What needs no network comes first: loading the rules of all services takes seconds, in which nobody's limit may run."""


async def examine(settings: Settings) -> list[Finding]:
    """All checks side by side, each under a limit of its own; findings in the order of the table."""

    async def limited(name: str, check: Callable[[Settings], Awaitable[Any]]) -> Finding:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                found: Finding = await check(settings)
        except TimeoutError:
            return bad(name, f"Sin respuesta en {LIMIT_SECONDS:.0f} s.", "Revise la red y los cortafuegos hasta ahí.")
        return found

    return list(await asyncio.gather(*(limited(name, check) for name, check in CHECKS)))

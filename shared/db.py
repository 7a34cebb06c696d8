"""Connections to Postgres: pools by role, units of work, and which errors are faults rather than answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from shared.migrate import role_dsn

TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.UniqueViolationError,
)
"""Faults of the infrastructure or a lost race: try again, never an answer to anybody (I11)."""

LIMIT_SECONDS: Final = 25.0

REJECTED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""Postgres will not take a value: the message's or the rules' fault."""


async def _as_text(connection: asyncpg.Connection) -> None:
    """JSON passes through as text: pydantic parses it, nothing is parsed twice."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=str, format="text")


async def _as_it_was(connection: asyncpg.Connection) -> None:
    """Nothing of ours changes a session, so there is nothing to undo when it goes back: a round trip less each time (P2)."""
    if connection.is_in_transaction():
        await connection.reset()


async def open_pool(dsn: str, role: str, max_size: int) -> asyncpg.Pool:
    """A pool for this role; sizes and limits of `reliability.md` 3.3."""
    return await asyncpg.create_pool(
        role_dsn(dsn, role),
        min_size=1,
        max_size=max_size,
        timeout=5,
        command_timeout=10,
        max_inactive_connection_lifetime=60,
        init=_as_text,
        reset=_as_it_was,
    )


async def connect(dsn: str, role: str) -> asyncpg.Connection:
    """One connection of its own."""
    connection = await asyncpg.connect(role_dsn(dsn, role), timeout=5, command_timeout=10)
    await _as_text(connection)
    return connection


@asynccontextmanager
async def connected(dsn: str, role: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection of its own for a while."""
    connection = await connect(dsn, role)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def held(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    """A connection under a limit; on a fault it is ended, not handed on in an unknown state (P1)."""
    async with asyncio.timeout(LIMIT_SECONDS):
        connection = await pool.acquire()
        try:
            yield connection
        except TRANSIENT:
            with suppress(asyncpg.InterfaceError):  # Postgres has ended it already: the fault itself is what to tell
                connection.terminate()
            raise
        finally:
            await asyncio.shield(pool.release(connection))


@asynccontextmanager
async def unit_of_work(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    """One transaction under a limit."""
    async with held(pool) as connection, connection.transaction():
        yield connection


async def glance(pool: asyncpg.Pool, statement: str, *values: Any) -> Any:
    """One value, such as whether there is work: a single round trip, for those who ask many times and mostly in vain."""
    async with held(pool) as connection:
        return await connection.fetchval(statement, *values)

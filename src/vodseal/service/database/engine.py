"""Connections to the database, and its schema brought up to date.

SQLite has one writer at a time. Transactions of ``writes`` therefore take the
write lock when they begin, and wait for it in a queue of our own: none fails
half-way because another was faster. Those of ``reads`` take no lock (WAL), and
may not write. On PostgreSQL both are the same pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["Database", "migrate", "open_database", "sqlite_url"]

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_WAIT_SECONDS: Final = 60
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The two ways to the same tables."""

    writes: async_sessionmaker[AsyncSession]
    reads: async_sessionmaker[AsyncSession]
    engines: tuple[AsyncEngine, ...]

    async def close(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            await engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite database in a file."""
    return f"sqlite:///{path}"


def migrate(url: str) -> None:
    """Create the tables, or bring them up to date, in one transaction.

    Raises:
        OperatorError: The database was written by a later version, or is not
            one. It is as it was.
    """
    engine = create_engine(url, hide_parameters=True)
    _prepare_sqlite(engine, begin="BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            _upgrade(connection)
    except DatabaseError as error:
        message = f"{make_url(url).database} is not a database of vodseal: {error.orig}"
        raise OperatorError(ErrorCode.DATA_FOLDER_UNUSABLE, message) from error
    finally:
        engine.dispose()


def open_database(url: str) -> Database:
    """Return the connections to a database that ``migrate`` has seen."""
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        engine = create_async_engine(target, hide_parameters=True)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        return Database(writes=sessions, reads=sessions, engines=(engine,))
    target = target.set(drivername="sqlite+aiosqlite")
    writer, reader = (
        create_async_engine(
            target,
            pool_size=size,
            max_overflow=0,
            pool_timeout=_WAIT_SECONDS,
            hide_parameters=True,  # errors are logged, and parameters are what users sent
        )
        for size in (1, 4)
    )
    _prepare_sqlite(writer.sync_engine, begin="BEGIN IMMEDIATE")
    _prepare_sqlite(reader.sync_engine, begin="BEGIN", query_only=True)
    return Database(
        writes=async_sessionmaker(writer, expire_on_commit=False),
        reads=async_sessionmaker(reader, expire_on_commit=False),
        engines=(writer, reader),
    )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        message = f"the data folder has schema {found}, this version knows up to {max(known)}"
        raise OperatorError(ErrorCode.DATA_FOLDER_NEWER, message)
    command.upgrade(config, "head")


def _prepare_sqlite(engine: Engine, *, begin: str, query_only: bool = False) -> None:
    """Give each connection its pragmas, and begin transactions ourselves.

    The driver's own BEGIN comes late, with the first write, where a transaction
    that has read can no longer wait for the lock.
    """
    if engine.dialect.name != "sqlite":
        return

    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", start)

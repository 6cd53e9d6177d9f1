"""The graph through graphiti-core's own drivers: an embedded Kuzu file, or a Neo4j server.

graphiti-core's driver for Kuzu opens the file and creates its tables, but no full-text index; it is built here, and
queries use a separate connection. The driver for Neo4j is asynchronous: an event loop in a thread runs it, so that
callers need no event loop. This module handles queries and rows, not facts.
"""

import asyncio
import fcntl
import glob
import logging
import os
import re
import shutil
import threading
import warnings
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar
from uuid import uuid4

from memctl.backends.contract import need
from memctl.core.errors import Locked, NotFound, Retryable
from memctl_graphiti.address import address, file_of, is_falkor, quoted
from memctl_graphiti.cypher import Statement
from memctl_graphiti.errors import in_use, translated
from memctl_graphiti.falkor import FalkorServer

_UNFINISHED = ".half"
_TOKENIZERS = re.compile(r"CREATE MACRO `\d+_\w+_TOKENIZE`.*?;\n", re.DOTALL)
"""Objects that a full-text index adds to Kuzu's schema, and recreates with the index."""
_STALE = ".stale-index"
"""Suffix of an empty file that marks a graph whose process was killed, and whose indices must be rebuilt."""
_OUTDATED = ".rebuild"
"""Suffix of an empty file that marks a graph whose file still has the bytes of deleted records."""

_OPEN: set[Path] = set()
"""The files that this process has open."""

Result = TypeVar("Result")


def sdk(module: str) -> Any:
    """A module of graphiti-core, imported without telemetry, logging and .env files.

    Raises UsageError that says what to install if it is missing.
    """
    os.environ["GRAPHITI_TELEMETRY_ENABLED"] = "false"
    for name in ("graphiti_core", "neo4j"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    before = os.environ.get("PYTHON_DOTENV_DISABLED")
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            need("graphiti_core", "graphiti")
            return import_module(f"graphiti_core.{module}")
    finally:
        if before is None:
            del os.environ["PYTHON_DOTENV_DISABLED"]
        else:
            os.environ["PYTHON_DOTENV_DISABLED"] = before


class Graph:
    """A graph: the Kuzu database in the file `path`, or the Neo4j or FalkorDB server at `uri`.

    `place` is its address without secrets. Opened at the first query. Raises UsageError for an invalid address.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        uri: str | None = None,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
    ) -> None:
        if path is not None and "://" in str(path):
            path, uri = None, str(path)
        self.embedded = path is not None or uri is None
        self.falkor: FalkorServer | None = None
        self._account = (user, password, database or "neo4j")
        self._driver: Any = None
        self._connection: Any = None
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._indexed = False
        if self.embedded:
            self.path = file_of(path)
            self._stale = self.path.with_name(self.path.name + _STALE)
            self._outdated = self.path.with_name(self.path.name + _OUTDATED)
            self.place = str(self.path)
        elif is_falkor(str(uri)):
            self.place = address(str(uri), database or "")[1]
            self.falkor = FalkorServer(str(uri), user, password, database)
        else:
            self._uri, self.place = address(str(uri), self._account[2])

    def exists(self) -> bool:
        """Whether the embedded graph exists; True for a server."""
        return not self.embedded or self.path.exists()

    def make(self) -> bool:
        """Create the embedded graph, or the full-text indices of a graph; returns whether anything was missing."""
        missing = not self.exists()
        if missing:
            with translated(self.place):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self._beside() as copy:
                    copy.index_here()
                    copy.close()
                    # If another process was faster, its graph is kept.
                    with suppress(FileExistsError):
                        os.link(copy.path, self.path)
        self._open()
        return self.index() or missing

    def run(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query. Raises NotFound if the graph does not exist, else the errors of `errors.failure`."""
        if not self.exists():
            raise NotFound("there is no graph", where=self.place, hint="memctl backends init graphiti makes one")
        if self.falkor is not None:
            with translated(self.place):
                return self.falkor.run(query, parameters)
        self._open()
        with translated(self.place):
            if self.embedded:
                return self._ask(query, parameters)
            return self._wait(_rows(self._driver, query, parameters))

    def run_all(self, statements: Sequence[Statement]) -> None:
        """Run statements that change the graph in one transaction.

        Raises Retryable if one of them did not change as many rows as expected.
        """
        self._open()
        with translated(self.place):
            if self.embedded:
                self._in_kuzu(statements)
            else:
                self._wait(_in_neo4j(self._driver, statements))

    def index(self) -> bool:
        """Build the full-text indices that graphiti-core searches; returns whether any was missing.

        In Kuzu they are rebuilt after a process was killed: records that Kuzu recovers from its log are not indexed
        correctly, and removing one of them would crash this process.
        """
        if self._indexed:
            return False
        self._open()
        if not self.embedded:
            with translated(self.place):
                self._wait(self._driver.build_indices_and_constraints())
            self._indexed = True
            return False
        missing = self._indices()[1]
        stale = self._stale.exists()
        if missing or stale:
            with translated(self.place):
                self._index_beside(stale)
                self._stale.unlink(missing_ok=True)
        self._indexed = True
        return bool(missing)

    def index_here(self, rebuild: bool = False) -> None:
        """Build the full-text indices in Kuzu's file itself, all of them or those that are missing.

        Kuzu creates an index in several transactions, and cannot continue one that was interrupted: a kill leaves a
        graph that can never be used. The file must therefore be one that is not in use yet.
        """
        self._open()
        indices, missing = self._indices()
        if rebuild:
            for table, name in indices:
                self.run(f"CALL DROP_FTS_INDEX('{table}', '{name}')")
            missing = self._indices()[1]
        for query in missing:
            self.run(query)

    def _indices(self) -> tuple[list[tuple[str, str]], list[str]]:
        """The table and name of each full-text index, and the queries that create the missing ones."""
        indices = [
            (row["table_name"], row["index_name"])
            for row in self.run("CALL SHOW_INDEXES() RETURN table_name, index_name, index_type")
            if row["index_type"] == "FTS"
        ]
        queries = sdk("graph_queries").get_fulltext_indices(self._driver.provider)
        return indices, [query for query in queries if not any(f"'{name}'" in query for _, name in indices)]

    def _index_beside(self, rebuild: bool) -> None:
        """Build the indices in a copy, which replaces the graph when it is complete."""
        with self._lock, self._beside() as whole:
            self._ask("CHECKPOINT", {})
            with self._replaced_by(whole) as file:
                with whole.path.open("xb") as copy:
                    shutil.copyfileobj(file, copy, 1 << 20)
                whole.index_here(rebuild)
        self._open()

    @contextmanager
    def _beside(self) -> Iterator["Graph"]:
        """A new graph next to this one, which is deleted at the end, together with leftovers of killed processes."""
        real = self.path.resolve()
        for leftover in real.parent.glob(f"{glob.escape(real.name)}.*{_UNFINISHED}*"):
            maker = leftover.name.removeprefix(f"{real.name}.").partition("-")[0]
            if maker.isdigit() and not _is_running(int(maker)):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        copy = Graph(real.with_name(f"{real.name}.{os.getpid()}-{uuid4().hex[:8]}{_UNFINISHED}"))
        try:
            yield copy
        finally:
            copy.close()
            for part in real.parent.glob(f"{glob.escape(copy.path.name)}*"):
                part.unlink(missing_ok=True)

    def want_rebuild(self) -> None:
        """Request that the next `rebuild`, in any process, rewrites an embedded graph's file."""
        if self.embedded:
            self._outdated.touch()

    def rebuild(self) -> None:
        """If `want_rebuild` was called, rewrite an embedded graph's file from its records, because the old file still
        has the bytes of deleted records."""
        if not self.embedded or not self._outdated.exists():
            return
        self._open()
        name = f"{self.path.name}.{os.getpid()}-"
        with (
            self._lock,
            self._beside() as copy,
            TemporaryDirectory(dir=self.path.parent, prefix=name, suffix=_UNFINISHED) as folder,
        ):
            exported = Path(folder) / "graph"
            # The log must be empty when another file replaces the graph's.
            self.run("CHECKPOINT")
            self.run(f"EXPORT DATABASE {quoted(exported)} (format='parquet')")
            with self._replaced_by(copy):
                copy.take_in(exported)
                copy.index_here()
        self._stale.unlink(missing_ok=True)
        self._outdated.unlink()

    @contextmanager
    def _replaced_by(self, copy: "Graph") -> Iterator[BinaryIO]:
        """Replace this graph, which is then closed, by one created in the block; the block receives this graph's file.

        Kuzu's lock on a file ends when the process closes any of its descriptors: the file is kept open until it is
        replaced.
        """
        with self.path.open("rb") as file, closing(self):
            yield file
            copy.close()
            shutil.copymode(self.path, copy.path)
            copy.path.replace(self.path.resolve())

    def take_in(self, folder: Path) -> None:
        """Create the graph from an export in a folder, with its indices. The graph must not exist yet."""
        schema, index = folder / "schema.cypher", folder / "index.cypher"
        schema.write_text(_TOKENIZERS.sub("", schema.read_text(encoding="utf-8")), encoding="utf-8")
        # Kuzu cannot import two indices that name its default stop words; they are the default without a name, too.
        indices = index.read_text(encoding="utf-8").replace(", stopWords := 'default'", "").split(";\n")
        index.write_text("")
        with translated(self.place), _without_deprecation():
            kuzu = import_module("kuzu")
            with kuzu.Database(str(self.path)) as database, kuzu.Connection(database) as connection:
                for statement in (f"IMPORT DATABASE {quoted(folder)}", *filter(str.strip, indices)):
                    connection.execute(statement).close()

    def close(self) -> None:
        """Close the database, and end the thread of a server's driver."""
        if self.falkor is not None:
            self.falkor.close()
        with self._lock:
            driver, self._driver = self._driver, None
            connection, self._connection = self._connection, None
            self._indexed = False
            if connection is not None:
                connection.close()
            if driver is not None and self.embedded:
                driver.client.close()
                driver.db.close()
                _OPEN.discard(self.path.resolve())
            elif driver is not None:
                self._wait(driver.close())
            if self._loop is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
            self._loop = self._thread = None

    def _open(self) -> None:
        with self._lock:
            if self._driver is not None:
                return
            if self.embedded:
                kuzu = sdk("driver.kuzu_driver")
                if self.path.resolve() in _OPEN:
                    # Kuzu's lock excludes other processes, but not a second use in this one, which would damage the
                    # file.
                    raise Locked("this process has opened the graph already", where=self.place, hint="close it first")
                with translated(self.place), _without_deprecation():
                    self._open_kuzu(kuzu)
                return
            neo4j = sdk("driver.neo4j_driver")
            user, password, database = self._account
            with translated(self.place):
                # Created outside of an event loop, the driver builds no indices: a graph that is only read is not
                # changed.
                self._driver = neo4j.Neo4jDriver(self._uri, user, password, database)

    def _open_kuzu(self, kuzu: Any) -> None:
        log = self.path.with_name(self.path.name + ".wal")
        if log.exists() and log.stat().st_size > 0:
            _expect_nobody_in(self.path)
            # Before Kuzu recovers records from its log that are not in the indices: this process may crash then.
            self._stale.touch()
        before = _inode(self.path)
        self._driver = kuzu.KuzuDriver(db=str(self.path))
        self._connection = import_module("kuzu").Connection(self._driver.db)
        _OPEN.add(self.path.resolve())
        if before not in (None, _inode(self.path)):
            self.close()
            raise in_use(self.place)

    def _ask(self, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        with self._lock:
            result = self._connection.execute(query, parameters)
            try:
                return list(result.rows_as_dict())
            finally:
                result.close()

    def _in_kuzu(self, statements: Sequence[Statement]) -> None:
        with self._lock:
            self._ask("BEGIN TRANSACTION", {})
            try:
                for statement in statements:
                    _expect(statement, self._done(statement))
            except BaseException:
                # A failed statement has already ended the transaction; after any other exception it must be ended here.
                with suppress(RuntimeError):
                    self._ask("ROLLBACK", {})
                raise
            self._ask("COMMIT", {})

    def _done(self, statement: Statement) -> int:
        if not statement.each:
            return len(self._ask(statement.query, statement.parameters))
        with _without_deprecation():
            # Kuzu would prepare every query again, which takes longer than running it.
            prepared = self._connection.prepare(statement.query)
        for row in statement.parameters["rows"]:
            self._connection.execute(prepared, row).close()
        return len(statement.parameters["rows"])

    def _wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="memctl-graphiti", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _rows(driver: Any, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    # Not with `execute_query`, which itself retries for half a minute.
    async with driver.session() as session:
        result = await session.run(query, parameters)
        return [dict(row) async for row in result]


async def _in_neo4j(driver: Any, statements: Sequence[Statement]) -> None:
    async with driver.transaction() as transaction:
        for statement in statements:
            result = await transaction.run(statement.query, **statement.parameters)
            _expect(statement, len([row async for row in result]))


def _expect(statement: Statement, rows: int) -> None:
    if statement.rows is not None and rows != statement.rows:
        raise Retryable("the graph was changed by another process during the write", hint="run it again")


@contextmanager
def _without_deprecation() -> Iterator[None]:
    """Suppress Kuzu's deprecation warning, which the documentation mentions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _expect_nobody_in(path: Path) -> None:
    """Raise Locked if another process has opened the graph: then its log is in use, and not a sign of a killed
    process."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise in_use(str(path)) from None


def _inode(path: Path) -> int | None:
    """The identity of the file, which changes when another one replaces it."""
    return path.stat().st_ino if path.exists() else None


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The graph that graphiti-core's own drivers reach: an embedded Kuzu file, or a Neo4j server.

graphiti-core's driver for Kuzu opens the file and makes its tables, but builds no full-text index; that is made good
here, and queries go by a connection of our own. The driver for Neo4j is asynchronous: one event loop in a thread of its
own serves it, so that the adapter can be called from anywhere. This room knows of queries and rows, not of facts.
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
"""What a full-text index brings with it into Kuzu's schema, and makes anew with the index."""
_STALE = ".stale-index"
"""How the name of an empty file ends: a process died over the graph, and its indices are still to be built anew."""
_OUTDATED = ".rebuild"
"""How the name of an empty file ends while the graph's file still has the bytes of what was deleted from it."""

_OPEN: set[Path] = set()
"""The files that this process has open."""

Result = TypeVar("Result")


def sdk(module: str) -> Any:
    """A module of graphiti-core, imported with its telemetry off, its log silent, and no .env file read.

    Raises UsageError saying what to install when it is missing.
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

    `place` names it without secrets. Nothing is opened before the first query. Raises UsageError for a wrong address.
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
        """Whether the embedded graph is there; a server's always counts as being there."""
        return not self.embedded or self.path.exists()

    def make(self) -> bool:
        """Make the embedded graph, or what a graph needs to be searched by words; whether anything was missing."""
        missing = not self.exists()
        if missing:
            with translated(self.place):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self._beside() as whole:
                    whole.index_here()
                    whole.close()
                    # Where another process was faster, its graph stays.
                    with suppress(FileExistsError):
                        os.link(whole.path, self.path)
        self._open()
        return self.index() or missing

    def run(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query. Raises NotFound when the graph is not there, else as `failures` says."""
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
        """Run statements that change the graph in one transaction: all of them take effect, or none.

        Raises Retryable when one did not do what it was to do.
        """
        self._open()
        with translated(self.place):
            if self.embedded:
                self._in_kuzu(statements)
            else:
                self._wait(_in_neo4j(self._driver, statements))

    def index(self) -> bool:
        """Build the full-text indices that graphiti-core searches by; whether any was missing.

        Kuzu builds them anew where a process died in the middle of things: what it takes from its log afterwards is
        not in them as it should be, and to remove it would end this process as well.
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

    def index_here(self, anew: bool = False) -> None:
        """Build the full-text indices in the very file of Kuzu, all of them or those that are missing.

        Kuzu makes an index in several transactions, and takes none up again of which the first alone took effect: a
        kill in between leaves a graph that can never be used. So nobody may need the file yet.
        """
        self._open()
        there, missing = self._indices()
        if anew:
            for table, name in there:
                self.run(f"CALL DROP_FTS_INDEX('{table}', '{name}')")
            missing = self._indices()[1]
        for query in missing:
            self.run(query)

    def _indices(self) -> tuple[list[tuple[str, str]], list[str]]:
        """The table and name of each full-text index, and the queries that would make those which are missing."""
        there = [
            (row["table_name"], row["index_name"])
            for row in self.run("CALL SHOW_INDEXES() RETURN table_name, index_name, index_type")
            if row["index_type"] == "FTS"
        ]
        queries = sdk("graph_queries").get_fulltext_indices(self._driver.provider)
        return there, [query for query in queries if not any(f"'{name}'" in query for _, name in there)]

    def _index_beside(self, anew: bool) -> None:
        """Build the indices in a copy, and set it in the graph's place when it is whole."""
        with self._lock, self._beside() as whole:
            self._ask("CHECKPOINT", {})
            with self._replaced_by(whole) as there:
                with whole.path.open("xb") as copy:
                    shutil.copyfileobj(there, copy, 1 << 20)
                whole.index_here(anew)
        self._open()

    @contextmanager
    def _beside(self) -> Iterator["Graph"]:
        """A graph that is still to be made, beside this one's place; nothing of it is left there afterwards, nor of
        those whose makers were killed."""
        real = self.path.resolve()
        for left in real.parent.glob(f"{glob.escape(real.name)}.*{_UNFINISHED}*"):
            maker = left.name.removeprefix(f"{real.name}.").partition("-")[0]
            if maker.isdigit() and not _is_running(int(maker)):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        whole = Graph(real.with_name(f"{real.name}.{os.getpid()}-{uuid4().hex[:8]}{_UNFINISHED}"))
        try:
            yield whole
        finally:
            whole.close()
            for part in real.parent.glob(f"{glob.escape(whole.path.name)}*"):
                part.unlink(missing_ok=True)

    def want_rebuild(self) -> None:
        """Have an embedded graph's file made anew at the next `rebuild`, whichever process comes to it."""
        if self.embedded:
            self._outdated.touch()

    def rebuild(self) -> None:
        """Make an embedded graph's file anew from what is in it, where that is wanted, and put it in the place of the
        old one, which has the bytes of what was deleted."""
        if not self.embedded or not self._outdated.exists():
            return
        self._open()
        name = f"{self.path.name}.{os.getpid()}-"
        with (
            self._lock,
            self._beside() as whole,
            TemporaryDirectory(dir=self.path.parent, prefix=name, suffix=_UNFINISHED) as folder,
        ):
            exported = Path(folder) / "graph"
            # Nothing of this graph may be in its log when another file takes its place.
            self.run("CHECKPOINT")
            self.run(f"EXPORT DATABASE {quoted(exported)} (format='parquet')")
            with self._replaced_by(whole):
                whole.take_in(exported)
                whole.index_here()
        self._stale.unlink(missing_ok=True)
        self._outdated.unlink()

    @contextmanager
    def _replaced_by(self, whole: "Graph") -> Iterator[BinaryIO]:
        """Put a graph made in the block, which is given this one's file, in the place of this one, which is closed.

        Kuzu's lock on the file goes with the first descriptor of it that this process closes: it is kept until the
        other has taken the place, and this process with the last of them.
        """
        with self.path.open("rb") as there, closing(self):
            yield there
            whole.close()
            shutil.copymode(self.path, whole.path)
            whole.path.replace(self.path.resolve())

    def take_in(self, folder: Path) -> None:
        """Become what was exported into a folder, with its indices. The graph must not be there yet."""
        schema, index = folder / "schema.cypher", folder / "index.cypher"
        schema.write_text(_TOKENIZERS.sub("", schema.read_text(encoding="utf-8")), encoding="utf-8")
        # Kuzu does not read back two indices with stop words of its own: each is made with them where none are named.
        indices = index.read_text(encoding="utf-8").replace(", stopWords := 'default'", "").split(";\n")
        index.write_text("")
        with translated(self.place), _without_deprecation():
            kuzu = import_module("kuzu")
            with kuzu.Database(str(self.path)) as database, kuzu.Connection(database) as connection:
                for statement in (f"IMPORT DATABASE {quoted(folder)}", *filter(str.strip, indices)):
                    connection.execute(statement).close()

    def close(self) -> None:
        """Close the database, and end the thread that a server needs."""
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
                    # Kuzu's lock keeps other processes out, and lets this one damage the file.
                    raise Locked("this process has the graph open already", where=self.place, hint="close it first")
                with translated(self.place), _without_deprecation():
                    self._open_kuzu(kuzu)
                return
            neo4j = sdk("driver.neo4j_driver")
            user, password, database = self._account
            with translated(self.place):
                # Made outside of a loop it builds no index by itself: a graph that is only read is left as it is.
                self._driver = neo4j.Neo4jDriver(self._uri, user, password, database)

    def _open_kuzu(self, kuzu: Any) -> None:
        log = self.path.with_name(self.path.name + ".wal")
        if log.exists() and log.stat().st_size > 0:
            _expect_nobody_in(self.path)
            # Before Kuzu takes from the log what is not in the indices then: it may be this process's last act.
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
                # A statement that fails has ended the transaction already; any other end must not leave it open.
                with suppress(RuntimeError):
                    self._ask("ROLLBACK", {})
                raise
            self._ask("COMMIT", {})

    def _done(self, statement: Statement) -> int:
        if not statement.each:
            return len(self._ask(statement.query, statement.parameters))
        with _without_deprecation():
            # Kuzu would have every query prepared anew, which takes longer than running it.
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
    # Outside of `execute_query`, which tries again by itself for half a minute.
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
        raise Retryable("the graph was changed by somebody else meanwhile", hint="run it again")


@contextmanager
def _without_deprecation() -> Iterator[None]:
    """Whether Kuzu has a future is for the documentation to say, not for every command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _expect_nobody_in(path: Path) -> None:
    """Raise Locked when another process has the graph open: its log is at work then, and tells of no death."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise in_use(str(path)) from None


def _inode(path: Path) -> int | None:
    """Which file lies there: another one once the indices were built beside it."""
    return path.stat().st_ino if path.exists() else None


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

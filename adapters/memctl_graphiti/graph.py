"""The graph that graphiti-core's own drivers reach: an embedded Kuzu file, or a Neo4j server.

graphiti-core's driver for Kuzu opens the file and makes its tables, but builds no full-text index; that is made good
here, and queries go by a connection of our own. The driver for Neo4j is asynchronous: one event loop in a thread of its
own serves it, so that the adapter can be called from anywhere. This room knows of queries and rows, not of facts.
"""

import asyncio
import glob
import logging
import os
import re
import shutil
import threading
import warnings
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit

from memctl.adapter import need
from memctl.errors import Locked, NotFound, Retryable, UsageError
from memctl_graphiti.cypher import Statement
from memctl_graphiti.failures import translated

FILE = "graphiti.kuzu"
_UNFINISHED = ".half"
_TOKENIZERS = re.compile(r"CREATE MACRO `\d+_\w+_TOKENIZE`.*?;\n", re.DOTALL)
"""What a full-text index brings with it into Kuzu's schema, and makes anew with the index."""
_SCHEMES = {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"}

_OPEN: set[Path] = set()
"""The files that this process has open."""

Result = TypeVar("Result")


def default_path() -> Path:
    """Where the embedded graph lies when no other is named: memctl's data folder on this platform."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False)) / FILE


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
    """A graph: the Kuzu database in the file `path`, or the Neo4j server at `uri`.

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
        self._account = (user, password, database or "neo4j")
        self._driver: Any = None
        self._connection: Any = None
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._indexed = False
        self._recovered = False
        if self.embedded:
            self.path = _file(path)
            self.place = str(self.path)
        else:
            self._uri, self.place = _address(str(uri), self._account[2])

    def exists(self) -> bool:
        """Whether the embedded graph is there; a server's always counts as being there."""
        return not self.embedded or self.path.exists()

    def make(self) -> bool:
        """Make the embedded graph, or what a graph needs to be searched by words; whether anything was missing."""
        missing = not self.exists()
        if missing:
            with translated(self.place):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._build()
        self._open()
        return self.index() or missing

    def _build(self) -> None:
        """Make the graph beside its place, and set it there when it is whole: Kuzu makes an index in several
        transactions, and takes none up again of which the first alone took effect."""
        whole = self._beside()
        try:
            whole.index()
        finally:
            whole.close()
        # Where another process was faster, its graph stays.
        with suppress(FileExistsError):
            os.link(whole.path, self.path)
        whole.path.unlink()

    def run(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query. Raises NotFound when the graph is not there, else as `failures` says."""
        if not self.exists():
            raise NotFound("there is no graph", where=self.place, hint="memctl backends init graphiti makes one")
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
        there = [
            (row["table_name"], row["index_name"])
            for row in self.run("CALL SHOW_INDEXES() RETURN table_name, index_name, index_type")
            if row["index_type"] == "FTS"
        ]
        queries = sdk("graph_queries").get_fulltext_indices(self._driver.provider)
        missing = [query for query in queries if not any(f"'{name}'" in query for _, name in there)]
        if self._recovered:
            for table, name in there:
                self.run(f"CALL DROP_FTS_INDEX('{table}', '{name}')")
        for query in queries if self._recovered else missing:
            self.run(query)
        self._indexed, self._recovered = True, False
        return bool(missing)

    def want_rebuild(self) -> None:
        """Have an embedded graph's file made anew at the next `rebuild`, whichever process comes to it."""
        if self.embedded:
            self._mark.touch()

    def rebuild(self) -> None:
        """Make an embedded graph's file anew from what is in it, where that is wanted, and put it in the place of the
        old one, which has the bytes of what was deleted."""
        if not self.embedded or not self._mark.exists():
            return
        self._open()
        whole = self._beside()
        name = f"{self.path.name}.{os.getpid()}."
        with TemporaryDirectory(dir=self.path.parent, prefix=name, suffix=_UNFINISHED) as folder:
            exported = Path(folder) / "graph"
            # Nothing of this graph may be in its log when another file takes its place.
            self.run("CHECKPOINT")
            self.run(f"EXPORT DATABASE {quoted(exported)} (format='parquet')")
            self.close()
            try:
                whole.take_in(exported)
                whole.index()
            finally:
                whole.close()
        shutil.copymode(self.path, whole.path)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        whole.path.replace(self.path)
        self._mark.unlink()

    @property
    def _mark(self) -> Path:
        return self.path.with_name(f"{self.path.name}.rebuild")

    def _beside(self) -> "Graph":
        """A graph that is to take the place of this one once it is whole. What killed processes left of such goes."""
        for left in self.path.parent.glob(f"{glob.escape(self.path.name)}.*{_UNFINISHED}*"):
            maker = left.name.removeprefix(f"{self.path.name}.").partition(".")[0]
            if maker.isdigit() and not _is_running(int(maker)):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        return Graph(self.path.with_name(f"{self.path.name}.{os.getpid()}{_UNFINISHED}"))

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
        """Let go of the database, and end the thread that a server needs."""
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
                log = self.path.with_name(self.path.name + ".wal")
                self._recovered = log.exists() and log.stat().st_size > 0
                with translated(self.place), _without_deprecation():
                    self._driver = kuzu.KuzuDriver(db=str(self.path))
                    self._connection = import_module("kuzu").Connection(self._driver.db)
                _OPEN.add(self.path.resolve())
                return
            neo4j = sdk("driver.neo4j_driver")
            user, password, database = self._account
            with translated(self.place):
                # Made outside of a loop it builds no index by itself: a graph that is only read is left as it is.
                self._driver = neo4j.Neo4jDriver(self._uri, user, password, database)

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


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def quoted(path: Path) -> str:
    """A path as Kuzu's statements take it, which know no parameter there."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _file(path: str | Path | None) -> Path:
    given = Path(path).expanduser().absolute() if path is not None else default_path()
    return given / FILE if given.is_dir() else given


def _address(uri: str, database: str) -> tuple[str, str]:
    """The uri without an account in it, and the name of what is there."""
    parts = urlsplit(uri)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise UsageError(
            f"no graph can be reached at {parts.scheme}://{parts.hostname or ''}",
            hint="a path of an embedded graph, or a uri of Neo4j: " + ", ".join(sorted(_SCHEMES)),
        )
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}", f"{parts.scheme}://{host}/{database}"

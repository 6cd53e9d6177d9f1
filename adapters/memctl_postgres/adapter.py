"""The backend named `postgres`: PostgreSQL with pgvector, memctl's own schema, or an existing table.

Implements the contract of a backend with the other modules of this package.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from memctl.backends.contract import Backend, Capabilities, Embedder, Features, Health, Hit, Outcome, Page, Query, count
from memctl.core.errors import MemctlError, Rejected, UsageError
from memctl.core.fact import Embedding, Fact
from memctl_postgres import external_table, schema, search, table_layouts, write
from memctl_postgres.connection import EMBEDDED, VARIABLES, Database
from memctl_postgres.mapping import SELECTED, loaded_text, stored_text, to_fact

PAGE_SIZE = 1000

_SELECT = f"SELECT {', '.join(SELECTED)}, key FROM facts "  # noqa: S608 - our own names
_PAGE = (
    _SELECT + "WHERE user_id = %(user)s AND key > %(after)s AND (%(since)s::timestamptz IS NULL "
    "OR coalesce(updated_at, created_at, imported_at) >= %(since)s) ORDER BY key LIMIT %(size)s"
)
# Makes search return ids, by which the primary key finds the rows.
_SOURCE = SQL(
    "(SELECT id AS key, user_id, kind, text, lexemes, embedding, valid_at, invalid_at, created_at, expired_at, "
    "expires_at, superseded_by IS NOT NULL AS replaced FROM facts)"
)
_BYTES = (
    "rows deleted; remnants may remain in the free space of the table's file, in the write-ahead log and in backups; "
    "VACUUM FULL rewrites the table, and locks it while it runs"
)


class PostgresAdapter(Backend):
    """A PostgreSQL database: `dsn`, MEMCTL_POSTGRES_DSN, DATABASE_URL, or else the embedded server.

    `schema` contains memctl's tables; `init` creates them at the first write. `data_folder` is the embedded server's.
    `table`, `mapping` ({column: field}, or "column=field,…") and `layout` (`diy`, `mem0`) read a table that memctl did
    not create, and never write to it; `default_user` owns its rows that name no user. `embed` computes a query's vector
    with the model of the stored vectors; without it search compares words. `embedder` computes the vectors of facts
    that have none, and of queries if it also computed the stored vectors. `dimensions` is the number of dimensions
    that `init` gives the column of vectors (default: those of `embedder`). `page_size` is in facts.

    Connects at the first call. Raises UsageError for invalid options. Safe for several threads.
    """

    name = "postgres"
    capabilities = Capabilities(batch_size=5_000)
    features = Features(
        options=(
            "dsn", "schema", "table", "mapping", "layout", "data_folder", "init", "embed", "embedder", "default_user",
            "dimensions", "page_size",
        ),
        writers=4,
        filters=frozenset({"kinds", "since", "until", "as_of"}),
        forget=True,
        clock=True,
    )  # fmt: skip

    def __init__(
        self,
        dsn: str | None = None,
        *,
        schema: str = "memctl",
        table: str | None = None,
        mapping: Mapping[str, str] | str | None = None,
        layout: str | None = None,
        data_folder: str | Path | None = None,
        init: bool = False,
        embed: Callable[[str], Sequence[float]] | None = None,
        embedder: Embedder | None = None,
        default_user: str | None = None,
        dimensions: int | None = None,
        page_size: int | None = None,
    ) -> None:
        if not schema or "\0" in schema or len(schema.encode()) > 63:
            raise UsageError(f"invalid schema name {schema!r}", hint="use a name of 1 to 63 bytes")
        if page_size is not None and page_size < 1:
            raise UsageError(f"invalid page size {page_size}", hint="use 1 or more")
        self.schema = schema
        self._init = init
        self._embed = embed
        self._embedder = embedder
        self._dimensions = dimensions
        self._page_size = page_size or PAGE_SIZE
        self._default_user = default_user
        self._layout = table_layouts.layout_of(layout, mapping) if table or mapping or layout else None
        self._table_name = table or (self._layout.table if self._layout else None)
        if self._layout is not None and self._table_name is None:
            raise UsageError("a mapping needs a table", hint="--table NAME")
        self._table: external_table.Table | None = None
        self._rejects: dict[str, Rejected] = {}
        self._database = Database(dsn, data_folder, schema)
        self.identity = f"{self._database.place}.{self._table_name or schema}"

    def __repr__(self) -> str:
        return f"PostgresAdapter({self._database.place}, schema={self.schema!r})"

    def __enter__(self) -> "PostgresAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the embedded server stops when no other process uses it."""
        self._database.close()

    def remarks(self) -> Sequence[str]:
        """A note if the embedded server is used because no database is named (perhaps a variable is misspelt)."""
        if self._database.place != EMBEDDED:
            return ()
        return (f"no database is named by dsn, {' or '.join(VARIABLES)}, so memctl's own embedded server is used",)

    def initialized(self) -> bool:
        """Whether memctl's schema exists in this version."""
        return self._database.state(fresh=True).version == schema.VERSION

    def init(self) -> list[str]:
        """Create or upgrade the schema, and build a missing vector index; returns a line for each."""
        self.check_writable()
        lines = [f"schema {self.schema!r}, version {version}" for version in self._database.init()]
        if self._database.state(fresh=True).dimensions is None and (dimensions := self._usual_dimensions()):
            with self._database.transaction() as connection:
                schema.fix_dimensions(connection, dimensions)
        return lines + self._index()

    def _usual_dimensions(self) -> int | None:
        """The expected dimensions of the vectors. They are fixed at once, because an account that writes facts later
        may not be allowed to change the column. The first vectors change it if they have other dimensions."""
        if self._dimensions is not None or self._embedder is None:
            return self._dimensions
        try:
            return len(self._embedder.embed_one("dimensions"))
        except MemctlError:
            # The tables are created even if the model cannot be reached now.
            return None

    def now(self) -> datetime:
        """The server's clock."""
        with self._database.transaction(own=False) as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        at: datetime = row[0]
        return at.astimezone(UTC)

    def check(self) -> Health:
        """Connect to the database; the detail describes it, or says that the schema is missing."""
        # For another program's table, memctl's schema is not read, because the account may not be allowed to.
        state = self._database.state(fresh=True) if self._layout is None else self._database.outside()
        with self._database.transaction(own=False) as connection:
            row = connection.execute("SELECT current_setting('server_version')").fetchone()
        server = f"{self._database.place}: PostgreSQL {row[0].split()[0] if row else '?'}"
        server += f", pgvector {state.pgvector}" if state.pgvector else ", without pgvector"
        if self._layout is not None:
            table = self._foreign()
            return Health(ok=True, detail=f"{server}; reads {table.account}")
        if state.version is None:
            return Health(ok=True, detail=f"{server}; no schema {self.schema!r} yet: memctl backends init postgres")
        schema.require(state, self.schema)
        with self._database.transaction() as connection:
            row = connection.execute("SELECT count(*), count(DISTINCT user_id) FROM facts").fetchone()
        facts, users = row or (0, 0)
        vectors = f"vectors of {state.dimensions} dimensions" if state.dimensions else "no vectors"
        if state.dimensions:
            vectors += ", indexed" if state.indexed else ", not indexed yet"
        return Health(ok=True, detail=f"{server}; {count(facts, 'fact')} of {count(users, 'user')}, {vectors}")

    def users(self) -> Iterator[str]:
        """Every user that owns a fact, in alphabetical order."""
        if self._layout is not None:
            return external_table.users(self._database, self._foreign(), self._default_user)
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT DISTINCT user_id FROM facts").fetchall()
        return iter(sorted(loaded_text(row[0]) for row in rows))

    def count(self, user: str) -> int | None:
        """The number of the user's facts."""
        if self._layout is not None:
            return external_table.count(self._database, self._foreign(), user, self._default_user)
        with self._database.transaction() as connection:
            row = connection.execute("SELECT count(*) FROM facts WHERE user_id = %s", [stored_text(user)]).fetchone()
        return int(row[0]) if row else 0

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts in the order in which they were written; the cursor is the key of the last one read."""
        if self._layout is not None:
            yield from external_table.read(
                self._database,
                self._foreign(),
                user,
                since,
                cursor,
                page_size=self._page_size,
                default_user=self._default_user,
                reject=self._reject,
            )
            return
        after = _key(cursor)
        while True:
            with self._database.transaction() as connection:
                rows = connection.execute(
                    _PAGE,
                    {"user": stored_text(user), "after": after, "since": since, "size": self._page_size + 1},
                ).fetchall()
            more = len(rows) > self._page_size
            rows = rows[: self._page_size]
            after = rows[-1][-1] if rows else after
            yield Page(tuple(self._facts(rows)), str(after) if more else None)
            if not more:
                return

    def _facts(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Fact]:
        """The facts in rows of memctl's own table; rows that were edited into something invalid are in `rejects`
        afterwards."""
        for row in rows:
            try:
                yield to_fact(row[:-1])
            except ValueError as error:
                self._reject(Rejected(str(error), where=f"row {row[0]} of {self.identity}"))

    def _reject(self, row: Rejected) -> None:
        self._rejects[row.where or ""] = row

    def rejects(self) -> Iterable[Rejected]:
        """The rows read so far that are not facts."""
        return self._rejects.values()

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim; see `write.write`. The schema must exist, unless `init` is set."""
        self.check_writable()
        if self._init and not self.initialized():
            self._database.init()
        return write.write(self._database, self._with_vectors(facts))

    def _with_vectors(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        bare = [fact.text for fact in facts if fact.embedding is None]
        if self._embedder is None or not bare:
            return facts
        name = self._embedder.name
        vectors = iter([tuple(float(x) for x in vector) for vector in self._embedder.embed(bare)])
        complete = []
        for given in facts:
            fact = given
            vector = None if fact.embedding is not None else next(vectors)
            # A text without a word that the model knows has a vector of zeros, which search could never find.
            if vector is not None and any(vector):
                fact = msgspec.structs.replace(fact, embedding=Embedding(model=name, vector=vector))
            complete.append(fact)
        return complete

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns the number of facts that existed."""
        self.check_writable()
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "DELETE FROM facts WHERE user_id = %s AND id = ANY(%s)", [stored_text(user), list(ids)]
            )
            return cursor.rowcount

    def forget(self, user: str) -> Sequence[str]:
        """Remove all rows of the user and let PostgreSQL reuse their space."""
        self.check_writable()
        with self._database.transaction() as connection:
            deleted = connection.execute("DELETE FROM facts WHERE user_id = %s", [stored_text(user)]).rowcount
        self._database.vacuum("facts")
        return [_BYTES] if deleted else []

    def search(self, query: Query) -> list[Hit]:
        """The best facts, best first.

        A score is the sum of its `parts`, `lexical` and `semantic`. Raises UsageError if the query's vector and the
        stored ones differ in dimensions.
        """
        table = self._foreign() if self._layout is not None else None
        dimensions = table.dimensions if table else self._database.state().dimensions
        if table is None and dimensions is None:
            dimensions = self._database.state(fresh=True).dimensions
        vector = self._vector(query.text, dimensions)
        with self._database.transaction(own=table is None) as connection:
            ranked = search.rank(
                connection,
                table.source() if table else _SOURCE,
                query,
                vector=vector,
                distance="embedding <=> %(vector)s::vector" if table else schema.distance(dimensions),
            )
            keys = [row.key for row in ranked]
            if table is not None:
                facts = external_table.facts_by_key(connection, table, keys, self._default_user)
                if query.as_of is None:
                    facts = {key: fact for key, fact in facts.items() if fact.expired_at is None}
            else:
                rows = connection.execute(_SELECT + "WHERE id = ANY(%s)", [keys]).fetchall()
                facts = {fact.id: fact for fact in self._facts(rows)}
        return search.hits(ranked, facts, query)

    def add(self, user: str, turns: Iterable[Any]) -> NoReturn:
        """Always raises UsageError: PostgreSQL does not extract facts."""
        raise UsageError(
            "postgres stores facts and does not extract them from conversations",
            hint="memctl ingest reads transcripts into the local store, memctl migrate --to postgres moves the facts",
        )

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Build the vector index that bulk writes postponed. Writes can be read at once."""
        if self._layout is None:
            self._index()

    def _index(self) -> list[str]:
        state = self._database.state(fresh=True)
        if state.version is None or state.indexed or state.dimensions is None:
            return []
        with self._database.transaction() as connection:
            is_indexed = schema.build_index(connection, state.dimensions)
        self._database.state(fresh=True)
        return [f"index on vectors of {state.dimensions} dimensions"] if is_indexed else []

    def _vector(self, query: str, dimensions: int | None) -> Sequence[float] | None:
        if self._embed is None and self._embedder is not None and dimensions is not None:
            vector = self._embedder.embed_one(query)
            return vector if self._made_by(self._embedder.name) and len(vector) == dimensions else None
        if self._embed is None or dimensions is None:
            return None
        vector = self._embed(query)
        if len(vector) != dimensions:
            raise UsageError(
                f"the query's vector has {len(vector)} dimensions, the stored ones have {dimensions}",
                where=self._database.place,
                hint="search with the model of the stored vectors",
            )
        return vector

    def _made_by(self, model: str) -> bool:
        """True if the stored vectors are of this model; vectors of two models are never compared."""
        if self._table_name is not None:
            return False
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT embedding_model FROM facts WHERE embedding IS NOT NULL LIMIT 1"
            ).fetchall()
        return bool(rows) and rows[0][0] == model

    def _foreign(self) -> external_table.Table:
        if self._table is None:
            assert self._layout is not None
            assert self._table_name is not None
            with self._database.transaction(own=False) as connection:
                self._table = external_table.inspect(connection, self._table_name, self._layout, self._database.place)
        return self._table

    def check_writable(self) -> None:
        """Raise UsageError for a table that memctl did not create."""
        if self._layout is not None:
            raise UsageError(
                "a table that memctl did not create is only read",
                where=self._table_name,
                hint="to write to memctl's own schema, leave out table, mapping and layout",
            )


def _key(cursor: str | None) -> int:
    try:
        return int(cursor or 0)
    except ValueError:
        raise UsageError(f"{cursor!r} is not a cursor of this backend", hint="read from the start") from None

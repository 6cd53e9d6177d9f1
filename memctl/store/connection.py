"""The two small protocols between the store's SQL and a database: `Connection` within a transaction, and `Engine`.

`memctl.store.sql` is written in what DuckDB and PostgreSQL have in common, with `?` or `$name` for parameters. What
they do differently is an SQL function with the same name in both (the macros of `schema_3.sql` and the functions of the
PostgreSQL schema), or a method of `Connection`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Halves = NDArray[np.uint64]
else:
    Matrix = Halves = Any

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]
COPYING = " copying"
"""What follows the number in the schema version of a store that is an unfinished copy."""


class Rows(Protocol):
    """The result of a statement."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""

    def fetchmany(self, size: int, /) -> list[tuple[Any, ...]]:
        """Up to `size` of the rows that are left."""


class Connection(Protocol):
    """A connection inside one transaction. Times are naive and in UTC."""

    def mine(self, table: str = "") -> str:
        """The condition that a row is of a user of this transaction; `table` is a table's name or alias.

        TRUE in a transaction about everybody, and where no statement gets faster by it.
        """

    def in_list(self, type_: str) -> str:
        """The condition that a value of this type (UUID or BIGINT) is in the list that is the next parameter."""

    def execute(self, statement: str, parameters: Parameters = (), /) -> Rows:
        """The result of a statement, valid until the next one."""

    def once(self, statement: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        """The rows of a statement about `meta`, which is executed again only after `meta` was changed here."""

    def remembered(self, name: str, make: Callable[[], T]) -> T | None:
        """What `make` returns, computed from the store as it is now; None if it is not kept.

        Only a connection that stays open keeps anything, and only what is asked for by the same name again.
        """

    def stream(self, statement: str, size: int, /) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a result, at most `size` at a time and without keeping them all in memory."""

    def change(self, statement: str, parameters: Parameters = (), /) -> int:
        """Execute an INSERT, UPDATE or DELETE; returns the number of rows."""

    def append(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows in bulk; `columns` are the names of their values, with commas."""

    def append_vectors(
        self, table: str, units: Sequence[int], users: Sequence[str], vectors: Matrix | Sequence[Any]
    ) -> None:
        """Add one vector for each of these units, which belong to `users` and have none.

        `vectors` has shape (len(units), dim), or is a list of arrays or of lists of floats.
        """

    def halves(self, statement: str, parameters: Parameters = (), /) -> Halves:
        """The only column of a result, of the SQL function `half`; shape (n,)."""

    def vectors(self, statement: str, parameters: Parameters = (), /) -> tuple[list[tuple[Any, ...]], Matrix]:
        """The rows of a result without their last column, and the vectors in that, of shape (n, dim)."""

    def vector(self, values: Sequence[float]) -> Any:
        """A vector as a parameter, which the statement casts to `vector_type`."""

    def vector_type(self, dim: int) -> str:
        """The type of a column of vectors with `dim` dimensions."""

    def contains(self, array: str, value: str) -> str:
        """The condition that an array has a value, both given as SQL."""

    def near(self, query: Sequence[float], always: str | None) -> tuple[str, dict[str, Any]]:
        """A SELECT of `key`, the row key of a record, and `cosine` with the query, and its parameters: for the nearest
        vectors, and for those of the records that the SELECT `always` has; for all vectors if that is None.

        The cosine may be an estimate by which records are chosen that are then compared exactly.
        """

    def lock(self, names: Iterable[str]) -> None:
        """Be the only transaction that works on what has these names, until it ends."""

    def keys(self, **numbers: int) -> list[Sequence[int]]:
        """For each of these tables, that many unused row keys in ascending order."""

    def skip_keys(self, table: str, last: int) -> None:
        """Give no row key up to `last` to new rows of a table."""

    def made(self, table: str) -> None:
        """Complete a table of vectors, or the view `facts`, that was just created."""

    def filled(self, table: str) -> None:
        """Complete a table of vectors after an INSERT by a statement."""

    def sort(self, table: str, columns: str) -> None:
        """Lay the rows of a table out in the order of these columns, if the engine profits from that."""

    def tables(self) -> list[str]:
        """The names of the store's tables."""


@runtime_checkable
class Preparable(Protocol):
    """An engine on a server, where a store can be made before anything is in it."""

    def prepare(self) -> tuple[bool, dict[str, str] | None]:
        """Create the store if it is missing, and lay its tables out over the servers of a cluster.

        Returns whether there was none, and the tables laid out now, each by "user" or on "all servers"; None where
        there is no cluster.
        """


class Engine(Protocol):
    """A database that keeps one store."""

    @property
    def place(self) -> str:
        """Where it is, as messages name it; never contains a password."""

    @property
    def address(self) -> str | None:
        """The address under which other processes can write to it at the same time; None if they cannot."""

    @property
    def lock_timeout(self) -> float:
        """How long a transaction waits for another process, in seconds."""

    @property
    def file(self) -> Path | None:
        """The file of the store, if it is one file."""

    copying: bool
    """True for a command that completes an unfinished copy; all others refuse such a store."""

    def exists(self) -> bool:
        """False until something is written for the first time."""

    def check_creatable(self) -> None:
        """Raise MemctlError for a missing store that plainly cannot be created."""

    def reading(self, *, users: Collection[str] | None = None) -> AbstractContextManager[Connection]:
        """A read-only transaction about these users (None: everybody).

        Raises NotFound if the store does not exist, Locked if it stays locked.
        """

    def writing(self, *, make: bool = True, users: Collection[str] | None = None) -> AbstractContextManager[Connection]:
        """A transaction about these users (None: everybody): committed at the end of the block, rolled back by any
        exception.

        Creates or upgrades the schema. Without `make`, raises NotFound if the store does not exist.
        """

    def trial(self) -> AbstractContextManager[Engine]:
        """A copy of the store, dropped with the block."""

    def llm_lock(self) -> AbstractContextManager[None]:
        """Be the only process that asks a model for this store; the store itself is not locked."""

    def size(self) -> int | None:
        """The size of the store in bytes."""

    def rebuild(self) -> None:
        """Remove the bytes of deleted rows, as far as the engine can."""

    def sql(self, statement: str, *, write: bool = False) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows of a user's own SQL statement. Raises UsageError with the engine's words if it fails."""

    def close(self) -> None:
        """Close what is still open."""

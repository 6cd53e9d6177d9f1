"""Vectors in two bits a dimension, a 16th of their size, from which a search of all users estimates cosines.

A table of vectors has, for each 64 dimensions, a column `signs0`, `signs1`, … with a bit for each number that is
positive, and a column `large0`, `large1`, … with a bit for each number that is large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import exp, pi, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
else:
    Words = DuckDBPyConnection = Any

WORD = 64
"""Dimensions in one column."""
BATCH = 4096
"""Rows that get their values at a time."""
LARGE = 0.8
"""From which size on a number is large, relative to the standard deviation of the numbers of a unit vector."""
CLOSE = 40_000
"""How many vectors are compared by all their bits: those with the most signs in common with the query. Comparing the
signs alone takes a tenth of the time, and without the others, most rows need not be joined with their records."""
SLOPE = sqrt(2 / pi) * (1 + 2 * exp(-(LARGE**2) / 2))
"""How much the expected value of a number, where a small one stands for 1 and a large one for 3, grows with its mean,
both relative to the standard deviation. The numbers are taken to be normally distributed."""


def names(dim: int) -> list[str]:
    """The columns of bits for vectors of `dim` dimensions."""
    numbers = range(-(-dim // WORD))
    return [f"{kind}{number}" for kind in ("signs", "large") for number in numbers]


def _threshold(dim: int) -> float:
    return LARGE / sqrt(dim)


def of_lists(vectors: Iterable[Sequence[float]]) -> list[list[int]]:
    """The values of the columns, column by column, for vectors as lists."""
    return [list(column) for column in zip(*map(_words, vectors), strict=True)]


def _words(vector: Sequence[float]) -> list[int]:
    limit = _threshold(len(vector))
    return _packed([value > 0 for value in vector]) + _packed([abs(value) > limit for value in vector])


def _packed(bits: Sequence[bool]) -> list[int]:
    number = int("".join("01"[bit] for bit in reversed(bits)), 2)
    return [number >> start & 2**WORD - 1 for start in range(0, len(bits), WORD)]


def of_array(vectors: Any) -> Words:
    """The same for an array of shape (n, dim); the shape is (number of columns, n)."""
    import numpy as np

    number, dim = vectors.shape
    width = -(-dim // WORD) * WORD
    bits = np.zeros((number, 2 * width), dtype=np.bool_)
    np.greater(vectors, 0, out=bits[:, :dim])
    np.greater(np.abs(vectors), _threshold(dim), out=bits[:, width : width + dim])
    packed: Words = np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return packed.T.copy()


def near(
    query: Sequence[float], always: str | None, execute: Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
) -> tuple[str, dict[str, Any]]:
    """A SELECT of the record and the estimated cosine with the query, and its parameters: of the CLOSE nearest vectors,
    and of all vectors of the records that the SELECT `always` has; of all vectors if that is None.

    The inner product of the query and a vector, both with numbers of two sizes as for `SLOPE`, grows with the cosine.
    `execute` returns the rows of a statement.
    """
    half = len(names(len(query))) // 2
    width = sqrt(sum(value * value for value in query))
    words = _words([value / width for value in query] if width else query)
    sizes = [3 if abs(value) > _threshold(len(query)) * width else 1 for value in query]
    expected = SLOPE * sqrt(len(query)) * sum(size * abs(value) for size, value in zip(sizes, query, strict=True))
    signs = {f"signs{number}": words[number] for number in range(half)}
    parameters: dict[str, Any] = {
        "sizes": sum(sizes),
        "scale": width / expected if width else 0.0,
        **{f"large{number}": words[half + number] for number in range(half)},
    }
    terms = (
        f"agreement(signs{number}, large{number}, $signs{number}::UBIGINT, $large{number}::UBIGINT)"
        for number in range(half)
    )
    cosine = f"($sizes + 2 * ({' + '.join(terms)})) * $scale::DOUBLE"
    differing = " + ".join(f"bit_count(xor({name}, ${name}::UBIGINT))::INTEGER" for name in signs)
    compared = others = ""
    if always is not None:
        counted = execute(f"SELECT {differing} AS differing, count(*) FROM vectors GROUP BY differing", signs)  # noqa: S608
        parameters["differing"] = _most_differing(counted)
        compared = f"WHERE {differing} <= $differing"
        others = (
            f"UNION ALL SELECT u.record, {cosine} "  # noqa: S608
            f"FROM (SELECT key, record FROM units WHERE record IN ({always})) u "
            f"JOIN vectors v ON v.unit = u.key WHERE {differing} > $differing"
        )
    statement = (
        f"SELECT u.record AS key, v.cosine FROM (SELECT unit, {cosine} AS cosine FROM vectors {compared}) v "  # noqa: S608
        f"JOIN units u ON u.key = v.unit {others}"
    )
    return statement, parameters | signs


def _most_differing(counted: Iterable[tuple[int, int]]) -> int:
    """In how many signs the CLOSE nearest vectors differ from the query at most, from the number of vectors for each
    number of differing signs."""
    number = most = 0
    for differing, vectors in sorted(counted):
        if number < CLOSE:
            most = differing
        number += vectors
    return most


def complete(connection: DuckDBPyConnection, table: str) -> None:
    """Add the columns to a table of vectors that lacks them, and their values to rows that a statement inserted."""
    ((type_,),) = connection.execute(
        "SELECT data_type FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' "
        "AND table_name = ? AND column_name = 'embedding'",
        [table],
    ).fetchall()
    columns = names(int(type_.removeprefix("FLOAT[").removesuffix("]")))
    for name in columns:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} UBIGINT")
    lacking = f"FROM {table} WHERE signs0 IS NULL LIMIT {BATCH}"
    # An expression of all dimensions, which would need no numpy, takes 0.15 to 1 s to plan.
    while connection.execute(f"SELECT 1 {lacking}").fetchone():
        rows = connection.execute(f"SELECT unit, embedding {lacking}").fetchnumpy()
        _update(connection, table, columns, rows["unit"], list(rows["embedding"]))


def _update(
    connection: DuckDBPyConnection, table: str, columns: Sequence[str], units: Any, vectors: Sequence[Any]
) -> None:
    """Set the columns in the rows of these units."""
    import numpy as np

    # DuckDB finds the local `words` by name.
    words = {"unit": units, **dict(zip(columns, of_array(np.stack(vectors)), strict=True))}
    values = ", ".join(f"{name} = words.{name}" for name in columns)
    connection.execute(f"UPDATE {table} SET {values} FROM words WHERE {table}.unit = words.unit")  # noqa: S608
    del words

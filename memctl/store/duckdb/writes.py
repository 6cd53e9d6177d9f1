"""Records with their chunks and vectors as rows, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from memctl.core.fact import Fact, content_hash
from memctl.embed.spec import EmbedderSpec
from memctl.embed.static import NAME as SHIPPED
from memctl.store.duckdb import fact_rows
from memctl.store.duckdb.database import Connection, get_meta, set_meta
from memctl.store.model import Entry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]
else:
    Vector = Matrix = Any


def stored_embedder(connection: Connection) -> EmbedderSpec | None:
    """The embedder that made all vectors of the store; None while the store is new."""
    spec = get_meta(connection, "embedder_spec")
    return msgspec.json.decode(spec, type=EmbedderSpec) if spec else None


def outdated_model(connection: Connection) -> str | None:
    """The built-in model that made the store's vectors, if this version of memctl ships another one.

    Vectors of two models cannot be compared: until `reindex`, such a store gets no vectors and is searched by words.
    """
    spec, name = stored_embedder(connection), get_meta(connection, "embedder")
    return name if spec and spec.shipped and name != SHIPPED else None


def use_embedder(connection: Connection, spec: EmbedderSpec) -> None:
    """Give a new store its embedder, its empty vectors table and the `facts` view; nothing for a store that has one."""
    if stored_embedder(connection) is None:
        set_embedder(connection, spec)
        connection.execute(vectors_table("vectors", spec.open().dim))
        define_facts_view(connection)


def set_embedder(connection: Connection, spec: EmbedderSpec) -> None:
    """Record which embedder makes the store's vectors."""
    embedder = spec.open()
    set_meta(connection, "embedder_spec", msgspec.json.encode(spec).decode())
    set_meta(connection, "embedder", embedder.name)
    set_meta(connection, "dim", str(embedder.dim))


def vectors_table(name: str, dim: int) -> str:
    """The statement that makes a table of vectors of `dim` dimensions."""
    return f"CREATE TABLE {name} (unit BIGINT NOT NULL, user_id VARCHAR NOT NULL, embedding FLOAT[{dim}] NOT NULL)"


def define_facts_view(connection: Connection) -> None:
    """`facts`: every field of the Fact, the embedding of its whole text, and when memctl took it in."""
    connection.execute(
        f"""
        CREATE OR REPLACE VIEW facts AS
        SELECT {", ".join(f"r.{column.strip()}" for column in fact_rows.FACT_COLUMNS.split(","))},
               r.role, r.speaker, r.content_hash, r.imported_at, v.embedding
        FROM records r
        LEFT JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0
        LEFT JOIN vectors v ON v.unit = u.key AND v.user_id = u.user_id
        """  # noqa: S608
    )


def add(connection: Connection, entries: Sequence[Entry], vectors: Mapping[str, Vector]) -> None:
    """Append records that are not in the store yet, with their units.

    `vectors` maps a unit's text to its unit-length vector of shape (dim,). A unit whose text it lacks stays without
    one until `reindex` or the next ingest embeds it.
    """
    if not entries:
        return
    first_record = fact_rows.next_key(connection, "records")
    fact_rows.insert(
        connection,
        [(entry.fact, entry.episodic) for entry in entries],
        first_key=first_record,
        imported_at=datetime.now(UTC),
    )
    rows = add_units(connection, list(enumerate(entries, first_record)))
    embedded = [(key, vectors[text]) for key, text in rows if text in vectors]
    if embedded and not outdated_model(connection):
        import numpy as np

        add_vectors(connection, [key for key, _ in embedded], np.stack([vector for _, vector in embedded]))


def add_units(connection: Connection, entries: Sequence[tuple[int, Entry]]) -> list[tuple[int, str]]:
    """Append the units of records, given with their row keys; the units' own row keys and texts."""
    first = fact_rows.next_key(connection, "units")
    units = [
        (record, entry.fact.user_id, seq, unit) for record, entry in entries for seq, unit in enumerate(entry.chunks)
    ]
    with connection.appender("units") as appender:
        appender.append_rows(
            [
                (key, record, user_id, seq, unit.text, unit.tokens)
                for key, (record, user_id, seq, unit) in enumerate(units, first)
            ]
        )
    return [(key, unit.text) for key, (_, _, _, unit) in enumerate(units, first)]


def add_vectors(connection: Connection, units: Sequence[int], vectors: Matrix, table: str = "vectors") -> int:
    """Store one unit-length vector per unit key that is still there and has none; how many were stored.

    `vectors` has shape (len(units), dim).
    """
    import numpy as np

    dim = vectors.shape[1]
    # DuckDB finds `columns` by name; a matrix goes in as dim flat columns, the fastest way that needs no Arrow.
    columns = {"unit": np.asarray(units, dtype=np.int64)} | {f"c{i}": vectors[:, i] for i in range(dim)}
    array = ", ".join(f"c{i}" for i in range(dim))
    # Naming the span of keys lets DuckDB pass over all the rows that are older.
    span = f"BETWEEN {min(units)} AND {max(units)}"
    done = connection.execute(
        f"INSERT INTO {table} SELECT unit, u.user_id, [{array}]::FLOAT[{dim}] "  # noqa: S608
        f"FROM columns JOIN (FROM units WHERE key {span}) u ON u.key = columns.unit "
        f"WHERE unit NOT IN (SELECT unit FROM {table} WHERE unit {span})"
    )
    del columns
    return int(done.fetchall()[0][0])


def vectors_of(connection: Connection, user: str, ids: Iterable[UUID]) -> dict[UUID, Vector]:
    """The vectors of whole texts, of those of a user's facts that have one; each of shape (dim,)."""
    import numpy as np

    rows = connection.execute(
        "SELECT r.id, v.embedding FROM records r "
        "JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0 "
        "JOIN vectors v ON v.unit = u.key AND v.user_id = u.user_id "
        "WHERE r.user_id = ? AND r.id IN (SELECT unnest(?::UUID[]))",
        [user, list(ids)],
    ).fetchall()
    return {row[0]: np.asarray(row[1], dtype=np.float32) for row in rows}


def replace(connection: Connection, facts: Iterable[Fact]) -> None:
    """Write facts over the records of the same id whose text is unchanged, so that units and vectors still hold."""
    changed = {fact.id: fact for fact in facts}
    if not changed:
        return
    ids = list(changed)
    rows = connection.execute(
        "SELECT id, key, imported_at, role, speaker, position, episode FROM records "
        "WHERE id IN (SELECT unnest(?::UUID[]))",
        [ids],
    ).fetchall()
    connection.execute("DELETE FROM records WHERE id IN (SELECT unnest(?::UUID[]))", [ids])
    with connection.appender("records") as appender:
        appender.append_rows(
            [(key, *fact_rows.to_row(changed[id_]), content_hash(changed[id_]), *rest) for id_, key, *rest in rows]
        )


def remove(connection: Connection, ids: Iterable[UUID]) -> int:
    """Remove records with their units and vectors; how many there were."""
    rows = connection.execute("SELECT key FROM records WHERE id IN (SELECT unnest(?::UUID[]))", [list(ids)]).fetchall()
    keys = [row[0] for row in rows]
    if keys:
        units = "SELECT key FROM units WHERE record IN (SELECT unnest(?::BIGINT[]))"
        for table in vector_tables(connection):
            connection.execute(f"DELETE FROM {table} WHERE unit IN ({units})", [keys])  # noqa: S608
        connection.execute("DELETE FROM units WHERE record IN (SELECT unnest(?::BIGINT[]))", [keys])
        connection.execute("DELETE FROM records WHERE key IN (SELECT unnest(?::BIGINT[]))", [keys])
    return len(keys)


def vector_tables(connection: Connection) -> list[str]:
    """The tables of vectors: the one in use, and the one that a reindex is filling."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE table_name IN ('vectors', 'vectors_next')"
    ).fetchall()
    return [row[0] for row in rows]

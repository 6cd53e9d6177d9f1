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
from memctl.store.connection import Connection
from memctl.store.model import Entry
from memctl.store.sql import fact_rows
from memctl.store.sql.meta import get_meta, set_meta

UNITS = "key, record, user_id, seq, text, toks"
VECTORS = "unit, user_id, embedding"

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any


def stored_embedder(connection: Connection) -> EmbedderSpec | None:
    """The embedder that made all vectors of the store; None while the store is new."""
    spec = get_meta(connection, "embedder_spec")
    return msgspec.json.decode(spec, type=EmbedderSpec) if spec else None


def outdated_model(connection: Connection) -> str | None:
    """The built-in model that made the store's vectors, if this version of memctl ships another one.

    Vectors of two models cannot be compared: until `reindex`, such a store gets no vectors and is searched by words.
    """
    spec = stored_embedder(connection)
    name = get_meta(connection, "embedder")
    return name if spec is not None and spec.shipped and name != SHIPPED else None


def use_embedder(connection: Connection, spec: EmbedderSpec) -> None:
    """Give a new store its embedder, its empty vectors table and the `facts` view; nothing for a store that has one."""
    if stored_embedder(connection) is None:
        set_embedder(connection, spec)
        make_vectors_table(connection, "vectors", spec.open().dim)
        define_facts_view(connection)


def set_embedder(connection: Connection, spec: EmbedderSpec) -> None:
    """Record which embedder makes the store's vectors."""
    embedder = spec.open()
    set_meta(connection, "embedder_spec", msgspec.json.encode(spec).decode())
    set_meta(connection, "embedder", embedder.name)
    set_meta(connection, "dim", str(embedder.dim))


def make_vectors_table(connection: Connection, name: str, dim: int) -> None:
    """Create a table of vectors of `dim` dimensions."""
    connection.execute(
        f"CREATE TABLE {name} (unit BIGINT NOT NULL, user_id TEXT NOT NULL, "
        f"embedding {connection.vector_type(dim)} NOT NULL)"
    )
    connection.made(name)


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
    connection.made("facts")


def add(connection: Connection, entries: Sequence[Entry], vectors: Mapping[str, Vector]) -> Sequence[int]:
    """Append records that are not in the store, with their chunks; returns their row keys, in ascending order.

    `vectors` maps a chunk's text to its unit-length vector of shape (dim,). A chunk without a vector stays without one
    until `reindex` or the next ingest computes it.
    """
    if not entries:
        return ()
    keys, unit_keys = connection.keys(records=len(entries), units=sum(len(entry.chunks) for entry in entries))
    fact_rows.insert(connection, [(entry.fact, entry.episodic) for entry in entries], keys, datetime.now(UTC))
    units = [
        (record, entry.fact.user_id, seq, unit.text, unit.tokens)
        for record, entry in zip(keys, entries, strict=True)
        for seq, unit in enumerate(entry.chunks)
    ]
    connection.append("units", UNITS, [(key, *unit) for key, unit in zip(unit_keys, units, strict=True)])
    embedded = [
        (key, user, vectors[text])
        for key, (_, user, _, text, _) in zip(unit_keys, units, strict=True)
        if text in vectors
    ]
    if embedded and not outdated_model(connection):
        connection.append_vectors("vectors", *zip(*embedded, strict=True))
    return keys


def vectors_of(connection: Connection, user: str, ids: Iterable[UUID]) -> dict[UUID, Vector]:
    """The vectors of whole texts, of those of a user's facts that have one; each of shape (dim,)."""
    rows, vectors = connection.vectors(
        "SELECT r.id, v.embedding FROM records r "  # noqa: S608
        "JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0 "
        "JOIN vectors v ON v.unit = u.key AND v.user_id = u.user_id "
        f"WHERE r.user_id = ? AND r.id {connection.in_list('UUID')}",
        [user, list(ids)],
    )
    return {row[0]: vector for row, vector in zip(rows, vectors, strict=True)}


def replace(connection: Connection, facts: Iterable[Fact]) -> None:
    """Write facts over the records of the same id whose text is unchanged, so that units and vectors still hold."""
    changed = {fact.id: fact for fact in facts}
    if not changed:
        return
    ids = list(changed)
    rows = connection.execute(
        f"DELETE FROM records WHERE {connection.mine()} AND id {connection.in_list('UUID')} "  # noqa: S608
        "RETURNING id, key, imported_at, role, speaker, position, episode",
        [ids],
    ).fetchall()
    connection.append(
        "records",
        fact_rows.COLUMNS,
        [(key, *fact_rows.to_row(changed[id_]), content_hash(changed[id_]), *rest) for id_, key, *rest in rows],
    )


def remove(connection: Connection, ids: Iterable[UUID]) -> int:
    """Remove records with their units and vectors; returns how many there were."""
    wanted = list(ids)
    if not wanted:
        return 0
    mine = connection.mine()
    rows = connection.execute(
        f"SELECT key FROM records WHERE {mine} AND id {connection.in_list('UUID')}",  # noqa: S608
        [wanted],
    ).fetchall()
    keys = [row[0] for row in rows]
    if keys:
        listed = connection.in_list("BIGINT")
        units = f"SELECT key FROM units WHERE {mine} AND record {listed}"  # noqa: S608
        for table in vector_tables(connection):
            connection.execute(f"DELETE FROM {table} WHERE {mine} AND unit IN ({units})", [keys])  # noqa: S608
        connection.execute(f"DELETE FROM units WHERE {mine} AND record {listed}", [keys])  # noqa: S608
        connection.execute(f"DELETE FROM records WHERE {mine} AND key {listed}", [keys])  # noqa: S608
    return len(keys)


def vector_tables(connection: Connection) -> list[str]:
    """The tables of vectors: the one in use, and the one that a reindex is filling."""
    if get_meta(connection, "embedder") is None:
        return []
    return ["vectors", "vectors_next"] if get_meta(connection, "embedder_next") else ["vectors"]

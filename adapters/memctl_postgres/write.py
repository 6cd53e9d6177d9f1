"""Bulk writes of facts: COPY into a staging table, then one INSERT … ON CONFLICT, in one transaction.

Facts are matched by id: a second write of the same fact changes nothing, so a batch whose response was lost can be sent
again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from memctl.backends.contract import Outcome
from memctl.core.errors import Rejected
from memctl.core.fact import Fact
from memctl_postgres import errors, schema
from memctl_postgres.connection import Database
from memctl_postgres.mapping import COLUMNS, Row, from_fact

BULK = 1000
"""From this number of vectors per call on, the index is built afterwards: HNSW is ten times slower row by row."""
_OUTGROWN = 10
"""An index with fewer vectors than this multiple of the call's is dropped and built again."""

_STAGING = """
CREATE TEMPORARY TABLE staging (
    seq integer, id uuid, user_id text, agent_id text, session_id text, app_id text, kind text, text text, subject text,
    predicate text, object text, categories text[], confidence double precision, valid_at timestamptz,
    invalid_at timestamptz, created_at timestamptz, updated_at timestamptz, expired_at timestamptz,
    expires_at timestamptz, superseded_by uuid, source_system text, source_id text, source_uri text,
    source_session text, source_turns text[], source_quote text, metadata jsonb, native jsonb, exact text,
    content_hash text, embedding_model text, embedding vector, embedding_exact double precision[]
) ON COMMIT DROP
"""

_TYPES = {
    "seq": "int4", "id": "uuid", "superseded_by": "uuid", "categories": "text[]", "source_turns": "text[]",
    "confidence": "float8", "valid_at": "timestamptz", "invalid_at": "timestamptz", "created_at": "timestamptz",
    "updated_at": "timestamptz", "expired_at": "timestamptz", "expires_at": "timestamptz",
    # These are already in PostgreSQL's binary format.
    "metadata": "bytea", "native": "bytea", "embedding": "bytea", "embedding_exact": "float8[]",
}  # fmt: skip

_COMPARED = [name for name in COLUMNS if name not in ("id", "metadata", "native") and "embedding" not in name]


def _tuple(table: str) -> str:
    # For jsonb 1 and 1.0 are equal; their texts differ.
    return f"({', '.join(f'{table}.{name}' for name in _COMPARED)}, {table}.metadata::text, {table}.native::text)"


_VECTORS = ("embedding_model", "embedding", "embedding_exact")
_GIVEN = "excluded.embedding_model IS NOT NULL"
# A fact without a vector keeps the stored one, unless the text has changed.
_SET = ", ".join(
    [f"{name} = excluded.{name}" for name in (*COLUMNS[1:29], "exact_of")]
    + [
        f"{name} = CASE WHEN {_GIVEN} THEN excluded.{name} WHEN facts.text = excluded.text THEN facts.{name} END"
        for name in _VECTORS
    ]
)
_INSERT = f"""
INSERT INTO facts ({", ".join(COLUMNS)}, exact_of)
SELECT {", ".join(COLUMNS)}, CASE WHEN exact IS NOT NULL THEN md5(metadata::text || native::text) END
FROM staging ORDER BY seq
ON CONFLICT (id) DO UPDATE SET {_SET}
WHERE facts.user_id = excluded.user_id AND (
    {_tuple("facts")} IS DISTINCT FROM {_tuple("excluded")}
    OR ({_GIVEN} AND (facts.embedding_model, facts.embedding, facts.embedding_exact)
        IS DISTINCT FROM (excluded.embedding_model, excluded.embedding, excluded.embedding_exact)))
RETURNING id, xmax = 0
"""  # noqa: S608 - made of the names above
_FOREIGN = "SELECT s.id FROM staging s JOIN facts f ON f.id = s.id WHERE f.user_id <> s.user_id"

_OWNED = "a fact of another user has this id"
_LATER = "a later fact of this call has the same id"


class _Batch(NamedTuple):
    """The rows of a call for the database (by id), and the outcomes that are certain without it (by place)."""

    facts: dict[UUID, Fact]
    settled: dict[int, Outcome]


def write(database: Database, facts: Sequence[Fact]) -> list[Outcome]:
    """Store facts verbatim; one outcome per fact, in order.

    Of two facts with one id in the same call the later one is kept. A fact with the id of another user's fact is
    rejected, and so is one that PostgreSQL cannot store. An outcome's `reason` also reports a vector that is stored but
    not searched, because it has other dimensions than the database's. Raises Retryable if the connection is lost.
    """
    batch = _sorted_out(facts)
    dimensions = _prepared(database, list(batch.facts.values()))
    rows, unfit = _rows(batch.facts, dimensions)
    states = unfit | (_stored(database, rows) if rows else {})
    outcomes = []
    for place, fact in enumerate(facts):
        outcome = batch.settled.get(place) or states[fact.id]
        beside = place not in batch.settled and fact.id in rows and rows[fact.id].beside
        if beside and outcome.state != "rejected" and fact.embedding is not None:
            number = len(fact.embedding.vector)
            reason = f"its vector of {number} dimensions is stored but not searched: " + (
                f"the database's have {dimensions}"
                if dimensions
                else "the owner of the schema sets the dimensions (memctl backends init postgres)"
            )
            outcome = Outcome(state=outcome.state, target_id=outcome.target_id, reason=reason)
        outcomes.append(outcome)
    return outcomes


def _sorted_out(facts: Sequence[Fact]) -> _Batch:
    latest: dict[UUID, int] = {}
    settled: dict[int, Outcome] = {}
    for place, fact in enumerate(facts):
        before = latest.get(fact.id)
        if before is not None and facts[before].user_id != fact.user_id:
            settled[place] = Outcome(state="rejected", target_id=str(fact.id), reason=_OWNED)
            continue
        if before is not None:
            settled[before] = Outcome(state="unchanged", target_id=str(fact.id), reason=_LATER)
        latest[fact.id] = place
    return _Batch({id_: facts[place] for id_, place in latest.items()}, settled)


def _prepared(database: Database, facts: Sequence[Fact]) -> int | None:
    """Prepare the embedding column for the batch; returns its dimensions."""
    lengths = [len(fact.embedding.vector) for fact in facts if fact.embedding is not None]
    state = database.state()
    fits = lengths[:1] == [state.dimensions]
    if not lengths or (fits and not (state.indexed and len(lengths) >= BULK)):
        return state.dimensions
    with database.transaction() as connection:
        dimensions = state.dimensions
        if not fits and lengths[0]:
            dimensions = schema.fix_dimensions(connection, lengths[0])
            if len(lengths) < BULK:
                schema.build_index(connection, dimensions)
        if state.indexed and len(lengths) >= BULK and schema.may_change(connection):
            limit = len(lengths) * _OUTGROWN
            row = connection.execute(
                "SELECT count(*) FROM (SELECT FROM facts WHERE embedding IS NOT NULL LIMIT %s) AS counted", [limit]
            ).fetchone()
            if row and row[0] < limit:
                schema.drop_index(connection)
    database.state(fresh=True)
    return dimensions


def _rows(facts: dict[UUID, Fact], dimensions: int | None) -> tuple[dict[UUID, Row], dict[UUID, Outcome]]:
    rows, unfit = {}, {}
    for id_, fact in facts.items():
        try:
            rows[id_] = from_fact(fact, dimensions)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            unfit[id_] = Outcome(state="rejected", target_id=str(id_), reason=str(error))
    return rows, unfit


def _stored(database: Database, rows: dict[UUID, Row]) -> dict[UUID, Outcome]:
    """Write the rows. If the database refuses one, find it by halving and write the others; a batch that exceeds the
    server's limit for statements is halved, too."""
    try:
        with database.transaction() as connection:
            return _inserted(connection, rows)
    except Rejected as error:
        if len(rows) == 1:
            return {id_: Outcome(state="rejected", target_id=str(id_), reason=error.message) for id_ in rows}
    except errors.TimedOut:
        if len(rows) == 1:
            raise
    ids = list(rows)
    middle = len(ids) // 2
    return _stored(database, {id_: rows[id_] for id_ in ids[:middle]}) | _stored(
        database, {id_: rows[id_] for id_ in ids[middle:]}
    )


def _inserted(connection: Connection[Any], rows: dict[UUID, Row]) -> dict[UUID, Outcome]:
    connection.execute(_STAGING)
    columns = ("seq", *COLUMNS)
    cursor = connection.cursor()
    with cursor.copy(f"COPY staging ({', '.join(columns)}) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types([_TYPES.get(name, "text") for name in columns])
        for seq, row in enumerate(rows.values()):
            copy.write_row((seq, *row.values))
    new = dict(connection.execute(_INSERT).fetchall())
    owned = set() if len(new) == len(rows) else {row[0] for row in connection.execute(_FOREIGN).fetchall()}
    outcomes = {}
    for id_ in rows:
        target = str(id_)
        if id_ in owned:
            outcomes[id_] = Outcome(state="rejected", target_id=target, reason=_OWNED)
        elif id_ not in new:
            outcomes[id_] = Outcome(state="unchanged", target_id=target)
        else:
            outcomes[id_] = Outcome(state="written" if new[id_] else "updated", target_id=target)
    return outcomes

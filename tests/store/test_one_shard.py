"""Every statement about a user reaches only the shard of that user. The tables of the store are partitioned by user
here, as Citus distributes them, and the plan of each statement is checked before it runs. A statement that does not
name its users reaches all partitions; in a cluster it sends a message to every server.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import memctl_postgres.store
import pytest
from memctl_postgres.store_connection import PostgresConnection

from memctl.backends.contract import Query
from memctl.core.fact import Fact, Source, content_hash, derive_id
from memctl.embed.spec import EmbedderSpec
from memctl.ingest import identity
from memctl.ingest.scan import Options
from memctl.store.sql.writes import define_facts_view
from memctl.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"
SHARDS = 8
_LISTED = "= ANY(?::UUID[])"
_EXPLAINED = re.compile(r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_OWNERLESS = "user_id = ''"
"""What is left of forgotten users belongs to nobody, and is in one more shard."""


class Watched(PostgresConnection):
    """A connection that records statements that reach more partitions of a table than they concern users."""

    wide: ClassVar[list[str]] = []

    def execute(self, statement: str, parameters: Any = (), /) -> Any:
        if _EXPLAINED.match(statement):
            ((plan,),) = super().execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchall()
            reached: dict[str, set[str]] = {}
            _partitions(json.loads(plan)[0]["Plan"], reached)
            users = 1 if self.users is None else len(self.users)
            if any(len(shards) > users + (_OWNERLESS in statement) for shards in reached.values()):
                self.wide.append(" ".join(statement.split()))
        return super().execute(statement, parameters)


def _partitions(node: dict[str, Any], reached: dict[str, set[str]]) -> None:
    table, separator, shard = node.get("Relation Name", "").partition("_shard_")
    if separator:
        reached.setdefault(table, set()).add(shard)
    for child in node.get("Plans", ()):
        _partitions(child, reached)


@pytest.fixture
def sharded(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A store whose tables are partitioned by user, and watched."""
    with Workspace(address) as opened:
        with opened.store.writing() as tx:
            tx.use_embedder(EmbedderSpec())
        with opened.engine.writing() as connection:
            connection.execute("DROP VIEW facts")
            for (table,) in connection.execute(
                "SELECT table_name::TEXT FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND column_name = 'user_id' AND table_name <> 'runs'"
            ).fetchall():
                _partition(connection, table)
            define_facts_view(connection)
        monkeypatch.setattr(Watched, "wide", [])
        monkeypatch.setattr(memctl_postgres.store, "PostgresConnection", Watched)
        yield opened


def _partition(connection: Any, table: str) -> None:
    connection.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
    connection.execute(f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING ALL) PARTITION BY HASH (user_id)")
    for shard in range(SHARDS):
        connection.execute(
            f"CREATE TABLE {table}_shard_{shard} PARTITION OF {table} "
            f"FOR VALUES WITH (MODULUS {SHARDS}, REMAINDER {shard})"
        )
    connection.execute(f"DROP TABLE {table}_whole")


def own(work: Callable[[], Any]) -> Any:
    """The result of an operation. Fails if one of its statements reached the shard of another user."""
    result, wide = watched(work)
    assert wide == []
    return result


def watched(work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """The result of an operation, and the statements that reached the shards of others."""
    Watched.wide.clear()
    return work(), list(Watched.wide)


def test_operations_for_a_user_reach_only_that_users_shard(sharded: Workspace) -> None:
    for user in ("zoe", "yan", "xu"):
        own(lambda user=user: sharded.add(user, ["I live in Oslo.", "I like green tea.", "I work at Acme."]))
    own(lambda: sharded.remember("zoe", "I moved to Rome."))
    assert own(lambda: sharded.search(Query("zoe", "where does she live", 5)))
    facts = own(lambda: sharded.facts("zoe"))
    assert own(lambda: sharded.facts("zoe", all=True))
    assert own(lambda: sharded.count("zoe"))
    own(lambda: sharded.edit(facts[0], text="zoe lives in Bergen.", object="Bergen"))
    (page,) = own(lambda: list(sharded.read("zoe")))
    assert not own(lambda: sharded.changed(page.facts, [content_hash(fact) for fact in page.facts]))
    assert {outcome.state for outcome in own(lambda: sharded.write(page.facts))} == {"unchanged"}
    facts = own(lambda: sharded.facts("zoe"))
    assert own(lambda: sharded.remove([facts[0].id], "zoe")) == 1
    assert own(lambda: sharded.delete("zoe", [facts[-1].id])) == 1
    for work in (sharded.consolidate, sharded.dedupe, sharded.prune):
        own(lambda work=work: work("zoe"))
    assert own(lambda: sharded.store.tally("month", datetime.now(UTC), 5, "zoe")).users == 1


def test_only_lookups_without_a_user_reach_all_shards(sharded: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id does not contain its owner, so a shortened id and a new one are looked up once in all shards."""
    sharded.add("zoe", ["I live in Oslo."])
    (fact,) = sharded.facts("zoe")
    _, wide = watched(lambda: sharded.get(str(fact.id)[:8]))
    assert ["id BETWEEN" in statement for statement in wide] == [True]
    new = Fact(id=derive_id("new"), user_id="yan", kind="fact", text="Likes tea.", source=Source(system="test"))
    (outcome,), wide = watched(lambda: sharded.write([new]))
    assert (outcome.state, wide) == ("written", [f"SELECT id, user_id FROM records WHERE TRUE AND id {_LISTED}"])
    # The manual removals, and whether the store is small enough to load all fingerprints.
    monkeypatch.setattr(identity, "AT_ONCE", 0)
    _, wide = watched(lambda: sharded.ingest([str(FIXTURES)], Options()))
    assert wide == [
        "SELECT half(id::TEXT) FROM removed",
        "SELECT count(*) FROM (SELECT 1 FROM records WHERE kind = 'episode' LIMIT ?) e",
    ]

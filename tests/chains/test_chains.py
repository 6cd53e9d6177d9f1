"""Facts of many people migrated through one system after another: in the end no fact is lost, changed, moved to another
owner or shifted in time, except as a system on the way declares."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from campaigns import campaign
from chains import mem0_library
from chains.people import facts
from conformance.redis_backend import emptied
from emulators import letta, mem0_platform, openai_embeddings, zep

from memctl.core.fact import decode, encode_lines

pytestmark = pytest.mark.engines(campaign="postgres")

USERS = int(os.environ.get("MEMCTL_CHAIN_USERS", "3"))
EACH = int(os.environ.get("MEMCTL_CHAIN_FACTS", "8"))
"""MEMCTL_CHAIN_USERS=20 MEMCTL_CHAIN_FACTS=200 is what the adapters were accepted with."""
UNHELD = {"updated_at", "embedding"}
"""A target sets `updated_at` by itself, and makes vectors of its own."""


@pytest.fixture
def systems(home: Path, postgres_dsn: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Configure every system in the settings, each empty; returns the names."""
    unique = f"chain_{uuid4().hex[:12]}"
    with ExitStack() as stack:
        settings = []

        def name(backend: str, adapter: str, secret: str | None = None, **options: str) -> None:
            lines = [f"[backends.{backend}]", f'adapter = "{adapter}"']
            if secret is not None:
                monkeypatch.setenv(f"CHAIN_{backend.upper()}", secret)
                options[("dsn" if adapter == "postgres" else "api_key") + "_env"] = f"CHAIN_{backend.upper()}"
            settings.append("\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in options.items())]))

        for backend in ("mem0a", "mem0b"):
            platform = stack.enter_context(mem0_platform.serve())
            name(backend, "mem0", platform.key, url=platform.url)
        cloud = stack.enter_context(zep.serve())
        name("zepcloud", "zep", zep.KEY, url=cloud.url)
        for backend in ("lettaa", "lettab"):
            server = stack.enter_context(letta.serve())
            name(backend, "letta", letta.KEY, url=server.url)
        name("graph", "graphiti", path=str(home / "graph.kuzu"))
        name("pg", "postgres", postgres_dsn, schema=unique)
        name("claude", "claude-code", path=str(home / "claude" / "{user}"))
        name("graphs", "langgraph", url=str(home / "langgraph.db"))
        monkeypatch.setenv("CHAIN_REDIS", emptied(redis_url, 7))
        settings.append('[backends.cache]\nadapter = "redis"\nurl_env = "CHAIN_REDIS"')
        name("second", "local", path=str(home / "second.duckdb"))
        embeddings = stack.enter_context(openai_embeddings.serve())
        embeddings.vector_of = openai_embeddings.likeness
        library = mem0_library.config(postgres_dsn, unique, embeddings.url, home)
        (home / "mem0.json").write_text(json.dumps(library))
        name("library", "mem0-oss", config=str(home / "mem0.json"))
        (home / "work" / "memctl.toml").write_text("\n\n".join(settings) + "\n")
        yield {line.removeprefix("[backends.").rstrip("]") for part in settings for line in part.splitlines()[:1]}


@pytest.mark.parametrize(
    "chain",
    [
        ("lettaa", "zepcloud", "graph", "library", "lettab"),
        ("mem0a", "claude", "graphs", "cache", "pg", "mem0b"),
        *campaign(
            ("local", "library", "pg", "second"),
            ("mem0a", "zepcloud", "graph", "pg", "mem0b"),
            ("lettaa", "zepcloud", "lettab"),
            ("lettaa", "mem0a", "pg", "lettab"),
        ),
    ],
    ids="-".join,
)
def test_a_chain_of_migrations_loses_adds_and_shifts_nothing(chain, systems, memctl, home):
    before = {fact.id: fact for fact in facts(USERS, EACH)}
    Path("start.jsonl").write_bytes(b"".join(encode_lines(before.values())))
    for source, target in zip(("start.jsonl", *chain), chain, strict=False):
        move = ("migrate", "--from", source, "--to", target, "--all-users", "--include-retired", "--rate", "1000/s")
        moved = memctl(*move, "--json")
        assert moved.code == 0, moved.err + moved.out[-2000:]
        assert moved.document["counts"]["written"] == len(before)
        verified = memctl("verify", "--from", source, "--to", target)
        assert verified.code == 0, verified.out
        again = memctl(*move)
        assert "0 changed" in again.out, again.out
    assert memctl("export", "--from", chain[-1], "--all-users", "-o", "end.jsonl").code == 0
    after = {fact.id: fact for fact in map(decode, Path("end.jsonl").read_bytes().splitlines())}
    assert after.keys() == before.keys()
    for id_, fact in before.items():
        result = after[id_]
        differ = {
            field: (getattr(fact, field), getattr(result, field))
            for field in fact.__struct_fields__
            if field not in UNHELD and getattr(fact, field) != getattr(result, field)
        }
        differ.pop(
            "source", None
        ) if result.source.uri == fact.source.uri and result.source.turns == fact.source.turns else None
        assert not differ, (fact.user_id, differ)

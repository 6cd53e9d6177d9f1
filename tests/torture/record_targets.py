"""Targets that map services' records to facts and messages; seeds are fixtures/exports, and records that the adapters
write for a few facts. Values that an SDK's types or a database would never let through are left out."""

import json
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from chains.people import facts
from memctl_graphiti import episodes
from memctl_graphiti import mapping as graphiti
from memctl_letta import blocks, markdown, messages
from memctl_letta import mapping as letta
from memctl_mem0 import mapping as mem0
from memctl_mem0.oss import mapping as mem0_oss
from memctl_postgres import mapping as postgres
from memctl_postgres import table_layouts
from memctl_zep import mapping as zep
from memctl_zep import threads
from torture.mutation import Step, worse, worse_value
from torture.promises import FIXTURES, Target, check_fact, check_session, texts_in

from memctl.backends.contract import Message
from memctl.core.fact import Fact
from memctl.ingest.from_backend import turn_of
from memctl.transcripts import Session

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
USER = "alice"
Owners = Callable[[Any], Collection[str]]


def record_targets() -> Iterator[Target]:
    """Every mapping of records that needs no input or output."""
    yield from _of_mem0()
    edges = json.loads((FIXTURES / "exports/zep/v3-edges.json").read_bytes())
    edges += [{"uuid": str(fact.id), **zep.from_fact(fact).edge} for fact in _people()]
    owner = zep.Owner(USER, {"email": "a@example.org"})
    yield _mapping("zep edge", edges, lambda row: [zep.to_fact(_object(row), owner)])
    known = json.loads((FIXTURES / "exports/graphiti/graph.json").read_bytes())["nodes"]
    yield _mapping("zep node", known, lambda row: [zep.node_fact(_object(row), owner)])
    yield _mapping("graphiti edge", _graphiti_edges(), lambda row: [_of_graph(row, graphiti.Edge)], _groups)
    nodes = [{"uuid": node["uuid"], "group": USER, "name": "n", "summary": "s", "attributes": node} for node in known]
    yield _mapping("graphiti node", nodes, lambda row: [_of_graph(row, graphiti.Node)], _groups)
    yield _mapping("letta passages", _passages(), _of_passages)
    yield _mapping("letta blocks", _blocks(), lambda row: blocks.facts_of(_struct(row, blocks.Block), USER, "a"))
    memory = ["---\nname: a\ndescription: b\nlimit: 20\n---\n- one\n- two\n", "\ufeff---\r\n---", "---\na: b"]
    yield _mapping("letta markdown", memory, _of_markdown)
    yield from _of_postgres()
    yield from _conversations()


def decoded(data: bytes) -> Any:
    """The JSON value; None for bytes that are not JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def worse_json(data: bytes, changes: Sequence[Step]) -> bytes:
    """The JSON after the changes; bytes that are not JSON are changed as bytes."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return worse(data, changes, ())
    return json.dumps(worse_value(value, changes)).encode()


def _of_mem0() -> Iterator[Target]:
    page = json.loads((FIXTURES / "exports/mem0/page.json").read_bytes())["results"]
    ours = [
        {"id": str(fact.id), "memory": fact.text, **mem0.scope_of(fact), "metadata": mem0.metadata_of(fact, ())}
        for fact in _people()
    ]
    yield _mapping("mem0", [*page, *ours], lambda row: [mem0.to_fact(_object(row), account="a")], _scopes)
    yield _mapping("mem0-server", [*page, *ours], lambda row: [mem0_oss.fact_of_row(_object(row), "a")], _scopes)
    yield _mapping("mem0-oss", _points(), _of_point, _scopes)


def _points() -> list[Any]:
    return [{"id": str(fact.id), "payload": mem0_oss.payload_of(fact)} for fact in _people()]


def _of_point(row: Any) -> list[Fact]:
    return [mem0_oss.fact_of(_text(row, "id"), _object(row["payload"]), "a")]


def _of_postgres() -> Iterator[Target]:
    table = [{"id": "1", "user_id": USER, "content": "x", "created_at": "2026-01-01", "embedding": [1], "metadata": {}}]
    yield _mapping("postgres table", table, lambda row: [_of_table(row, table_layouts.DIY)])
    vectors = [{"id": point["id"], "vector": [0.5], "payload": point["payload"]} for point in _points()]
    yield _mapping("postgres mem0", vectors, lambda row: [_of_table(row, table_layouts.MEM0)], _scopes_or_user)
    yield _mapping("postgres", map(_stored, _people()), lambda row: [postgres.to_fact(_selected(row))], _first_column)


def _conversations() -> Iterator[Target]:
    base = {"id": "1", "date": "2026-01-01T10:00:00+00:00", "name": None}
    call = {"name": "send_message", "arguments": '{"message": "Hello."}'}
    steps = [
        {**base, "message_type": "user_message", "content": '{"type": "user_message", "message": "Hi.", "time": "x"}'},
        {**base, "message_type": "assistant_message", "content": [{"type": "text", "text": "Hi."}]},
        {**base, "message_type": "tool_call_message", "tool_call": call},
    ]
    yield _messages("letta messages", steps, lambda row: messages.spoken([_object(row)]))
    message = {"uuid": "1", "role": "user", "name": "Ana", "content": "Hi.", "created_at": "2026-01-01T10:00:00Z"}
    yield _messages("zep messages", [message], lambda row: [threads.to_message(_object(row))])
    episode = {"uuid": "1", "source": "message", "content": "Ana(user): Hi.\nassistant: Hello.\nyes"}
    episode |= {"valid_at": "2026-01-01T10:00:00Z", "created_at": None}
    yield _messages("graphiti episodes", [episode], lambda row: episodes.messages_of(_episode(row)))


def _mapping(
    name: str, seeds: Iterable[Any], to_facts: Callable[[Any], Iterable[Fact | None]], owners: Owners | None = None
) -> Target:
    def run(data: bytes) -> str:
        record = decoded(data)
        try:
            facts = [fact for fact in to_facts(record) if fact is not None]
        except ValueError as error:
            return str(error) or "!refused without a reason"
        of = (USER,) if owners is None else owners(record)
        for fact in facts:
            check_fact(fact, of)
        return f"{len(facts)} facts"

    return _target(f"to_fact/{name}", seeds, run)


def _messages(name: str, seeds: Iterable[Any], to_messages: Callable[[Any], Iterable[Message]]) -> Target:
    def run(data: bytes) -> str:
        try:
            messages = list(to_messages(decoded(data)))
        except ValueError as error:
            return str(error)
        check_session(_session(messages))
        return f"{len(messages)} messages"

    return _target(f"messages/{name}", seeds, run)


def _session(messages: Iterable[Message]) -> Session:
    turns = tuple(turn_of(message) for message in messages if message.text.strip())
    return Session(source_format="service", session_id="1", turns=turns)


def _target(name: str, seeds: Iterable[Any], run: Callable[[bytes], str]) -> Target:
    return Target(name, tuple(json.dumps(seed).encode() for seed in seeds), run, worse_json)


def _scopes(record: Any) -> Collection[str]:
    """The possible owners of mem0's record: a user, agent, app or run that it names."""
    names = {text for text in texts_in(record) if text}
    return {mem0.owner_name(kind, name) or "" for kind in mem0.SCOPES for name in names}


def _scopes_or_user(record: Any) -> Collection[str]:
    """The owners of mem0's record, or the user that the table's column names."""
    return {USER, *_scopes(_as_databases_keep(record))}


def _groups(record: Any) -> Collection[str]:
    """The possible owners of a record of a graph: the owner of its group, else the default user of the adapter."""
    return {USER, *map(graphiti.user_of, texts_in(_as_databases_keep(record)))}


def _first_column(record: Any) -> Collection[str]:
    return {postgres.loaded_text(_as_databases_keep(record)["user_id"])}


def _of_graph(row: Any, kind: Any) -> Fact:
    record = _struct(_as_databases_keep(row), kind)
    # The default group has no owner, so the adapter sets one.
    return graphiti.to_fact(record, None if record.group else USER)


def _blocks() -> Iterator[Any]:
    yield from json.loads((FIXTURES / "exports/letta/two-agents.af").read_bytes())["blocks"]
    fact = msgspec.structs.replace(next(_people()), kind="block", native={"label": "human"})
    empty = blocks.Block(label="human", value="- one\n\n* two")
    yield msgspec.to_builtins(blocks.merged(empty, [fact], USER, "agent").block)


def _graphiti_edges() -> Iterator[Any]:
    node = graphiti.Node(uuid="n", group=USER, name="Alice")
    for fact in _people():
        yield json.loads(msgspec.json.encode(graphiti.edge_from(fact, node, node, NOW)))


def _passages() -> Iterator[Any]:
    for fact in _people():
        rows = [{"id": f"passage-{number}", **row} for number, row in enumerate(letta.from_fact(fact, NOW))]
        yield json.loads(msgspec.json.encode(rows))


def _of_passages(rows: Any) -> list[Fact]:
    gathered = letta.gather(_struct(_as_databases_keep(rows), list[letta.Passage]), USER, "agent")
    return [held.fact for held in gathered.held]


def _of_markdown(text: Any) -> list[Fact]:
    document = markdown.parse(text if isinstance(text, str) else "")
    assert document.text == (text if isinstance(text, str) else ""), "a file that is not restored unchanged"
    assert document.limit is None or document.limit >= 0
    return blocks.facts_of(blocks.Block(label="human", value=document.body), USER, "agent")


def _of_table(row: Any, layout: table_layouts.Layout) -> Fact:
    return table_layouts.to_fact(_as_databases_keep(_object(row)), layout, account="a", native_id="1", user=USER)


class _Stored(msgspec.Struct):
    """A row of memctl's own table, with the types of its columns: a jsonb is any JSON, an array may contain null."""

    id: UUID
    user_id: str
    kind: str
    text: str
    source_system: str
    metadata: Any
    native: Any
    categories: list[str | None]
    source_turns: list[str | None]
    agent_id: str | None = None
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    valid_at: datetime | None = None
    created_at: datetime | None = None
    superseded_by: UUID | None = None
    source_id: str | None = None
    source_quote: str | None = None
    embedding_model: str | None = None
    embedding: list[float] | None = None
    embedding_exact: list[float | None] | None = None


def _stored(fact: Fact) -> dict[str, Any]:
    """The row of a fact, as JSON."""
    columns = dict(zip(postgres.COLUMNS, postgres.from_fact(fact, None).values, strict=True))
    columns |= {"metadata": fact.metadata, "native": fact.native}
    row: dict[str, Any] = msgspec.to_builtins({name: columns[name] for name in _Stored.__struct_fields__})
    return row


def _selected(row: Any) -> tuple[Any, ...]:
    """The row as the database returns it: JSON as text, times with a zone, a vector in pgvector's binary format."""
    stored = _struct(_as_databases_keep(_object(row)), _Stored)
    columns: dict[str, Any] = {name: getattr(stored, name) for name in _Stored.__struct_fields__}
    for name, value in columns.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            columns[name] = value.replace(tzinfo=UTC)
    vector = columns["embedding"]
    if vector is not None:
        with suppress(OverflowError):
            columns["embedding"] = struct.pack(f">HH{len(vector)}f", len(vector) % 2**16, 0, *vector)
    texts = (json.dumps(columns[name]) for name in ("metadata", "native"))
    last = (columns[name] for name in ("embedding_model", "embedding", "embedding_exact"))
    return (*(columns.get(name) for name in postgres.COLUMNS[:25]), *texts, None, *last)


def _episode(row: Any) -> dict[str, Any]:
    """An episode as both databases return it: its text properties are texts or null."""
    keys = ("uuid", "source", "content", "valid_at", "created_at")
    values = {key: _object(_as_databases_keep(row)).get(key) for key in keys}
    if not isinstance(values["uuid"], str) or not isinstance(values["content"], str | None):
        raise ValueError("no episode")
    return values


def _as_databases_keep(value: Any) -> Any:
    """The JSON value without NULs and lone surrogates, which no database returns, nor Letta, which uses one."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="ignore").replace(b"\\u0000", b""))


def _people() -> Iterator[Fact]:
    for fact in facts(1, 14):
        yield msgspec.structs.replace(fact, user_id=USER)


def _object(value: Any) -> dict[str, Any]:
    """A record, which SDKs return only if it is an object."""
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _text(row: Any, key: str) -> str:
    if not isinstance(_object(row).get(key), str) or "payload" not in row:
        raise ValueError("no text")
    return str(row[key])


def _struct(value: Any, kind: Any) -> Any:
    """The record, if the adapter's client would accept its types."""
    with suppress(RecursionError):
        return msgspec.convert(value, kind)
    raise ValueError("nested too deeply for the client")

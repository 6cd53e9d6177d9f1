"""What is fuzzed: every transcript reader, every file of facts, every pure `to_fact`, each with what it is fed and
what must hold whatever it is fed.

A target raises AssertionError, or an error that its room does not declare, where a promise is broken. The corpus is
what lies in fixtures/, and what the adapters write for a few facts.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from chains.people import facts
from memctl_graphiti import mapping as graphiti
from memctl_letta import blocks, markdown
from memctl_letta import mapping as letta
from memctl_mem0 import mapping as mem0
from memctl_mem0 import oss_mapping as mem0_oss
from memctl_postgres import layouts
from memctl_zep import mapping as zep
from torture.mutation import Step, worse, worse_value

from memctl.errors import BadTranscript, MemctlError
from memctl.fact import Fact, decode, encode
from memctl.files import open_file
from memctl.transcripts import FORMATS, Document, ReadOptions, Session, detect, discover, read

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
OPTIONS = (
    ReadOptions(),
    ReadOptions(branches=True, sidechains=True, direct_messages=True, date_order="dmy", started_at=datetime.now(UTC)),
)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
USER = "alice"


class Target(NamedTuple):
    """`run` takes a seed and the steps that make it worse. `seeds` are bytes of a file, or JSON values."""

    name: str
    seeds: tuple[Any, ...]
    run: Callable[[Any, list[Step]], str]


def check_session(session: Session) -> None:
    """What every conversation read is, however broken the file."""
    msgspec.json.encode(session)
    said = [part or "" for turn in session.turns for part in (turn.text, turn.speaker, turn.turn_id)]
    assert "\0" not in "".join([session.session_id, session.title or "", *said]), "a NUL, which no store can hold"
    ids = [turn.turn_id for turn in session.turns]
    assert len(ids) == len(set(ids)), "two turns of one id"
    for turn in session.turns:
        assert turn.text.strip(), "a turn without words"
        assert turn.at is None or turn.at.astimezone(UTC), "a time without a zone, or of no calendar"


def check_fact(fact: Fact) -> None:
    """What every fact read is: whole, somebody's, and the same when it is written down and read again."""
    assert fact.user_id, "a fact of nobody"
    assert decode(encode(fact)) == fact or "NaN" in repr(fact), "written down it is another"


def _readers() -> Iterator[Target]:
    seeds = tuple(path.read_bytes() for path in sorted((FIXTURES / "transcripts").rglob("*")) if path.is_file())
    for form in FORMATS:
        yield Target(f"transcripts/{form}", seeds, partial(_transcript, others=seeds, form=form))
    yield Target("transcripts/detect", seeds, partial(_transcript, others=seeds, form=None))
    yield Target("archives", _archives(), partial(_discovered, others=_archives()))


def _transcript(seed: bytes, steps: list[Step], others: tuple[bytes, ...], form: str | None) -> str:
    data = worse(seed, steps, others)
    with _File(data, "2026-03-13 any.txt") as path:
        document = Document(path.name, path.name, len(data), 0, path=path)
        return " ".join(_read(document, options, form) for options in OPTIONS)


def _read(document: Document, options: ReadOptions, form: str | None) -> str:
    said = []
    try:
        name = form or detect(document)
        for item in read(document, options, name):
            assert isinstance(item, Session | BadTranscript)
            if isinstance(item, Session):
                check_session(item)
            said.append("session" if isinstance(item, Session) else item.message)
    except BadTranscript as error:
        said.append(error.message)
    return " ".join(said[:3])


@cache
def _archives() -> tuple[bytes, ...]:
    import gzip
    import io
    import zipfile

    import zstandard

    chat = (FIXTURES / "transcripts/alice/openai-chat.jsonl").read_bytes()
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("alice/chat.jsonl", chat)
    with zipfile.ZipFile(outer, "w") as zipped:
        zipped.writestr("more.zip", inner.getvalue())
        zipped.writestr("chat.json.gz", gzip.compress(chat))
    return inner.getvalue(), outer.getvalue(), gzip.compress(chat), zstandard.compress(chat)


def _discovered(seed: bytes, steps: list[Step], others: tuple[bytes, ...]) -> str:
    data = worse(seed, steps, others)
    ending = ".zip" if seed.startswith(b"PK") else ".json.gz" if seed.startswith(b"\x1f\x8b") else ".json.zst"
    with _File(data, "chat" + ending) as path:
        return " ".join(
            _read(found, OPTIONS[0], None) if isinstance(found, Document) else type(found).__name__
            for found in discover([str(path)])
        )


def _files() -> Iterator[Target]:
    exports = sorted(path for path in (FIXTURES / "exports").rglob("*") if path.is_file())
    for system in sorted({path.parent.name for path in exports}):
        seeds = tuple(path.read_bytes() for path in exports if path.parent.name == system)
        yield Target(f"dumps/{system}", seeds, partial(_facts_of, others=seeds, name="x.json"))
    lines = b"".join(encode(fact) + b"\n" for fact in _people())
    yield Target("files/jsonl", (lines,), partial(_facts_of, others=(lines,), name="x.jsonl"))
    for ending in ("csv", "parquet"):
        yield Target(f"files/{ending}", (_written(ending),), partial(_facts_of, others=(), name=f"x.{ending}"))


def _written(ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{ending}"
        backend = open_file(path, "w")
        backend.write(list(_people()))
        backend.close()
        return path.read_bytes()


def _facts_of(seed: bytes, steps: list[Step], others: tuple[bytes, ...], name: str) -> str:
    with _File(worse(seed, steps, others), name) as path:
        try:
            with open_file(path, "r", default_user="somebody") as backend:
                found = [fact for user in backend.users() for page in backend.read(user) for fact in page.facts]
                rejects = [str(reject.message) for reject in getattr(backend, "rejects", list)()]
        except MemctlError as error:
            return error.message
        for fact in found:
            check_fact(fact)
        return f"{len(found)} facts {' '.join(rejects[:3])}"


def _mappings() -> Iterator[Target]:
    yield from _of_mem0()
    edges = json.loads((FIXTURES / "exports/zep/v3-edges.json").read_bytes())
    edges += [{"uuid": str(fact.id), **zep.from_fact(fact).edge} for fact in _people()]
    owner = zep.Owner(USER, {"email": "a@example.org"})
    yield _mapping("zep edge", edges, lambda row: [zep.to_fact(_object(row), owner)])
    known = json.loads((FIXTURES / "exports/graphiti/graph.json").read_bytes())["nodes"]
    yield _mapping("zep node", known, lambda row: [zep.node_fact(_object(row), owner)])
    yield _mapping("graphiti edge", _graphiti_edges(), lambda row: [_of_graph(row, graphiti.Edge)])
    nodes = [{"uuid": node["uuid"], "group": USER, "name": "n", "summary": "s", "attributes": node} for node in known]
    yield _mapping("graphiti node", nodes, lambda row: [_of_graph(row, graphiti.Node)])
    yield _mapping("letta passages", _passages(), _of_passages)
    yield _mapping("letta blocks", _blocks(), lambda row: blocks.facts_of(_struct(row, blocks.Block), USER, "a"))
    memory = ["---\nname: a\ndescription: b\nlimit: 20\n---\n- one\n- two\n", "\ufeff---\r\n---", "---\na: b"]
    yield _mapping("letta markdown", memory, _of_markdown)


def _of_mem0() -> Iterator[Target]:
    page = json.loads((FIXTURES / "exports/mem0/page.json").read_bytes())["results"]
    ours = [
        {"id": str(fact.id), "memory": fact.text, **mem0.scope_of(fact), "metadata": mem0.metadata_of(fact, ())}
        for fact in _people()
    ]
    yield _mapping("mem0", [*page, *ours], lambda row: [mem0.to_fact(_object(row), account="a")])
    yield _mapping("mem0-server", [*page, *ours], lambda row: [mem0_oss.fact_of_row(_object(row), "a")])
    points = [{"id": str(fact.id), "payload": mem0_oss.payload_of(fact)} for fact in _people()]
    yield _mapping("mem0-oss", points, lambda row: [mem0_oss.fact_of(_text(row, "id"), _object(row["payload"]), "a")])
    table = [{"id": "1", "user_id": USER, "content": "x", "created_at": "2026-01-01", "embedding": [1], "metadata": {}}]
    yield _mapping("postgres table", table, lambda row: [_of_table(row, layouts.DIY)])
    vectors = [{"id": point["id"], "vector": [0.5], "payload": point["payload"]} for point in points]
    yield _mapping("postgres mem0", vectors, lambda row: [_of_table(row, layouts.MEM0)])


def _mapping(name: str, seeds: Iterable[Any], to_facts: Callable[[Any], Iterable[Fact | None]]) -> Target:
    def run(seed: Any, steps: list[Step]) -> str:
        try:
            found = [fact for fact in to_facts(worse_value(seed, steps)) if fact is not None]
        except ValueError as error:
            return str(error)
        for fact in found:
            check_fact(fact)
        return f"{len(found)} facts"

    return Target(f"to_fact/{name}", tuple(json.loads(json.dumps(seed)) for seed in seeds), run)


def _of_graph(row: Any, kind: Any) -> Fact:
    record = _struct(_as_databases_keep(row), kind)
    # The default group is nobody's: the adapter says whose it is.
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
        yield [{"id": f"passage-{number}", **row} for number, row in enumerate(letta.from_fact(fact, NOW))]


def _of_passages(rows: Any) -> list[Fact]:
    gathered = letta.gather(_struct(_as_databases_keep(rows), list[letta.Passage]), USER, "agent")
    return [held.fact for held in gathered.held]


def _of_markdown(text: Any) -> list[Fact]:
    document = markdown.parse(text if isinstance(text, str) else "")
    assert document.text == (text if isinstance(text, str) else ""), "a file that comes back another"
    assert document.limit is None or document.limit >= 0
    return blocks.facts_of(blocks.Block(label="human", value=document.body), USER, "agent")


def _of_table(row: Any, layout: layouts.Layout) -> Fact:
    return layouts.to_fact(_as_databases_keep(_object(row)), layout, account="a", native_id="1", user=USER)


def _as_databases_keep(value: Any) -> Any:
    """The JSON value without what no database gives out, nor Letta, which is built on one: NULs, lone surrogates."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="ignore").replace(b"\\u0000", b""))


def _people() -> Iterator[Fact]:
    for fact in facts(1, 14):
        yield msgspec.structs.replace(fact, user_id=USER)


def _object(value: Any) -> dict[str, Any]:
    """A record as an SDK gives it: what is no object never comes so far."""
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _text(row: Any, key: str) -> str:
    if not isinstance(_object(row).get(key), str) or "payload" not in row:
        raise ValueError("no text")
    return str(row[key])


def _struct(value: Any, kind: Any) -> Any:
    """The record, where its types are what the adapter's client lets through."""
    with suppress(RecursionError):
        return msgspec.convert(value, kind)
    raise ValueError("nested too deeply for the client")


class _File:
    """A file with these bytes, for as long as it is looked at."""

    def __init__(self, data: bytes, name: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="memctl-torture-")
        self._path = Path(self._folder.name) / name
        self._path.write_bytes(data)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


@cache
def targets() -> dict[str, Target]:
    """All targets by name."""
    return {target.name: target for target in (*_readers(), *_files(), *_mappings())}

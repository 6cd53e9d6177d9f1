"""A team's store behaves like a file: the same output, scores and exit codes after the same commands. Runs on the
embedded PostgreSQL, and on a Citus cluster if MEMCTL_CITUS_DSN is set.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from examples import FACTOR

import memctl as library
from memctl.backends.contract import Query
from memctl.core.errors import Exit
from memctl.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"
DSN = os.environ.get("MEMCTL_CITUS_DSN")
BEGAN = datetime.now(UTC).isoformat()[:10]
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
RUN = re.compile(r"\b[0-9a-f]{12}\b(?<!-.{12})|\b\d{8}-\d{6}-[0-9a-f]{4}\b")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
OWN = {
    *(
        "bytes",
        "digest",
        "elsewhere",
        "file",
        "identity",
        "path",
        "place",
        "rejects_file",
        "salt",
        "seconds",
        "sha256",
        "size",
        "source",
    ),
    *("source_identity", "store", "target", "target_identity", "uri", "where", "who"),
}
"""The fields that say where a store is, how large or fast, and hashes of that."""
QUESTIONS = (
    "where does she live", "work", "what food does he like", "when was the trip to Lisbon", "a pet's name", "deadline",
    "Which city did they move to?", "music", "who is her manager", "coffee or tea", "allergies", "weekend plans",
    "how old is the dog", "birthday", "where is the office", "what did I say about the project", "a book to read",
)  # fmt: skip


@pytest.fixture(params=["postgres", "citus"] if DSN else ["postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a store on a server that only this test uses."""
    if request.param == "postgres":
        yield request.getfixturevalue("address")
        return
    assert DSN
    name = f"test_{uuid4().hex}"
    yield f"{DSN}{'&' if '?' in DSN else '?'}schema={quote(name)}"
    with psycopg.connect(DSN, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())


class Session:
    """Commands on one store and their output, without parts that differ between any two runs."""

    def __init__(self, memctl: Callable[..., Any], place: str) -> None:
        self.memctl, self.place = memctl, place
        self.known: set[str] = set()
        self.numbers: dict[str, str] = {}
        self.answers: list[tuple[tuple[object, ...], int, Any]] = []

    def run(self, *arguments: object) -> Any:
        """Run a command whose output must be the same on all stores; returns its document."""
        ran = self.memctl(*arguments, "--json", "--store", self.place)
        assert ran.code != Exit.USAGE, ran.err
        document = ran.document if ran.out.startswith("{") else {"text": ran.err}
        self.answers.append((arguments[:1], ran.code, self.plain(document)))
        return document

    def plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.plain(key): self.plain(item) for key, item in value.items() if key not in OWN}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if not isinstance(value, str):
            return value
        value = TIME.sub(lambda time: "now" if time[0] >= BEGAN else time[0], value)
        value = RUN.sub("run", value)
        return UUID.sub(self._numbered, value)

    def _numbered(self, id_: re.Match[str]) -> str:
        """The ids of manual additions depend on the time, so they are replaced by numbers."""
        return id_[0] if id_[0] in self.known else self.numbers.setdefault(id_[0], f"#{len(self.numbers)}")

    def last_run(self) -> str:
        return str(self.memctl("runs", "--json", "--store", self.place).document["runs"][0]["id"])


def everything(session: Session) -> None:
    """Run every command that works on a store, and record the resulting state after each."""
    run = session.run
    run("ingest", FIXTURES)
    users = [row["user"] for row in run("users")["users"]]
    with Workspace(session.place) as opened:
        session.known |= {str(fact.id) for user in users for page in opened.read(user) for fact in page.facts}
    for user in users if FACTOR > 1 else users[:3]:
        run("facts", user)
        run("history", user)
        run("facts", user, "--kind", "episode")
    run("stats")
    run("search", users[0], "where does she live", "--explain")
    run("context", users[0], "work")
    run("find-person", users[1])
    run("diff", users[1], "--from", "2026-03-01")
    run("report", "volume")
    run("audit", users[0])
    run("sql", "SELECT user_id, kind, count(*) AS number FROM facts GROUP BY 1, 2 ORDER BY 1, 2")
    run("ingest", FIXTURES)
    facts = run("facts", users[0])["facts"]
    run("show", facts[0]["id"][:13])
    run("show", "0000")
    run("add", users[0], "I moved to Ljubljana and my favourite colour is green.")
    run("facts", users[0])
    run("undo", session.last_run())
    run("facts", users[0])
    run("edit", facts[0]["id"], "--text", "Somebody lives in Ljubljana.")
    run("history", users[0])
    run("undo", session.last_run())
    run("rm", facts[1]["id"], "--yes")
    run("facts", users[0])
    run("undo", session.last_run())
    for command in ("dedupe", "consolidate"):
        run(command, users[1])
        run("facts", users[1], "--all")
    run("prune", users[2], "--ttl", "episode=1d")
    run("facts", users[2], "--kind", "episode")
    moved = "moved.jsonl"
    run("migrate", "--from", "local", "--to", moved, "--all-users")
    run("verify", "--from", "local", "--to", moved, "--all-users")
    run("reindex")
    assert session.memctl("doctor", "--store", session.place).code == 0
    run("forget", users[0], "--confirm", users[0], "--receipt", "receipt.json")
    run("facts", users[0])
    run("users")
    run("migrate", "--from", moved, "--to", "local", "--user", users[1])
    run("facts", users[1], "--all")


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two values differ. Numbers are equal to 1e-6: vectors are of single precision."""
    if isinstance(one, float) and isinstance(other, float):
        return [] if abs(one - other) <= 1e-6 else [f"{where}: {one} {other}"]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key, value in one.items() for line in differences(value, other[key], f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line
            for place, pair in enumerate(zip(one, other, strict=True))
            for line in differences(*pair, f"{where}[{place}]")
        ]
    return [] if one == other else [f"{where}: {one!r} {other!r}"]


def test_every_command_has_the_same_output_on_both_stores(
    memctl: Callable[..., Any], store: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memctl("store", "init", server).code == 0
    answers = []
    for number, place in enumerate((str(store), server)):
        (folder := store.parents[1] / f"work{number}").mkdir()
        monkeypatch.chdir(folder)
        session = Session(memctl, place)
        everything(session)
        answers.append(session.answers)
    file, team = answers
    assert [answer[:2] for answer in team] == [answer[:2] for answer in file]
    pairs = zip(file, team, strict=True)
    assert "\n".join(line for one, other in pairs for line in differences(one[2], other[2], str(one[0]))) == ""


def test_searches_have_the_same_hits_in_the_same_order(memctl: Callable[..., Any], store: Path, server: str) -> None:
    """Of a hundred, every fourth; all of them in `make torture`."""
    for place in (str(store), server):
        assert memctl("ingest", FIXTURES, "--store", place).code == 0
    with Workspace(store) as file, Workspace(server) as team:
        users: list[str | None] = [None, *file.users()]
        asked = [Query(user, question, 10) for question in QUESTIONS for user in users][:100]
        assert len(asked) == 100
        for query in asked[:: 1 if FACTOR > 1 else 4]:
            expected, hits = file.search(query), team.search(query)
            assert [hit.fact.id for hit in hits] == [hit.fact.id for hit in expected], query
            assert differences([hit.score for hit in expected], [hit.score for hit in hits]) == [], query


def test_a_program_uses_a_team_store_like_a_file(home: Path, store: Path, server: str) -> None:
    answers = []
    for place in (str(store), server):
        with library.open("local", path=place) as memory:
            added = memory.add("zoe", "I live in Oslo and I work at Acme.")
            facts = [(fact.text, fact.predicate, fact.object) for fact in memory.facts("zoe")]
            hits = [(hit.fact.text, pytest.approx(hit.score, abs=1e-6)) for hit in memory.search("zoe", "job")]
            answers.append((added.added, facts, hits, memory.context("zoe", "work").text))
    assert answers[0] == answers[1]

"""A store with short methods to add turns and facts and to search, for the tests of search."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from memctl.backends.contract import Hit
from memctl.core.fact import Fact, Source, derive_id
from memctl.embed import Embedder
from memctl.embed.spec import EmbedderSpec
from memctl.store.chunks import chunks_of
from memctl.store.duckdb.database import Database
from memctl.store.engines import open_engine
from memctl.store.model import Entry, Episodic
from memctl.store.sql import writes
from memctl.store.sql.search import search

SEARCHES = 2
"""Searches on an open connection are repeated, because the second search is the first that uses its cache."""
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Memory:
    """A store with short methods to add turns and facts and to search."""

    def __init__(self, place: Path | str) -> None:
        self.database = open_engine(place, 30)
        self.embedder: Embedder = EmbedderSpec().open()
        self.entries: list[Entry] = []

    def turn(
        self,
        text: str,
        *,
        user: str = "alice",
        role: str = "user",
        speaker: str | None = None,
        session: str | None = None,
        position: int = 0,
        at: datetime | None = START,
    ) -> UUID:
        """Add a turn, by default in a new session."""
        session = session or f"s{len(self.entries)}"
        fact = Fact(
            id=derive_id(user, session, str(position), text),
            user_id=user,
            session_id=session,
            kind="episode",
            text=text,
            valid_at=at,
            created_at=at,
            source=Source(system="test", session=session, turns=(str(position),)),
            native={"role": role} | ({"speaker": speaker} if speaker else {}),
        )
        self._keep(fact, Episodic(role=role, speaker=speaker, position=position))
        return fact.id

    def dialogue(self, lines: Iterable[tuple[str, str]], **options: Any) -> list[UUID]:
        """Add turns of one session, given as (speaker, text)."""
        session = f"d{len(self.entries)}"
        return [
            self.turn(text, speaker=speaker, session=session, position=position, **options)
            for position, (speaker, text) in enumerate(lines)
        ]

    def fact(self, text: str, *, episode: UUID | None = None, user: str = "alice", **fields: Any) -> UUID:
        """Add a typed fact."""
        fields = {"kind": "fact", "id": derive_id(user, text), "valid_at": START} | fields
        fact = Fact(user_id=user, text=text, source=Source(system="test"), **fields)
        self._keep(fact, Episodic(episode=episode))
        return fact.id

    def _keep(self, fact: Fact, episodic: Episodic) -> None:
        self.entries.append(Entry(fact=fact, episodic=episodic, chunks=tuple(chunks_of(fact))))

    def write(self) -> None:
        """Store what was added."""
        if self.entries:
            texts = list({chunk.text for entry in self.entries for chunk in entry.chunks})
            with self.database.writing() as connection:
                writes.use_embedder(connection, EmbedderSpec())
                vectors = dict(zip(texts, self.embedder.embed(texts), strict=True))
                writes.add(connection, self.entries, vectors)
            self.entries = []

    def ask(
        self, query: str, *, user: str | None = "alice", k: int = 10, again: int = SEARCHES, **options: Any
    ) -> list[Hit]:
        """Search the store; `again` searches on an open connection must give the same hits."""
        self.write()
        options = {"query": query, "query_vector": self.embedder.embed_one(query), "user": user, "k": k} | options
        with self.database.reading() as connection:
            hits = search(connection, **options)
        if self.database.file:
            open_database = Database(self.database.file, hold=True)
            for _ in range(again):
                with open_database.reading() as connection:
                    same(search(connection, **options), hits)
        return hits


def rounded(hits: list[Hit]) -> list[tuple[Fact, dict[str, float]]]:
    """The hits without the last digits of their scores, which depend on the order of adding."""
    return [(hit.fact, {name: round(part, 9) for name, part in hit.parts.items()}) for hit in hits]


def same(hits: list[Hit], others: list[Hit]) -> None:
    """Fail if the hits differ in more than the last digits of their scores."""
    assert [hit.fact for hit in hits] == [hit.fact for hit in others]
    assert [hit.parts for hit in hits] == [pytest.approx(hit.parts, abs=1e-6) for hit in others]


@pytest.fixture
def memory(store: Path | str) -> Iterator[Memory]:
    store_memory = Memory(store)
    yield store_memory
    store_memory.database.close()


def texts(hits: list[Hit]) -> list[str]:
    return [hit.fact.text for hit in hits]


SMALL_TALK = [
    "The weather was lovely at the weekend.",
    "We watched a film about penguins.",
    "My sister called about her new garden.",
    "I need to renew my passport in June.",
    "The train was late again this morning.",
]

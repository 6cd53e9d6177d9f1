"""The backend named `mem0-oss`: mem0's own library, as an application has configured it.

Facts are written to the vector store directly, in mem0's format, with vectors from mem0's own embedder and an entry in
its history, because `Memory.add` gives every memory a new id and the current time. Memories are read from the vector
store, because `Memory.get_all` returns only the first 20.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
    count,
    need,
)
from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Embedding, Fact
from memctl_mem0.oss import erase
from memctl_mem0.oss.config import Library, close_clients, history_path, place_of, read_config
from memctl_mem0.oss.embedding import alike, fits, model_of, vectors_of, with_vectors
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.mapping import SECONDS, SLOTS, batches, fact_of, messages_of, payload_of, point_of
from memctl_mem0.oss.points import Row, Shelf, entry, is_memory, name_of
from memctl_mem0.oss.vector_stores import WRITABLE, WRITE_HINT, open_shelf

PAGE_SIZE = 1000
CHUNK = 200
"""The number of facts that are embedded and stored at a time."""

_PACKED = "in the memory's payload, under the key `memctl`"
KEEPING = {
    name: FieldSupport("in_metadata", _PACKED)
    for name in (
        "kind", "app_id", "subject", "predicate", "object", "categories", "confidence", "valid_at", "invalid_at",
        "expired_at", "superseded_by", "source", "native",
    )
} | {
    "expires_at": FieldSupport("in_metadata", "mem0 stores the day; the time is under the key `memctl`"),
    "embedding": FieldSupport("dropped", "mem0's embedder creates the vectors; those of the same embedder are kept"),
}  # fmt: skip


CAPABILITIES = Capabilities(fields=KEEPING, batch_size=1000, ends=frozenset({"expires_at"}))
_DIGITS = 6
"""The digits to which scores are rounded, because stores compute them in single precision with small variations."""


class Mem0OssAdapter(Backend):
    """mem0's library with the configuration in the file `config` (YAML or JSON, as for `Memory.from_config`).

    `mem0_dir` is the folder of mem0's history if the configuration names no file for it; `default_user` owns memories
    that name no user. Each part is opened when it is needed: reading needs no embedder and no key, and only `add` needs
    a language model.

    Raises NotFound or UsageError for an unreadable configuration.
    """

    name = "mem0-oss"
    capabilities = CAPABILITIES
    features = Features(
        options=("config", "mem0_dir", "default_user"),
        address_option="config",
        env_vars={"config": ("MEMCTL_MEM0_CONFIG",), "mem0_dir": ("MEM0_DIR",)},
        tested_versions={"mem0ai": "2.2."},
        forget=True,
        inventory=True,
        vectors=True,
    )

    def __init__(
        self,
        config: str | Path | None = None,
        *,
        mem0_dir: str | None = None,
        default_user: str | None = None,
    ) -> None:
        if config is None:
            raise UsageError(
                "mem0-oss needs the configuration of your mem0 application",
                hint="use mem0-oss:CONFIG.yaml, or set MEMCTL_MEM0_CONFIG",
            )
        configuration = read_config(Path(config).expanduser())
        self.identity = place_of(configuration)
        self._default_user = default_user
        history = history_path(configuration, mem0_dir)
        self._library = Library(configuration, self.identity, history)
        self._history = history
        self._model = model_of(configuration)
        self._scaled = self._library.provider == "qdrant"
        kept = (
            FieldSupport("coarsened", "a Qdrant server scales them to unit length") if self._scaled else FieldSupport()
        )
        writable = self._library.provider in WRITABLE
        self.capabilities = msgspec.structs.replace(CAPABILITIES, vectors={self._model: kept} if writable else {})
        self._with_vectors = False

    def __repr__(self) -> str:
        return f"Mem0OssAdapter({self.identity})"

    def __enter__(self) -> "Mem0OssAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def remarks(self) -> Sequence[str]:
        """A note if mem0's history will not contain the writes."""
        if self._history:
            return ()
        return ("The configuration names no history_db_path: writes are recorded in no history.",)

    @cached_property
    def _shelf(self) -> Shelf:
        shelf = open_shelf(self._library)
        shelf.with_vectors = self._with_vectors
        return shelf

    def read_vectors(self, models: Collection[str]) -> None:
        """Read vectors too if they are by one of these models."""
        self._with_vectors = self._model in models
        if "_shelf" in self.__dict__:
            self._shelf.with_vectors = self._with_vectors

    def close(self) -> None:
        """Close the store and the history."""
        shelf = self.__dict__.pop("_shelf", None)
        if shelf is not None:
            shelf.close()
        self._library.close()

    def check(self) -> Health:
        """Open the store; the detail has its numbers of memories and owners."""
        try:
            counts = self._shelf.counts()
        except NotFound as error:
            return Health(ok=True, detail=f"mem0 on {self.identity}: {error.message}")
        kind = "" if self._shelf.writable else ", read only"
        found = f"{count(sum(counts.values()), 'memory')} of {count(len(counts), 'owner')}"
        return Health(ok=True, detail=f"mem0 on {self.identity}: {found}{kind}")

    def check_writable(self) -> None:
        """Raise UsageError for a store that memctl only reads."""
        if self._library.provider not in WRITABLE:
            raise UsageError(
                f"mem0 on {self._library.provider} is read-only for memctl",
                where=self.identity,
                hint=WRITE_HINT,
            )

    def initialized(self) -> bool:
        """Whether the store has the collection."""
        try:
            return self._shelf.exists()
        except NotFound:
            return False

    def init(self) -> list[str]:
        """Create the collection as mem0 does; returns a line for it."""
        self.check_writable()
        if self.initialized():
            return []
        self._shelf.create()
        return [f"collection {self._library.collection!r}"]

    def users(self) -> Iterator[str]:
        """Every owner of a memory: users, and `agent:ID`, `app:ID` or `run:ID` for memories that have no user."""
        owners = list(self._shelf.owners())
        default_user = self._default_user
        if default_user is not None and default_user not in owners and next(self._ownerless(), None) is not None:
            owners.append(default_user)
        return iter(owners)

    def count(self, user: str) -> int | None:
        """The store's own count of the owner's memories."""
        count = self._shelf.count(user)
        return count + sum(1 for _ in self._ownerless()) if user == self._default_user else count

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """All of the owner's memories by id."""
        after = cursor
        while True:
            rows, after = self._shelf.page(user, after, PAGE_SIZE)
            if after is None and user == self._default_user:
                rows += self._ownerless()
            facts = tuple(fact for fact in map(self._fact, rows) if since is None or _is_since(fact, since))
            yield Page(facts, after)
            if after is None:
                return

    def rejects(self) -> Iterator[Rejected]:
        """Points of the store that are not memories: without text, or without an owner."""
        for row in self._shelf.astray():
            if self._default_user is None or not isinstance(row.payload.get("data"), str):
                lacking = "text" if not isinstance(row.payload.get("data"), str) else "owner"
                yield Rejected(f"the memory has no {lacking}", where=f"{self.identity}: {row.id}")

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim with their own ids; those from mem0 with their ids there.

        A fact that is stored already, apart from the embedding, is `unchanged`. One whose text the embedder refuses, or
        whose id belongs to another owner's memory, is rejected.
        """
        self.check_writable()
        return [outcome for some in batches(facts, CHUNK) for outcome in self._written(some)]

    def _written(self, facts: Sequence[Fact]) -> list[Outcome]:
        """The outcomes of facts with distinct ids."""
        points = [point_of(fact, self.identity) for fact in facts]
        stored = self._shelf.get(points)
        outcomes: list[Outcome] = []
        pending: list[tuple[int, Row]] = []
        for number, (fact, point) in enumerate(zip(facts, points, strict=True)):
            row = stored.get(point)
            try:
                payload = payload_of(fact, SECONDS if self._shelf.seconds else SLOTS, scalars=self._shelf.scalars)
            except ValueError as error:
                outcomes.append(Outcome(state="rejected", reason=str(error)))
                continue
            if row is not None and is_memory(row.payload) and name_of(row.payload) != fact.user_id:
                outcomes.append(Outcome(state="rejected", reason=f"the id {point} belongs to another user's memory"))
            elif self._same(row, fact):
                outcomes.append(Outcome(state="unchanged", target_id=point))
            else:
                outcomes.append(Outcome(state="written" if row is None else "updated", target_id=point))
                pending.append((number, Row(point, payload, self._vector(fact))))
        for number, reason in self._put(pending, stored):
            outcomes[number] = Outcome(state="rejected", reason=reason)
        return outcomes

    def _put(self, pending: Sequence[tuple[int, Row]], stored: Mapping[str, Row]) -> list[tuple[int, str]]:
        """Embed and store facts; returns the numbers of those whose text the embedder refuses, with the reason."""
        refused: list[tuple[int, str]] = []
        new: list[tuple[Row, Sequence[float]]] = []
        changed: list[tuple[Row, Sequence[float]]] = []
        vectors = with_vectors(self._library, [row for _, row in pending])
        for (number, row), vector in zip(pending, vectors, strict=True):
            if isinstance(vector, str):
                refused.append((number, vector))
                continue
            complete = Row(row.id, {**row.payload, "text_lemmatized": self._library.lemmas(row.payload["data"])})
            (changed if row.id in stored else new).append((complete, vector))
        for rows, put in ((new, self._shelf.insert), (changed, self._shelf.replace)):
            if rows:
                put([row for row, _ in rows], [vector for _, vector in rows])
                self._note([(stored.get(row.id), row) for row, _ in rows])
        return refused

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove memories of the owner, found by the ids of their facts; returns the number that existed."""
        wanted_ids = set(ids)
        stored = self._shelf.get([str(id_) for id_ in wanted_ids]) if wanted_ids else {}
        deleted = {row.id: row for row in stored.values() if is_memory(row.payload) and self._is(row, user, wanted_ids)}
        if len(deleted) < len(wanted_ids):
            after: str | None = None
            while True:
                rows, after = self._shelf.page(user, after, PAGE_SIZE)
                deleted |= {row.id: row for row in rows if self._is(row, user, wanted_ids)}
                if after is None:
                    break
        if deleted:
            self._shelf.delete(list(deleted))
            self._note([(row, None) for row in deleted.values()])
        return len(deleted)

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of the owner's other records in mem0: entries of its history, messages, and names of entities."""
        try:
            memories = [row.id for row in self._rows_of(user)]
            names = erase.names_of(self._library, self._shelf, user)
        except NotFound:
            memories, names = [], []
        self.close()
        return erase.counted(self._library.history_path, user, memories, len(names))._asdict()

    def forget(self, user: str) -> Sequence[str]:
        """Remove the owner's memories, their history, messages and names, and rewrite local files. The history is
        deleted first, because its owner is known only from the memories."""
        remarks: list[str] = []
        try:
            memories = [row.id for row in self._rows_of(user)]
            living = list(self._shelf.ids())
            names = erase.names_of(self._library, self._shelf, user)
        except NotFound:
            memories, living, names = [], [], []
        self.close()
        remarks += erase.forget_history(self._library.history_path, user, memories, living)
        erase.forget_names(self._library, names)
        if memories:
            self._shelf.delete(memories)
        with suppress(NotFound):
            remarks += self._shelf.compact([self._library.collection, self._library.of_entities().collection])
        self.close()
        return remarks

    def search(self, query: Query) -> list[Hit]:
        """The best memories by mem0's own formula over its vector search and, if the store has one, its word search;
        `parts` are `semantic` and `lexical`. Expired memories are omitted, as in mem0.

        mem0's similarity threshold and its entities are not used.
        """
        text, user, k = query.text, query.user, query.k
        if not text.strip() or k < 1:
            return []
        wide = max(4 * k, 60)
        vector = vectors_of(self._library, [text])[0]
        if isinstance(vector, str):
            raise Rejected(vector, where=self.identity)
        today = datetime.now(UTC).date().isoformat()
        near: list[dict[str, Any]] = [
            {"id": row.id, "score": round(score, _DIGITS), "payload": row.payload}
            for row, score in self._shelf.search(text, vector, user, wide)
            if (user is None or name_of(row.payload) == user) and not _is_over(row, today)
        ]
        near.sort(key=lambda hit: (-hit["score"], hit["id"]))
        scoring = need("mem0.utils.scoring", "mem0")
        lemmas = self._library.lemmas(text)
        middle, steepness = scoring.get_bm25_params(text, lemmatized=lemmas)
        words = {
            point: scoring.normalize_bm25(score, middle, steepness)
            for point, score in self._shelf.words(lemmas, user, wide).items()
            if score > 0
        }
        ranked = scoring.score_and_rank(
            semantic_results=near,
            bm25_scores=words,
            entity_boosts={},
            threshold=float("-inf"),
            top_k=k,
            explain=True,
        )
        return [self._hit(hit) for hit in ranked]

    def _hit(self, row: dict[str, Any]) -> Hit:
        details = row["score_details"]
        parts = {"semantic": float(details["semantic_score"]), "lexical": float(details["bm25_score"])}
        return Hit(score=float(row["score"]), parts=parts, fact=self._fact(Row(row["id"], row["payload"])))

    def add(self, user: str, turns: Iterable[Any]) -> list[str]:
        """Send turns (texts, or mappings with `role` and `content`) to mem0's own extraction with its language
        model; returns the ids of the new memories. Raises Rejected for turns that mem0 does not accept."""
        messages = messages_of(turns)
        self.close()
        memory = self._library.memory()
        try:
            with guarded(self.identity):
                answer = memory.add(messages, user_id=user)
        except UsageError as error:
            raise Rejected(error.message, where=error.where) from None
        finally:
            memory.close()
            close_clients(memory.vector_store, memory._entity_store, memory.embedding_model, memory.llm)
        return [str(row["id"]) for row in answer.get("results", ())]

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def _fact(self, row: Row) -> Fact:
        fact = fact_of(row.id, row.payload, self.identity, self._default_user)
        if row.vector is None:
            return fact
        return msgspec.structs.replace(fact, embedding=Embedding(model=self._model, vector=tuple(row.vector)))

    def _vector(self, fact: Fact) -> Sequence[float] | None:
        """The fact's vector if mem0's embedder would make it."""
        stored = fact.embedding
        return stored.vector if stored and stored.model == self._model and fits(self._library, stored.vector) else None

    def _rows_of(self, user: str) -> list[Row]:
        rows = erase.rows_of(self._shelf, user)
        return rows + list(self._ownerless()) if user == self._default_user else rows

    def _ownerless(self) -> Iterator[Row]:
        return (row for row in self._shelf.astray() if isinstance(row.payload.get("data"), str))

    def _is(self, row: Row, user: str, ids: set[UUID]) -> bool:
        return name_of(row.payload) == user and self._fact(row).id in ids

    def _same(self, row: Row | None, fact: Fact) -> bool:
        """Whether the stored memory equals the fact, apart from an embedding by another model or that was not read."""
        if row is None or not is_memory(row.payload):
            return False
        vector = self._vector(fact)
        if vector and row.vector is not None and not alike(vector, row.vector, scaled=self._scaled):
            return False
        return self._fact(row._replace(vector=None)) == msgspec.structs.replace(fact, embedding=None)

    def _note(self, changes: Sequence[tuple[Row | None, Row | None]]) -> None:
        """Add an entry with the old and the new text to mem0's history for each change."""
        history = self._library.history
        if history is None:
            return
        with guarded(self.identity):
            history.batch_add_history([entry(before, after) for before, after in changes])


def _is_since(fact: Fact, since: datetime) -> bool:
    at = fact.updated_at or fact.created_at
    return at is None or at >= since


def _is_over(row: Row, today: str) -> bool:
    day = row.payload.get("expiration_date")
    return isinstance(day, str) and day < today

"""The contract of a backend: everything that a backend must do and may do is in this file.

To add a backend, write a class that inherits from `Backend`:

1. Set `name` and `capabilities`: what the backend keeps of each field. Plans and losses are computed from them.
2. Implement the abstract methods.
3. Declare in `features` how the backend is addressed and which optional methods it has, and implement those.
4. Register the class under the entry-point group `memctl.adapters`, and run `memctl.backends.testing` on it.

An adapter imports `memctl.core.fact`, `memctl.core.errors` and this module, and nothing else of memctl. It is imported
only when a command names it. Its errors are those of `memctl.core.errors`: `Retryable` for a temporary failure,
`AuthError` for a refused key, `Rejected` for facts that the backend cannot store. memctl does the retrying.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from memctl.core.bm25 import rank
from memctl.core.errors import Rejected, UsageError
from memctl.core.expected_answer import expected
from memctl.core.fact import Fact
from memctl.core.plurals import count
from memctl.core.services import need, server_parts

__all__ = [
    "Backend",
    "Capabilities",
    "Conversation",
    "Embedder",
    "Features",
    "FieldSupport",
    "Filter",
    "Health",
    "Hit",
    "Level",
    "Message",
    "Outcome",
    "Page",
    "Query",
    "changed_since",
    "count",
    "expected",
    "lexical_hits",
    "need",
    "rank",
    "server_parts",
]

Level = Literal["kept", "in_metadata", "coarsened", "dropped"]
"""How well a backend keeps a field: unchanged; unchanged, but in the metadata; with less precision; not at all."""
Filter = Literal["kinds", "since", "until", "as_of"]
"""A condition of a `Query`."""


class FieldSupport(msgspec.Struct, frozen=True, rename={"level": "keeping"}):
    """How a backend keeps one Fact field; `how` explains any level other than `kept`."""

    level: Level = "kept"
    how: str | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend keeps of a fact, and its limits. The migration plan is computed from them."""

    # The Fact fields that are not `kept`.
    fields: Mapping[str, FieldSupport] = {}
    # The smallest difference between two stored times, in seconds.
    time_precision: float = 1e-6
    # In characters. A longer text is rejected.
    longest_text: int | None = None
    # In characters. A longer text is kept whole, in the way that `split_how` describes.
    split_text: int | None = None
    split_how: str | None = None
    # The most facts in one call of `write`.
    batch_size: int = 1000
    # The default limit, in calls per second.
    rate: float | None = None
    # Whether `read` returns the ids that were written; False if the backend assigns its own.
    ids_survive: bool = True
    # Whether the backend is a source only: `check_writable` always raises.
    read_only: bool = False
    # Whether texts are stored as written; False if the backend rewords them.
    verbatim_writes: bool = True
    # Whether a write can be read only some time later. `settle` waits for it.
    asynchronous: bool = False
    # Whether a stored fact can be replaced.
    updatable: bool = True
    # Fields that are not `kept`, but with which the backend itself stops showing a fact, such as a day of expiry.
    ends: frozenset[str] = frozenset()
    # How the vectors of some models are kept, by the model's name. Those of all others are kept as `fields` says.
    vectors: Mapping[str, FieldSupport] = {}

    def support(self, field: str) -> FieldSupport:
        """How `field` is kept; raises KeyError if Fact has no such field."""
        if field not in Fact.__struct_fields__:
            raise KeyError(field)
        return self.fields.get(field, FieldSupport())


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend is opened, and what it offers beyond the abstract methods of `Backend`.

    memctl calls an optional method only if its feature is declared. The conformance suite checks that the declared
    features are those that the class implements.
    """

    # Opening. The names of the constructor's parameters, which settings and commands may set. Two of them are filled
    # in from the settings if the user sets neither: `default_user`, which owns records that name no user, and
    # `embedder`, an `Embedder`.
    options: tuple[str, ...] = ()
    # The option that the text after the colon sets, as in `letta-memfs:PATH`.
    address_option: str | None = None
    # The environment variables of an option that is not set, in order: {"api_key": ("MEM0_API_KEY",)}. NAME_FILE and
    # NAME_COMMAND are read too.
    env_vars: Mapping[str, tuple[str, ...]] = {}
    # How the tested versions of each SDK begin: {"mem0ai": "2.2."}.
    tested_versions: Mapping[str, str] = {}

    # How many instances may write at the same time.
    writers: int = 1
    # The conditions of a `Query` that `search` applies itself. `memctl.open` applies the others to its hits.
    filters: frozenset[Filter] = frozenset()

    # Optional methods, each named after its feature.
    conversations: bool = False
    owners: bool = False
    forget: bool = False
    inventory: bool = False
    # start_run() and changed()
    undo: bool = False
    # now()
    clock: bool = False
    # read_vectors()
    vectors: bool = False


class Embedder(Protocol):
    """The embedding model of the settings, for a backend that has none of its own."""

    @property
    def name(self) -> str:
        """The model, its revision and dimension."""

    def embed(self, texts: Sequence[str]) -> Iterable[Sequence[float]]:
        """One vector per text, in order."""

    def embed_one(self, text: str) -> Sequence[float]:
        """The vector of one text."""


LEXICAL, SEMANTIC = 0.3, 0.7
"""What words and meaning weigh, wherever memctl computes a score itself."""
ENDED = 0.5
"""What a fact weighs that ended without a successor."""
TYPED, EXPECTED = 0.04, 0.15
"""What a fact counts more than a turn, and a record with the time or number that the query asks for."""
K1, B = 0.9, 0.6
"""BM25's saturation and length normalisation: the first as Anserini sets it for short passages, the second higher,
so that a long turn does not win by having many words."""


class Query(msgspec.Struct, frozen=True):
    """A search: the `k` best facts of `user` (None: of all users) for `text`.

    `kinds` limits the hits to these kinds, `since` and `until` to facts that were said or true in that time, `as_of` to
    facts that were true at that instant. Times are timezone-aware.
    """

    user: str | None
    text: str
    k: int = 10
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `check()`: whether the backend can be used, and a line that describes it."""

    ok: bool
    detail: str


class Page(msgspec.Struct, frozen=True):
    """Some facts, and the cursor that resumes after them (None: this is the last page)."""

    facts: tuple[Fact, ...]
    cursor: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of writing one fact. `target_id` is the backend's own id; `reason` explains a rejection. `newer`: the
    backend keeps what it has, a later state of the record."""

    state: Literal["written", "unchanged", "updated", "newer", "rejected"]
    target_id: str | None = None
    reason: str | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A search result: the fact, its score, and the named parts of the score."""

    score: float
    parts: dict[str, float]
    fact: Fact


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation. `role` is `user`, `assistant`, `system` or `tool`; `name` is the speaker's; `at` is
    when it was said, and `expires_at` when the backend deletes it, timezone-aware."""

    id: str
    role: str
    text: str
    name: str | None = None
    at: datetime | None = None
    expires_at: datetime | None = None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that a backend keeps, such as a thread or an agent's messages; oldest message first."""

    id: str
    messages: tuple[Message, ...]
    title: str | None = None
    started_at: datetime | None = None
    agent_id: str | None = None


class Backend(Protocol):
    """A backend. Adapters inherit from it: the abstract methods are required, the others optional.

    Creating an instance connects to nothing. Secrets never appear in `repr`, errors or logs. An instance is used by one
    thread at a time.
    """

    # What users type.
    name: str
    capabilities: Capabilities
    features: Features = Features()
    # The account, database or file, without secrets: `host/database.schema`. Equal for every run on the same data and
    # different for other data; the ledger recognises routes by it. Empty: the name that the user typed.
    identity: str = ""

    @abstractmethod
    def check(self) -> Health:
        """Connect with the configured credentials and describe the backend in one line."""

    @abstractmethod
    def users(self) -> Iterator[str]:
        """Every user that owns a fact. A list that may be incomplete raises an error."""

    @abstractmethod
    def count(self, user: str) -> int | None:
        """The backend's own total of the user's facts, or None if it has none."""

    @abstractmethod
    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts, streamed to the end, with their memctl ids and the fields that `write` put in metadata.

        `since` omits facts known to have been recorded and last changed before it; `cursor` is a `Page.cursor`.
        """

    @abstractmethod
    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim; returns one outcome per fact, in order.

        A fact that is stored already is `unchanged`. A fact whose id belongs to another user is `rejected`, and so is a
        text that is too long: nothing is cut.
        """

    @abstractmethod
    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of this user; returns how many existed."""

    @abstractmethod
    def search(self, query: Query) -> list[Hit]:
        """The best hits, best first. An unknown user has none, or raises NotFound."""

    @abstractmethod
    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Wait until asynchronous writes can be read, until `deadline` at most. `ids` are target ids; none means all
        writes of this instance."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections."""

    # Optional, with a default.

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """Pass conversation turns to the backend's own extraction; raises UsageError if it has none."""
        raise UsageError(f"{self.name} does not extract facts", hint="memctl ingest reads transcripts")

    def revision(self) -> str | None:
        """A text that differs after every change of the facts by any program, such as the time of a file's last change;
        None if the backend cannot tell. A migration then reads the source a second time to verify the result."""
        return None

    def remarks(self) -> Sequence[str]:
        """Notes to show before a migration, such as what the backend never holds."""
        return ()

    def check_writable(self) -> None:
        """Raise UsageError if `write` would refuse every fact, as in a file or table that is only read. Called for the
        plan, before anything is read."""
        return

    def initialized(self) -> bool:
        """Whether the backend has what memctl needs before a write, such as tables."""
        return True

    def init(self) -> object:
        """Create what is missing; does nothing the second time."""
        return None

    def rejects(self) -> Iterable[Rejected]:
        """The records read so far that are not valid facts, such as a broken line, with place and reason."""
        return ()

    def everyone(self) -> Iterator[str]:
        """Every user that the backend has anything of, with or without facts."""
        return self.users()

    # Optional, with a feature of the same name.

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The user's conversations, streamed, for `memctl ingest --from`."""
        raise _undeclared(self.name, "conversations")

    def owners(self, users: Collection[str]) -> set[str]:
        """The subset of a few users that own a fact, faster than listing all users."""
        raise _undeclared(self.name, "owners")

    def forget(self, user: str) -> Sequence[str]:
        """Erase everything of the user; does nothing for an unknown one.

        Returns a line for each thing that stays behind, with the reason and without the user's name.
        """
        raise _undeclared(self.name, "forget")

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of things other than facts that the backend keeps of a user and `forget` erases, by kind:
        {"threads": 2, "messages": 31}; empty for an unknown user."""
        raise _undeclared(self.name, "inventory")

    # Feature `undo`: what was written in a run can be undone by `memctl undo`.

    def start_run(self, run: str, command: str) -> None:
        """Make everything written from now on part of the run with this id, listed as what `command` did."""
        raise _undeclared(self.name, "undo")

    def changed(self, facts: Sequence[Fact], hashes: Sequence[str]) -> set[int]:
        """The places in the list of the facts that were undone, removed or changed since they were written. All were
        written before; `hashes` are their content hashes."""
        raise _undeclared(self.name, "undo")

    # Feature `clock`.

    def now(self) -> datetime:
        """The current time of the backend's clock, for `memctl doctor`."""
        raise _undeclared(self.name, "clock")

    # Feature `vectors`: vectors are read only for a target that uses the same model.

    def read_vectors(self, models: Collection[str]) -> None:
        """From now on return with each fact its vector, if it is by one of these models. Called on both ends of a
        migration, with the models in the `vectors` of both."""
        raise _undeclared(self.name, "vectors")


def changed_since(fact: Fact, since: datetime | None) -> bool:
    """Whether a fact was created or updated at `since` or later; True if one of the two times is unknown."""
    changed = fact.updated_at or fact.created_at
    return since is None or changed is None or changed >= since


def lexical_hits(facts: Iterable[Fact], query: Query) -> list[Hit]:
    """The best of these facts by BM25, best first: `search` for a backend without a search of its own."""
    by_id = {fact.id: fact for fact in facts}
    best = rank(by_id.values(), query.text, query.k, datetime.now(UTC))
    return [Hit(score=score, parts={"lexical": score}, fact=by_id[id_]) for id_, score in best]


def _undeclared(name: str, feature: str) -> UsageError:
    return UsageError(f"backend {name!r} does not have the feature {feature!r}")

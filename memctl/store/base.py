"""The contract of a store: what the rest of memctl may ask of it, whatever engine keeps the rows.

A `Store` opens transactions. `Session` is the reading half of one, `Transaction` adds the writing half. Everything a
session returns is of the same moment; everything a transaction changes becomes visible together or not at all. No
operation extracts, embeds or reconciles: callers hand in what is to be written. `memctl.store.refold` builds the
writes that keep facts in line with their claims from these operations alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from memctl.backends.contract import Hit
from memctl.core.claim import Claim
from memctl.core.fact import Fact
from memctl.core.subjects import Mention
from memctl.embed.spec import EmbedderSpec
from memctl.store.model import (
    Answer,
    Batch,
    BatchRequest,
    BatchState,
    Entry,
    FileEntry,
    FileRead,
    ModelsUsed,
    Place,
    RecordText,
    Reindexed,
    Run,
    Statistics,
    StoredTurn,
    Table,
    UserSummary,
)
from memctl.store.suppressed_users import SuppressedUsers
from memctl.store.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]
    Halves = NDArray[np.uint64]
else:
    Vector = Matrix = Halves = Any

Group = tuple[str, str, Collection[str]]
"""Claims that are folded together: user, case-folded subject, predicates."""
Evidence = Mapping[UUID, Sequence[UUID]]
"""The ids of the claims that are evidence of facts, in order, by the id of the fact."""


class Session(Protocol):
    """What can be read within one transaction."""

    def embedder(self) -> EmbedderSpec | None:
        """The embedder that made all vectors of the store; None while the store is new."""

    def outdated_model(self) -> str | None:
        """The built-in model that made the store's vectors, if this version of memctl ships another one."""

    def users(self) -> list[UserSummary]:
        """Every user that owns a record, with counts, in alphabetical order."""

    def require_user(self, user: str) -> None:
        """Raise NotFound, naming some existing users, unless the user owns a record."""

    def count(self, user: str | None = None) -> int:
        """The number of records, episodes included, of one user or of everyone."""

    def latest_import(self) -> datetime | None:
        """When the newest record was stored."""

    def facts(self, ids: Iterable[UUID]) -> list[Fact]:
        """The records with these ids, in the order they were stored; missing ids are skipped."""

    def facts_of(
        self,
        user: str,
        *,
        kinds: Sequence[str] = (),
        subject: str | None = None,
        predicate: str | None = None,
        at: datetime | None = None,
    ) -> list[Fact]:
        """The user's records in the order they were learned; without `kinds`, everything but episodes.

        `at` keeps what is current at that instant, as `memctl.core.timeline.current` defines it; None keeps history.
        """

    def leading_facts(
        self, user: str, *, kinds: Sequence[str], first: Collection[str], at: datetime, as_of: bool, limit: int
    ) -> tuple[list[Fact], int]:
        """The `limit` first of the user's records of these kinds, and how many there are.

        Blocks come first, then facts with one of the predicates `first`, and among equals what was learned last. They
        are the records current at `at`; with `as_of`, those that were true at that instant.
        """

    def latest_turns(self, user: str, at: datetime, limit: int) -> list[Fact]:
        """The last episodes said until `at` in the session that the user's last one belongs to, in order."""

    def episodes_before(self, user: str, at: datetime) -> list[Fact]:
        """The user's episodes said before `at`."""

    def overdue(self, user: str, at: datetime) -> list[Fact]:
        """The user's records whose `expires_at` has passed at `at`."""

    def page(self, user: str, *, after: int, since: datetime | None, limit: int) -> list[tuple[int, Fact]]:
        """Up to `limit` records with row keys above `after`, in key order; `since` keeps those changed from then on."""

    def by_prefix(self, prefix: str) -> tuple[Fact, list[Claim]]:
        """A record by its id or the first characters of it, with its claims. Raises NotFound or UsageError."""

    def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """The subset of these ids that are records."""

    def owned(self, ids: Iterable[UUID], user: str | None = None) -> list[UUID]:
        """The subset of these ids that are records of the user, or of anyone."""

    def owners(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """The owner of each of these records, by id, whoever they are."""

    def hashes(self, user: str | None = None) -> dict[UUID, str]:
        """The content hash of every record, by id."""

    def alike(self, ids: Sequence[UUID], hashes: Sequence[str]) -> set[int]:
        """Which of these records, by their places, are in the store with these content hashes."""

    def search(
        self,
        *,
        query: str,
        query_vector: Sequence[float],
        user: str | None,
        k: int,
        kinds: tuple[str, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
    ) -> list[Hit]:
        """The k best records for `query`, best first; a turn and the facts read in it make one hit.

        `query_vector` is the query's unit vector under the store's embedder. `user` None searches everyone. `since`
        and `until` bound `valid_at` (else `created_at`), inclusively; `as_of` keeps what was true at that instant.
        """

    def has_facts(self, user: str) -> bool:
        """True if the user has a current fact with a predicate."""

    def nearest(self, user: str, vectors: Matrix, k: int) -> list[list[Fact]]:
        """For each row of `vectors`, of shape (n, dim), the user's k nearest current facts, nearest first."""

    def vectors_of(self, user: str, ids: Iterable[UUID]) -> dict[UUID, Vector]:
        """The whole-text vectors, each of shape (dim,), of those of these records that have one."""

    def statistics(self) -> Statistics:
        """What the store holds, in numbers."""

    def claims(self, ids: Iterable[UUID]) -> list[Claim]:
        """The claims with these ids."""

    def mentions(self, users: Iterable[str]) -> list[Mention]:
        """Who the claims, and the facts without claims, of these users are about besides the user, and how they are
        related to the user."""

    def claims_of_groups(self, groups: Iterable[Group]) -> list[Claim]:
        """All claims of these groups, in no particular order."""

    def claims_of_episodes(self, episodes: Iterable[UUID]) -> list[Claim]:
        """The claims read from these episodes."""

    def claims_of_fact(self, fact: UUID) -> list[Claim]:
        """The claims that are evidence of a fact, in order."""

    def episodes_of(self, claims: Iterable[UUID]) -> dict[UUID, UUID]:
        """Claim id -> the episode it was read from, where there is one."""

    def evidence_with(self, claims: Iterable[UUID], facts: Iterable[UUID] = ()) -> dict[UUID, tuple[UUID, ...]]:
        """As `evidence_of` these facts, and of those that have any of these claims as evidence."""

    def evidence_of(self, facts: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
        """Fact id -> the claims that are its evidence, in order; facts without evidence are left out."""

    def known_and_tombstoned(self, ids: Iterable[UUID]) -> tuple[set[UUID], set[UUID]]:
        """The subsets of these ids that are records, and that have a tombstone."""

    def unfolded(self, groups: Iterable[Group], now: datetime) -> list[Fact]:
        """The current facts of these groups that have no evidence: imported or stated, not yet part of a fold."""

    def ingested_files(self) -> dict[tuple[str, str], FileEntry]:
        """Every file ingested so far, by URI and attribution."""

    def episodes_in(self, file: FileEntry) -> set[UUID]:
        """The episodes that a file contained when it was last read."""

    def episode_count(self, most: int) -> int:
        """The number of episodes of all users, counted up to `most`."""

    def halves(self, user: str | None = None) -> Halves:
        """The lower 64 bits of `memctl.store.turn_identity.fingerprint` of every episode, of one user or of everyone.

        Shape (n,), in no order.
        """

    def tombstone_halves(self) -> Halves:
        """The lower 64 bits of every tombstone; shape (n,)."""

    def sessions_saying(self, user: str, said: Sequence[tuple[str, datetime | None]]) -> list[str]:
        """The user's sessions with an episode of one of these texts and times, a few for each."""

    def turns_of_sessions(self, user: str, sessions: Iterable[str]) -> list[StoredTurn]:
        """The episodes of the user in these sessions, session by session, in order."""

    def turns(self, ids: Iterable[UUID]) -> list[StoredTurn]:
        """The episodes with these ids, as turns."""

    def read_by(self, recipe: str, episodes: Iterable[UUID]) -> set[UUID]:
        """The subset of these episodes that a file read by the recipe contains."""

    def refusals(self) -> dict[str, str]:
        """What earlier ingests refused to read: a hash of the place -> the state it was in."""

    def suppressed(self) -> SuppressedUsers:
        """The users who were erased and must stay out of the store."""

    def suppressed_since(self, user: str) -> datetime | None:
        """When the user was erased; None if they were not."""

    def erasure_began(self, user: str) -> datetime | None:
        """When an erasure of the user began that has not succeeded since; None if there is none."""

    def has_traces(self, user: str) -> bool:
        """Whether anything in the store names the user as its owner, data kept for undo included."""

    def stands_for(self, user: str, hashed: str) -> bool:
        """Whether a salted hash, as `suppress` returns it, stands for this user."""

    def texts_of_others(self, user: str) -> Iterator[RecordText]:
        """The texts of the records of everyone but the user, in the order they were stored."""

    def runs(self) -> list[Run]:
        """The runs that changed facts, newest first."""

    def touched(self, run: Run, place: Place) -> set[UUID]:
        """The ids of the rows that a run changed."""

    def runs_touching(self, place: Place, ids: Iterable[UUID]) -> set[str]:
        """The runs that changed any of these rows and can be undone."""

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The cached answers of a model to these questions, by key."""

    def open_batches(self) -> list[Batch]:
        """The batches that were prepared or submitted, oldest first."""

    def ended_batches(self) -> list[Batch]:
        """The batches that ended but whose input has not been ingested again, oldest first."""

    def batch_requests(self, batch: str) -> dict[str, BatchRequest]:
        """The questions of a batch, by key."""

    def batch_attempts(self, keys: Iterable[str]) -> tuple[set[str], Counter[str]]:
        """Which of these questions are in an open batch, and how often each was in one that ended."""


class Transaction(Session, Protocol):
    """What can be changed. Rows are given to `before_change` before an operation changes them, so that undo works."""

    @property
    def run(self) -> str | None:
        """The id of the run once it has changed something; None before, and in a transaction without a run."""

    @property
    def run_id(self) -> str:
        """The id under which changes are recorded; pass it on to continue the run in another transaction."""

    def before_change(self, place: Place, ids: Iterable[UUID], *, reworded: bool = True) -> None:
        """Record these rows as they are now. A fact that is not `reworded` keeps its text, chunks and vectors."""

    def added(self, place: Place, ids: Iterable[UUID]) -> None:
        """Record rows that did not exist before. Facts need no record."""

    def use_embedder(self, spec: EmbedderSpec) -> None:
        """Make `spec` the embedder of a new store; no effect on a store that has one."""

    def add(self, entries: Sequence[Entry], vectors: Mapping[str, Vector]) -> None:
        """Add records that are not in the store. `vectors` maps the text of a chunk to its unit vector."""

    def replace(self, facts: Iterable[Fact]) -> None:
        """Overwrite records of the same id and text; chunks and vectors stay."""

    def remove(self, ids: Iterable[UUID]) -> int:
        """Remove records with their chunks and vectors; returns how many there were."""

    def add_claims(self, claims: Sequence[tuple[Claim, UUID | None]], now: datetime) -> list[Claim]:
        """Add claims, each with its episode; returns the new ones. Known and tombstoned claims are skipped.

        `now` becomes the `recorded_at` of claims that have none.
        """

    def remove_claims(self, ids: Iterable[UUID]) -> None:
        """Remove claims and the evidence they are."""

    def set_evidence(self, evidence: Evidence, before: Evidence, owners: Mapping[UUID, str]) -> None:
        """Give these facts, which belong to `owners`, other evidence than they had `before`."""

    def tombstone(self, user: str, ids: Iterable[UUID]) -> None:
        """Keep these claims and episodes of the user out for good: reading their transcript again does not add them."""

    def record_files(self, files: Sequence[FileRead]) -> set[UUID]:
        """Record files as read; returns the episodes they no longer contain and that no other file contains."""

    def record_refusals(self, new: Mapping[str, str], over: Collection[str]) -> None:
        """Remember what was refused, by place, and drop the places of `over`."""

    def begin_erasure(self, user: str, at: datetime) -> str:
        """Record that the user is being erased, until `suppress`; returns the salted hash of their name."""

    def suppress(self, user: str) -> str:
        """Keep the user out of the store from now on; returns the salted hash that stands for their name."""

    def unsuppress(self, user: str) -> bool:
        """Admit a suppressed user again; returns whether they were suppressed."""

    def erase_user(self, user: str) -> int:
        """Delete every row of the user; returns how many records there were."""

    def restore_run(self, run: Run) -> int:
        """Restore every row that a run changed; returns the number of records that it had changed.

        Raises MemctlError if the rows are no longer as the run left them. `memctl.store.undo` checks what follows.
        """

    def clear_undone(self, facts: Iterable[UUID]) -> None:
        """Record that these facts were written again after an undo."""

    def drop_old_runs(self, before: datetime) -> None:
        """Drop the undo data of runs made before then."""

    def keep_answers(self, answers: Sequence[Answer]) -> None:
        """Cache answers of a model, replacing those with the same keys."""

    def drop_answers(self, episodes: Iterable[UUID]) -> None:
        """Drop the cached answers that were given about any of these episodes."""

    def add_batch(self, batch: Batch, requests: Sequence[BatchRequest]) -> None:
        """Record a batch before it is submitted."""

    def set_batch_state(self, batch: str, state: BatchState, remote_id: str | None = None) -> None:
        """Record what became of a batch."""

    def mark_batches_done(self, batches: Sequence[str]) -> None:
        """Record that the input of these batches has been ingested again."""


class Store(Protocol):
    """A store. Transactions are short: nothing stays open between two of them unless the engine wants that."""

    place: str
    """Where the store is, as messages name it; never contains a password."""
    address: str | None
    """The address under which other processes can write to it at the same time; None if they cannot."""
    lock_timeout: float
    """How long a transaction waits for another process, in seconds."""

    def exists(self) -> bool:
        """False until something is written for the first time."""

    def reading(self, *, users: Collection[str] | None = None) -> AbstractContextManager[Session]:
        """A read-only session about these users, whose records alone it can see; None: about everybody.

        Raises NotFound if the store does not exist, Locked if it stays locked.
        """

    def writing(self, *, make: bool = True) -> AbstractContextManager[Transaction]:
        """A transaction that cannot be undone: committed at the end of the block, rolled back by any exception.

        Creates the store if it does not exist; without `make`, raises NotFound instead.
        """

    def changing(
        self,
        command: str,
        user: str | None = None,
        run: str | None = None,
        *,
        make: bool = True,
        users: Collection[str] | None = None,
    ) -> AbstractContextManager[Transaction]:
        """A transaction recorded as (part of) a run of `command`, which `memctl undo` can undo. `run` continues one.

        The run is listed as one about `user`. A transaction that says which `users` it is about reads and writes no
        rows of anyone else, and only waits for others about the same users, where the engine has several writers.
        """

    def trial(self) -> AbstractContextManager[Store]:
        """A copy of the store to try changes on; it is dropped at the end of the block."""

    def llm_lock(self) -> AbstractContextManager[None]:
        """Be the only process that asks a model on behalf of this store, without locking the store itself."""

    def reindex(self, spec: EmbedderSpec, progress: Callable[[int, int, str], None] | None = None) -> Reindexed:
        """Make missing vectors, or all of them with another embedder, and lay them out by user."""

    def models(self) -> ModelsUsed:
        """The models that the store used."""

    def tally(self, by: str, now: datetime, top: int, user: str | None) -> Tally:
        """The counts of a volume report, of everyone or of one user; `by` is month, week or day."""

    def sql(self, statement: str, *, write: bool = False) -> Table:
        """The result of a user's own SQL statement. Raises UsageError with the engine's message if it fails."""

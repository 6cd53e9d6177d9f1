"""One session as the records to store: pure, without shared state, so that it can run in any process.

Redaction comes first; nothing after it, in this process or another one, sees a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.fact import Fact, Source, derive_id
from memctl.embed import Embedder
from memctl.embed.spec import EmbedderSpec
from memctl.extract import extractor
from memctl.extract import neural as neural_extractor
from memctl.extract.filters.prompt_injection import gives_orders
from memctl.extract.secrets import redact
from memctl.ingest.attribution import Owned
from memctl.reconcile import fold, to_fact
from memctl.runtime import settings
from memctl.store.chunks import chunks_of, texts_of
from memctl.store.model import Entry, Episodic
from memctl.transcripts.model import Role, Session, Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any

ExtractorName = Literal["auto", "llm", "neural", "rules", "none"]


LONGEST_TURN = 1_000_000
"""Characters. A longer message is a pasted file, not something a person said."""
BEFORE_SINCE = "turn before --since"


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What influences the result besides the session itself."""

    extractor: ExtractorName = "auto"
    roles: tuple[Role, ...] = ("user", "assistant")
    since: datetime | None = None
    model: str | None = None

    @property
    def extracts(self) -> str:
        """The extractor: `auto` means the language model if one is configured, else the neural extractor if it is
        installed, else the rules."""
        if self.extractor == "none":
            return "none"
        return f"llm {self.model}" if self.by_model else "neural" if self.by_neural else "rules"

    @property
    def by_model(self) -> bool:
        """True if a language model reads the turns."""
        return self.extractor == "llm" or (self.extractor == "auto" and self.model is not None)

    @property
    def by_neural(self) -> bool:
        """True if the built-in model reads the turns together with the rules."""
        return self.extractor == "neural" or (
            self.extractor == "auto" and self.model is None and neural_extractor.chosen()
        )


def recipe_without_llm() -> Recipe:
    """The recipe of the settings for what is said in a command or a call: no language model is asked."""
    chosen = settings.load().extractor
    return Recipe(extractor="auto" if chosen == "llm" else chosen)


class Digest(msgspec.Struct, kw_only=True):
    """The result of some sessions. `claims` have the episode that each was read from.

    `vectors` maps a chunk's text to its vector, `seen` a file to all its episodes, including known ones. The stored
    claims of the `redigest` episodes are replaced. `broken` names files with a session that could not be digested, and
    why; `open` are files that have to be read again; `skipped` counts by reason.
    """

    episodes: list[Entry] = []
    claims: list[tuple[Claim, UUID | None]] = []
    vectors: dict[str, Vector] = {}
    redigest: set[UUID] = set()
    broken: list[tuple[str, str]] = []
    open: set[str] = set()
    seen: dict[str, set[UUID]] = {}
    sessions: int = 0
    turns: int = 0
    skipped: dict[str, int] = {}
    redacted: dict[str, int] = {}

    def join(self, other: Digest) -> None:
        """Add another digest."""
        self.episodes += other.episodes
        self.claims += other.claims
        self.vectors |= other.vectors
        self.redigest |= other.redigest
        self.broken += other.broken
        self.open |= other.open
        for uri, episodes in other.seen.items():
            self.seen.setdefault(uri, set()).update(episodes)
        self.sessions += other.sessions
        self.turns += other.turns
        _count(self.skipped, other.skipped)
        _count(self.redacted, other.redacted)

    @property
    def users(self) -> set[str]:
        """The users of the episodes and claims."""
        return {entry.fact.user_id for entry in self.episodes} | {claim.user_id for claim, _ in self.claims}

    def texts(self) -> list[str]:
        """The texts of all chunks: those of the episodes, and those of the facts that the claims may become."""
        texts = dict.fromkeys(chunk.text for entry in self.episodes for chunk in entry.chunks)
        for claim, _ in self.claims:
            texts |= dict.fromkeys(text for belief in fold([claim]) for text in texts_of(to_fact(belief)))
        return list(texts)

    def embed(self, embedder: Embedder) -> None:
        """Compute the vectors of all chunks."""
        wanted = [text for text in self.texts() if text not in self.vectors]
        if wanted:
            self.vectors |= dict(zip(wanted, embedder.embed(wanted), strict=True))


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A session to digest: its owner, its file, and the episodes that this file showed `before`.

    `redigest` requests to digest episodes again that were digested by another `recipe`. `memctl.ingest.identity` adds
    what it recognised: `same_as` maps turns to their episodes in the store, `removed` are turns that were removed by
    hand, and `shift` is added to the positions of new turns. `secrets` are the kinds of secrets by turn, once those are
    redacted. A `part` is a session whose turns another work counts.
    """

    owned: Owned
    uri: str | None = None
    before: frozenset[UUID] = frozenset()
    redigest: bool = False
    recipe: str | None = None
    same_as: Mapping[str, UUID] = {}
    removed: frozenset[str] = frozenset()
    shift: int = 0
    secrets: Mapping[str, tuple[str, ...]] | None = None
    part: bool = False


class Prepared(msgspec.Struct, kw_only=True):
    """A session before its facts are extracted: its digest so far, the redacted session, the turns that serve as
    `context` only, and the episode of every other turn."""

    work: Work
    digest: Digest
    session: Session
    context: frozenset[str]
    episode_of: dict[str, UUID]

    def take(self, claims: Iterable[Claim]) -> None:
        """Add claims of the session."""
        work = self.work
        for claim in claims:
            placed = msgspec.structs.replace(claim, position=claim.position + work.shift) if work.shift else claim
            self.digest.claims.append((placed, self.episode_of.get(claim.turn_id or "")))

    def rules(self, only: frozenset[str] | None = None, *, neural: bool = False) -> list[Claim]:
        """The claims that the rules find in the session, or in some of its turns; with `neural`, together with the
        built-in model."""
        skip = self.context
        if only is not None:
            skip |= {turn.turn_id for turn in self.session.turns} - only
        if all(turn.turn_id in skip for turn in self.session.turns):
            return []
        model = None
        if neural:
            from memctl.extract.neural.model import reader

            model = reader()
        return extractor.extract(self.session, self.work.owned.user_id, uri=self.work.uri, skip=skip, model=model)


def digest(work: Work, recipe: Recipe) -> Digest:
    """The episodes and claims of one session. Turns whose episode is known serve as context only."""
    prepared = prepare(work, recipe)
    if recipe.extractor != "none":
        prepared.take(prepared.rules(neural=recipe.by_neural))
    return prepared.digest


def prepare(work: Work, recipe: Recipe) -> Prepared:
    """The result of a session without an extractor, and the input of an extractor."""
    work = redacted(work)
    owned, secrets = work.owned, work.secrets or {}
    result = Digest(sessions=0 if work.part else 1)
    _count(result.skipped, owned.session.notes)
    context: set[str] = set(owned.others)
    episode_of: dict[str, UUID] = {}
    seen: set[UUID] = set()
    for position, turn in enumerate(owned.session.turns):
        if turn.turn_id in owned.others:
            continue
        if len(turn.text) > LONGEST_TURN:
            place = f"session {owned.session.session_id} turn {turn.turn_id}"
            too_long = f"{place} has {len(turn.text):,} characters, the limit is {LONGEST_TURN:,}"
            result.broken.append((work.uri or "", too_long))
            context.add(turn.turn_id)
            continue
        if reason := _left_out(turn, recipe):
            _count(result.skipped, {reason: 1})
            context.add(turn.turn_id)
            if reason == BEFORE_SINCE and (id_ := _id_of(work, turn)) in work.before:
                seen.add(id_)
            continue
        result.turns += not work.part
        id_ = _id_of(work, turn)
        seen.add(id_)
        if turn.turn_id in work.removed:
            context.add(turn.turn_id)
            continue
        if turn.turn_id in work.same_as or (id_ in work.before and not work.redigest):
            context.add(turn.turn_id)
            continue
        episode_of[turn.turn_id] = id_
        result.episodes.append(_episode(turn, position + work.shift, owned, work.uri))
        _count(result.redacted, dict.fromkeys(secrets.get(turn.turn_id, ()), 1))
    if work.uri is not None:
        result.seen[work.uri] = seen
    if work.redigest:
        result.redigest = set(episode_of.values())
    return Prepared(
        work=work,
        digest=result,
        session=_without_long_turns(owned.session),
        context=frozenset(context),
        episode_of=episode_of,
    )


def redacted(work: Work) -> Work:
    """The work with secrets redacted in all its turns."""
    if work.secrets is not None:
        return work
    turns: list[Turn] = []
    secrets: dict[str, tuple[str, ...]] = {}
    for turn in work.owned.session.turns:
        if len(turn.text) > LONGEST_TURN:
            turns.append(turn)
            continue
        clean = redact(turn.text)
        if clean.kinds:
            secrets[turn.turn_id] = tuple(clean.kinds)
        turns.append(turn if clean.text == turn.text else msgspec.structs.replace(turn, text=clean.text))
    session = msgspec.structs.replace(work.owned.session, turns=tuple(turns))
    owned = msgspec.structs.replace(work.owned, session=session)
    return msgspec.structs.replace(work, owned=owned, secrets=secrets)


def kept_turns(work: Work, recipe: Recipe) -> Iterator[tuple[int, Turn]]:
    """The turns of the session that get an episode, with their indices."""
    for index, turn in enumerate(work.owned.session.turns):
        if turn.turn_id not in work.owned.others and len(turn.text) <= LONGEST_TURN and not _left_out(turn, recipe):
            yield index, turn


def episode_id(user: str, session: str, turn: str, text: str) -> UUID:
    """The id of the episode of a turn that is new to the store."""
    return derive_id(user, session, turn, text)


def _id_of(work: Work, turn: Turn) -> UUID:
    known = work.same_as.get(turn.turn_id)
    return known or episode_id(work.owned.user_id, work.owned.session.session_id, turn.turn_id, turn.text)


def _without_long_turns(session: Session) -> Session:
    if all(len(turn.text) <= LONGEST_TURN for turn in session.turns):
        return session
    short = (
        turn if len(turn.text) <= LONGEST_TURN else msgspec.structs.replace(turn, text="") for turn in session.turns
    )
    return msgspec.structs.replace(session, turns=tuple(short))


def digest_all(chunk: Sequence[Work], recipe: Recipe, spec: EmbedderSpec) -> Digest:
    """`digest` of several sessions, with their vectors: the work of one process. A session that fails is listed in
    `broken` and does not affect the others."""
    result = digest_each(chunk, recipe)
    result.embed(spec.open())
    return result


def digest_each(chunk: Sequence[Work], recipe: Recipe) -> Digest:
    """`digest_all` without vectors."""
    result = Digest()
    for work in chunk:
        try:
            result.join(digest(work, recipe))
        except Exception as error:
            result.broken.append(broken(work, error))
    return result


def broken(work: Work, error: Exception) -> tuple[str, str]:
    """The file of a session that could not be digested, and why."""
    session = work.owned.session.session_id
    return work.uri or "", f"session {session} could not be digested: {type(error).__name__}: {error}"


def _left_out(turn: Turn, recipe: Recipe) -> str | None:
    if not turn.text.strip():
        return "empty turn"
    if turn.role not in recipe.roles:
        return f"{turn.role} turn"
    if recipe.since is not None and turn.at is not None and turn.at < recipe.since:
        return BEFORE_SINCE
    return None


def _episode(turn: Turn, position: int, owned: Owned, uri: str | None) -> Entry:
    session = owned.session
    native: dict[str, Any] = {"role": turn.role}
    if turn.speaker:
        native["speaker"] = turn.speaker
    if turn.role == "user" and gives_orders(turn.text):
        native["flags"] = ["instruction-like"]
    fact = Fact(
        id=episode_id(owned.user_id, session.session_id, turn.turn_id, turn.text),
        user_id=owned.user_id,
        agent_id=session.agent_id,
        session_id=session.session_id,
        app_id=session.app_id,
        kind="episode",
        text=turn.text,
        valid_at=turn.at,
        created_at=turn.at,
        expires_at=turn.expires_at,
        source=Source(
            system=session.source_format,
            uri=uri,
            session=session.session_id,
            turns=(turn.turn_id,),
            quote=turn.text,
        ),
        native=native,
    )
    episodic = Episodic(role=turn.role, speaker=turn.speaker, position=position)
    return Entry(fact=fact, episodic=episodic, chunks=tuple(chunks_of(fact)))


def _count(totals: dict[str, int], more: dict[str, int] | Iterable[tuple[str, int]]) -> None:
    for reason, number in dict(more).items():
        totals[reason] = totals.get(reason, 0) + number

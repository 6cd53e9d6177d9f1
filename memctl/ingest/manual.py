"""Facts that a person states directly: `memctl add` and `memctl edit`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Kind, Source, derive_id
from memctl.embed.spec import EmbedderSpec
from memctl.extract.secrets import redact
from memctl.store.base import Session as StoreSession
from memctl.store.base import Store, Transaction
from memctl.store.model import entry_of
from memctl.store.refold import state

SYSTEM = "memctl"

Choice = Callable[[StoreSession | None], EmbedderSpec]
"""The embedder for a store that is open, or for None, one that does not exist yet."""


def remember(
    store: Store,
    choose: Choice,
    user: str,
    text: str,
    *,
    kind: Kind | None = None,
    subject: str | None = None,
    predicate: str | None = None,
    object: str | None = None,  # noqa: A002 - the Fact's own name
    valid_at: datetime | None = None,
    categories: tuple[str, ...] = (),
) -> list[Fact]:
    """Store `text`, said by the user now; returns the facts after reconciliation.

    If no fields are given, it is read like a turn of a transcript, by the extractor of the settings but never by a
    language model. If nothing is found, or if fields are given, the text itself is the fact. Raises UsageError for an
    empty text, or a predicate without an object and vice versa.
    """
    if not user.strip():
        raise UsageError("USER is empty", hint='memctl add USER "TEXT"')
    now = datetime.now(UTC)
    fact = stated(
        user,
        text,
        now,
        kind=kind,
        subject=subject,
        predicate=predicate,
        object=object,
        valid_at=valid_at,
        categories=categories,
    )
    if kind is None and subject is None and predicate is None and valid_at is None and not categories:
        facts = _read(store, choose, user, fact.text, now)
        if facts:
            return facts
    return [_put(store, choose, fact, "add")]


def stated(
    user: str,
    text: str,
    now: datetime,
    *,
    kind: Kind | None = None,
    subject: str | None = None,
    predicate: str | None = None,
    object: str | None = None,  # noqa: A002 - the Fact's own name
    valid_at: datetime | None = None,
    categories: tuple[str, ...] = (),
) -> Fact:
    """The fact that `text` states about the user, without secrets. Raises UsageError as `remember` does."""
    said = _without_secrets(text.strip())
    subject, object = _without_secrets(subject), _without_secrets(object)  # noqa: A001
    if not said:
        raise UsageError("TEXT is empty", hint='memctl add USER "TEXT"')
    if (predicate is None) != (object is None):
        raise UsageError(
            "a predicate needs an object, and an object a predicate", hint="pass --predicate and --object together"
        )
    return Fact(
        id=derive_id(SYSTEM, user, said, str(subject), str(predicate), str(object), now.isoformat()),
        user_id=user,
        kind=kind or "fact",
        text=said,
        subject=subject or (user if predicate else None),
        predicate=predicate,
        object=object,
        categories=categories,
        valid_at=valid_at,
        created_at=now,
        source=Source(system=SYSTEM, quote=said),
    )


def _read(store: Store, choose: Choice, user: str, said: str, now: datetime) -> list[Fact]:
    # The rules take as long to import as everything else that adds a fact.
    from memctl.extract.patterns.compiled_patterns import remembered
    from memctl.ingest.attribution import Owned
    from memctl.ingest.commit import commit
    from memctl.ingest.session_extraction import Work, digest_each, recipe_without_llm
    from memctl.transcripts.model import Session, Turn

    session = Session(
        source_format=SYSTEM,
        session_id=f"add {now.isoformat()}",
        turns=(Turn(turn_id="0", role="user", text=said, at=now),),
    )
    with remembered():
        batch = digest_each([Work(owned=Owned(user_id=user, session=session))], recipe_without_llm())
    if not batch.claims:
        return []
    with _changing(store, choose, "add", user, batch.texts()) as (tx, spec, batch.vectors):
        return commit(tx, batch, spec, now=now).facts.resting_on(claim.id for claim, _ in batch.claims)


def edit(store: Store, choose: Choice, fact: Fact, **changes: Any) -> Fact:
    """Change fields of a stored fact, which keeps its id; returns the new fact. Raises UsageError as `edited` does."""
    return _put(store, choose, edited(fact, **changes), "edit")


def edited(fact: Fact, **changes: Any) -> Fact:
    """The fact with other fields, changed now, without secrets. Its source is the new text.

    A new text decides the object too: the one that the rules read in it, else the old one if the text has it, else
    none.
    Raises UsageError for an episode, which cannot be changed because it is a quote, and for an invalid value.
    """
    if fact.kind == "episode":
        raise UsageError("episodes cannot be edited", hint="memctl rm removes it")
    changes |= {name: _without_secrets(changes[name]) for name in ("text", "subject", "object") if name in changes}
    if changes.get("text", fact.text) != fact.text:
        changes["source"] = Source(system=SYSTEM, quote=changes["text"])
        if fact.object is not None and not changes.keys() & {"predicate", "object"}:
            changes["object"] = _object_in(changes["text"], fact)
            changes["predicate"] = fact.predicate if changes["object"] else None
    try:
        changed = msgspec.structs.replace(fact, **changes, updated_at=datetime.now(UTC))
        msgspec.convert(msgspec.to_builtins(changed), Fact)
    except (ValueError, TypeError, msgspec.ValidationError) as error:
        raise UsageError(str(error), where=str(fact.id)) from None
    if not changed.text.strip():
        raise UsageError("a fact needs a text", where=str(fact.id), hint="memctl rm removes a fact")
    if (changed.predicate is None) != (changed.object is None):
        raise UsageError(
            "a predicate needs an object, and an object a predicate", hint="pass --predicate and --object together"
        )
    dated = changes.keys() & {"valid_at", "invalid_at"}
    if dated and changed.valid_at and changed.invalid_at and changed.valid_at > changed.invalid_at:
        raise UsageError(
            f"a fact cannot end ({changed.invalid_at:%Y-%m-%d}) before it begins ({changed.valid_at:%Y-%m-%d})",
            where=str(fact.id),
            hint="change both times",
        )
    return changed


def _object_in(text: str, fact: Fact) -> str | None:
    """The object of the fact if `text` becomes its text; None if that says that it is not or no longer so."""
    from memctl.extract.extractor import extract
    from memctl.transcripts.model import Session, Turn

    said = Turn(turn_id="0", role="user", text=text[:1].upper() + text[1:])
    claims = extract(Session(source_format=SYSTEM, session_id="edit", turns=(said,)), fact.user_id)
    same = (fact.predicate, (fact.subject or fact.user_id).casefold())
    read = [claim for claim in claims if (claim.predicate, claim.subject.casefold()) == same]
    if any(claim.op != "assert" for claim in read):
        return None
    if len(objects := {claim.object for claim in read}) == 1:
        return objects.pop()
    named = re.search(rf"(?<!\w){re.escape(fact.object or '')}(?!\w)", text, re.IGNORECASE)
    return fact.object if named else None


def _without_secrets(text: str | None) -> Any:
    return redact(text).text if text else text


def _put(store: Store, choose: Choice, fact: Fact, command: str) -> Fact:
    entry = entry_of(fact)
    texts = [chunk.text for chunk in entry.chunks]
    with _changing(store, choose, command, fact.user_id, texts) as (tx, spec, vectors):
        tx.use_embedder(spec)
        state(tx, entry, vectors)
        return tx.facts([fact.id])[0]


@contextmanager
def _changing(
    store: Store, choose: Choice, command: str, user: str, texts: list[str]
) -> Iterator[tuple[Transaction, EmbedderSpec, Any]]:
    """A transaction about the user, the store's embedder, and the vectors of `texts`.

    The built-in model computes them inside the transaction, which takes less time than opening the store twice. Other
    models may be slow, so they run before it, and no other process has to wait.
    """
    spec = None if store.exists() else choose(None)
    vectors = None if spec is None or spec.shipped else spec.few(texts)
    with ExitStack() as opened:
        tx = opened.enter_context(store.changing(command, user, users=[user]))
        spec = choose(tx)
        if vectors is None and not spec.shipped:
            opened.close()
            vectors = spec.few(texts)
            tx = opened.enter_context(store.changing(command, user, users=[user]))
        yield tx, spec, spec.few(texts) if vectors is None else vectors

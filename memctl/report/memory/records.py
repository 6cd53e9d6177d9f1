"""The data of the page: the facts of a user with their evidence, from any backend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends import registry
from memctl.backends.missing_users import no_records
from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.migrate.listing import reading
from memctl.store.local_store import LocalStore


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote that supports a fact, with its time and its place."""

    text: str
    at: datetime | None
    place: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as the page shows it. `start` and `end` say when it was true, None if unknown; `by` is the text of the
    fact that replaced it."""

    fact: Fact
    current: bool
    start: datetime | None
    end: datetime | None
    by: str | None
    quotes: tuple[Quote, ...]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a user, oldest first; `turns` is the number of turns, which are not shown."""

    user: str
    backend: str
    now: datetime
    records: list[Record]
    turns: int


def remembered(
    backend: str,
    user: str,
    options: Mapping[str, Mapping[str, Any]],
    *,
    now: datetime,
    warn: Callable[[str], None] | None = None,
) -> Remembered:
    """The facts of a user. `warn` receives the records that could not be read.

    Raises NotFound for a user that the backend does not have.
    """
    with contextlib.closing(registry.open_backend(backend, **options.get(backend, {}))) as adapter:
        with reading(adapter, user, warn=warn) as reader:
            records = [fact for name in reader.users() for page in reader.facts(name) for fact in page]
        if not records:
            raise no_records(adapter, user)
        facts = [fact for fact in records if fact.kind != "episode"]
        texts = {fact.id: fact.text for fact in facts}
        quotes = _quotes(adapter, facts)
    return Remembered(
        user=user,
        backend=backend,
        now=now,
        turns=len(records) - len(facts),
        records=sorted((_record(fact, texts, quotes.get(str(fact.id), ()), now) for fact in facts), key=_age),
    )


def _record(fact: Fact, texts: Mapping[UUID, str], quotes: tuple[Quote, ...], now: datetime) -> Record:
    return Record(
        fact=fact,
        current=is_current(fact, now),
        start=fact.valid_at or fact.created_at,
        end=fact.invalid_at or fact.expired_at or fact.expires_at,
        by=texts.get(fact.superseded_by) if fact.superseded_by else None,
        quotes=quotes,
    )


def _age(record: Record) -> tuple[bool, float, str]:
    return record.start is None, record.start.timestamp() if record.start else 0.0, str(record.fact.id)


def _quotes(adapter: object, facts: list[Fact]) -> dict[str, tuple[Quote, ...]]:
    """The evidence of each fact by its id: the store's claims, or the quote of its source."""
    quotes: dict[str, tuple[Quote, ...]] = {}
    for fact in facts:
        source = fact.source
        if source.quote:
            place = " ".join(filter(None, (source.uri or source.system, source.session, *source.turns[:1])))
            quotes[str(fact.id)] = (Quote(text=source.quote, at=fact.created_at, place=place),)
    if isinstance(adapter, LocalStore):
        with adapter.store.reading() as session:
            evidence = session.evidence_of([fact.id for fact in facts])
            for id_ in evidence:
                claims = session.by_prefix(str(id_))[1]
                quotes[str(id_)] = tuple(
                    Quote(
                        text=claim.quote,
                        at=claim.observed_at,
                        place=" ".join(filter(None, (claim.uri or claim.system, claim.session_id, claim.turn_id))),
                    )
                    for claim in claims
                )
    return quotes

"""The audit: read every user of a backend, run the checks, and collect the findings."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend
from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.migrate.listing import reading, warn_of_unreadable
from memctl.report.audit import duplicates, personal, provenance, texts
from memctl.report.audit.model import Audit, Check, Example, Fault, Finding, Memory, NotChecked
from memctl.report.audit.personal import masked
from memctl.runtime.progress import Progress

EXAMPLES = 3
"""The default number of examples per finding."""
_REMOVE = "memctl rm {id}"

CHECKS: tuple[Check, ...] = (
    Check(
        name="secrets",
        severity="high",
        title="passwords, keys and tokens",
        mend=_REMOVE + ", and change the secret",
        run=personal.secrets,
    ),
    Check(
        name="contradictions",
        severity="high",
        title="current facts that a newer one contradicts",
        mend="memctl consolidate {user}",
        run=duplicates.contradictions,
    ),
    Check(
        name="assistant_words",
        severity="high",
        title="the assistant's words kept as the user's",
        mend=_REMOVE,
        run=texts.assistant_words,
    ),
    Check(
        name="leaked_prompts",
        severity="high",
        title="prompts, templates and boot files",
        mend=_REMOVE,
        run=texts.leaked_prompts,
    ),
    Check(
        name="orphans",
        severity="high",
        title="facts of placeholder or misspelt owners",
        mend="memctl migrate --from local --to renamed.jsonl --user {user} --user-map FILE",
        run=provenance.orphans,
    ),
    Check(
        name="without_evidence",
        severity="high",
        title="facts whose words are in no turn of the transcripts",
        mend="memctl show {id}, then " + _REMOVE,
        run=provenance.without_evidence,
        needs="the backend has no transcripts of these users",
        can=provenance.has_turns,
    ),
    Check(
        name="duplicates",
        severity="medium",
        title="the same words more than once",
        mend="memctl dedupe {user}",
        run=duplicates.duplicates,
    ),
    Check(
        name="near_duplicates",
        severity="medium",
        title="the same statement in other words",
        mend="memctl dedupe {user}",
        run=duplicates.near_duplicates,
    ),
    Check(
        name="tool_output",
        severity="medium",
        title="logs, code and JSON",
        mend=_REMOVE,
        run=texts.tool_output,
    ),
    Check(
        name="trivia",
        severity="medium",
        title="small talk and temporary states",
        mend=_REMOVE,
        run=texts.trivia,
    ),
    Check(
        name="expired",
        severity="medium",
        title="facts past their expiry",
        mend="memctl prune {user}",
        run=provenance.expired,
    ),
    Check(
        name="stale",
        severity="low",
        title="plans that are over, states not confirmed for years",
        mend="memctl edit {id}, or " + _REMOVE,
        run=provenance.stale,
    ),
    Check(
        name="mixed_vectors",
        severity="medium",
        title="vectors of several models, or missing ones",
        mend="memctl reindex",
        run=provenance.mixed_vectors,
        needs="the backend returns no vectors",
        can=provenance.has_vectors,
    ),
    Check(
        name="personal_data",
        severity="low",
        title="addresses, phone, card and id numbers",
        mend="memctl show {id}: keep it only if the agent needs it",
        run=personal.personal_data,
    ),
)
"""All checks, the most severe first."""


class _Found:
    def __init__(self, check: Check) -> None:
        self.check = check
        self.faults: list[tuple[str, Fault]] = []
        self.possible = False


def audit(
    backend: Backend,
    users: Sequence[str] = (),
    *,
    name: str = "local",
    examples: int = EXAMPLES,
    now: datetime | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Audit:
    """Audit the facts of `users` (none: of all users) in a backend that users call `name`.

    Raises NotFound for a user that the backend does not have, Fatal if the backend returned fewer facts than it counts.
    """
    results = [_Found(check) for check in CHECKS]
    at = now or datetime.now(UTC)
    facts = episodes = 0
    faulty: set[UUID] = set()
    with reading(backend, *users) as reader:
        chosen = reader.users()
        owners = frozenset(chosen) if not users else frozenset((*users, *backend.users()))
        for number, user in enumerate(chosen):
            if progress:
                progress(number, len(chosen), user)
            memory = _memory(user, reader.facts(user), owners, at)
            facts += len(memory.facts)
            episodes += len(memory.episodes)
            for each in results:
                each.possible |= each.check.can(memory)
                faults = list(each.check.run(memory))
                each.faults += [(user, fault) for fault in faults]
                if each.check.severity != "low":
                    faulty.update(fault.fact.id for fault in faults)
        warn_of_unreadable(backend.rejects(), warn)
    return Audit(
        backend=name,
        users=len(chosen),
        facts=facts,
        episodes=episodes,
        faulty=len(faulty),
        findings=[_finding(each, name, examples) for each in results if each.faults],
        not_checked=[
            NotChecked(check=each.check.name, reason=each.check.needs)
            for each in results
            if each.check.needs and not each.possible
        ],
    )


def _memory(user: str, pages: Iterable[Sequence[Fact]], owners: frozenset[str], now: datetime) -> Memory:
    records = [fact for page in pages for fact in page]
    return Memory(
        user=user,
        # A fact past its expiry is not current any more, but it is still stored.
        facts=[f for f in records if f.kind != "episode" and (is_current(f, now) or _only_expired(f, now))],
        episodes=[fact for fact in records if fact.kind == "episode"],
        owners=owners,
        now=now,
    )


def _only_expired(fact: Fact, now: datetime) -> bool:
    return fact.expires_at is not None and is_current(msgspec.structs.replace(fact, expires_at=None), now)


def _finding(found: _Found, backend: str, examples: int) -> Finding:
    check = found.check
    ids: dict[str, list[UUID]] = {}
    for user, fault in found.faults:
        ids.setdefault(user, []).append(fault.fact.id)
    user, first = found.faults[0]
    mend = check.mend.format(user=shlex.quote(user), id=str(first.fact.id)[:8])
    if backend != "local" and mend.startswith("memctl ") and "migrate" not in mend:
        move = f"memctl migrate --from {shlex.quote(backend)} --to local --user {shlex.quote(user)}"
        mend = f"{move}, then {mend}"
    return Finding(
        check=check.name,
        severity=check.severity,
        title=check.title,
        count=len(found.faults),
        users=len(ids),
        examples=[
            Example(id=fault.fact.id, user=user, text=masked(fault.fact.text), detail=masked(fault.detail))
            for user, fault in found.faults[:examples]
        ],
        ids=ids,
        mend=mend,
    )

"""The evaluation: read the records, make or load questions, ask both backends, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.backends.missing_users import no_records
from memctl.backends.wrappers import Retrying
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.migrate.selection import Selection
from memctl.migrate.source import Reader
from memctl.migrate.target import Target
from memctl.migrate.verify import Verification, Verifier
from memctl.report.evaluation import questions as asking
from memctl.report.evaluation.model import Estimate, Evaluation, Kind, Layer, Question
from memctl.report.evaluation.retrieval import Asked, agreement, ask, by_kind, recall, reciprocal, scores
from memctl.report.evaluation.statistics import estimate
from memctl.report.tokens import estimator
from memctl.runtime.progress import SILENT, Monitor
from memctl.runtime.retry import Announce, Halt, Retry

SAMPLE = 200
"""The default number of facts from which questions are made."""


class EvalJob(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation of `source`, and of `target` if there is one, for these users (none: all).

    `questions` is a file; without one, questions are made from `sample` facts of the source. If there is only one user,
    questions of the file that name no user, or one that the source does not have, are about that user. `options` are
    those of the backends, by backend name.
    """

    source: str
    target: str | None = None
    users: tuple[str, ...] = ()
    questions: Path | None = None
    k: int = 10
    sample: int = SAMPLE
    options: Mapping[str, Mapping[str, Any]] = {}


def evaluate(job: EvalJob, monitor: Monitor = SILENT) -> Evaluation:
    """Run an evaluation.

    Raises NotFound for a user without records in the source, UsageError if there is nothing to ask, and the backends'
    errors.
    """
    loaded = asking.load(job.questions) if job.questions else None
    halt = Halt()
    with monitor.interruptible(halt), monitor.step("asking") as (progress, announce):
        source = _open(job.source, job, halt, announce)
        target = _open(job.target, job, halt, announce) if job.target else None
        try:
            read = _records(source, job.users)
            for user in job.users:
                if not read[user]:
                    raise no_records(source, user)
            now = datetime.now(UTC)
            facts = [f for records in read.values() for f in records if f.kind != "episode" and is_current(f, now)]
            questions = asking.generate(facts, job.sample) if loaded is None else _assigned(loaded, job, list(read))
            if not questions:
                hint = "there are no current facts to make questions from; use --questions FILE"
                raise UsageError("no questions", hint=hint)
            total = len(questions) * (2 if target else 1)

            def tick(done: int) -> None:
                halt.check()
                if progress:
                    progress(done, total, "asking")

            asked = ask(source, questions, job.k, tick)
            answered = ask(target, questions, job.k, lambda done: tick(len(questions) + done)) if target else None
            result = Evaluation(
                k=job.k,
                questions=len(questions),
                unanswerable=len(loaded) - len(questions) if loaded else 0,
                source=_layer(job.source, read, asked, job.k),
            )
            if target is None or answered is None:
                return result
            there = _records(target, list(read))
            return msgspec.structs.replace(
                result,
                target=_layer(job.target or "", there, answered, job.k),
                change=_change(asked, answered, job.k),
                agreement={
                    kind: estimate([agreement(*both) for both in pairs])
                    for kind, pairs in _pairs(asked, answered).items()
                },
                fidelity=_fidelity(source, target, list(read)),
            )
        finally:
            source.close()
            if target is not None:
                target.close()


def _open(name: str, job: EvalJob, halt: Halt, announce: Announce | None) -> Backend:
    backend = registry.open_backend(name, **dict(job.options.get(name, {})))
    return Retrying(backend, Retry(halt, announce=announce))


def _records(backend: Backend, users: Sequence[str]) -> dict[str, list[Fact]]:
    """All records by user; an empty list for an unknown user. Raises UsageError if they are incomplete."""
    records: dict[str, list[Fact]] = {}
    for user in users or sorted(set(backend.users())):
        reader = Reader(backend, Selection(users=(user,)))
        try:
            records[user] = [fact for page in reader.facts(user) for fact in page]
        except NotFound:
            records[user] = []
        finally:
            reader.close()
        if reader.problems:
            raise UsageError("; ".join(reader.problems), hint="nothing was evaluated; try again")
    return records


def _assigned(loaded: Sequence[Question], job: EvalJob, users: Sequence[str]) -> list[Question]:
    """The questions, each with its user. Questions about other users than the evaluated ones are left out."""
    only = users[0] if len(users) == 1 else None
    questions = []
    for question in loaded:
        user = question.user if question.user in users else only
        if user is not None:
            questions.append(msgspec.structs.replace(question, user=user))
    if not questions:
        names = ", ".join(sorted({str(question.user) for question in loaded})[:5])
        raise UsageError(
            f"the questions are about {names}; the source has no facts about them",
            where=str(job.questions),
            hint="choose the user with --user NAME",
        )
    return questions


def _layer(name: str, records: Mapping[str, Sequence[Fact]], asked: Sequence[Asked], k: int) -> Layer:
    everything = [fact for facts in records.values() for fact in facts]
    episodes = sum(fact.kind == "episode" for fact in everything)
    count = estimator()
    return Layer(
        backend=name,
        users=sum(bool(facts) for facts in records.values()),
        facts=len(everything) - episodes,
        episodes=episodes,
        scores={kind: scores(part, k, count) for kind, part in by_kind(asked).items()},
    )


def _pairs(asked: Sequence[Asked], answered: Sequence[Asked]) -> dict[Kind, list[tuple[Asked, Asked]]]:
    pairs: dict[Kind, list[tuple[Asked, Asked]]] = {}
    for one, other in zip(asked, answered, strict=True):
        pairs.setdefault(one.question.kind, []).append((one, other))
    return pairs


def _change(asked: Sequence[Asked], answered: Sequence[Asked], k: int) -> dict[Kind, dict[str, Estimate]]:
    """Target minus source, question by question."""
    return {
        kind: {
            "recall": estimate([recall(other, k) - recall(one, k) for one, other in pairs]),
            "mrr": estimate([reciprocal(other) - reciprocal(one) for one, other in pairs]),
        }
        for kind, pairs in _pairs(asked, answered).items()
    }


def _fidelity(source: Backend, target: Backend, users: Sequence[str]) -> Verification:
    known = tuple(user for user in users if any(page.facts for page in source.read(user)))
    return Verifier(source, Target([target]), Selection(users=known)).run()

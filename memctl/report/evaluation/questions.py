"""Questions: read from a file, or made from the facts."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError, unreadable
from memctl.core.fact import Fact
from memctl.core.tokenization import STOP_WORDS, stems, words
from memctl.report.evaluation.model import Kind, Question

_SEED = 20260602
_KEYWORDS = 4
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")
_HINT = "use a LoCoMo or LongMemEval file, or JSON Lines with question, user and answer, ids or texts"


class _Line(msgspec.Struct, kw_only=True):
    """A line of a questions file in memctl's own format."""

    question: str
    user: str | None = None
    answer: str | int | float | None = None
    ids: tuple[UUID, ...] = ()
    turns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    category: str | None = None


def load(path: Path) -> list[Question]:
    """The questions of a file: LoCoMo, LongMemEval, or JSON Lines of objects with `question` and any of `user`,
    `answer`, `ids`, `turns`, `texts` and `category`.

    Raises NotFound for a missing file, UsageError with the line for an invalid one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable("the questions", error, path) from None
    questions = list(_read(data, path))
    if not questions:
        raise UsageError("no question in the file has an expected answer", where=str(path), hint=_HINT)
    return questions


def _read(data: bytes, path: Path) -> Iterator[Question]:
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError:
        document = None
    samples = document if isinstance(document, list) else [document]
    first = samples[0] if samples else None
    if isinstance(first, dict) and "qa" in first and "conversation" in first:
        yield from _locomo(samples)
    elif isinstance(first, dict) and "haystack_sessions" in first:
        yield from _longmemeval(samples)
    else:
        yield from _lines(data, document, path)


def _lines(data: bytes, document: Any, path: Path) -> Iterator[Question]:
    if isinstance(document, list):
        lines = [(f"{path}: item {number}", msgspec.json.encode(item)) for number, item in enumerate(document, 1)]
    else:
        lines = [(f"{path}:{number}", line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    for where, line in lines:
        try:
            read = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as error:
            raise UsageError(f"not a question: {error}", where=where, hint=_HINT) from None
        question = Question(
            text=read.question,
            user=read.user,
            ids=read.ids,
            turns=read.turns,
            texts=read.texts,
            answer=None if read.answer is None else str(read.answer),
            category=read.category,
        )
        if question.ids or question.turns or question.texts or question.answer:
            yield question


def _locomo(samples: Iterable[dict[str, Any]]) -> Iterator[Question]:
    """The questions of categories 1 to 4; those of category 5 have no answer in the conversation."""
    for sample in samples:
        turns = {
            str(turn["dia_id"]): str(turn.get("text", ""))
            for name, session in sample["conversation"].items()
            if re.fullmatch(r"session_\d+", name)
            for turn in session
        }
        for item in sample["qa"]:
            named = {
                f"D{int(day)}:{int(turn)}" for raw in item.get("evidence", ()) for day, turn in _EVIDENCE.findall(raw)
            }
            evidence = sorted(named & turns.keys())
            if evidence and item.get("category") != 5:
                yield Question(
                    text=item["question"],
                    user=sample.get("sample_id"),
                    turns=tuple(evidence),
                    texts=tuple(turns[each] for each in evidence),
                    category=str(item.get("category")),
                )


def _longmemeval(samples: Iterable[dict[str, Any]]) -> Iterator[Question]:
    """The questions whose evidence is marked in the sessions."""
    for sample in samples:
        marked = [
            str(turn["content"])
            for session in sample["haystack_sessions"]
            for turn in session
            if turn.get("has_answer") and turn.get("role") == "user"
        ]
        if marked:
            yield Question(
                text=sample["question"],
                user=sample.get("question_id"),
                texts=tuple(marked),
                category=sample.get("question_type"),
            )


def generate(facts: Sequence[Fact], number: int) -> list[Question]:
    """Questions about at most `number` facts chosen at random, the same in every run.

    A cloze is the text of a fact without its object, or without its last word; it is left out if another fact of the
    user gives the same cloze. Keywords are the rarest words of a fact.
    """
    spread = Counter(stem for fact in facts for stem in set(stems(fact.text)))
    clozes = Counter((fact.user_id, _cloze(fact)) for fact in facts)
    chosen = list(facts)
    random.Random(_SEED).shuffle(chosen)
    questions = []
    for fact in chosen[:number]:
        rare = sorted(set(content(fact.text)), key=lambda word: (spread[stems(word)[0]] if stems(word) else 0, word))
        cloze = _cloze(fact) if clozes[fact.user_id, _cloze(fact)] == 1 else None
        asked: tuple[tuple[Kind, str | None], ...] = (("cloze", cloze), ("keywords", " ".join(rare[:_KEYWORDS])))
        questions += [
            Question(text=text, kind=kind, user=fact.user_id, ids=(fact.id,), texts=(fact.text,))
            for kind, text in asked
            if text
        ]
    return questions


def _cloze(fact: Fact) -> str | None:
    """The text without the object; None if no content word remains."""
    text = fact.text.rstrip(" .!?")
    hidden = fact.object if fact.object and fact.object in text else (text.split() or [""])[-1]
    rest = " ".join(text.replace(hidden, " ").split()) if hidden else ""
    return rest if content(rest) else None


def content(text: str) -> list[str]:
    """The words of a text without stop words and "user"."""
    return [word for word in words(text) if word not in STOP_WORDS and word != "user"]

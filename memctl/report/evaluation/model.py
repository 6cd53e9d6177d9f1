"""The questions and the result of an evaluation."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from memctl.migrate.verify import Verification

Kind = Literal["question", "cloze", "keywords"]
"""How a question was made: read from a file; a fact without its object; the rarest words of a fact."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about a user. A correct hit has one of the `ids`, `turns` or `texts`, or the `answer` in its text.
    `user` is None if the file does not name the user."""

    text: str
    user: str | None = None
    kind: Kind = "question"
    ids: tuple[UUID, ...] = ()
    turns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    answer: str | None = None
    category: str | None = None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over `n` questions, and its 95 % confidence interval (bootstrap over the questions)."""

    mean: float
    low: float
    high: float
    n: int


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of a backend's search. `recall` is the share of the expected facts among the first k hits, by k; `mrr`
    is the mean of 1 / rank of the first correct hit; `tokens` is the number of tokens in the texts of the hits."""

    recall: dict[int, Estimate]
    mrr: Estimate
    tokens: Estimate
    milliseconds: float


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One backend: its name, the number of facts and episodes of the evaluated users, and the scores by kind of
    question."""

    backend: str
    users: int
    facts: int
    episodes: int
    scores: dict[Kind, Scores]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The result. With a target there are also `change` (target minus source, by kind of question and by "recall" or
    "mrr"), `agreement` (the share of the source's hits that the target finds too), and `fidelity` (the comparison of
    the records)."""

    k: int
    questions: int
    unanswerable: int
    source: Layer
    target: Layer | None = None
    change: dict[Kind, dict[str, Estimate]] = {}
    agreement: dict[Kind, Estimate] = {}
    fidelity: Verification | None = None

    @property
    def worse(self) -> bool:
        """Whether the whole confidence interval of a change is below zero."""
        return any(estimate.high < 0 for changes in self.change.values() for estimate in changes.values())

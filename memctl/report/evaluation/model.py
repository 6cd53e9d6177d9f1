"""What an evaluation asks and returns."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from memctl.migrate.verify import Verification

Kind = Literal["question", "cloze", "keywords"]
"""Where a question comes from: a file; a fact without its object; the rarest words of a fact."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about a user, and what a right hit has: one of these `ids`, turns or texts, or the `answer` in its
    text. `user` is None if the file does not say whom it is about."""

    text: str
    user: str | None = None
    kind: Kind = "question"
    ids: tuple[UUID, ...] = ()
    turns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    answer: str | None = None
    category: str | None = None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over `n` questions with its 95 % confidence interval, from a bootstrap over the questions."""

    mean: float
    low: float
    high: float
    n: int


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """How the search of a backend did. `recall` is the share of the expected facts among the first k hits, by k; `mrr`
    the mean of one divided by the place of the first right hit; `tokens` those of the texts of k hits."""

    recall: dict[int, Estimate]
    mrr: Estimate
    tokens: Estimate
    milliseconds: float


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One backend: its name, facts and episodes of the evaluated users, and scores by kind of question."""

    backend: str
    users: int
    facts: int
    episodes: int
    scores: dict[Kind, Scores]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The result. With a target there are also `change` (target minus source, by kind of question and by "recall" or
    "mrr"), `agreement` (share of the source's hits that the target has too), and `fidelity`, the comparison of the
    records."""

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
        """Whether a confidence interval of a change lies below zero."""
        return any(estimate.high < 0 for changes in self.change.values() for estimate in changes.values())

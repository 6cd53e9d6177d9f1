"""Means with confidence intervals, by the percentile bootstrap (B. Efron, Annals of Statistics 7, 1979)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean

from memctl.report.evaluation.model import Estimate

RESAMPLES = 2000
CONFIDENCE = 0.95
_SEED = 20260601


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of one or more values, with its confidence interval; the same values always give the same result."""
    draw = random.Random(_SEED)
    number = len(values)
    means = sorted(fmean(draw.choices(values, k=number)) for _ in range(RESAMPLES)) if number > 1 else [values[0]]
    tail = (1 - CONFIDENCE) / 2
    low, high = means[int(tail * len(means))], means[min(int((1 - tail) * len(means)), len(means) - 1)]
    return Estimate(mean=fmean(values), low=low, high=high, n=number)

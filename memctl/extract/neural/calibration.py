"""The calibrated probability that a reading is right, from the scores that the model gives it.

A logistic regression (Platt, "Probabilistic Outputs for Support Vector Machines", 1999) on the logits of the scores,
fitted by `tools/neural_model` on speakers that were not trained on.
"""

import math

import msgspec

from memctl.extract.neural.decoding import Reading

_NEAREST = 1e-4


class Calibration(msgspec.Struct, frozen=True):
    """A weight for each score, and an offset for each predicate; the offset of "" is for all."""

    weights: tuple[float, ...]
    offsets: dict[str, float]

    def confidence(self, reading: Reading) -> float:
        """A probability between 0 and 1, of two decimals."""
        total = self.offsets[""] + self.offsets.get(reading.predicate, 0.0)
        total += sum(weight * value for weight, value in zip(self.weights, features(reading), strict=True))
        return round(1 / (1 + math.exp(-total)), 2)


EVEN = Calibration((0.25,) * 4, {"": 0.0})
"""Before anything is fitted."""


def features(reading: Reading) -> tuple[float, ...]:
    """The logits of the scores."""
    return tuple(_logit(score) for score in reading.scores)


def _logit(share: float) -> float:
    share = min(max(share, _NEAREST), 1 - _NEAREST)
    return math.log(share / (1 - share))

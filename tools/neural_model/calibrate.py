"""Fit the calibration: the probability that a reading is right, from its scores, on the voices of the dev part."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from memctl.extract.neural.calibration import features
from memctl.extract.neural.decoding import Reading
from tools.neural_model.evaluate import matches

COMMON = 25
"""The minimum number of readings of a predicate that gets its own offset."""
PENALTY = 0.02


def fit(read: Sequence[tuple[dict[str, Any], Sequence[Reading]]], path: Path) -> None:
    """Write the weights of the scores and the offsets of the predicates."""
    rows = [
        (reading, any(matches(reading, claim, turn["turn"]) for claim in turn["claims"]))
        for turn, readings in read
        for reading in readings
    ]
    names = sorted({reading.predicate for reading, _ in rows})
    names = [name for name in names if sum(reading.predicate == name for reading, _ in rows) >= COMMON]
    inputs = torch.tensor([features(reading) for reading, _ in rows])
    which = torch.tensor([[float(reading.predicate == name) for name in names] for reading, _ in rows])
    right = torch.tensor([float(right) for _, right in rows])
    weights = torch.full((inputs.shape[1],), 0.3, requires_grad=True)
    offsets = torch.zeros(len(names), requires_grad=True)
    constant = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, offsets, constant], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = inputs @ weights + which @ offsets + constant
        loss = functional.binary_cross_entropy_with_logits(logits, right) + PENALTY * offsets.square().mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    fitted = {
        "weights": [round(value, 3) for value in weights.tolist()],
        "offsets": {"": round(constant.item(), 3)}
        | {name: round(value, 3) for name, value in zip(names, offsets.tolist(), strict=True)},
    }
    path.write_text(json.dumps(fitted, indent=1) + "\n", encoding="ascii")

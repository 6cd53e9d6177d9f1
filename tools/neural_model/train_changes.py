"""Train the reader of changes, from the weights of the reader of claims.

    python -m tools.neural_model.train_changes WEIGHTS OUTPUT [--epochs N] [--seed N]

WEIGHTS are those that `tools.neural_model.train` wrote; OUTPUT is the file to write. The last epoch has all the turns
that name an earlier claim and do not end it: without them, the model takes every mention of an employer for a farewell.
After every epoch, precision and recall on the pairs of the dev voices are printed for a few thresholds; `build` prints
those of what is read in use.
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from memctl.extract.neural.encoding import Tokens, encode
from tools.neural_model.changes import LONGEST, Pair, pairs, voices, written
from tools.neural_model.examples import split_of
from tools.neural_model.network import ChangeNetwork, continued
from tools.neural_model.train import BATCH, LOWERED, deterministic, falling, fitted, padded

RATE, LAST_RATE, HEAD_RATE = 1e-4, 5e-5, 1e-3
EASY = 0.12
"""The share of pairs of turns that end nothing that an epoch has; there are ten times as many of them as of others."""

Item = tuple[Tokens, float]


def batches(rng: random.Random, named: float = EASY) -> list[list[Item]]:
    """The batches of an epoch, of pairs of about the same length, in random order. `named` is the share of the easy
    pairs that name the claim."""
    found = [
        pair
        for voice, turns in voices().items()
        if split_of(voice) == "train"
        for pair in pairs(turns, rng)
        if not pair.easy or rng.random() < (named if pair.named else EASY)
    ]
    found += [pair for voice, pair in written(rng) if split_of(voice) == "train"]
    items = []
    for fact, turn, ended, *_ in found:
        if len(turn) <= LONGEST:
            small = rng.random() < LOWERED
            items.append((encode(turn.lower(), fact.lower()) if small else encode(turn, fact), float(ended)))
    items.sort(key=lambda item: len(item[0].rows) + rng.random() * 6)
    groups = [items[at : at + BATCH] for at in range(0, len(items), BATCH)]
    rng.shuffle(groups)
    return groups


def train(network: ChangeNetwork, epochs: int, seed: int) -> Iterator[float]:
    """Train in place; yields the mean loss of every epoch."""
    rng = random.Random(seed)
    first = len(batches(random.Random(seed)))
    if epochs > 1:
        yield from _epochs(network, (batches(rng) for _ in range(epochs - 1)), RATE, (epochs - 1) * first)
    torch.manual_seed(seed + 1)
    last = batches(random.Random(seed + 1), named=1.0)
    yield from _epochs(network, [last], LAST_RATE, len(last))


def _epochs(network: ChangeNetwork, epochs: Iterable[list[list[Item]]], rate: float, steps: int) -> Iterator[float]:
    """Train on the batches of some epochs, with a rate that rises and falls over all their steps."""
    head = [parameter for name, parameter in network.named_parameters() if name.startswith("ends")]
    body = [parameter for name, parameter in network.named_parameters() if not name.startswith("ends")]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": rate}, {"params": head, "lr": HEAD_RATE * rate / RATE}], weight_decay=0.01
    )
    schedule = falling(optimiser, steps)
    for groups in epochs:
        yield fitted(network, optimiser, schedule, (_loss(network, batch) for batch in groups))


def _loss(network: ChangeNetwork, batch: Sequence[Item]) -> Tensor:
    inputs, wanted = padded([tokens for tokens, _ in batch]), torch.tensor([ended for _, ended in batch])
    return functional.binary_cross_entropy_with_logits(network(**inputs), wanted)


def scores(network: ChangeNetwork, found: Sequence[Pair]) -> list[float]:
    """The probability of each pair that the turn ends the claim."""
    network.eval()
    tokens = [encode(turn, fact) for fact, turn, *_ in found]
    order = sorted(range(len(found)), key=lambda number: len(tokens[number].rows))
    result = [0.0] * len(found)
    with torch.no_grad():
        for at in range(0, len(order), 2 * BATCH):
            some = order[at : at + 2 * BATCH]
            for number, value in zip(some, network(**padded([tokens[number] for number in some])), strict=True):
                result[number] = torch.sigmoid(value).item()
    return result


def _report(name: str, found: Sequence[Pair], scored: Sequence[float]) -> None:
    wanted = sum(pair.ended for pair in found)
    parts = []
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        given = [pair.ended for pair, score in zip(found, scored, strict=True) if score >= threshold]
        parts.append(f"{threshold:.2f}: {sum(given) / max(1, len(given)):.2f} {sum(given) / max(1, wanted):.2f}")
    print(f"  {name}, {wanted} of {len(found)}; threshold: precision, recall: {', '.join(parts)}", flush=True)


def main() -> None:
    """Train on the voices of the training part and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    deterministic(given.seed)
    network = continued(torch.load(given.weights))
    rng = random.Random(0)
    held_out = {
        "written": [pair for voice, pair in written() if split_of(voice) == "dev"],
        "said": [pair for voice, turns in voices().items() if split_of(voice) == "dev" for pair in pairs(turns, rng)],
    }
    began = time.monotonic()
    for epoch, mean in enumerate(train(network, given.epochs, given.seed), 1):
        print(f"epoch {epoch}: loss {mean:.6f}, {time.monotonic() - began:.0f} s", flush=True)
        for name, found in held_out.items():
            _report(name, found, scores(network, found))
        torch.save(network.state_dict(), given.output)


if __name__ == "__main__":
    main()

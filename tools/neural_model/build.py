"""Build the model files of the neural extractor from trained weights, and print its quality.

    python -m tools.neural_model.build WEIGHTS CHANGES [OUTPUT]

Exports the networks of WEIGHTS (the reader of claims) and CHANGES (the reader of changes), fits the calibration on the
dev voices, and scores the test voices with the exported files.
"""

import argparse
import hashlib
from pathlib import Path

import msgspec
import torch

from memctl.extract import neural
from memctl.extract.neural.calibration import EVEN
from memctl.extract.neural.changes import FILE
from memctl.extract.neural.decoding import Reading
from memctl.extract.neural.drafts import THRESHOLD, draft_of
from memctl.extract.neural.model import NeuralReader
from memctl.extract.neural.persons import named_in
from tools.neural_model.calibrate import fit
from tools.neural_model.evaluate import changes_read, matches, score
from tools.neural_model.examples import read, split_of
from tools.neural_model.export import export, export_changes
from tools.neural_model.network import ChangeNetwork, Network, layers_of


def main() -> None:
    """Build, calibrate, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("changes", type=Path)
    parser.add_argument("output", type=Path, nargs="?", default=neural.folder())
    given = parser.parse_args()
    given.output.mkdir(exist_ok=True)
    state = torch.load(given.weights)
    network = Network(layers_of(state))
    network.load_state_dict(state)
    export(network.eval(), given.output / "model.onnx")
    state = torch.load(given.changes)
    ends = ChangeNetwork(layers_of(state))
    ends.load_state_dict(state)
    export_changes(ends.eval(), given.output / FILE)
    for name in ("model.onnx", FILE):
        checksum = hashlib.sha256((given.output / name).read_bytes()).hexdigest()
        (given.output / f"{name}.sha256").write_text(f"{checksum}  {name}\n", encoding="ascii")
    fitted = given.output / "calibration.json"
    fitted.write_bytes(msgspec.json.encode(EVEN))
    turns = {part: [turn for turn in read() if split_of(turn["voice"]) == part] for part in ("dev", "test")}
    model = NeuralReader(given.output)
    dev = [(turn, _believed(turn, model)) for turn in turns["dev"]]
    fit(dev, fitted)
    model = NeuralReader(given.output)
    test = {turn["turn"]: _believed(turn, model) for turn in turns["test"]}
    _print(turns["test"], test)
    print(*changes_read(model.changes, "test"), sep="\n")


def _believed(turn: dict, model: NeuralReader) -> list[Reading]:
    """The readings of a turn that pass the checks, with any confidence."""
    text = turn["turn"]
    found = model.read(text, turn.get("before", ""))
    named = named_in(text, found)
    return [reading for reading in found if draft_of(text, None, reading, [], named)]


def _print(turns: list[dict], found: dict[str, list[Reading]]) -> None:
    print("minimum confidence, precision, recall and F1 on the test voices")
    for threshold in sorted({0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, THRESHOLD}):
        counts, _ = score(turns, lambda turn: found[turn["turn"]], threshold)
        mark = " *" if threshold == THRESHOLD else ""
        print(f"{threshold:.2f}  {counts.precision:.3f}  {counts.recall:.3f}  {counts.f1:.3f}{mark}")
    print("calibration: confidence, share of correct readings, number of readings")
    readings = [
        (reading.confidence, any(matches(reading, claim, turn["turn"]) for claim in turn["claims"]))
        for turn in turns
        for reading in found[turn["turn"]]
    ]
    for low in range(0, 10, 2):
        some = [right for share, right in readings if low / 10 <= share < (low + 2) / 10 + (low == 8)]
        print(f"{low / 10:.1f}-{(low + 2) / 10:.1f}  {sum(some) / max(1, len(some)):.2f}  {len(some)}")
    for name, counts in score(turns, lambda turn: found[turn["turn"]], THRESHOLD)[1].items():
        print(f"{name:20} precision {counts.precision:.2f}  recall {counts.recall:.2f}  of {counts.wanted}")


if __name__ == "__main__":
    main()

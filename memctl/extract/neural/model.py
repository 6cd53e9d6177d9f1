"""The built-in model on onnxruntime: turns in, readings out.

One turn is read at a time, on one thread, so that a reading never depends on other turns: repeated, shuffled and
divided runs give the same facts. Several turns are read on several threads.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.errors import Fatal
from memctl.extract.grammar.segmentation import straightened
from memctl.extract.neural import MODEL, folder
from memctl.extract.neural.calibration import Calibration
from memctl.extract.neural.decoding import Output, Reading, readings
from memctl.extract.neural.encoding import encode, parts
from memctl.runtime.onnx_model import session
from memctl.runtime.threads import in_threads
from memctl.transcripts.model import Session

REPLIED = 40
"""Words of a turn up to which the end of the message before it is read with it."""
OUTPUTS = ("tags", "roles", "over", "links", "modality")
_HINT = f"reinstall memctl, or see {MODEL}"


class NeuralReader:
    """The shipped model. Reading a turn takes milliseconds, opening the file half a second."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`. Raises UsageError without the extra, Fatal if a file is missing or damaged."""
        try:
            checksum = (folder / "model.onnx.sha256").read_text(encoding="ascii").split()[0]
            self.calibration = msgspec.json.decode((folder / "calibration.json").read_bytes(), type=Calibration)
        except (OSError, ValueError, IndexError) as error:
            raise Fatal(f"cannot read the model: {error}", where=str(folder), hint=_HINT) from error
        self._session: Any = session(folder / "model.onnx", checksum, hint=_HINT)

    def read(self, text: str, before: str = "") -> list[Reading]:
        """The readings of one turn after the message `before`."""
        claims: list[Reading] = []
        for start, end in parts(text):
            part = text[start:end]
            tokens = encode(part, before)
            output = self._run(tokens.rows, tokens.types, tokens.cases)
            for reading in readings(tokens, output, part, before):
                moved = reading.moved(start)
                claims.append(msgspec.structs.replace(moved, confidence=self.calibration.confidence(reading)))
            before = part
        return claims

    def of_session(self, session: Session, skip: frozenset[str] = frozenset()) -> dict[str, list[Reading]]:
        """The readings of the human turns of a session by turn id, without those of `skip`."""
        places: list[str] = []
        turns: list[tuple[str, str]] = []
        before = ""
        for turn in session.turns:
            if turn.role == "user" and turn.turn_id not in skip:
                places.append(turn.turn_id)
                short = "?" in before and len(turn.text.split()) <= REPLIED
                turns.append((straightened(turn.text), before if short else ""))
            if turn.role in ("user", "assistant"):
                before = straightened(turn.text)
        return dict(zip(places, self.read_all(turns), strict=True))

    def read_all(self, turns: Sequence[tuple[str, str]]) -> list[list[Reading]]:
        """The readings of turns given as (text, message before), in order; on all processors if there are several."""
        return in_threads(lambda turn: self.read(*turn), turns)

    def _run(self, rows: Iterable[int], types: Iterable[int], cases: Iterable[int]) -> Output:
        import numpy as np

        inputs = {"rows": rows, "types": types, "cases": cases}
        arrays = {name: np.array(values, np.int64) for name, values in inputs.items()}
        return Output(*self._session.run(OUTPUTS, arrays))


@cache
def reader() -> NeuralReader:
    """The model, opened once per process."""
    return NeuralReader(folder())

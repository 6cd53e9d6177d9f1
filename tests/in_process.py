"""Run `memctl` in the test's own process: the same command line, without the half second a new process takes."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Sequence
from unittest import mock


def run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """What `memctl ARGUMENTS` does and prints in this process's environment, with nothing on stdin."""
    from memctl.cli.app import _run

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.object(sys, "stdin", stdin):
        try:
            code = _run(list(arguments))
        except SystemExit as stop:
            code = int(stop.code or 0)
    written, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(["memctl", *arguments], code, written, told)

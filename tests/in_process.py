"""Run `memctl` in the test's own process: the same command line, without the half second that a new process needs."""

import contextlib
import functools
import io
import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from unittest import mock


@functools.cache
def _once(function: Any) -> Any:
    return functools.cache(function)


def enter(arguments: Sequence[str]) -> int:
    """Run a command in this process; returns its exit code. Options are derived from each command's function once."""
    from memctl.cli import _typer, app

    with mock.patch.multiple(app, build=_once(_typer.build), get_command=_once(_typer.get_command)):
        try:
            return app._run(list(arguments))
        except SystemExit as stop:
            return int(stop.code or 0)


def run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """The result of `memctl ARGUMENTS` in this process's environment, with an empty stdin."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.object(sys, "stdin", stdin):
        code = enter(arguments)
    written, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(["memctl", *arguments], code, written, told)

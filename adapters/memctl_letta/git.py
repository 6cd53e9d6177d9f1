"""Run the program git, without a shell, in the user's folders, and turn its messages into errors.

The user's configuration is not changed, nothing prompts on a terminal, and hooks run as in any commit.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from memctl.core.errors import Fatal, MemctlError, Retryable, UsageError

TIMEOUT = 300.0
"""The longest time of a git command in seconds, because a hook may wait for input forever."""
# Signing is off, because git could prompt for the key's passphrase when nobody is at the terminal.
_SETTINGS = (
    "core.autocrlf=false",
    "core.safecrlf=false",
    "commit.gpgsign=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_AUTHOR = ("user.name=memctl", "user.email=memctl@localhost")


def version() -> str:
    """The version of git. Raises UsageError if git is not installed."""
    return run(Path.cwd(), "version").stdout.decode("utf-8", "replace").strip()


def run(
    folder: Path, *arguments: str, check: bool = True, identify: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder. With `identify`, a commit has an author even if none is configured. With `check`, a non-zero
    exit code raises the error for git's message."""
    author = _AUTHOR if identify and not _has_author(folder) else ()
    # Files, not pipes: a hook may start a background process, as Letta's does to push, which would keep a pipe open.
    with (
        TemporaryFile() as out,
        TemporaryFile() as err,
        start(folder, *arguments, settings=author, to=(out, err)) as git,
    ):
        try:
            code = git.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            git.kill()
            raise Retryable(
                f"git {arguments[0]} did not finish within {TIMEOUT:g} s", where=str(folder), hint="check its hooks"
            ) from None
        except BaseException:
            git.kill()
            raise
        written, complained = (_content(file) for file in (out, err))
    if check and code != 0:
        raise failure((complained + b"\n" + written).decode("utf-8", "replace"), folder, arguments[0])
    return subprocess.CompletedProcess(arguments, code, written, complained)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def failure(message: str, folder: Path, command: str = "") -> MemctlError:
    """The error for a message of git."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    words = "; ".join(lines[:8]) or "git printed no message"
    where = str(folder)
    if ".lock'" in words and "File exists" in words:
        return Retryable(
            "another git process is using the repository",
            where=where,
            hint="try again when it has finished; if none is running, remove the .lock file: " + words[:300],
        )
    if "dubious ownership" in words:
        return UsageError("the repository belongs to another user of this machine", where=where, hint=words[:400])
    if "not a git repository" in words:
        return UsageError("not a git repository", where=where, hint="run git init, or pass the folder with .git")
    if "ermission denied" in words or "unable to create" in words or "insufficient permission" in words:
        return MemctlError(f"git cannot write: {words[:300]}", where=where, hint="use a folder you can write to")
    if command == "commit":
        hint = "fix what the hook reports, in the facts or in the folder, then try again"
        return Fatal(f"the commit was refused, nothing was changed: {words[:1000]}", where=where, hint=hint)
    return Fatal(f"git {command} failed: {words[:500]}".replace("  ", " "), where=where, hint="run git fsck there")


def _has_author(folder: Path) -> bool:
    settings = run(folder, "config", "--get-regexp", r"^user\.(name|email)$", check=False)
    configured = {line.split(b" ", 1)[0] for line in settings.stdout.splitlines()}
    variables = {name for name in ("NAME", "EMAIL") if os.environ.get(f"GIT_AUTHOR_{name}")}
    return len(configured) == 2 or len(variables) == 2


def literal(paths: Sequence[str]) -> list[str]:
    """Paths relative to the top of the repository, as literal pathspecs (without wildcards)."""
    return [f":(top,literal){path}" for path in paths]


def _environment() -> dict[str, str]:
    """The environment of this process without variables that select another repository, as git sets them for hooks."""
    kept_prefixes = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_EXEC_PATH", "GIT_TRACE")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(kept_prefixes)
    }
    return environment | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def start(
    folder: Path, *arguments: str, settings: Sequence[str] = (), to: tuple[IO[bytes], IO[bytes]] | None = None
) -> subprocess.Popen[bytes]:
    """Start git in a folder, with stdout and stderr in the files `to` (default: pipes, also for stdin). Raises
    UsageError if git is not installed or the folder does not exist."""
    options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and every path is behind `--`
            ["git", *options, *arguments],  # noqa: S607 - the git the user works with
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL if to else subprocess.PIPE,
            stdout=to[0] if to else subprocess.PIPE,
            stderr=to[1] if to else subprocess.PIPE,
        )
    except FileNotFoundError:
        if not folder.is_dir():
            raise UsageError("the folder does not exist", where=str(folder)) from None
        raise UsageError("the program git was not found", hint="install git; MemFS keeps memory in git") from None
    except OSError as error:
        raise MemctlError(f"git cannot be run there: {error.strerror}", where=str(folder)) from None

"""The program git, run without a shell in folders of somebody else's, and what its words mean as errors.

Nothing of the user's own configuration is changed, nothing asks on a terminal, and hooks run as in any commit.
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
"""Seconds a git command may take; a hook that waits for somebody is ended."""
# No hook asks for a password on a terminal nobody looks at; a signing key would ask for its passphrase.
_SETTINGS = (
    "core.autocrlf=false",
    "core.safecrlf=false",
    "commit.gpgsign=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_AUTHOR = ("user.name=memctl", "user.email=memctl@localhost")


def version() -> str:
    """Which git this is. Raises UsageError when there is none."""
    return run(Path.cwd(), "version").stdout.decode("utf-8", "replace").strip()


def run(
    folder: Path, *arguments: str, check: bool = True, identify: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder. With `identify` a commit has an author even where none is set. With `check` an exit code
    other than 0 raises the error that git's words mean."""
    named = _AUTHOR if identify and not _has_author(folder) else ()
    # Not pipes: a hook may leave a process behind, as Letta's does to push, which would hold their ends open.
    with (
        TemporaryFile() as out,
        TemporaryFile() as err,
        start(folder, *arguments, settings=named, to=(out, err)) as git,
    ):
        try:
            code = git.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            git.kill()
            raise Retryable(
                f"git {arguments[0]} was not done within {TIMEOUT:g} s", where=str(folder), hint="look at its hooks"
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


def failure(said: str, folder: Path, command: str = "") -> MemctlError:
    """The error that git's words mean."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    words = "; ".join(lines[:8]) or "git ended without a word"
    where = str(folder)
    if ".lock'" in words and "File exists" in words:
        return Retryable(
            "another git is at work in it",
            where=where,
            hint="try again when it is done; if none is, remove the .lock file git names: " + words[:300],
        )
    if "dubious ownership" in words:
        return UsageError("the repository belongs to somebody else", where=where, hint=words[:400])
    if "not a git repository" in words:
        return UsageError("not a git repository", where=where, hint="git init, or name the folder that holds .git")
    if "ermission denied" in words or "unable to create" in words or "insufficient permission" in words:
        return MemctlError(f"git cannot write: {words[:300]}", where=where, hint="name a folder of yours")
    if command == "commit":
        hint = "do what the hook asks for, in the facts or in the folder, then try again"
        return Fatal(f"the commit was refused, nothing was changed: {words[:1000]}", where=where, hint=hint)
    return Fatal(f"git {command} failed: {words[:500]}".replace("  ", " "), where=where, hint="git fsck looks at it")


def _has_author(folder: Path) -> bool:
    done = run(folder, "config", "--get-regexp", r"^user\.(name|email)$", check=False)
    found = {line.split(b" ", 1)[0] for line in done.stdout.splitlines()}
    given = {name for name in ("NAME", "EMAIL") if os.environ.get(f"GIT_AUTHOR_{name}")}
    return len(found) == 2 or len(given) == 2


def literal(paths: Sequence[str]) -> list[str]:
    """Paths from the top of the repository as git takes them without reading patterns into them."""
    return [f":(top,literal){path}" for path in paths]


def _environment() -> dict[str, str]:
    """That of this process without what points git at another repository, as a hook's environment does."""
    kept = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_EXEC_PATH", "GIT_TRACE")
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(kept)}
    return own | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def start(
    folder: Path, *arguments: str, settings: Sequence[str] = (), to: tuple[IO[bytes], IO[bytes]] | None = None
) -> subprocess.Popen[bytes]:
    """Start git in a folder; its output and its errors go into the files of `to`, else it is spoken to by pipes. Raises
    UsageError when there is no git or no such folder."""
    given = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and every path is behind `--`
            ["git", *given, *arguments],  # noqa: S607 - the git the user works with
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


def unwritable(path: Path, error: OSError) -> MemctlError:
    """What to say where the system lets nothing be written."""
    return MemctlError(f"it cannot be written: {error.strerror}", where=str(path), hint="name a folder of yours")

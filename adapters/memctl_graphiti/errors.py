"""Errors of Kuzu, Neo4j and their drivers as memctl's errors. Nothing is retried here.

Errors are recognised by name, so that no driver needs to be installed.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from memctl.core.errors import AuthError, Fatal, Locked, MemctlError, NotFound, Rejected, Retryable, UsageError

_REFUSED = {
    "AuthError", "Unauthorized", "Forbidden", "TokenExpired", "AuthenticationRateLimit", "AuthenticationError",
    "NoPermissionError",
}  # fmt: skip
_PASSING = {
    "ServiceUnavailable", "SessionExpired", "TransientError", "DatabaseUnavailable", "TimeoutError", "OSError",
    "ConnectionError",
}  # fmt: skip
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn exceptions of a driver into MemctlErrors; `place` is the graph, without secrets."""
    try:
        yield
    except MemctlError:
        raise
    except Exception as error:
        raise failure(error, place) from error


def in_use(place: str) -> Locked:
    """The error if another process has Kuzu's file open."""
    return Locked("another process has opened the graph", where=place, hint="Kuzu allows one process at a time")


def failure(error: Exception, place: str) -> MemctlError:
    """The MemctlError for an exception."""
    names = {kind.__name__ for kind in type(error).__mro__}
    words = (str(error).strip() or type(error).__name__).splitlines()[0]
    code = str(getattr(error, "code", "") or "")
    if names & _REFUSED:
        return AuthError("the server refuses the account", where=place, hint="check user and password")
    if "DatabaseNotFound" in code:
        return NotFound(words, where=place, hint="check the option database")
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _FULL):
        # A local file; errors of connections have no file name.
        return _of_kuzu(error.strerror or words, place)
    if names & _PASSING:
        return Retryable(f"cannot connect: {words}", where=place, hint="check that the server is running")
    if "ConfigurationError" in names:
        return UsageError(words, where=place, hint="a uri looks like bolt://HOST:7687")
    return _of_kuzu(words, place) if type(error) is RuntimeError else Fatal(words, where=place)


def _of_kuzu(words: str, place: str) -> MemctlError:
    """The error for a RuntimeError, the only type that Kuzu raises; the message says what happened."""
    if "Could not set lock" in words:
        return in_use(place)
    if "not a valid Kuzu database" in words:
        return UsageError("not a Kuzu database", where=place, hint="choose another path")
    if "different version" in words or "storage version" in words:
        return UsageError(
            f"the graph was created by another version of Kuzu: {words}", where=place, hint="migrate it with Kuzu"
        )
    if "No such file" in words or "Permission denied" in words or "Read-only" in words:
        return UsageError(
            words.removeprefix("IO exception: "), where=place, hint="check the folder and its permissions"
        )
    if any(full in words for full in ("No space left", "Disk quota", "File too large")):
        return Fatal("the disk is full", where=place)
    if "already exists" in words and "full text search index" in words:
        return Fatal(
            "the full-text index is incomplete (a process died while building it) and Kuzu cannot repair it",
            where=place,
            hint="it can still be read: migrate it into a new graph",
        )
    if "primary key" in words:
        return Rejected(words, where=place)
    return Fatal(words, where=place)

"""Errors and the exit codes they end in.

Every failure a user can meet is a `MemctlError`: one line that says what happened and where, and one that says what
to do next. This room knows nothing of the rest of memctl, so that an adapter can raise these without importing more.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line, a promise to scripts."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    NOT_FOUND = 4
    RETRYABLE = 5
    DIFFERENCES = 6
    FATAL = 7
    LIMIT = 8
    NOTHING_TO_DO = 9
    LOCKED = 11
    INTERRUPTED = 130


class MemctlError(Exception):
    """A failure with a place and a remedy.

    `message` says what happened, `where` names the file, line, record or field, `hint` says what to do next.
    """

    exit: Exit = Exit.ERROR

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(MemctlError):
    """A wrong argument, option or setting."""

    exit = Exit.USAGE


class NotFound(MemctlError):
    """The user, fact, file or backend named does not exist."""

    exit = Exit.NOT_FOUND


class AuthError(MemctlError):
    """The backend refused the credentials, or none were given."""

    exit = Exit.FATAL


class Fatal(MemctlError):
    """The backend cannot go on, whatever is sent to it."""

    exit = Exit.FATAL


class Rejected(MemctlError):
    """This one record cannot be taken; the ones beside it can."""

    exit = Exit.PARTIAL


class Retryable(MemctlError):
    """A passing failure. `after` is the wait the backend asked for, in seconds, when it named one."""

    exit = Exit.RETRYABLE

    def __init__(
        self, message: str, *, after: float | None = None, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.after = after


class Locked(MemctlError):
    """Another process holds the store and did not let go in time."""

    exit = Exit.LOCKED


class UnusableStore(MemctlError):
    """The file in the store's place is damaged, or is no store: another has to be put there."""


class BadTranscript(MemctlError):
    """A transcript file, or a record in it, cannot be read."""

    exit = Exit.PARTIAL


def from_status(
    status: int, message: str, *, after: float | None = None, where: str | None = None, hint: str | None = None
) -> MemctlError:
    """The error that an HTTP status means (RFC 9110, RFC 6585): look at the key, try again, or at this record.

    `after` is the wait the server asked for, in seconds. Where a vendor means something else by a status, its adapter
    says so before it asks here.
    """
    if status in (401, 403):
        return AuthError(message, where=where, hint=hint or "look at the key and its rights")
    if status == 402:
        return Fatal(message, where=where, hint=hint or "look at the account's plan")
    if status == 404:
        return NotFound(message, where=where, hint=hint)
    if status in (408, 425, 429) or status >= 500:
        return Retryable(message, after=after, where=where, hint=hint)
    return Rejected(message, where=where, hint=hint)

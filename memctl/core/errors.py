"""Errors and exit codes.

Every failure shown to a user is a `MemctlError`: what happened, where, and what to do. Imports nothing else of memctl,
so that adapters can raise these errors.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line, a stable interface."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    NOT_FOUND = 4
    RETRYABLE = 5
    DIFFERENCES = 6
    FATAL = 7
    LIMIT = 8
    LOCKED = 11
    INTERRUPTED = 130


class MemctlError(Exception):
    """A failure.

    `message` says what happened, `where` names the file, line, record or field, `hint` says what to do. Python prints
    the hint below a traceback.
    """

    exit: Exit = Exit.ERROR

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        if hint:
            self.add_note(hint)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class Halted(Exception):
    """A run had to end early, because it was interrupted or reached its longest duration."""


class UsageError(MemctlError):
    """An invalid argument, option or setting."""

    exit = Exit.USAGE


class NotFound(MemctlError):
    """The user, fact, file or backend does not exist."""

    exit = Exit.NOT_FOUND


class AuthError(MemctlError):
    """The backend refused the credentials, or they are missing."""

    exit = Exit.FATAL


class Fatal(MemctlError):
    """The backend cannot continue, whatever is sent to it."""

    exit = Exit.FATAL


class Rejected(MemctlError):
    """The backend refuses this record; others may be accepted.

    `digest` is a hash of the content of a record that has only a place, such as a line: another record there is another
    reject.
    """

    exit = Exit.PARTIAL

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, digest: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.digest = digest


class Retryable(MemctlError):
    """A temporary failure. `after` is the wait in seconds that the backend asked for, if any."""

    exit = Exit.RETRYABLE

    def __init__(
        self, message: str, *, after: float | None = None, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.after = after


class Locked(MemctlError):
    """Another process kept the store locked until the timeout."""

    exit = Exit.LOCKED


class UnusableStore(MemctlError):
    """The store's file is damaged or not a store."""


class UnfinishedCopy(UnusableStore):
    """The store at `where` is a copy that was interrupted."""

    def __init__(self, where: str) -> None:
        super().__init__(
            "the store is an unfinished copy of another one",
            where=where,
            hint="run the same memctl store copy again to finish it, or remove it",
        )


class BadTranscript(MemctlError):
    """A transcript file or a record of it cannot be read."""

    exit = Exit.PARTIAL


def from_status(
    status: int, message: str, *, after: float | None = None, where: str | None = None, hint: str | None = None
) -> MemctlError:
    """The error for an HTTP status (RFC 9110, RFC 6585): check the key, retry, or reject the record.

    `after` is the wait the server asked for, in seconds. Adapters handle statuses to which a vendor gives another
    meaning first.
    """
    if status in (401, 403):
        return AuthError(message, where=where, hint=hint or "check the key and its permissions")
    if status == 402:
        return Fatal(message, where=where, hint=hint or "check the account's plan")
    if status == 404:
        return NotFound(message, where=where, hint=hint)
    if status in (408, 425, 429) or status >= 500:
        return Retryable(message, after=after, where=where, hint=hint)
    return Rejected(message, where=where, hint=hint)


def unreadable(what: str, error: OSError, where: object) -> MemctlError:
    """The error for an input that cannot be read: NotFound if it does not exist."""
    missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    return (NotFound if missing else MemctlError)(f"cannot read {what}: {error.strerror}", where=str(where))


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for which a text file cannot be read that is not in UTF-8: where it is wrong, and what to do."""
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"not UTF-8 text: byte 0x{error.object[error.start]:02x} in line {line}; save the file as UTF-8"


def unwritable(what: str, error: OSError, where: object, hint: str | None = None) -> MemctlError:
    """The error for an output that cannot be written."""
    return MemctlError(f"cannot write {what}: {error.strerror}", where=str(where), hint=hint)

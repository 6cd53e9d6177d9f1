"""PostgreSQL's errors as memctl's, without parts of a DSN. Nothing is retried here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Rejected, Retryable, UsageError

_UNKNOWN_DATABASE = re.compile(r'database ".*" does not exist')
_REFUSED = re.compile(
    r"password authentication failed|no password supplied|authentication failed|role \".*\" does not exist"
    r"|no pg_hba.conf entry|permission denied for database|SCRAM|certificate"
)

_TIMED_OUT = "57014"
_RETRYABLE = ("08", "40", "53200", "53300", "53400", "55006", "55P03", "57014", "57P01", "57P02", "57P03")
_REJECTED = ("22", "23", "54")


class Hints(NamedTuple):
    """What to do about an error, for one kind of use of a database."""

    missing: str = "memctl backends init postgres creates the schema"
    """If a table is missing."""
    account: str = "check the user and password of the DSN"
    """If the server refuses the account."""
    rights: str = "check the account's password and privileges"
    """If the account may not do something."""


_HINTS = Hints()


class TimedOut(Retryable):
    """A statement took longer than the server allows (statement_timeout); a smaller one may succeed."""


@contextmanager
def translated(place: str, hints: Hints = _HINTS) -> Iterator[None]:
    """Turn exceptions of psycopg into MemctlErrors; `place` is the server and the database, without secrets."""
    try:
        yield
    except psycopg.Error as error:
        raise failure(error, place, hints) from error


def failure(error: psycopg.Error, place: str, hints: Hints = _HINTS) -> MemctlError:
    """The MemctlError for an exception."""
    state = error.sqlstate or ""
    words = _first_line(error)
    if isinstance(error, psycopg.OperationalError) and not state:
        return connection_failure(error, place, hints)
    if state == _TIMED_OUT and "statement timeout" in words:
        return TimedOut(words, where=place, hint="raise statement_timeout for this account, or use --batch-size")
    if state.startswith(_RETRYABLE):
        return Retryable(words, where=place)
    if state == "42501" and "row-level security" in words:
        return AuthError(
            words,
            where=place,
            hint="the account sees only a part of the rows: use the owner of the table, or a role with BYPASSRLS",
        )
    if state.startswith("28") or state == "42501":
        return AuthError(words, where=place, hint=hints.rights)
    if state in ("42P01", "3F000"):
        return UsageError(words, where=place, hint=hints.missing)
    if state == "42703":
        return UsageError(words, where=place, hint="check the names of the columns")
    if state.startswith(_REJECTED):
        return Rejected(words, where=place)
    if state == "25006":
        return Fatal(words, where=place, hint="the server is read-only: connect to the primary")
    return Fatal(words, where=place)


def connection_failure(error: psycopg.Error, place: str, hints: Hints = _HINTS) -> MemctlError:
    """The error for a failed or lost connection. libpq reports messages only."""
    text = str(error)
    if _UNKNOWN_DATABASE.search(text):
        return NotFound("the database does not exist", where=place, hint="create it, or use another")
    if _REFUSED.search(text):
        return AuthError("the server refuses the account", where=place, hint=hints.account)
    if "invalid" in text and "option" in text:
        return UsageError("the DSN cannot be read", hint="postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return Retryable(f"cannot connect: {_first_line(error)}", where=place, hint="check that the server is running")


def _first_line(error: psycopg.Error) -> str:
    words = error.diag.message_primary or str(error).strip().split("\n")[0]
    return words.rpartition("failed: ")[2] or "the connection was lost"

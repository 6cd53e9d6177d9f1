"""Errors of mem0's vector stores, embedders and configuration as memctl's.

mem0 passes on the exceptions of each driver. They are recognised by their attributes (an SQLSTATE, an HTTP status,
pydantic's list of errors) and by name, so that no driver has to be installed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError, from_status

_PASSING_STATES = ("08", "40", "53", "55P03", "57")
_PASSING = frozenset(
    {
        "PoolTimeout", "PoolClosed", "ResponseHandlingException", "APIConnectionError", "APITimeoutError",
        "ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError", "ConnectionError", "TimeoutError",
        "RemoteProtocolError", "OperationalError",
    }
)  # fmt: skip
_WRAPPING = frozenset({"LLMError", "EmbeddingError", "VectorStoreError", "DatabaseError"})
"""mem0's own exceptions (mem0.exceptions), which have less information than their causes."""
_LONGEST = 300


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn exceptions of mem0 and its drivers into memctl's errors."""
    try:
        yield
    except MemctlError:
        raise
    except Exception as error:
        raise failure(error, where) from None


def failure(error: Exception, where: str) -> MemctlError:
    """The error of memctl for an exception."""
    if type(error).__name__ in _WRAPPING and isinstance(error.__cause__, Exception):
        return failure(error.__cause__, where)
    if isinstance(error, ImportError):
        return _missing(error, where)
    if callable(getattr(error, "errors", None)):
        return UsageError(f"the mem0 configuration is wrong: {_faults(error)}", where=where)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return _from_sqlstate(error, state, where)
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        # The service may quote the key.
        return AuthError(f"the key is refused (HTTP {status})", where=where, hint="check the key and its permissions")
    if isinstance(status, int):
        return from_status(status, _line(error), after=_wait(error), where=where)
    words = str(error)
    if "api_key" in words or "credentials" in words.lower() or "password authentication failed" in words:
        return AuthError(
            _line(error), where=where, hint="set the key in the mem0 configuration or in mem0's environment variable"
        )
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _PASSING or "instance is closed" in words:
        return Retryable(_line(error), where=where, hint="check that the server is running")
    if isinstance(error, ValueError):
        return UsageError(_line(error), where=where, hint="check the mem0 configuration")
    return Fatal(f"{type(error).__name__}: {_line(error)}", where=where)


def _missing(error: ImportError, where: str) -> UsageError:
    if "psycopg" in str(error):
        return UsageError(
            "mem0 needs psycopg and its pool for pgvector", where=where, hint="pip install 'psycopg[binary,pool]'"
        )
    return UsageError(f"mem0 needs a package: {_line(error)}", where=where, hint="install what the configuration needs")


def _from_sqlstate(error: Exception, state: str, where: str) -> MemctlError:
    if state == "42501" and "row-level security" in str(error):
        return AuthError(
            _line(error),
            where=where,
            hint="the account sees only a part of the rows: use the owner of the table, or a role with BYPASSRLS",
        )
    if state.startswith("28") or state == "42501":
        return AuthError(_line(error), where=where, hint="check the account's password and privileges")
    if state.startswith(_PASSING_STATES):
        return Retryable(_line(error), where=where)
    if state.startswith("22"):
        return Rejected(_line(error), where=where)
    if state == "23505":
        return Retryable("another process has just written a memory with the same id", where=where)
    return Fatal(_line(error), where=where)


def _faults(error: Any) -> str:
    # The message of pydantic is not used, because it quotes the value, which may be a key.
    faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".lstrip(": ") for fault in error.errors()]
    return "; ".join(faults)[:_LONGEST]


def _wait(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _line(error: Exception) -> str:
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    words = str(message or error).strip()
    return (words.splitlines() or [type(error).__name__])[0][:_LONGEST]

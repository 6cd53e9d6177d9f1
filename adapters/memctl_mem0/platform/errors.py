"""Errors of mem0's platform as memctl's, in one line without the key. Nothing is retried here."""

from json import JSONDecodeError
from typing import Any

from memctl.backends.contract import need
from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError, from_status

_KEY = "set MEM0_API_KEY, MEM0_API_KEY_FILE or MEM0_API_KEY_COMMAND to a key from the dashboard of mem0"
_LONGEST = 300


def no_key() -> AuthError:
    """The error for a backend without credentials."""
    return AuthError("mem0 API key missing", hint=_KEY)


def failure(error: Exception, place: str, *, record: bool, secret: str) -> MemctlError | None:
    """The MemctlError for an exception of mem0's library; None for one that is not from the service.

    `record`: a single record was sent, so that a refusal is about it; `secret` is removed from the message.
    """
    httpx = need("httpx", "mem0")
    status, after = _status(error, httpx)
    words = _words(error, secret)
    if status is not None:
        return _of_status(status, words, place, after=after, record=record)
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return UsageError(f"not a server URL: {words}", where=place, hint="give --url http://HOST or https://HOST")
    if isinstance(error, httpx.TransportError) or type(error).__name__ == "NetworkError":
        return Retryable(f"mem0 cannot be reached: {words}", where=place, hint="check the address and the network")
    if isinstance(error, JSONDecodeError):
        return Fatal("the response is not JSON", where=place, hint="check that this is the address of mem0's platform")
    return None


def _of_status(status: int, words: str, place: str, *, after: float | None, record: bool) -> MemctlError:
    if status in (401, 403):
        return AuthError(f"mem0 refuses the API key: {words}", where=place, hint=_KEY)
    if status == 413:
        # For mem0 this status is about the account's quota, not about the length of the request.
        return Fatal(
            f"the quota of the mem0 account is used up: {words}", where=place, hint="check the plan of your account"
        )
    error = from_status(status, f"mem0 answers {status}: {words}", after=after, where=place)
    if isinstance(error, Rejected) and not record:
        return Fatal(error.message, where=place, hint="check that this is the address of mem0's platform")
    return error


def _status(error: Exception, httpx: Any) -> tuple[int | None, float | None]:
    """The HTTP status of the exception, and the seconds that the server asks to wait."""
    details = getattr(error, "debug_info", None)
    if isinstance(details, dict) and isinstance(details.get("status_code"), int):
        return details["status_code"], details.get("retry_after")
    # The client's constructor turns every HTTP error into a ValueError.
    cause = error if isinstance(error, httpx.HTTPStatusError) else error.__context__
    if not isinstance(cause, httpx.HTTPStatusError):
        return None, None
    seconds = cause.response.headers.get("retry-after", "")
    return cause.response.status_code, float(seconds) if seconds.isdecimal() else None


def _words(error: Exception, secret: str) -> str:
    """The first line of the error's message, or its type if that is HTML or empty."""
    text = str(error).strip().removeprefix("Error: ")
    line = text.splitlines()[0] if text and not text.startswith("<") else type(error).__name__
    return line.replace(secret, "…")[:_LONGEST] if secret else line[:_LONGEST]

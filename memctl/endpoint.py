"""What any server with OpenAI's API says when it refuses, as memctl's own errors.

Embeddings and models speak to the same kind of server through the `openai` package; this room knows how such a server
fails and nothing of what it was asked.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from memctl.errors import AuthError, Fatal, MemctlError, Rejected, Retryable

OPENAI_URL = "https://api.openai.com/v1"
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Codes of a 429 that no waiting helps; others than OpenAI say 402."""


def is_openai(base_url: str) -> bool:
    """True for OpenAI's own server."""
    return urlsplit(base_url).hostname == urlsplit(OPENAI_URL).hostname


def reason(error: Any) -> str:
    """What the server said, else what the package says of it."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return str(error.message)


def retry_after(headers: Any) -> float | None:
    """The wait of `retry-after-ms` or `retry-after`, in seconds; None when absent or given as a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
    return None


def failure(error: Any, *, model: str, where: str, key: str, keys: str, refused: str) -> MemctlError:
    """What an `openai.APIStatusError` means to the caller: AuthError, Retryable, Rejected or Fatal.

    `key` is taken out of the message, since some servers repeat the key they refuse; `keys` names the variables it
    may stand in; `refused` is the hint for a request the server does not take.
    """
    status: int = error.status_code
    message = f"{model}: {reason(error).replace(key, '[redacted:key]')} (HTTP {status})"
    if status in (401, 403):
        return AuthError(message, where=where, hint=f"check {keys}")
    if status == 402 or (status == 429 and error.code in NO_CREDIT):
        return Fatal(message, where=where, hint="the account has no credit left")
    if status in (408, 409, 429) or status >= 500:
        return Retryable(message, after=retry_after(error.response.headers), where=where)
    if status in (400, 413, 422):
        return Rejected(message, where=where, hint=refused)
    return Fatal(message, where=where, hint="check the base URL and the model's name")

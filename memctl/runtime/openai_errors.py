"""What any server with OpenAI's API says when it refuses, as memctl's own errors.

Embeddings and models speak to the same kind of server through the `openai` package; this room knows how such a server
fails and nothing of what it was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable
from memctl.core.services import server_parts

OPENAI_URL = "https://api.openai.com/v1"
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Codes of a 429 that no waiting helps; others than OpenAI say 402."""


def is_openai(base_url: str) -> bool:
    """True for OpenAI's own server. Raises UsageError for what is no address."""
    parts = server_parts(base_url, hint="an address is such as http://localhost:11434/v1")
    return parts.hostname == urlsplit(OPENAI_URL).hostname


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


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The models a server has, None when it gives no list; `at` is its clock and `asked` ours at the same moment."""

    models: tuple[str, ...] | None
    at: datetime | None
    asked: datetime


def listing(client: Any, *, model: str, where: str, keys: Sequence[str]) -> Listing:
    """What `GET /models` of a server answers to the `openai` package's client; it costs nothing.

    Raises what `failure` makes of a refusal, Retryable when there is no answer. `keys` are the variables of the key.
    """
    import openai

    asked = datetime.now(UTC)
    try:
        answer = client.models.with_raw_response.list()
        models = tuple(str(each.id) for each in answer.parse().data)
    except openai.APIStatusError as error:
        if error.status_code in (404, 405, 501):
            return Listing(models=None, at=parsed_date(error.response.headers.get("date")), asked=asked)
        raise failure(
            error, model=model, where=where, key=client.api_key, keys=" or ".join(keys), refused="look at the base URL"
        ) from None
    except openai.APIConnectionError as error:
        raise Retryable(
            f"no answer: {error}", where=where, hint="check that the server runs and the base URL is right"
        ) from None
    except (openai.OpenAIError, ValueError, TypeError, AttributeError):
        raise Fatal("the server's list of models cannot be read", where=where, hint="look at the base URL") from None
    return Listing(models=models, at=parsed_date(answer.headers.get("date")), asked=asked)


def parsed_date(text: str | None) -> datetime | None:
    """A Date header (RFC 9110, 6.6.1) as a time; None for none or a wrong one."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
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

"""Opening the `openai` package's client, and its failures as memctl's own errors. Embedders and chat models both use
it: this module knows how an OpenAI-compatible server fails, not what the requests are for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError
from memctl.core.services import server_parts

OPENAI_URL = "https://api.openai.com/v1"
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Codes of a 429 that waiting does not cure. Servers other than OpenAI answer 402."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The models of a server, None if it does not list them; `at` is its clock and `asked` ours at the same moment."""

    models: tuple[str, ...] | None
    at: datetime | None
    asked: datetime


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenAI-compatible server, with what its error messages say.

    `client` is an `openai.OpenAI`. `name` is the server in words; `keys` names the environment variables of its key.
    `refused` is the hint for a request that the server does not accept, `slow` the one for a timeout. `unreadable` is
    the error raised for an answer that cannot be parsed.
    """

    url: str
    model: str
    client: Any
    name: str
    keys: tuple[str, ...]
    refused: str
    slow: str | None = None
    unreadable: type[MemctlError] = Retryable

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what the `openai` package raises in the block as AuthError, Retryable, Rejected or Fatal."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self.failure(error) from error
        except openai.APIConnectionError as error:
            if self.slow and isinstance(error, openai.APITimeoutError):
                raise Retryable(f"{self.name} did not answer in time", where=self.url, hint=self.slow) from error
            raise Retryable(
                f"no response from {self.name}: {error}",
                where=self.url,
                hint="check that the server runs and the base URL is right",
            ) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise self.unreadable(f"invalid response of {self.name}: {error}", where=self.url) from error

    def failure(self, error: Any) -> MemctlError:
        """The error for an `openai.APIStatusError`. Some servers repeat the key they refuse, so it is removed."""
        status: int = error.status_code
        message = f"{self.model}: {_reason(error).replace(self.client.api_key, '[redacted:key]')} (HTTP {status})"
        if status in (401, 403):
            return AuthError(message, where=self.url, hint=f"check {' or '.join(self.keys)}")
        if status == 402 or (status == 429 and error.code in NO_CREDIT):
            return Fatal(message, where=self.url, hint="the account has no credit left")
        if status in (408, 409, 429) or status >= 500:
            return Retryable(message, after=retry_after(error.response.headers), where=self.url)
        if status in (400, 413, 422):
            return Rejected(message, where=self.url, hint=self.refused)
        return Fatal(message, where=self.url, hint="check the base URL and the model's name")

    def models(self) -> Listing:
        """The models that `GET /models` lists, which costs nothing. Raises AuthError, Retryable or Fatal."""
        import openai

        asked = datetime.now(UTC)
        with msgspec.structs.replace(self, refused="check the base URL", slow=None, unreadable=Fatal).errors():
            try:
                answer = self.client.models.with_raw_response.list()
            except openai.APIStatusError as error:
                if error.status_code not in (404, 405, 501):
                    raise
                return Listing(models=None, at=parsed_date(error.response.headers.get("date")), asked=asked)
            models = tuple(str(each.id) for each in answer.parse().data)
            return Listing(models=models, at=parsed_date(answer.headers.get("date")), asked=asked)


def open_client(url: str, key: str | None, keys: tuple[str, ...], timeout: float) -> Any:
    """An `openai.OpenAI` for `url` that does not retry.

    `keys` names the environment variables of the key; `timeout` is in seconds. Raises UsageError if the package is
    missing, AuthError if OpenAI's own server is named without a key.
    """
    try:
        import openai
    except ImportError as error:
        raise UsageError("the package openai is not installed", hint="pip install 'memctl-toolkit[openai]'") from error
    if key is None and is_openai(url):
        raise AuthError(
            "OpenAI needs an API key", where=url, hint=f"set {' or '.join(keys)}, also as …_FILE or …_COMMAND"
        )
    # The package requires a key; servers without keys ignore it.
    return openai.OpenAI(api_key=key or "none", base_url=url, max_retries=0, timeout=timeout)


def is_openai(base_url: str) -> bool:
    """True for OpenAI's own server. Raises UsageError if `base_url` is not an address."""
    parts = server_parts(base_url, hint="an address is such as http://localhost:11434/v1")
    return parts.hostname == urlsplit(OPENAI_URL).hostname


def _reason(error: Any) -> str:
    """The server's message, or else the package's."""
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


def parsed_date(text: str | None) -> datetime | None:
    """A Date header (RFC 9110, 6.6.1) as a time; None if it is missing or malformed."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None

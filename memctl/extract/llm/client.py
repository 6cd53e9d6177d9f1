"""Client for OpenAI-compatible chat completions: one request, one streamed answer.

The `openai` package is imported when a model is opened. Because answers are streamed, the timeout is the time without
data: a slow server that is still writing is waited for. Servers differ in what they accept: the answer's format as a
JSON Schema, as "some JSON", or only described in the prompt; the token limit under one of two names; a temperature or
none. A parameter that a server refuses is left out of all later requests. Retries and costs are up to the caller.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from memctl.core.errors import Fatal, Rejected, Retryable
from memctl.extract.llm.prompt import SCHEMA, SCHEMA_TEXT, SYSTEM
from memctl.runtime import settings
from memctl.runtime.openai_errors import OPENAI_URL, Server, is_openai, open_client

KEY_VARIABLES = ("MEMCTL_LLM_API_KEY", "OPENAI_API_KEY")
TIMEOUT = 300.0
"""Seconds of silence after which a request is given up. A small machine needs minutes before its first word."""
REPEATS = 3
"""How many repeated items in an answer show that a model runs in circles; the answer is cut off there."""
FORMS = ("json_schema", "json_object", "text")
"""How the answer's format is requested, most reliable first."""
RETIRED = {
    **dict.fromkeys(("gpt-4.1-nano", "o4-mini", "gpt-4", "gpt-3.5-turbo"), "2026-10-23"),
    **dict.fromkeys(("gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"), "2026-12-11"),
    **dict.fromkeys(("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"), "2027-01-14"),
    **dict.fromkeys(("gpt-5.4-nano", "gpt-5.1"), "2027-04-01"),
}
"""Shutdown dates that OpenAI has announced, as listed in the openai package 3.52.0."""

_CONTEXT = re.compile(r"context[ _](?:length|window|size)|too many tokens|prompt is too long|exceeds? the .*context")
_FORM = re.compile(r"response_format|json_schema|json_object|structured|grammar|schema")
_LIMIT = re.compile(r"max_(?:completion_)?tokens")
_ITEM = re.compile(r"\{[^{}]*\}")

Finish = Literal["stop", "length", "filtered", "refused"]


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: its text, why it ended, and the tokens billed (None if the server does not report them).

    `cached` tokens are part of `input`. `finish` is also `length` if the prompt did not fit. `seconds` is how long the
    server took.
    """

    text: str
    finish: Finish
    input: int | None = None
    cached: int = 0
    output: int | None = None
    seconds: float = 0.0


class SilentError(Retryable):
    """The server sent nothing for longer than the timeout."""


class _Dialect(msgspec.Struct, frozen=True):
    """The parameters a server accepts; `streaming` has those of a streamed answer. `conceded` names refused ones."""

    form: int
    limit: str
    extras: dict[str, Any]
    streaming: dict[str, Any]
    conceded: frozenset[str] = frozenset()

    def conceding(self, message: str) -> _Dialect | None:
        """The dialect without the refused parameter; None if nothing can be dropped."""
        for extra in self.extras:
            if extra in message:
                kept = {name: value for name, value in self.extras.items() if name != extra}
                return msgspec.structs.replace(self, extras=kept)
        for extra in self.streaming:
            if extra in message or (extra == "extra_body" and "return_progress" in message):
                kept = {name: value for name, value in self.streaming.items() if name != extra}
                return msgspec.structs.replace(self, streaming=kept if "stream" in kept else {})
        if _LIMIT.search(message) and "limit" not in self.conceded:
            other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
            return msgspec.structs.replace(self, limit=other, conceded=self.conceded | {"limit"})
        if _FORM.search(message) and self.form < len(FORMS) - 1:
            return msgspec.structs.replace(self, form=self.form + 1)
        return None


def server_of(base_url: str | None) -> str:
    """`base_url`, else OPENAI_BASE_URL, else OpenAI's own server."""
    return (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")


def self_hosted(base_url: str) -> bool:
    """True for a self-hosted server: plain http, so on this machine or in its network."""
    return base_url.startswith("http://")


def warning(model: str, base_url: str | None = None) -> str | None:
    """A warning about a model that OpenAI will shut down, or None."""
    end = RETIRED.get(model) if is_openai(server_of(base_url)) else None
    return f"OpenAI shuts {model} down on {end}" if end else None


class ChatModel:
    """A model on an OpenAI-compatible server; thread-safe.

    The server is `base_url`, else OPENAI_BASE_URL, else OpenAI's own. The key is MEMCTL_LLM_API_KEY, else
    OPENAI_API_KEY; the latter is sent to OpenAI, to the server of OPENAI_BASE_URL, and to other servers over https
    only. `timeout` is in seconds.

    Raises UsageError if the package is missing, AuthError if OpenAI's own server is used without a key.
    """

    def __init__(self, model: str, *, base_url: str | None = None, timeout: float = TIMEOUT) -> None:
        self.model, self.timeout = model, timeout
        self.base_url = server_of(base_url)
        self.openai = is_openai(self.base_url)
        self.client = open_client(self.base_url, self._key(), KEY_VARIABLES, timeout)
        self.server = Server(
            url=self.base_url,
            model=model,
            client=self.client,
            name="the model's server",
            keys=KEY_VARIABLES,
            refused="the server does not accept the request",
            slow="MEMCTL_LLM_TIMEOUT sets how many seconds of silence to wait",
        )
        self._lock = threading.Lock()
        self._dialect = self._first_dialect()

    def ask(self, message: str, most: int, *, spelled: bool = False) -> Completion:
        """The answer to one user message, in at most `most` tokens.

        `spelled` puts the schema into the prompt, for a model that has ignored it as a parameter. Raises SilentError,
        AuthError, Retryable (with the wait the server asked for) and Fatal.
        """
        import openai

        while True:
            dialect = self._dialect
            body = self.body(message, most, dialect, spelled=spelled)
            began = time.monotonic()
            with self.errors():
                try:
                    answer = self.client.chat.completions.create(**body, **dialect.streaming)
                except openai.APIStatusError as error:
                    if finish := finish_of(error.status_code, error.code, str(error)):
                        return Completion(text="", finish=finish, input=0, output=0)
                    if self._concede(dialect, error):
                        continue
                    raise
                except openai.APITimeoutError as error:
                    raise self._silent() from error
                done = self._streamed(answer) if isinstance(answer, openai.Stream) else completion(answer)
            return msgspec.structs.replace(done, seconds=time.monotonic() - began)

    def _streamed(self, stream: Any) -> Completion:
        """A streamed answer, read to its end, or until the model repeats itself."""
        import httpx2
        import openai

        texts: list[str] = []
        refusals: list[str] = []
        reason: str | None = None
        usage: Any = None
        try:
            with stream:
                for chunk in stream:
                    usage = getattr(chunk, "usage", None) or usage
                    for choice in getattr(chunk, "choices", None) or ():
                        reason = getattr(choice, "finish_reason", None) or reason
                        texts.append(getattr(choice.delta, "content", None) or "")
                        refusals.append(getattr(choice.delta, "refusal", None) or "")
                    if texts and "}" in texts[-1] and repeats("".join(texts)):
                        reason = "length"
                        break
        except (httpx2.TimeoutException, openai.APITimeoutError) as error:
            raise self._silent() from error
        except httpx2.TransportError as error:
            raise Retryable(f"{self.server.name} ended its answer early: {error}", where=self.base_url) from error
        if reason is None:
            raise Retryable(f"{self.server.name} ended its answer early", where=self.base_url)
        return _completion("".join(texts), "".join(refusals), reason, usage)

    def _silent(self) -> SilentError:
        return SilentError(
            f"{self.server.name} sent nothing for {self.timeout:g} seconds", where=self.base_url, hint=self.server.slow
        )

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what the `openai` package raises in the block as AuthError, Retryable or Fatal.

        A refused request is fatal: it would be refused again.
        """
        try:
            with self.server.errors():
                yield
        except Rejected as refusal:
            raise Fatal(refusal.message, where=refusal.where, hint=refusal.hint) from refusal

    @property
    def thinks(self) -> bool:
        """True for a reasoning model, whose reasoning is billed."""
        return "reasoning_effort" in self._dialect.extras

    def body(
        self, message: str, most: int, dialect: _Dialect | None = None, *, spelled: bool = False
    ) -> dict[str, Any]:
        """The request's body: instructions, message, format and token limit of the answer."""
        dialect = dialect or self._dialect
        form = FORMS[dialect.form]
        in_words = spelled or form != "json_schema"
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": f"{SYSTEM}\n{SCHEMA_TEXT}" if in_words else SYSTEM},
                {"role": "user", "content": message},
            ],
            dialect.limit: most,
            **dialect.extras,
        }
        if form == "json_schema":
            schema = {"name": "facts", "strict": True, "schema": SCHEMA}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _concede(self, used: _Dialect, error: Any) -> bool:
        """Drop the parameter that the server refused; True if the request should be sent again."""
        if error.status_code not in (400, 422, 500, 501):
            return False
        with self._lock:
            if self._dialect != used:
                return True
            conceded = used.conceding(str(error).lower())
            if conceded is None:
                return False
            self._dialect = conceded
            return True

    def _first_dialect(self) -> _Dialect:
        streaming: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
        if not self.openai:
            if self_hosted(self.base_url):
                # llama.cpp then also writes while it reads a long prompt; other servers ignore it.
                streaming["extra_body"] = {"return_progress": True}
            return _Dialect(0, "max_tokens", {"temperature": 0}, streaming)
        if self.model.startswith(("gpt-3", "gpt-4")):
            return _Dialect(0, "max_completion_tokens", {"temperature": 0}, streaming)
        # Reasoning models accept no temperature, and their reasoning is billed.
        return _Dialect(0, "max_completion_tokens", {"reasoning_effort": "low"}, streaming)

    def _key(self) -> str | None:
        if own := settings.secret(KEY_VARIABLES[0]):
            return own
        named = os.environ.get("OPENAI_BASE_URL", "").rstrip("/") == self.base_url
        trusted = self.openai or named or self.base_url.startswith("https://")
        return settings.secret(KEY_VARIABLES[1]) if trusted else None


_FINISHES: dict[str, Finish] = {"length": "length", "content_filter": "filtered"}


def completion(answer: Any) -> Completion:
    """An answer of the API as a Completion; a missing text is empty."""
    choice = answer.choices[0] if getattr(answer, "choices", None) else None
    message = getattr(choice, "message", None)
    return _completion(
        getattr(message, "content", None) or "",
        getattr(message, "refusal", None) or "",
        str(getattr(choice, "finish_reason", None)),
        getattr(answer, "usage", None),
    )


def _completion(text: str, refusal: str, reason: str, usage: Any) -> Completion:
    details = getattr(usage, "prompt_tokens_details", None)
    return Completion(
        text=refusal or text,
        finish="refused" if refusal else _FINISHES.get(reason, "stop"),
        input=getattr(usage, "prompt_tokens", None),
        cached=getattr(details, "cached_tokens", None) or 0,
        output=getattr(usage, "completion_tokens", None),
    )


def repeats(text: str) -> bool:
    """True if the last REPEATS items of an answer occurred in it before: a model that repeats itself."""
    items = _ITEM.findall(text)
    return len(items) - len(set(items)) >= REPEATS


def finish_of(status: int, code: str | None, message: str) -> Finish | None:
    """The finish reason of an error: a prompt that is too long, or filtered content."""
    if code in ("content_filter", "content_policy_violation"):
        return "filtered"
    if status in (400, 413, 422, 500) and (code == "context_length_exceeded" or _CONTEXT.search(message.lower())):
        return "length"
    return None

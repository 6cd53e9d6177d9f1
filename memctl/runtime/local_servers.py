"""Servers of language models on this machine: Ollama, LM Studio, llama.cpp and vLLM on their default ports. Requests
go only to loopback, ask only for the list of models, and have a short timeout."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import msgspec

VARIABLE = "MEMCTL_LOCAL_SERVERS"
"""Addresses to look at instead, separated by commas; empty to look at none."""
DEFAULTS = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
"""Default ports."""
PATIENCE = 0.5
"""Seconds for a server to answer: it is on this machine."""
MOST_BYTES = 1_000_000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class LocalServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that lists chat models: the program that usually has its port, its base URL, the names of its models."""

    name: str
    url: str
    models: tuple[str, ...]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: it could lead away from this machine."""
        return


def discover() -> list[LocalServer]:
    """The servers that answer, in the order of their ports."""
    named = os.environ.get(VARIABLE)
    urls = [f"http://localhost:{port}/v1" for port in DEFAULTS]
    if named is not None:
        urls = [url.strip().rstrip("/") for url in named.split(",") if url.strip()]
    urls = [url for url in urls if urlsplit(url).hostname in LOOPBACK]
    if not urls:
        return []
    with ThreadPoolExecutor(len(urls)) as pool:
        return [server for server in pool.map(_ask, urls) if server is not None]


def _ask(url: str) -> LocalServer | None:
    """The server at `url`; None if none answers with a list of models."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(f"{url}/models", timeout=PATIENCE) as answer:
            document = msgspec.json.decode(answer.read(MOST_BYTES))
        ids = [str(each["id"]) for each in document["data"]]
        port = urlsplit(url).port
    except (OSError, ValueError, TypeError, KeyError, msgspec.DecodeError):
        return None
    models = tuple(id_ for id_ in ids if "embed" not in id_.lower() and id_.isprintable())
    return LocalServer(name=DEFAULTS.get(port or 0, "a server"), url=url, models=models) if models else None

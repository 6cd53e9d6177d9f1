"""Options that several commands share, and the store they open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import click

from memctl.core.errors import UsageError
from memctl.runtime import settings as config

if TYPE_CHECKING:
    from memctl.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


def store_options(function: F) -> F:
    """`--store` and `--lock-timeout`, the way into every store."""
    return decorate(
        function,
        click.option("--store", metavar="FILE", help="The store's DuckDB file."),
        click.option("--lock-timeout", type=float, metavar="SECONDS", help="How long to wait for a held store. [30]"),
    )


def json_options(function: F) -> F:
    """`--json` and `--jsonl`, the ways out for scripts."""
    return decorate(
        function,
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line."),
    )


def json_option(function: F) -> F:
    """`--json` alone, where there is nothing to stream."""
    return decorate(function, click.option("--json", "as_json", is_flag=True, help="Print one JSON document."))


def quiet_option(function: F) -> F:
    """`--quiet` of commands without progress."""
    return decorate(function, click.option("-q", "--quiet", is_flag=True, help="Print errors only."))


def ttl_option(function: F) -> F:
    """`--ttl`, how long episodes are kept."""
    told = "How long to keep what was said, such as episode=365d. [for ever]"
    return decorate(function, click.option("--ttl", metavar="KIND=SPAN", help=told))


def embedder_options(function: F) -> F:
    """Which embedder makes the vectors."""
    return decorate(
        function,
        click.option(
            "--embedder",
            metavar="SPEC",
            help="static, openai:MODEL or sentence-transformers:MODEL. [the store's own]",
        ),
        click.option("--embed-base-url", metavar="URL", help="Of an OpenAI-compatible embeddings endpoint."),
        click.option("--embed-dimensions", type=int, metavar="N", help="Dimensions to ask that endpoint for."),
    )


def decorate(function: F, *options: Callable[[Any], Any]) -> F:
    """A command with all these options, in this order."""
    result: F = reduce(lambda decorated, option: option(decorated), reversed(options), function)
    return result


def open_store(
    store: str | None,
    lock_timeout: float | None,
    *,
    embedder: str | None = None,
    embed_base_url: str | None = None,
    embed_dimensions: int | None = None,
) -> Workspace:
    """The local store these options and the settings name."""
    from memctl.workspace import Workspace

    settings = config.load(
        store=store,
        lock_timeout=lock_timeout,
        embedder=embedder,
        embed_base_url=embed_base_url,
        embed_dimensions=embed_dimensions,
    )
    return Workspace(
        settings.store_path,
        embedder=settings.embedder,
        base_url=settings.embed_base_url,
        dimensions=settings.embed_dimensions,
        lock_timeout=settings.lock_timeout,
    )


def zone(name: str | None) -> tzinfo | None:
    """The time zone called `name`. Raises UsageError for one that is not known."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"no time zone is called {name!r}", where="--tz", hint="use a name such as Europe/Paris or UTC"
        ) from None


def when(text: str | None, timezone: str | None = None) -> datetime | None:
    """A time the user wrote, in UTC; see `memctl.core.timeline.parse_when`."""
    if text is None:
        return None
    from memctl.core.timeline import parse_when

    return parse_when(text, now=datetime.now(UTC), timezone=zone(timezone or config.load().timezone) or UTC)

"""`memctl search`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render, _transfer
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS

if TYPE_CHECKING:
    from memctl.backends.contract import Hit
    from memctl.memory import Memory


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="USER QUERY")
@click.option("--from", "source", metavar="BACKEND", help="Search there by its own means. [local]")
@click.option("--all-users", is_flag=True, help="Search everyone; give the query alone.")
@click.option("-k", "--k", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many to print.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; may be repeated.")
@click.option("--since", metavar="WHEN", help="Only what was said or true since then.")
@click.option("--until", metavar="WHEN", help="Only what was said or true until then.")
@click.option("--as-of", metavar="WHEN", help="Only what held at that time.")
@click.option("--explain", is_flag=True, help="Show the parts each score is the sum of.")
@_options.json_options
@_transfer.service_options
@_options.embedder_options
@_options.store_options
def command(
    words: tuple[str, ...],
    source: str | None,
    all_users: bool,
    k: int,
    kinds: tuple[str, ...],
    since: str | None,
    until: str | None,
    as_of: str | None,
    explain: bool,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
    url: str | None,
    agent: str | None,
    **embedding: Any,
) -> None:
    """Find what is remembered of USER that fits QUERY, best first.

    Facts and the turns they were learned in are ranked together. A superseded fact is marked, and never stands before
    the one that replaced it. A score only ranks; no value of it means that nothing was found.
    """
    user, query = _split(words, all_users)
    with _memory(source, {"url": url, "agent": agent}, store, lock_timeout, embedding) as memory:
        hits = memory.search(
            user,
            query,
            k,
            kinds=kinds,
            since=_options.when(since),
            until=_options.when(until),
            as_of=_options.when(as_of),
        )
    if as_json:
        _render.emit_json("search", {"user": user, "query": query, "hits": hits})
    elif as_jsonl:
        _render.emit_jsonl(hits)
    else:
        _print(hits, explain=explain, with_user=all_users)


def _memory(
    source: str | None,
    service: dict[str, Any],
    store: str | None,
    lock_timeout: float | None,
    embedding: dict[str, Any],
) -> Memory:
    from memctl.memory import Memory, open_memory

    named = _transfer.backend_options(None, None, source or "local", service)
    if source in (None, "local"):
        return Memory(_options.open_store(store, lock_timeout, **embedding))
    return open_memory(source, **named.get(source, {}))


def _split(words: tuple[str, ...], all_users: bool) -> tuple[str | None, str]:
    user, query = (None, " ".join(words)) if all_users else (words[0], " ".join(words[1:]))
    if not query.strip():
        raise UsageError("there is nothing to search for", hint='memctl search USER "QUERY"')
    return user, query


def _print(hits: list[Hit], *, explain: bool, with_user: bool) -> None:
    if not hits:
        click.echo("nothing is remembered that this could be held against", err=True)
    colour = sys.stdout.isatty()
    for rank, hit in enumerate(hits, 1):
        fact = hit.fact
        head = f"{rank:>3}  {hit.score:5.2f}  "
        about = [fact.kind, _render.day(fact.valid_at or fact.created_at), _render.place(fact.source)]
        if mark := _render.state(fact):
            about.insert(0, mark)
        if with_user:
            about.insert(0, fact.user_id)
        detail = _render.line(" · ".join(about))
        click.echo(head + _render.paragraph(_render.line(fact.text), len(head)))
        click.echo(" " * len(head) + (click.style(detail, dim=True) if colour else detail))
        if explain:
            parts = " + ".join(f"{name} {value:.3f}" for name, value in hit.parts.items())
            click.echo(" " * len(head) + _render.paragraph(parts, len(head)))

"""`memctl search`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option
from memctl.core.errors import UsageError
from memctl.runtime import user_input

if TYPE_CHECKING:
    from datetime import datetime

    from memctl.backends.contract import Hit


app = _typer.new_app()


@app.command(
    examples="""
    memctl search alice "shipping" -k 3
    memctl search --all-users "allergies" --explain
    memctl search alice "where does she live" --as-of 2026-01-01
    """
)
def command(
    *,
    words: Annotated[list[str], typer.Argument(metavar="USER QUERY")],
    source: Annotated[
        str | None, _options.backend("--from", "Backend to search, by its own search. [default: local]")
    ] = None,
    all_users: Annotated[bool, option("--all-users", "Search all users; takes QUERY only.")] = False,
    k: Annotated[int, option("-k --k", "Number of results.", min=1, max=1000)] = 10,
    kinds: Annotated[
        list[str],
        option("--kind", "Only this kind; repeatable.", "KIND", default_factory=list),
    ],
    since: Annotated[str | None, option("--since", "Only what was said or true since WHEN.", "WHEN")] = None,
    until: Annotated[str | None, option("--until", "Only what was said or true until WHEN.", "WHEN")] = None,
    as_of: Annotated[str | None, option("--as-of", "Only what was true at WHEN.", "WHEN")] = None,
    explain: Annotated[bool, option("--explain", "Show the parts of each score.")] = False,
    output: _options.Output,
    service: _options.Service,
    store: _options.EmbeddedStore,
) -> None:
    """Search the memory of USER for QUERY, best match first.

    Facts and the turns they came from are ranked together. A superseded fact is marked and never ranks above its
    successor. Scores are only for ranking: a low score can still be a match.
    """
    from memctl.backends.contract import Query
    from memctl.memory import Memory, open_memory

    user, query = _split(words, all_users)
    _options.check_kinds(kinds)
    options = store.backends(service, source=source or "local")
    store.refuse(source or "local")
    local = None
    if source is None or source == "local":
        local = store.open()
        memory = Memory(local)
    else:
        memory = open_memory(source, **options.get(source, {}))
    with memory:
        at = user_input.when(as_of, "--as-of")
        times = (user_input.when(since, "--since"), user_input.when(until, "--until"), at)
        hits = memory.find(Query(user, query, k, tuple(kinds), *times))
        if local is None:
            _options.warn_of_unreadable(memory)
    if not output.listed("search", {"user": user, "query": query, "hits": hits}, hits):
        _print(hits, at, explain=explain, with_user=all_users)
    if local:
        _render.warn_of_outdated(local.outdated_model)


def _split(words: Sequence[str], all_users: bool) -> tuple[str | None, str]:
    user, query = (None, " ".join(words)) if all_users else (words[0], " ".join(words[1:]))
    if user is not None and not user.strip():
        raise UsageError("USER is empty", hint='memctl search USER "QUERY"')
    if not query.strip():
        raise UsageError("QUERY is missing", hint='memctl search USER "QUERY"')
    return user, query


def _print(hits: list[Hit], at: datetime | None, *, explain: bool, with_user: bool) -> None:
    if not hits:
        typer.echo("no results", err=True)
    elif all(hit.fact.kind == "episode" or _render.state(hit.fact, at) for hit in hits):
        wanted = "fact of that time" if at else "current fact"
        nearest = "turns" if all(hit.fact.kind == "episode" for hit in hits) else "turns and earlier facts"
        typer.echo(f"no {wanted} found; the most similar {nearest}:", err=True)
    colour = sys.stdout.isatty()
    for rank, hit in enumerate(hits, 1):
        fact = hit.fact
        head = f"{rank:>3}  {hit.score:5.2f}  "
        about = [
            _render.short(fact.id),
            fact.kind,
            _render.day(fact.valid_at or fact.created_at),
            _render.place(fact.source),
        ]
        if mark := _render.state(fact, at):
            about.insert(1, mark)
        if with_user:
            about.insert(1, fact.user_id)
        detail = _render.paragraph(_render.line(" · ".join(about)), len(head))
        _render.behind(head, fact.text)
        typer.echo(" " * len(head) + (typer.style(detail, dim=True) if colour else detail))
        if fact.source and fact.source.quote and fact.source.quote.strip() != fact.text.strip():
            quote = _render.paragraph(_render.line(f"“{fact.source.quote}”"), len(head))
            typer.echo(" " * len(head) + (typer.style(quote, dim=True) if colour else quote))
        if explain:
            parts = " + ".join(f"{name} {value:.3f}" for name, value in hit.parts.items())
            _render.behind(" " * len(head), parts)

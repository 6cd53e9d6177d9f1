"""`memctl add`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.runtime import user_input

app = _typer.new_app()


@app.command(
    examples="""
    memctl add alice "I can't eat sesame."
    memctl add alice "Works at Portavo." --kind fact --predicate works_at --object Portavo
    echo "I moved to Ghent." | memctl add alice -
    """
)
def command(
    *,
    user: _options.User,
    text: Annotated[str, typer.Argument()],
    kind: Annotated[_options.StatedKind | None, typer.Option("--kind", help="Kind of the fact.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="NAME", help="Subject of the fact. [default: the user]")
    ] = None,
    predicate: Annotated[
        str | None, typer.Option("--predicate", metavar="NAME", help="Predicate of the fact, for example lives_in.")
    ] = None,
    object_: Annotated[str | None, typer.Option("--object", metavar="VALUE", help="Object of the fact.")] = None,
    valid_at: Annotated[
        str | None, typer.Option("--valid-at", metavar="WHEN", help="Time from which it is true.")
    ] = None,
    categories: Annotated[
        list[str],
        typer.Option("--category", metavar="LABEL", help="Label of the fact; repeatable.", default_factory=list),
    ],
    output: _options.Json,
    store: _options.EmbeddedStore,
) -> None:
    """Add TEXT (- reads stdin) to the memory of USER, as said now.

    The rules extract facts from TEXT. If they find none, or if options describe the fact, TEXT itself is stored.
    """
    statement = sys.stdin.read().strip() if text == "-" else text
    stored = store.open().remember(
        user,
        statement,
        kind=kind,
        subject=subject,
        predicate=predicate,
        object=object_,
        valid_at=user_input.when(valid_at),
        categories=tuple(categories),
    )
    if not output.printed("add", {"user": user, "facts": stored}):
        _render.facts(stored)

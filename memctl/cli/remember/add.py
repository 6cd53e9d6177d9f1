"""`memctl add`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

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
    statement: _options.Statement,
    output: _options.Json,
    store: _options.EmbeddedStore,
) -> None:
    """Add TEXT (- reads stdin) to the memory of USER, as if USER said it now.

    Facts are extracted from TEXT as by `ingest`, but without a language model. If there are none, or if options
    describe the fact, TEXT itself is stored as one fact. Its subject is USER unless --subject is given.
    """
    words = sys.stdin.read().strip() if text == "-" else text
    stored = store.open().remember(user, words, **statement.fields())
    if not output.printed("add", {"user": user, "facts": stored}):
        _render.facts(stored)

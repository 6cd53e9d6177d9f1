"""`memctl context`."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option

if TYPE_CHECKING:
    from memctl.backends.contract import Backend
    from memctl.context.model import Context, Count


app = _typer.new_app()


@app.command(
    examples="""
    memctl context alice "shipping" --tokens 300
    memctl context alice --format markdown > memory.md
    memctl context alice "where does she live" --json
    """
)
def command(
    *,
    user: _options.User,
    words: Annotated[list[str] | None, typer.Argument(metavar="[QUERY]")] = None,
    tokens: Annotated[int, option("--tokens", "Maximum number of tokens of the block.", min=1)] = 1000,
    format_: Annotated[Literal["text", "markdown"], option("--format", "Format of the block.")] = "text",
    tokenizer: Annotated[
        Path | None,
        option(
            "--tokenizer",
            "Count tokens with this tokenizer.json. [default: estimate with built-in WordPiece]",
            "FILE",
            dir_okay=False,
        ),
    ] = None,
    as_of: Annotated[str | None, option("--as-of", "Only what was true at WHEN.", "WHEN")] = None,
    source: _options.Source = None,
    session_from: Annotated[
        str | None, _options.backend("--session-from", "Backend that keeps the current session, such as redis://HOST.")
    ] = None,
    service: _options.Service,
    output: _options.Json,
    store: _options.EmbeddedStore,
) -> None:
    """Print what is stored about USER as a block of text for a prompt, within a limit of tokens.

    The block contains the standing instructions, the profile, the facts and turns that match QUERY best, and the last
    turns of the newest session. With --session-from, that session is read from another backend. The block marks its
    lines as data. The number of entries that did not fit is printed on stderr.
    """
    from memctl.context.model import Request
    from memctl.memory import Memory, open_memory
    from memctl.runtime import user_input

    options = store.backends(service, source=source or "local")
    store.refuse(source or "local")
    local = store.open() if source in (None, "local") else None
    request = Request(
        user=user,
        query=" ".join(words or ()).strip() or None,
        tokens=tokens,
        as_of=user_input.when(as_of, "--as-of"),
        format=format_,
        count=_counter(tokenizer),
    )
    with ExitStack() as stack:
        session = stack.enter_context(_opened(session_from)) if session_from else None
        memory = Memory(local) if local else open_memory(str(source), **options.get(str(source), {}))
        context = stack.enter_context(memory).find_context(request, session)
        if local is None:
            _options.warn_of_unreadable(memory)
    if not output.printed("context", msgspec.structs.asdict(context)):
        typer.echo(context.text, nl=False)
    _note(context)
    if local:
        _render.warn_of_outdated(local.outdated_model)


def _opened(name: str) -> closing[Backend]:
    """The backend that has the open session."""
    from memctl.backends import registry

    return closing(registry.open_backend(name))


def _counter(tokenizer: Path | None) -> Count | None:
    """The count of a tokenizer.json; None for the estimate."""
    if tokenizer is None:
        return None
    from memctl.report.tokens import counter

    named = counter(tokenizer)
    return lambda text: named.count([text])[0]


NOUNS = {
    "instructions": "standing instruction",
    "profile": "profile fact",
    "facts": "related fact",
    "turns": "turn",
    "latest": "latest turn",
}


def _note(context: Context) -> None:
    """Print on stderr what is not in the block."""
    numbers = {NOUNS[section.name]: section.left_out for section in context.sections}
    left_out = [f"{number} {noun}{'s' if number > 1 else ''}" for noun, number in numbers.items() if number]
    if not context.text:
        typer.echo("no entry fits into the limit" if left_out else "nothing is stored about this user", err=True)
    if left_out:
        typer.echo(f"left out because of the limit: {', '.join(left_out)}", err=True)
    if context.suspicious:
        typer.echo(f"left out because they look like prompt injections: {context.suspicious}", err=True)

"""`memctl verify`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _complete, _options, _render, _transfer, _typer
from memctl.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.migrate.verify import OnRow, Row


app = _typer.new_app()


@app.command(
    examples="""
    memctl verify --from mem0 --to postgres --all-users
    memctl verify --from local --to alice.jsonl --user alice --combined -
    """
)
def command(
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="BACKEND", autocompletion=_complete.backends, help="Backend the facts came from."
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--to", metavar="BACKEND", autocompletion=_complete.backends, help="Backend the facts were written to."
        ),
    ],
    users: _options.Users,
    all_users: _options.AllUsers = False,
    user_map: _options.UserMap = None,
    since: _options.Since = None,
    kinds: _options.Kinds = None,
    limit: _options.Limit = None,
    table: _options.Table = None,
    mapping: _options.Mapping = None,
    layout: _options.Layout = None,
    url: _options.Url = None,
    agent: _options.Agent = None,
    one_way: Annotated[bool, typer.Option("--one-way", help="Ignore records that exist only in the target.")] = False,
    combined: Annotated[
        str | None,
        typer.Option("--combined", metavar="FILE", help="Write one line per record, equal ones included; - is stdout."),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the counts only.")] = False,
    as_json: _options.AsJson = False,
    as_jsonl: _options.AsJsonl = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> int:
    """Compare two backends record by record.

    = same, * differs (with the fields), + only in the source, - only in the target, ! unreadable. All users unless
    --user is given. Exit code 6 for differences that the target's capabilities do not declare.
    """
    from memctl.migrate import operations
    from memctl.runtime.retry import Halted

    scope = _transfer.Scope(
        users=tuple(users), all_users=all_users, user_map=user_map, since=since, kinds=kinds, limit=limit
    )
    ends = _transfer.Ends(
        store=store, lock_timeout=lock_timeout, table=table, mapping=mapping, layout=layout, url=url, agent=agent
    )
    job = operations.VerifyJob(
        source=source,
        target=target,
        selection=scope.selection(default_all=True),
        options=ends.options(source, target),
        one_way=one_way,
    )
    with _writing(combined) as on_row:
        try:
            found = operations.verify(job, _transfer.Terminal(quiet=quiet or as_json or as_jsonl), on_row=on_row)
        except Halted:
            typer.echo("interrupted", err=True)
            return Exit.INTERRUPTED
    if as_json:
        _render.emit_json("verify", {name: getattr(found, name) for name in found.__struct_fields__})
        return found.exit
    if as_jsonl:
        _render.emit_jsonl(found.rows)
        return found.exit
    if not quiet:
        for row in found.rows:
            typer.echo(_transfer.row_line(row))
    typer.echo(
        f"= {found.same} same, * {found.differs} differ ({found.declared} more as declared), + {found.missing} only in "
        f"the source, - {found.extra} only in the target, ! {found.errors} unreadable"
    )
    return found.exit


@contextlib.contextmanager
def _writing(path: str | None) -> Iterator[OnRow | None]:
    if path is None:
        yield None
        return
    if path == "-":
        yield lambda row: typer.echo(_transfer.row_line(row))
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"cannot write the file: {error.strerror}", where=path) from None

    def write(row: Row) -> None:
        file.write(_transfer.row_line(row) + "\n")

    with file:
        yield write

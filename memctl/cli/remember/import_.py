"""`memctl import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from memctl.cli import _options, _transfer, _typer
from memctl.core.errors import NotFound, UsageError

app = _typer.new_app()


@app.command(
    examples="""
    memctl import alice.jsonl
    memctl import facts.parquet --to postgres --dry-run
    """
)
def command(
    *,
    file: _options.File,
    target: Annotated[str, _options.backend("--to", "Backend to write to.")] = "local",
    scope: _options.MovedScope,
    dry_run: _options.DryRun = False,
    fail_on_loss: _options.FailOnLoss = False,
    writing: _options.Writing,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> int:
    """Import the facts in FILE into a backend.

    FILE is an export of memctl, a dump of another system, or an interchange format; - reads stdin. Without --user, all
    users are imported. With one --user, records without an owner get that user. Importing the same file again changes
    nothing. memctl undo reverts an import into the store.
    """
    from memctl.backends import registry
    from memctl.backends.files.foreign import refuse_folder
    from memctl.cli.move.migrate import run
    from memctl.migrate.operations import MigrateJob

    if registry.is_named(file):
        hint = f"memctl migrate --from {file} --to {target} copies from a backend"
        raise UsageError(f"{file!r} is a backend, not a file", hint=hint)
    if file != "-" and not Path(file).exists():
        raise NotFound("no such file or folder", where=file, hint="check the path; `-` reads standard input")
    if not registry.is_file(file):
        if Path(file).is_dir():
            refuse_folder(Path(file))
        raise UsageError(
            f"{file!r} is not a file of facts",
            hint="facts are in .jsonl, .parquet and .csv files; memctl ingest reads transcripts",
        )
    # Records that name no user, as in pasted text, belong to the one who is chosen.
    owner = {file: {"default_user": scope.users[0]}} if len(scope.users) == 1 else {}
    job = MigrateJob(
        source=file,
        target=target,
        selection=scope.selection(default_all=True),
        options={**store.backends(), **owner},
        dry_run=dry_run,
        fail_on_loss=fail_on_loss,
        **writing.fields(),
        name="import",
        command=_transfer.command_line(),
    )
    return run(job, quiet=quiet, output=output)

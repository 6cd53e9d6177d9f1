"""`memctl import`."""

from __future__ import annotations

from typing import Any

import click

from memctl.cli import _options, _transfer
from memctl.core.errors import UsageError


@click.command()
@click.argument("file")
@click.option("--to", "target", metavar="BACKEND", default="local", show_default=True, help="Where the facts go.")
@_transfer.selection_options
@click.option("--dry-run", is_flag=True, help="Print the plan and write nothing.")
@click.option("--fail-on-loss", is_flag=True, help="Refuse to begin when a value would be dropped.")
@click.option("--no-verify", is_flag=True, help="Do not look in the target for what was written.")
@click.option("--rejects", metavar="FILE", help="Where to write what is refused. [beside the ledger]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors only.")
@_transfer.ledger_option
@_options.json_option
@_options.store_options
def command(file: str, **given: Any) -> int:
    """Take the facts of FILE (JSONL, Parquet or CSV, as memctl export writes them; - for stdin) into a backend.

    Everyone's facts unless --user names some. A second import of the same file changes nothing. memctl undo takes back
    what an import wrote into the local store.
    """
    from memctl.backends import registry
    from memctl.cli.migrate import run

    if not registry.is_file(file):
        raise UsageError(
            f"{file!r} is no file of facts",
            hint="facts are in .jsonl, .parquet and .csv; memctl ingest reads transcripts",
        )
    defaults = {
        "mode": None,
        "table": None,
        "mapping": None,
        "layout": None,
        "plan_out": None,
        "rate": None,
        "workers": 1,
        "batch_size": None,
        "max_duration": None,
        "retries": 7,
    }
    return run("import", defaults | given | {"source": file})

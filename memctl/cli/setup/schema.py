"""`memctl schema`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from memctl.cli import _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl schema fact
    memctl schema fact > fact.schema.json
    """
)
def command(record: Annotated[Literal["fact"], typer.Argument()]) -> None:
    """Print the JSON Schema of RECORD. The only record is fact."""
    import msgspec

    from memctl.core.fact import json_schema

    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))

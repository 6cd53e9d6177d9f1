"""`memctl schema`."""

from __future__ import annotations

import click


@click.command()
@click.argument("record", type=click.Choice(["fact"]))
def command(record: str) -> None:
    """Print the JSON Schema of RECORD."""
    import msgspec

    from memctl.core.fact import json_schema

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))

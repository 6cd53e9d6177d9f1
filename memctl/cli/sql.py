"""`memctl sql`."""

from __future__ import annotations

import sys
from typing import Any

import click

from memctl.cli import _options, _render


@click.command()
@click.argument("statement")
@click.option("--write", is_flag=True, help="Allow the statement to change the store and to reach files.")
@_options.json_options
@_options.embedder_options
@_options.store_options
def command(
    statement: str,
    write: bool,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
    **embedding: Any,
) -> None:
    """Run one SQL STATEMENT (- reads it from stdin) against the store; read-only unless --write.

    `facts` has every field of a fact and its embedding; embed('text') makes a vector and similarity(a, b) compares two:

      memctl sql "select text, similarity(embedding, embed('shipping')) s from facts order by s desc limit 5"
    """
    text = sys.stdin.read() if statement == "-" else statement
    result = _options.open_store(store, lock_timeout, **embedding).sql(text, write=write)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if as_json:
        _render.emit_json("sql", {"columns": result.columns, "rows": rows})
    elif as_jsonl:
        _render.emit_jsonl(rows)
    elif result.columns:
        wrap = "text" if "text" in result.columns else None
        cells = [["" if cell is None else str(cell) for cell in row] for row in result.rows]
        _render.table(result.columns, cells, wrap=wrap)

"""`memctl sql`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option

app = _typer.new_app()


@app.command(
    examples="""
    memctl sql "select user_id, count(*) from facts group by user_id"
    memctl sql "select text, similarity(embedding, embed('shipping')) s from facts order by s desc limit 5"
    """
)
def command(
    *,
    statement: Annotated[str, typer.Argument()],
    write: Annotated[bool, option("--write", "Allow the statement to change the store and to access files.")] = False,
    output: _options.Output,
    store: _options.EmbeddedStore,
) -> None:
    """Run one SQL STATEMENT (- reads stdin) against the store, read-only unless --write.

    The view facts has every field of a fact and its embedding; embed('text') computes a vector, and
    similarity(a, b) compares two vectors.
    """
    text = sys.stdin.read() if statement == "-" else statement
    result = store.open().sql(text, write=write)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if not output.listed("sql", {"columns": result.columns, "rows": rows}, rows) and result.columns:
        wrap = "text" if "text" in result.columns else None
        cells = [["" if cell is None else str(cell) for cell in row] for row in result.rows]
        _render.table(result.columns, cells, wrap=wrap)

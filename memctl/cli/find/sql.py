"""`memctl sql`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl sql "select user_id, count(*) from facts group by all"
    memctl sql "select text, similarity(embedding, embed('shipping')) s from facts order by s desc limit 5"
    """
)
def command(
    *,
    statement: Annotated[str, typer.Argument()],
    write: Annotated[
        bool, typer.Option("--write", help="Allow the statement to change the store and to access files.")
    ] = False,
    as_json: _options.AsJson = False,
    as_jsonl: _options.AsJsonl = False,
    embedder: _options.Embedder = None,
    embed_base_url: _options.EmbedBaseUrl = None,
    embed_dimensions: _options.EmbedDimensions = None,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Run one SQL STATEMENT (- reads it from stdin) against the store, read-only unless --write.

    The view facts has every field of a fact and its embedding; embed('text') computes a vector, similarity(a, b)
    compares two.
    """
    text = sys.stdin.read() if statement == "-" else statement
    result = _options.open_store(
        store,
        lock_timeout,
        embedder=embedder,
        embed_base_url=embed_base_url,
        embed_dimensions=embed_dimensions,
    ).sql(text, write=write)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if as_json:
        _render.emit_json("sql", {"columns": result.columns, "rows": rows})
    elif as_jsonl:
        _render.emit_jsonl(rows)
    elif result.columns:
        wrap = "text" if "text" in result.columns else None
        cells = [["" if cell is None else str(cell) for cell in row] for row in result.rows]
        _render.table(result.columns, cells, wrap=wrap)

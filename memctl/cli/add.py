"""`memctl add`."""

from __future__ import annotations

import sys
from typing import Any

import click

from memctl.cli import _options, _render
from memctl.core.fact import KINDS


@click.command()
@click.argument("user")
@click.argument("text")
@click.option("--kind", type=click.Choice([kind for kind in KINDS if kind != "episode"]), help="Store it as this kind.")
@click.option("--subject", metavar="NAME", help="Whom or what it is about. [the user]")
@click.option("--predicate", metavar="NAME", help="The relation, such as lives_in.")
@click.option("--object", "object_", metavar="VALUE", help="The other end of the relation.")
@click.option("--valid-at", metavar="WHEN", help="Since when it is true.")
@click.option("--category", "categories", multiple=True, metavar="LABEL", help="May be repeated.")
@_options.json_option
@_options.embedder_options
@_options.store_options
def command(
    user: str,
    text: str,
    kind: str | None,
    subject: str | None,
    predicate: str | None,
    object_: str | None,
    valid_at: str | None,
    categories: tuple[str, ...],
    as_json: bool,
    store: str | None,
    lock_timeout: float | None,
    **embedding: Any,
) -> None:
    """Remember TEXT (- reads it from stdin), said by USER now.

    The facts the rules find in it are stored; where they find none, or options say what it is, TEXT itself is the fact.
    """
    said = sys.stdin.read().strip() if text == "-" else text
    stored = _options.open_store(store, lock_timeout, **embedding).remember(
        user,
        said,
        kind=kind,
        subject=subject,
        predicate=predicate,
        object=object_,
        valid_at=_options.when(valid_at),
        categories=categories,
    )
    _render.facts("add", user, stored, as_json=as_json, as_jsonl=False)

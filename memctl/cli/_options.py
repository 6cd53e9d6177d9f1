"""Options that several commands share, each declared once, and the store that they open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from memctl.cli import _complete
from memctl.core.fact import KINDS
from memctl.core.suggestions import near
from memctl.runtime import settings

if TYPE_CHECKING:
    from memctl.workspace import Workspace

Kind = Literal["fact", "preference", "episode", "procedure", "summary", "block"]
StatedKind = Literal["fact", "preference", "procedure", "summary", "block"]
"""The kinds a person can state; episodes come from transcripts only."""

Agent = Annotated[
    str | None,
    typer.Option("--agent", metavar="ID", help="Agent ID, for backends that store memory per agent (Letta)."),
]
AllUsers = Annotated[bool, typer.Option("--all-users", help="Include all users.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
AsJsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per line (JSON Lines).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan without writing.")]
Edition = Annotated[
    str | None,
    typer.Option("--edition", metavar="YYYY-MM", help="Edition of the built-in price book. [default: the newest]"),
]
EmbedBaseUrl = Annotated[
    str | None,
    typer.Option("--embed-base-url", metavar="URL", help="Base URL of the OpenAI-compatible embeddings endpoint."),
]
EmbedDimensions = Annotated[
    int | None,
    typer.Option(
        "--embed-dimensions", metavar="N", help="Number of dimensions to request from the embeddings endpoint."
    ),
]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="SPEC",
        help="Embedding model: static (built in), openai:MODEL or sentence-transformers:MODEL. [default: the store's]",
    ),
]
FailOnLoss = Annotated[bool, typer.Option("--fail-on-loss", help="Stop before writing if any value would be lost.")]
File = Annotated[str, typer.Argument()]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html", dir_okay=False, metavar="FILE", help="Write a self-contained HTML page with charts; - is stdout."
    ),
]
Id = Annotated[str, typer.Argument(metavar="ID")]
Kinds = Annotated[
    str | None,
    typer.Option(
        "--kinds", metavar="KIND,...", help="Only these kinds: fact, preference, episode, procedure, summary, block."
    ),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="Use a built-in table layout (diy, mem0) instead of --map."),
]
Ledger = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        envvar="MEMCTL_LEDGER",
        help="Path of the migration ledger. [default: in the data folder]",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N facts.")]
LockTimeout = Annotated[
    float | None,
    typer.Option(
        "--lock-timeout",
        metavar="SECONDS",
        help="Seconds to wait if another process has locked the store. [default: 30]",
    ),
]
Mapping = Annotated[
    str | None, typer.Option("--map", metavar="COLUMN=FIELD,...", help="Map the table's columns to fact fields.")
]
Name = Annotated[str, typer.Argument()]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Skip verification of the written records.")]
Png = Annotated[
    Path | None, typer.Option("--png", dir_okay=False, metavar="FILE", help="Write the charts as a PNG image.")
]
Predicate = Annotated[
    str | None, typer.Option("--predicate", metavar="NAME", help="Only this predicate, for example lives_in.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Only records created or updated since WHEN.")
]
Store = Annotated[str | None, typer.Option("--store", metavar="FILE", help="Path of the store (a DuckDB file).")]
Subject = Annotated[str | None, typer.Option("--subject", metavar="NAME", help="Only facts with this subject.")]
Svg = Annotated[
    Path | None, typer.Option("--svg", dir_okay=False, metavar="FILE", help="Write the charts as an SVG image.")
]
Table = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help="Read this existing table of the source database.")
]
Ttl = Annotated[
    str | None,
    typer.Option("--ttl", metavar="KIND=SPAN", help="Maximum age per kind, e.g. episode=365d. [default: keep forever]"),
]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="URL of the service. [default: the vendor's]")]
User = Annotated[str, typer.Argument(autocompletion=_complete.users)]
UserMap = Annotated[
    str | None,
    typer.Option(
        "--user-map", metavar="FILE", help="CSV file with columns from,to that renames users during the move."
    ),
]
Users = Annotated[
    list[str],
    typer.Option(
        "--user",
        metavar="NAME",
        help="User to include; repeatable.",
        autocompletion=_complete.users,
        default_factory=list,
    ),
]


def check_kinds(kinds: list[str]) -> list[str]:
    """The kinds, unchanged. Raises BadParameter for one that does not exist."""
    for kind in kinds:
        if kind not in KINDS:
            listed = f"{kind!r} is not one of {', '.join(map(repr, KINDS))}."
            raise typer.BadParameter(f"{listed} {near(kind, KINDS)}".rstrip())
    return kinds


def open_store(
    store: str | None,
    lock_timeout: float | None,
    *,
    embedder: str | None = None,
    embed_base_url: str | None = None,
    embed_dimensions: int | None = None,
) -> Workspace:
    """The local store these options and the settings name."""
    from memctl.workspace import Workspace

    current = settings.load(
        store=store,
        lock_timeout=lock_timeout,
        embedder=embedder,
        embed_base_url=embed_base_url,
        embed_dimensions=embed_dimensions,
    )
    return Workspace(
        current.store_path,
        embedder=current.embedder,
        base_url=current.embed_base_url,
        dimensions=current.embed_dimensions,
        lock_timeout=current.lock_timeout,
    )

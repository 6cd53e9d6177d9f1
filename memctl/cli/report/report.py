"""`memctl report`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from memctl.cli import _ignored, _options, _render, _typer
from memctl.cli._typer import option
from memctl.core.errors import UsageError

if TYPE_CHECKING:
    from memctl.report.charts import Picture

STDOUT = Path("-")


def _number(value: str) -> Decimal:
    try:
        return Decimal(value)
    except ArithmeticError:
        raise typer.BadParameter(f"{value!r} is not a number.") from None


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a workload that are not to be measured."""

    users: Annotated[Decimal | None, option("--users", "Number of users in the first month.", "N", parser=_number)] = (
        None
    )
    turns_per_user_month: Annotated[
        Decimal | None,
        option("--turns-per-user-month", "Messages per user and month, with answers.", "N", parser=_number),
    ] = None
    facts_per_turn: Annotated[
        Decimal | None, option("--facts-per-turn", "Facts extracted per message.", "X", parser=_number)
    ] = None
    searches_per_turn: Annotated[
        Decimal | None, option("--searches-per-turn", "Searches per message.", "X", parser=_number)
    ] = None
    bytes_per_turn: Annotated[
        Decimal | None, option("--bytes-per-turn", "Length of a message in bytes.", "N", parser=_number)
    ] = None
    growth: Annotated[str | None, option("--growth", "Monthly growth of the number of users.", "8%")] = None
    months: Annotated[Decimal | None, option("--months", "Number of months. [default: 12]", "N", parser=_number)] = None


app = _typer.new_group()


@app.callback(
    examples="""
    memctl report volume
    memctl report pricing --users 1000
    """
)
def command() -> None:
    """Report the size of a memory, and what it would cost on each system."""


@app.command(
    examples="""
    memctl report volume
    memctl report volume --by week --html volume.html
    """
)
def volume(
    *,
    source: Annotated[str, _options.backend("--from", "Backend to measure.")] = "local",
    user: _options.OneUser = None,
    by: Annotated[Literal["month", "week", "day"], option("--by", "Length of a period.")] = "month",
    top: Annotated[int, option("--top", "Number of users to list.", "N", min=1)] = 10,
    tokenizer: Annotated[
        Path | None,
        option(
            "--tokenizer",
            "Count tokens with this tokenizer.json. [default: built-in WordPiece]",
            "FILE",
            dir_okay=False,
        ),
    ] = None,
    outputs: _options.Outputs,
    store: _options.Store,
) -> None:
    """Report the size of a memory.

    The report counts facts by user, kind, category, source and time, and shows growth, duplicates and other waste,
    bytes and tokens.

    BACKEND is local, a backend from the settings, an installed adapter, or a file of facts.
    """
    from memctl.cli import _report_output
    from memctl.report import json_csv, requests

    store.refuse(source)
    with _render.progress("reading", quiet=outputs.as_json or outputs.as_csv) as progress:
        report = requests.volume(
            source,
            store.backends(),
            now=datetime.now(UTC),
            by=by,
            user=user,
            top=top,
            tokenizer=tokenizer,
            progress=progress,
            warn=_render.warn,
        )

    def pictures() -> tuple[Any, str]:
        from memctl.report import volume_page

        picture = volume_page.charts(report)
        return picture, volume_page.page(report, picture)

    if _write(outputs, pictures):
        return
    _print(
        outputs,
        "report.volume",
        lambda: json_csv.volume(report),
        lambda: json_csv.volume_rows(report),
        lambda: _report_output.print_volume(report),
    )


@app.command(
    examples="""
    memctl report memory alice --html alice.html
    memctl report memory alice --from mem0 --html alice.html
    """
)
def memory(
    *,
    user: _options.User,
    source: Annotated[str, _options.backend("--from", "Backend to read from.")] = "local",
    html: Annotated[Path, option("--html", "File to write the page to; - is stdout.", "FILE")],
    service: _options.Service,
    store: _options.Store,
) -> None:
    """Write the memory of USER as an HTML page.

    The page shows a timeline, connections, and facts with their evidence. It is self-contained and opens without a
    network. It contains the user's data: keep it as safe as the store.
    """
    from memctl.report import charts
    from memctl.report.memory.page import page
    from memctl.report.memory.records import remembered

    store.refuse(source)
    if html != STDOUT:
        charts.require_place(html)
    options = store.backends(service, source=source)
    content = page(remembered(source, user, options, now=datetime.now(UTC), warn=_render.warn))
    if html == STDOUT:
        typer.echo(content, nl=False)
        return
    charts.write(html, content.encode())
    typer.echo(f"wrote {_render.clean(str(html))}", err=True)


@app.command(
    examples="""
    memctl report pricing --users 1000
    memctl report pricing --migrate mem0:zep
    """
)
def pricing(
    *,
    workload: Workload,
    source: Annotated[
        str | None, _options.backend("--from", "Backend to measure values that are not given. [default: local]")
    ] = None,
    unmeasured: Annotated[
        bool, option("--unmeasured", "Do not measure; take missing values from the price book.")
    ] = False,
    route: Annotated[
        str | None, option("--migrate", "Price a migration of all facts, for example mem0:zep.", "FROM:TO")
    ] = None,
    facts: Annotated[
        int | None, option("--facts", "Number of facts to move. [default: as measured]", "N", min=0)
    ] = None,
    model: Annotated[
        str | None,
        option("--model", "Chat model for extraction, or rules for none. [default: the price book's]", "NAME"),
    ] = None,
    embedding: Annotated[
        str | None, option("--embedding", "Embedding model, or static for the built-in one.", "NAME")
    ] = None,
    edition: _options.Edition = None,
    prices: Annotated[Path | None, option("--prices", "Your own price book (YAML).", "FILE", dir_okay=False)] = None,
    outputs: _options.Outputs,
    store: _options.Store,
) -> None:
    """Report what a workload costs on each system.

    Costs are given by month and by number of users. Values that you do not give are measured in the store. What cannot
    be measured is assumed, and marked as an assumption.
    """
    from memctl.cli import _report_output
    from memctl.report import json_csv, requests

    numbers = msgspec.structs.asdict(workload) | {"growth": requests.growth(workload.growth)}
    if unmeasured and source:
        raise UsageError("--unmeasured and --from cannot be combined")
    if not route:
        _ignored.refuse(("facts",), without="--migrate")
    else:
        _ignored.refuse({*Workload.__struct_fields__, "html", "png", "svg"} - {"users"}, beside="--migrate")
        if facts is None:
            _ignored.refuse(("users",), without="--facts")
    book: dict[str, Any] = {"edition": edition, "prices": prices, "model": model, "embedding": embedding}
    measured = used = None
    if unmeasured:
        _ignored.refuse(store.__struct_fields__, beside="--unmeasured")
    else:
        store.refuse(source or "local")
        backend = store.backends()
        measured = requests.volume_if_any(source, backend, now=datetime.now(UTC))
        used = requests.models_used(source, backend) if measured else None
    if route:
        moved = requests.migration(route, measured, numbers, facts=facts, used=used, **book)
        _print(
            outputs,
            "report.migration",
            lambda: json_csv.move(moved),
            lambda: json_csv.move_rows(moved),
            lambda: _report_output.print_move(moved),
        )
        return
    report = requests.pricing(measured, numbers, used=used, **book)

    def pictures() -> tuple[Any, str]:
        from memctl.report import pricing_page

        picture = pricing_page.charts(report)
        return picture, pricing_page.page(report, picture)

    if _write(outputs, pictures):
        return
    _print(
        outputs,
        "report.pricing",
        lambda: json_csv.comparison(report),
        lambda: json_csv.comparison_rows(report),
        lambda: _report_output.print_comparison(report),
    )


@app.command(
    examples="""
    memctl report prices > prices.yaml
    memctl report prices --list
    """
)
def prices(
    edition: _options.Edition = None, listed: Annotated[bool, option("--list", "List the editions.")] = False
) -> None:
    """Print a price book as YAML, to edit and pass to --prices."""
    from memctl.report import price_book

    if listed:
        _ignored.refuse(("edition",), beside="--list")
        for name in price_book.editions():
            typer.echo(f"{name}  as of {price_book.load(name).as_of.isoformat()}")
    else:
        typer.echo(price_book.text(edition), nl=False)


def _write(outputs: _options.Outputs, pictures: Callable[[], tuple[Picture, str]]) -> bool:
    """Write the files asked for; returns whether one of them went to stdout instead of the report."""
    wanted = outputs.files()
    printed = [name for name, path in wanted.items() if path == STDOUT]
    if printed and (len(printed) > 1 or outputs.as_json or outputs.as_csv):
        raise UsageError("only one report can be written to stdout", hint="name files for the others")
    if not wanted:
        return False
    from memctl.report import charts

    charts.require()
    for path in wanted.values():
        if path != STDOUT:
            charts.require_place(path)
    picture, page = pictures()
    for name, path in wanted.items():
        content = page.encode() if name == "html" else picture.drawn(name)
        if path == STDOUT:
            typer.echo(content, nl=False)
        else:
            charts.write(path, content)
            typer.echo(f"wrote {_render.clean(str(path))}", err=True)
    return bool(printed)


def _print(
    outputs: _options.Outputs,
    schema: str,
    document: Callable[[], dict[str, Any]],
    rows: Callable[[], Iterable[list[Any]]],
    table: Callable[[], None],
) -> None:
    """Print the report in the form asked for."""
    if outputs.as_json and outputs.as_csv:
        raise UsageError("--json and --csv cannot be combined")
    if outputs.as_json:
        _render.emit_json(schema, document())
    elif outputs.as_csv:
        from memctl.report import json_csv

        typer.echo(json_csv.csv(rows()), nl=False)
    else:
        table()

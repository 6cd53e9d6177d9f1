"""`memctl report`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render, _transfer
from memctl.core.errors import UsageError

if TYPE_CHECKING:
    from memctl.report.charts import Picture

FILES = ("html", "png", "svg")
STDOUT = Path("-")


def output_options(function: _options.F) -> _options.F:
    """The forms a report can take beside the terminal's."""
    file = click.Path(dir_okay=False, path_type=Path)
    return _options.decorate(
        function,
        click.option(
            "--html", type=file, metavar="FILE", help="Write a page with charts that fetches nothing; - is stdout."
        ),
        click.option("--png", type=file, metavar="FILE", help="Write the charts as a picture."),
        click.option("--svg", type=file, metavar="FILE", help="Write the charts as a drawing."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values."),
    )


def book_options(function: _options.F) -> _options.F:
    """Which price book."""
    return _options.decorate(
        function,
        click.option("--edition", metavar="YYYY-MM", help="Of the price books that ship. [the newest]"),
        click.option(
            "--prices", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="A book of your own."
        ),
    )


def workload_options(function: _options.F) -> _options.F:
    """The numbers of a workload; what is not given is measured, and what cannot be measured assumed."""
    return _options.decorate(
        function,
        click.option("--users", type=_number, metavar="N", help="Users in the first month."),
        click.option("--turns-per-user-month", type=_number, metavar="N", help="Messages, answers counted too."),
        click.option("--facts-per-turn", type=_number, metavar="X", help="Facts found in a message."),
        click.option("--searches-per-turn", type=_number, metavar="X", help="Searches for each message."),
        click.option("--bytes-per-turn", type=_number, metavar="N", help="Length of a message."),
        click.option("--growth", metavar="8%", help="Of the users, a month."),
        click.option("--months", type=_number, metavar="N", help="Months to look at. [12]"),
    )


def _number(value: str) -> Decimal:
    try:
        return Decimal(value)
    except ArithmeticError:
        raise click.BadParameter(f"{value!r} is not a number.") from None


@click.group()
def command() -> None:
    """Tell what a memory holds, and what it costs on each system."""


@command.command()
@click.option("--from", "source", default="local", show_default=True, metavar="BACKEND", help="What to look into.")
@click.option("--user", metavar="NAME", help="This user alone.")
@click.option("--by", type=click.Choice(["month", "week", "day"]), default="month", show_default=True)
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="Users to list.")
@click.option(
    "--tokenizer",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Count tokens with this tokenizer.json. [WordPiece]",
)
@output_options
@_options.store_options
def volume(**given: Any) -> None:
    """Count facts by user, kind, category, source and time, with their growth, waste, bytes and tokens.

    BACKEND is local, a backend of the settings, an installed adapter, or a file of facts.
    """
    from memctl.cli import _report_output
    from memctl.report import json_csv, requests

    with _render.progress("reading", quiet=given["as_json"] or given["as_csv"]) as progress:
        report = requests.volume(
            given["source"],
            _transfer.backend_options(given["store"], given["lock_timeout"]),
            now=datetime.now(UTC),
            by=given["by"],
            user=given["user"],
            top=given["top"],
            tokenizer=given["tokenizer"],
            progress=progress,
        )

    def pictures() -> tuple[Any, str]:
        from memctl.report import volume_page

        return volume_page.charts(report), volume_page.page(report)

    if _write(given, pictures):
        return
    _print(
        given,
        "report.volume",
        lambda: json_csv.volume(report),
        lambda: json_csv.volume_rows(report),
        lambda: _report_output.print_volume(report),
    )


@command.command()
@workload_options
@click.option("--from", "source", metavar="BACKEND", help="Where to measure what is not given. [local]")
@click.option("--unmeasured", is_flag=True, help="Measure nothing; take from the price book what is not given.")
@click.option("--migrate", "route", metavar="FROM:TO", help="Price moving everything from one system to another.")
@click.option("--facts", type=click.IntRange(0), metavar="N", help="How many facts to move. [those measured]")
@click.option("--model", metavar="NAME", help="Extraction's model, or rules for none. [the price book's]")
@click.option("--embedding", metavar="NAME", help="The embedding model, or static for the one that ships.")
@book_options
@output_options
@_options.store_options
def pricing(**given: Any) -> None:
    """Tell what a workload costs on each system, month by month and against the number of users.

    What is not given is measured in the store; what is not measured is assumed, and marked so.
    """
    from memctl.cli import _report_output
    from memctl.report import json_csv, requests

    numbers = {
        name: given[name]
        for name in ("users", "turns_per_user_month", "facts_per_turn", "searches_per_turn", "bytes_per_turn", "months")
    } | {"growth": requests.growth(given["growth"])}
    chosen = {name: given[name] for name in ("edition", "prices", "model", "embedding")}
    if given["unmeasured"] and given["source"]:
        raise UsageError("--unmeasured and --from exclude each other")
    if given["facts"] is not None and not given["route"]:
        raise UsageError("--facts is how many facts to move", hint="say from where to where with --migrate")
    measured = None
    if not given["unmeasured"]:
        backend = _transfer.backend_options(given["store"], given["lock_timeout"])
        measured = requests.volume_if_any(given["source"], backend, now=datetime.now(UTC))
    if given["route"]:
        if any(given[name] for name in FILES):
            raise UsageError("the price of a migration has no charts", hint="use --json or --csv")
        moved = requests.migration(given["route"], measured, numbers, facts=given["facts"], **chosen)
        _print(
            given,
            "report.migration",
            lambda: json_csv.move(moved),
            lambda: json_csv.move_rows(moved),
            lambda: _report_output.print_move(moved),
        )
        return
    report = requests.pricing(measured, numbers, **chosen)

    def pictures() -> tuple[Any, str]:
        from memctl.report import pricing_page

        return pricing_page.charts(report), pricing_page.page(report)

    if _write(given, pictures):
        return
    _print(
        given,
        "report.pricing",
        lambda: json_csv.comparison(report),
        lambda: json_csv.comparison_rows(report),
        lambda: _report_output.print_comparison(report),
    )


@command.command()
@click.option("--edition", metavar="YYYY-MM", help="Of the price books that ship. [the newest]")
@click.option("--list", "listed", is_flag=True, help="List the editions in place of printing one.")
def prices(edition: str | None, listed: bool) -> None:
    """Print a price book as YAML, to be changed and used with --prices."""
    from memctl.report import price_book

    if listed:
        for name in price_book.editions():
            click.echo(f"{name}  as of {price_book.load(name).as_of.isoformat()}")
    else:
        click.echo(price_book.text(edition), nl=False)


def _write(given: dict[str, Any], pictures: Callable[[], tuple[Picture, str]]) -> bool:
    """The files asked for, charts drawn only when one is; whether one of them went to stdout in place of the report."""
    wanted = {name: given[name] for name in FILES if given[name]}
    printed = [name for name, path in wanted.items() if path == STDOUT]
    if printed and (len(printed) > 1 or given["as_json"] or given["as_csv"]):
        raise UsageError("only one thing can go to standard output", hint="give the others a file")
    if not wanted:
        return False
    from memctl.report import charts

    charts.require()
    picture, page = pictures()
    for name, path in wanted.items():
        content = page.encode() if name == "html" else picture.drawn(name)
        if path == STDOUT:
            click.echo(content, nl=False)
        else:
            charts.write(path, content)
            click.echo(f"wrote {_render.clean(str(path))}", err=True)
    return bool(printed)


def _print(
    given: dict[str, Any],
    schema: str,
    document: Callable[[], dict[str, Any]],
    rows: Callable[[], Iterable[list[Any]]],
    table: Callable[[], None],
) -> None:
    """The report to stdout, in the form asked for."""
    if given["as_json"] and given["as_csv"]:
        raise UsageError("--json and --csv exclude each other")
    if given["as_json"]:
        _render.emit_json(schema, document())
    elif given["as_csv"]:
        from memctl.report import json_csv

        click.echo(json_csv.csv(rows()), nl=False)
    else:
        table()

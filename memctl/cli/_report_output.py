"""Volume and pricing reports on a terminal: tables, sparklines and a plot. No computation is done here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from memctl.cli import _render
from memctl.report import ascii_charts, json_csv
from memctl.report.growth import FEWEST
from memctl.report.html import number
from memctl.report.workload import words

if TYPE_CHECKING:
    from memctl.report.comparison import Comparison
    from memctl.report.migration_cost import Move
    from memctl.report.pricing import Cost
    from memctl.report.volume import Row, Volume

MARKED = "* based on an unconfirmed assumption   ≤ upper bound   - no published plan covers this volume"
WIDEST = 110
"""The maximum width of a plot in columns."""


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str] = (), wrap: str | None = None
) -> None:
    """Print a table of numbers, right-aligned except for the first column and those in `left`; the column `wrap` is
    wrapped if the terminal is narrow."""
    _render.table(columns, rows, wrap=wrap, right={*columns[1:]} - {*left, wrap})


def _head(title: str) -> None:
    typer.echo(f"\n{typer.style(title, bold=True)}")


def _notes(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(_render.paragraph(_render.clean(line), 2))


def print_volume(report: Volume) -> None:
    """The volume report."""
    span = f", {_render.day(report.first)} to {_render.day(report.last)}" if report.first else ""
    whose = (
        f"of {_render.line(report.user)}" if report.user is not None else f"of {_render.count(report.users, 'user')}"
    )
    typer.echo(f"{_render.count(report.records, 'record')} {whose} in {_render.line(report.backend)}{span}")
    facts, turns = _render.count(report.facts, "fact"), _render.count(report.episodes, "turn")
    typer.echo(f"{facts}, {turns}; {report.undated:,} without a time")
    for dimension, rows in json_csv.dimensions(report):
        if rows:
            _print_rows(dimension, rows, report)
        if dimension == "user" and report.users > len(rows):
            typer.echo(f"the {_render.count(len(rows), 'user')} with the most records, of {report.users:,}")
    _print_waste(report)
    _print_growth(report)


def _print_rows(dimension: str, rows: Sequence[Row], report: Volume) -> None:
    _head(f"by {dimension}")
    first = f"{report.periods[0]} … {report.periods[-1]}" if report.periods else "no times"
    table(
        (dimension, "facts", "turns", "share", "bytes", first),
        [
            (
                "(none)" if row.name is None else row.name,
                f"{row.facts:,}",
                f"{row.episodes:,}",
                _share(row.facts + row.episodes, report.facts if dimension == "category" else report.records),
                f"{row.bytes:,}",
                ascii_charts.spark(row.series),
            )
            for row in rows
        ],
        left=(first,),
    )


def _print_waste(report: Volume) -> None:
    _head("fact status")
    shares = report.shares
    table(
        ("", "facts", "share"),
        [
            (name, f"{number:,}", _share(number, report.facts))
            for name, number in (
                ("superseded", shares.superseded),
                ("ended without successor", shares.expired),
                ("exact duplicates", shares.duplicates),
                ("near-duplicates", shares.near_duplicates),
                ("without a source", shares.without_source),
            )
        ],
    )
    _notes([f"near-duplicates are {report.near_duplicate}"])
    _head("size")
    sizes, counted = report.bytes, report.tokens
    for name, size in (("text", sizes.text), ("vectors", sizes.vectors), ("file", sizes.file)):
        typer.echo(f"{name:<8} {'-' if size is None else _bytes(size)}")
    about = "about " if counted.estimated else ""
    typer.echo(f"{'tokens':<8} {about}{counted.facts:,} of facts, {about}{counted.turns:,} of turns")
    _notes([counted.method])


def _print_growth(report: Volume) -> None:
    growth = report.growth
    _head("the next twelve months")
    if growth.projection:
        table(
            ("month", "added", "records", ""),
            [
                (
                    month.month,
                    f"{month.added:,}",
                    f"{month.total:,}",
                    ascii_charts.bar(month.total / growth.projection[-1].total, 20),
                )
                for month in growth.projection
            ],
            left=("",),
        )
    if growth.rate is not None and growth.recent is not None:
        typer.echo(
            f"growth so far: {growth.rate:.1%} a month over {growth.months} complete months, "
            f"{growth.recent:.1%} over the last {min(growth.months - 1, FEWEST)}"
        )
    if growth.stopped:
        typer.echo(f"no records were added after {growth.stopped}")
    _notes([growth.method])


def print_comparison(report: Comparison) -> None:
    """The pricing report."""
    typer.echo(f"USD per month, price book {_render.line(report.edition)} as of {report.as_of.isoformat()}")
    _print_workload(report)
    _head("by month")
    names = list(report.systems)
    table(
        ("month", "users", *names),
        [
            (str(usage.month), f"{usage.users:,}", *map(_total, costs))
            for usage, costs in zip(report.usage, report.costs, strict=True)
        ]
        + [("all", "", *(_whole(report, name) for name in names))],
    )
    typer.echo(_render.paragraph(MARKED, 0))
    months = [str(usage.month) for usage in report.usage]
    _notes([_plans(report.systems[key], "month", months, report.of(key)) for key in report.systems])
    _print_drivers(report)
    _print_tokens(report)
    _print_by_users(report)
    _print_claim(report)
    _head("unconfirmed assumptions")
    _notes([f"{', '.join(assumed.places)}: {assumed.said}" for assumed in report.assumptions] or ["none"])
    _head("gaps in the price lists")
    _notes([f"{report.systems[key]}: {gap}" for key, gaps in report.gaps.items() for gap in gaps])


def _print_workload(report: Comparison) -> None:
    table(
        ("workload", "a month", "from"),
        [
            (name.replace("_", " "), f"{taken.value.normalize():f}", f"{taken.origin}, {taken.said}")
            for name, taken in report.workload.numbers().items()
        ],
        wrap="from",
    )


def _print_drivers(report: Comparison) -> None:
    _head(f"cost breakdown for month {report.usage[-1].month}")
    rows = []
    for cost in report.costs[-1]:
        title = report.systems[cost.system] + ("*" if cost.assumed else "")
        if cost.quote is None:
            rows.append((title, "no plan fits", report.charged_by[cost.system], "", "", ""))
            continue
        mark = "≤ " if cost.bound else ""
        rows.append((title, cost.quote.plan, "base price", "", "", f"{mark}{_money(cost.quote.base)}"))
        rows += [
            (
                "",
                "",
                words(charge.driver),
                number(charge.quantity),
                number(charge.included),
                _money(charge.usd),
            )
            for charge in cost.quote.charges
        ]
        tokens = {"LLM tokens": (cost.llm, report.model), "embedding tokens": (cost.embedding, report.embedding)}
        rows += [("", "", f"{part}, {model}", "", "", _money(usd)) for part, (usd, model) in tokens.items() if usd]
    table(("system", "plan", "driver", "quantity", "included", "USD"), rows, left=("plan", "driver"))


def _print_tokens(report: Comparison) -> None:
    _head(f"tokens of month {report.usage[-1].month} by model, if the user pays for them")
    models = f"{report.model or 'rules, no model'} and {report.embedding or 'the built-in embedding model'}"
    extraction = f"{number(report.input_tokens)} in, {number(report.output_tokens)} out"
    _notes([f"extraction: {extraction}; models above: {models}"])
    if report.tokens_per_thousand is not None:
        read, written = report.tokens_per_thousand
        typer.echo(f"per 1,000 turns: {number(read)} in, {number(written)} out")
    table(
        ("model", "for", "USD", "in batches", "price"),
        [(row.model, row.of, _money(row.usd), _money(row.batched), row.confidence) for row in report.by_model],
        left=("for", "price"),
    )


def _print_by_users(report: Comparison) -> None:
    _head(f"USD per month by number of users (month {report.usage[-1].month}, constant user count)")
    against = report.curves
    marks = _marks(list(report.systems))
    width = min(_render.width(), WIDEST)
    curves = [
        (marks[key], [None if cost.total is None else float(cost.total) for cost in costs])
        for key, costs in against.costs.items()
    ]
    for line in ascii_charts.plot(against.users, curves, width=width):
        typer.echo(line)
    typer.echo("   ".join([*(f"{mark} {report.systems[key]}" for key, mark in marks.items()), "+ break-even"]))
    typer.echo("")
    table(
        ("users", *report.systems),
        [(f"{users:,}", *map(_total, costs)) for users, costs in against.marks.items()],
    )
    marked = [f"{users:,}" for users in against.marks]
    for place, title in enumerate(report.systems.values()):
        _notes([_plans(title, "users", marked, [costs[place] for costs in against.marks.values()])])
    typer.echo("")
    for crossing in against.crossings:
        cheaper, dearer = report.systems[crossing.cheaper], report.systems[crossing.dearer]
        usd = _marked(crossing.usd, crossing.assumed).strip()
        typer.echo(f"from {crossing.users:,} users on {cheaper} ({usd}) is cheaper than {dearer}")
    for key, end in against.ends.items():
        if end is not None:
            typer.echo(f"{report.systems[key]} has no price beyond {end:,} users")


def _print_claim(report: Comparison) -> None:
    usd, users = report.claim
    _head(f"“under ${usd:,} a month up to {users:,} users, super-linear above”")
    _notes([f"origin of this claim: {report.claim_source}"])
    table(
        ("system", f"at {users:,}", "under", "growth exponent", "above"),
        [
            (
                report.systems[verdict.system],
                ("≤ " if verdict.bound else "") + _marked(verdict.at, verdict.assumed),
                _verdict(verdict.under, "holds", "does not hold"),
                "-" if verdict.exponent is None else f"{verdict.exponent:.2f}",
                _verdict(verdict.superlinear, "super-linear", "not super-linear"),
            )
            for verdict in report.curves.verdicts
        ],
        left=("under", "above"),
    )


def print_move(move: Move) -> None:
    """The price of a migration."""
    records, users = _render.count(move.load.records, "record"), _render.count(move.load.users, "user")
    typer.echo(f"{move.source} to {move.target}: {records} of {users}")
    _notes([f"basis: {move.load.said}"])
    quote = move.quote
    rows = [
        ("read calls", f"{move.read_calls:,}"),
        ("write calls", f"{move.write_calls:,}"),
        ("minimum minutes", "-" if move.minutes is None else number(move.minutes)),
        *((words(name), number(quantity)) for name, quantity in move.drivers.items()),
        ("plan that covers it in one month", quote.plan if quote else "no published plan covers this volume"),
        ("USD of the plan", _money(quote.total if quote else None) + ("*" if move.assumed else "")),
        ("USD of new vectors", _money(move.embedding)),
        ("tokens moved", f"{move.load.tokens:,}"),
        ("USD of a model, facts written verbatim", _money(Decimal(0))),
        (
            "USD of a model, facts extracted again",
            "in the plan" if move.rederived is None else _money(move.rederived),
        ),
    ]
    table(("", "price"), rows)
    typer.echo(_render.paragraph(MARKED, 0))
    _notes([f"assumed: {text}" for text in move.assumptions])


def _total(cost: Cost) -> str:
    """A cost in a cell, marked if it is a bound or based on an assumption."""
    bound = "≤ " if cost.bound else ""
    return "-" if cost.quote is None else f"{bound}{_money(cost.total)}{'*' if cost.assumed else ' '}"


def _whole(report: Comparison, system: str) -> str:
    """The sum of all months, marked if one of them is."""
    return _marked(report.total(system), any(cost.assumed for cost in report.of(system)))


def _marked(usd: Decimal | None, assumed: bool) -> str:
    return _money(usd) + ("*" if assumed and usd is not None else " ")


def _plans(title: str, of: str, at: Sequence[str], costs: Sequence[Cost]) -> str:
    """The plans and from where each applies: "PostgreSQL: db.t4g.micro from month 1, db.t4g.small from month 4"."""
    taken, last = [], ""
    for where, cost in zip(at, costs, strict=True):
        plan = cost.quote.plan if cost.quote else "no plan fits"
        if plan != last:
            taken.append(f"{plan} from {of} {where}" if of == "month" else f"{plan} at {where} {of}")
        last = plan
    return f"{title}: {', '.join(taken)}"


def _marks(names: Sequence[str]) -> dict[str, str]:
    """A letter for each name: the first of its letters that is free."""
    marks: dict[str, str] = {}
    for name in names:
        free = [
            letter
            for letter in f"{name}abcdefghijklmnopqrstuvwxyz"
            if letter.isalpha() and letter not in marks.values()
        ]
        marks[name] = free[0]
    return marks


def _verdict(holds: bool | None, yes: str, no: str) -> str:
    return "unknown" if holds is None else yes if holds else no


def _money(usd: Decimal | None) -> str:
    return "-" if usd is None else f"{usd:,.2f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _bytes(size: int) -> str:
    for unit, step in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if size >= step:
            return f"{size / step:,.1f} {unit}"
    return f"{size:,} bytes"

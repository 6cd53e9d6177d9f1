"""Reports as plain data: the output of `--json` and the rows of `--csv`. Money is USD, to a hundredth of a cent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from memctl.report.comparison import Comparison
    from memctl.report.migration_cost import Move
    from memctl.report.pricing import Cost
    from memctl.report.volume import Row, Volume

DIGITS = 4


def plain(value: Any) -> Any:
    """Structs as objects and decimals as numbers, recursively."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else round(float(value), DIGITS)
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def cost(price: Cost) -> dict[str, Any]:
    """A system's month: total null if no plan fits, `at_most` if the price is only an upper bound."""
    return {
        "system": price.system,
        "plan": price.quote.plan if price.quote else None,
        "total": plain(price.total),
        "parts": plain(price.parts()),
        "drivers": plain(price.quote.charges) if price.quote else [],
        "at_most": price.bound,
        "assumption": price.assumed,
    }


def comparison(report: Comparison) -> dict[str, Any]:
    """The pricing report."""
    against = report.curves
    return {
        "edition": report.edition,
        "as_of": report.as_of,
        "note": report.note,
        "currency": "USD",
        "systems": {
            key: {
                "title": title,
                "charged_by": report.charged_by[key],
                "total": plain(report.total(key)),
                "gaps": list(report.gaps[key]),
            }
            for key, title in report.systems.items()
        },
        "workload": plain(report.workload.numbers()),
        "months": [
            {"month": usage.month, "users": usage.users, "usage": plain(usage.drivers), "costs": [*map(cost, costs)]}
            for usage, costs in zip(report.usage, report.costs, strict=True)
        ],
        "by_users": {
            "at": [{"users": users, "costs": [*map(cost, costs)]} for users, costs in against.marks.items()],
            "curve": {
                "users": list(against.users),
                **{key: [plain(each.total) for each in costs] for key, costs in against.costs.items()},
            },
            "ends": against.ends,
            "crossings": plain(against.crossings),
        },
        "claim": {
            "usd": plain(report.claim[0]),
            "users": report.claim[1],
            "source": report.claim_source,
            "verdicts": plain(against.verdicts),
        },
        "tokens": {
            "model": report.model,
            "embedding": report.embedding,
            "input": plain(report.input_tokens),
            "output": plain(report.output_tokens),
            "per_thousand_turns": plain(report.tokens_per_thousand),
            "by_model": plain(report.by_model),
        },
        "assumptions": plain(report.assumptions),
    }


def move(priced: Move) -> dict[str, Any]:
    """The price of a migration."""
    quote = priced.quote
    return {
        "from": priced.source,
        "to": priced.target,
        "users": priced.load.users,
        "records": priced.load.records,
        "tokens": priced.load.tokens,
        "basis": priced.load.said,
        "calls": {"read": priced.read_calls, "write": priced.write_calls},
        "minutes": plain(priced.minutes),
        "drivers": plain(priced.drivers),
        "plan": quote.plan if quote else None,
        "usd": plain(quote.total) if quote else None,
        "charges": plain(quote.charges) if quote else [],
        "embedding_usd": plain(priced.embedding),
        "rederived_usd": plain(priced.rederived),
        "at_most": quote is not None and quote.bound,
        "assumption": priced.assumed,
        "assumptions": list(priced.assumptions),
    }


def volume(report: Volume) -> dict[str, Any]:
    """The volume report, without the sizes of all texts, which only workloads need."""
    document: dict[str, Any] = msgspec.to_builtins(report)
    del document["activity"]
    return document


def comparison_rows(report: Comparison) -> Iterator[list[Any]]:
    """A header and a row per month and system."""
    parts = ("plan", "usage", "LLM tokens", "embedding tokens")
    prices = [f"usd_{part.replace(' ', '_').lower()}" for part in parts]
    yield ["month", "users", "system", "plan", "usd", *prices, "at_most", "assumption"]
    for usage, costs in zip(report.usage, report.costs, strict=True):
        for each in costs:
            split = plain(each.parts())
            yield [
                usage.month,
                usage.users,
                each.system,
                each.quote.plan if each.quote else None,
                plain(each.total),
                *(split.get(part) for part in parts),
                int(each.bound),
                int(each.assumed),
            ]


def volume_rows(report: Volume) -> Iterator[list[Any]]:
    """A header and a row per user, kind, category and source, with periods as columns."""
    yield ["dimension", "name", "facts", "episodes", "bytes", "undated", *report.periods]
    for dimension, rows in dimensions(report):
        for row in rows:
            yield [dimension, row.name, row.facts, row.episodes, row.bytes, row.undated, *row.series]


def dimensions(report: Volume) -> Iterable[tuple[str, tuple[Row, ...]]]:
    """The breakdowns of a volume report by name."""
    return (
        ("user", report.by_user),
        ("kind", report.by_kind),
        ("category", report.by_category),
        ("source", report.by_source),
    )


def move_rows(priced: Move) -> Iterator[list[Any]]:
    """A header and one row."""
    document = move(priced)
    flat = {
        name: value for name, value in document.items() if not isinstance(value, dict | list) and name != "basis"
    } | {f"{name}_calls": number for name, number in document["calls"].items()}
    yield list(flat)
    yield list(flat.values())


def csv(rows: Iterable[list[Any]]) -> str:
    """Rows as in RFC 4180 but with plain line ends. Unknown values are empty; cells that start like a formula are
    quoted."""
    import csv as writing
    import io

    from memctl.backends.files.csv_format import guard

    lines = []
    for row in rows:
        out = io.StringIO()
        # The writer quotes cells with either character of its line end.
        writing.writer(out).writerow([guard(cell) if isinstance(cell, str) and cell else cell for cell in row])
        lines.append(out.getvalue().removesuffix("\r\n") + "\n")
    return "".join(lines)

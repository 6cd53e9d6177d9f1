"""The pricing report as charts and as a page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memctl.report import html as pages
from memctl.report.charts import MUTED, NARROW, WIDE, Chart, Picture, altair, colours_of
from memctl.report.pricing import Cost
from memctl.report.workload import words

if TYPE_CHECKING:
    from memctl.report.comparison import Comparison

PARTS = ("plan", "usage", "LLM tokens", "embedding tokens")
MARKS = " * based on an unconfirmed assumption; ≤ upper bound."
LEAST = 1.0
"""USD per month below which a cost is drawn at the bottom of a logarithmic axis."""
DASHES = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3], [5, 2])
"""A line pattern per system, so that lines differ without colours."""


def charts(report: Comparison) -> Picture:
    """Cost by users, cost by month, and the cost breakdown by system."""
    return Picture((_by_users(report), _by_month(report), _parts(report)))


def _by_users(report: Comparison) -> Chart:
    alt = altair()

    against = report.curves
    rows = [
        {"users": users, "usd": max(float(cost.total), LEAST), "system": report.marked(key)}
        for key, costs in against.costs.items()
        for users, cost in zip(against.users, costs, strict=True)
        if cost.total is not None
    ]
    usd, claimed = report.claim
    highest = max(
        (float(cost.total) for costs in against.costs.values() for cost in costs if cost.total), default=LEAST
    )

    def draw(width: int, height: int) -> dict[str, Any]:
        told = f"claimed: ${usd:,} to {claimed:,} users" if width == WIDE else "claimed"
        bound = alt.Data(values=[{"usd": float(usd), "users": claimed, "said": told}])
        across = alt.X("users:Q", title="users").scale(type="log", nice=False).axis(**_powers(against.users[-1]))
        upright = alt.Y("usd:Q", title="USD a month").scale(type="log", domainMin=LEAST).axis(**_powers(highest, "$"))
        lines = (
            alt.Chart(alt.Data(values=rows))
            .mark_line(interpolate="step-after")
            .encode(x=across, y=upright, **_by_system(report, width))
        )
        dashed = {"strokeDash": [3, 3], "color": MUTED}
        said = alt.Chart(bound).mark_text(align="left", dx=5, dy=-7, color=MUTED)
        drawn = alt.layer(
            alt.Chart(bound).mark_rule(**dashed).encode(y="usd:Q"),
            alt.Chart(bound).mark_rule(**dashed).encode(x="users:Q"),
            said.encode(x=alt.datum(float(against.users[0])), y="usd:Q", text="said:N"),
            lines,
        )
        return pages.spec(drawn.properties(width=width, height=height))

    return Chart(
        title="Cost by number of users",
        says=f"USD per month by number of users (month {report.usage[-1].month}, constant user count). Both axes "
        "are logarithmic; costs below $1 are drawn at the bottom. A line ends where no plan has a price." + MARKS,
        wide=draw(WIDE, 380),
        narrow=draw(NARROW, 320),
    )


def _by_system(report: Comparison, width: int) -> dict[str, Any]:
    """Colour and pattern of each system's line, in one legend."""
    alt = altair()

    titles = [report.marked(key) for key in report.systems]
    legend = {"columns": _columns(width), "symbolType": "stroke", "symbolSize": 500}
    return {
        "color": alt.Color("system:N").scale(**colours_of(titles)).legend(**legend),
        "strokeDash": alt.StrokeDash("system:N")
        .scale(domain=titles, range=[DASHES[place % len(DASHES)] for place in range(len(titles))])
        .legend(**legend),
    }


def _by_month(report: Comparison) -> Chart:
    alt = altair()

    rows = [
        {"month": usage.month, "usd": float(cost.total), "system": report.marked(cost.system)}
        for usage, costs in zip(report.usage, report.costs, strict=True)
        for cost in costs
        if cost.total is not None
    ]

    def draw(width: int, height: int) -> dict[str, Any]:
        base = alt.Chart(alt.Data(values=rows)).encode(
            x=_month_axis(report),
            y=alt.Y("usd:Q", title="USD a month").axis(format="$,~f", tickCount=6),
        )
        encoded = _by_system(report, width)
        points = base.mark_point(filled=True, size=36, opacity=1).encode(color=encoded["color"])
        drawn = alt.layer(base.mark_line().encode(**encoded), points)
        return pages.spec(drawn.properties(width=width, height=height))

    return Chart(
        title="Cost by month",
        says=f"USD per month on the cheapest plan that fits, from {report.usage[0].users:,} users in month 1 "
        f"to {report.usage[-1].users:,} in month {report.usage[-1].month}." + MARKS,
        wide=draw(WIDE, 320),
        narrow=draw(NARROW, 280),
    )


def _parts(report: Comparison) -> Chart:
    alt = altair()

    rows = [
        {"system": report.marked(cost.system), "month": usage.month, "part": part, "usd": float(usd), "place": place}
        for usage, costs in zip(report.usage, report.costs, strict=True)
        for cost in costs
        for place, (part, usd) in enumerate(cost.parts().items())
        if usd
    ]

    titles = [report.marked(key) for key in report.systems]

    def draw(width: int, columns: int) -> dict[str, Any]:
        each = (width - 60 * columns) // columns
        chart = (
            alt.Chart(alt.Data(values=rows))
            .mark_bar()
            .encode(
                x=_month_axis(report),
                y=alt.Y("usd:Q", title="USD a month", stack="zero").axis(format="$,~f", tickCount=4),
                color=alt.Color("part:N").scale(**colours_of(PARTS)).legend(columns=_columns(width)),
                order=alt.Order("place:Q"),
                facet=alt.Facet("system:N", title=None, columns=columns, sort=titles).header(labelAnchor="start"),
            )
            .properties(width=each, height=130)
            .resolve_scale(x="independent", y="independent")
        )
        return pages.spec(chart)

    return Chart(
        title="Cost breakdown by system",
        says="USD per month by part: the plan's base price, usage beyond what it includes, and tokens that its user "
        "pays for. Every system has its own scale; months without a fitting plan are empty." + MARKS,
        wide=draw(WIDE, 2),
        narrow=draw(NARROW, 1),
    )


def _month_axis(report: Comparison) -> Any:
    """The months from first to last, including those without a price."""
    alt = altair()

    numbers = [usage.month for usage in report.usage]
    return alt.X("month:O", title="month").scale(domain=numbers).axis(labelAngle=0, labelOverlap=True)


def _powers(highest: float, unit: str = "") -> dict[str, Any]:
    """An axis labelled at powers of ten: 10, 1k, 100k."""
    return {
        "values": [10**power for power in range(len(str(int(highest))) + 1)],
        "labelExpr": f"'{unit}' + format(datum.value, '~s')",
    }


def _columns(width: int) -> int:
    return 2 if width < WIDE else 0


def page(report: Comparison, picture: Picture | None = None) -> str:
    """The whole report as one self-contained HTML document, with `picture` if its charts are already made."""
    usd, claimed = report.claim
    return pages.document(
        title="Memory cost comparison",
        lead=f"The same workload on {len(report.systems)} systems. Price book {report.edition}, as of "
        f"{report.as_of.isoformat()}; USD.",
        charts=(picture or charts(report)).charts,
        sections=[
            pages.Section(
                f"“Under ${usd:,} a month up to {claimed:,} users, super-linear above”",
                [
                    pages.text(f"Origin of this claim: {report.claim_source}."),
                    pages.table(["system", f"at {claimed:,} users", "under", "above"], _verdicts(report)),
                ],
            ),
            pages.Section("By users", [_marks(report)]),
            pages.Section("Break-even points", [pages.items(_crossings(report))]),
            pages.Section("By month", [_months(report)]),
            pages.Section(f"Quantities charged in month {report.usage[-1].month}", [_drivers(report)]),
            pages.Section("Tokens by model, if the user pays for them", [_models(report)]),
            pages.Section("The workload", [_workload(report)]),
            pages.Section(
                "Unconfirmed assumptions",
                [
                    pages.text("A figure marked * is based on at least one of these; ≤ marks an upper bound."),
                    pages.items([f"{', '.join(one.places)}: {one.said}" for one in report.assumptions]),
                ],
            ),
            pages.Section(
                "Gaps in the price lists",
                [
                    pages.text(report.note),
                    pages.items([f"{report.systems[key]}: {gap}" for key, gaps in report.gaps.items() for gap in gaps]),
                ],
            ),
        ],
    )


def _money(usd: Decimal | None) -> str:
    return "–" if usd is None else f"{usd:,.2f}"


def _marked(usd: Decimal | None, assumed: bool) -> str:
    return _money(usd) + ("*" if assumed and usd is not None else "")


def _whole(report: Comparison, system: str) -> str:
    return _marked(report.total(system), any(cost.assumed for cost in report.of(system)))


def _cell(cost: Cost) -> str:
    if cost.quote is None:
        return "–"
    return f"{'≤ ' if cost.bound else ''}{_money(cost.total)}{'*' if cost.assumed else ''}"


def _plan(cost: Cost) -> str:
    return cost.quote.plan if cost.quote else "no plan fits"


def _verdicts(report: Comparison) -> list[list[str]]:
    def told(holds: bool | None, yes: str, no: str) -> str:
        return "unknown" if holds is None else yes if holds else no

    return [
        [
            report.systems[one.system],
            ("≤ " if one.bound else "") + _marked(one.at, one.assumed),
            told(one.under, "holds", "does not hold"),
            told(one.superlinear, "super-linear", "not super-linear")
            + ("" if one.exponent is None else f" (cost grows with users to the power of {one.exponent:.2f})"),
        ]
        for one in report.curves.verdicts
    ]


def _marks(report: Comparison) -> str:
    rows = []
    for place, title in enumerate(report.systems.values()):
        at_marks = [costs[place] for costs in report.curves.marks.values()]
        rows.append([title, *(f"{_cell(one)}\n{_plan(one)}" for one in at_marks)])
    return pages.table(["system", *(f"{users:,} users" for users in report.curves.marks)], rows)


def _crossings(report: Comparison) -> list[str]:
    said = [
        f"From {one.users:,} users on {report.systems[one.cheaper]} ({_marked(one.usd, one.assumed)}) is cheaper than "
        f"{report.systems[one.dearer]}."
        for one in report.curves.crossings
    ]
    ends = report.curves.ends.items()
    return said + [f"{report.systems[key]} has no price beyond {end:,} users." for key, end in ends if end is not None]


def _months(report: Comparison) -> str:
    rows = [
        [str(usage.month), f"{usage.users:,}", *map(_cell, costs)]
        for usage, costs in zip(report.usage, report.costs, strict=True)
    ]
    rows.append(["all", "", *(_whole(report, key) for key in report.systems)])
    return pages.table(["month", "users", *report.systems.values()], rows)


def _drivers(report: Comparison) -> str:
    rows = []
    for cost in report.costs[-1]:
        title = report.systems[cost.system] + ("*" if cost.assumed else "")
        if cost.quote is None:
            rows.append([title, "no plan fits", report.charged_by[cost.system], "", "", "–"])
            continue
        rows.append([title, cost.quote.plan, "base price", "", "", _money(cost.quote.base)])
        rows += [
            ["", "", words(one.driver), pages.number(one.quantity), pages.number(one.included), _money(one.usd)]
            for one in cost.quote.charges
        ]
        for part, usd, model in (("LLM", cost.llm, report.model), ("embedding", cost.embedding, report.embedding)):
            if usd:
                rows.append(["", "", f"{part} tokens, {model}", "", "", _money(usd)])
    return pages.table(["system", "plan", "driver", "quantity", "included", "USD"], rows, left=3)


def _models(report: Comparison) -> str:
    said = pages.text(
        f"Extraction uses {pages.number(report.input_tokens)} input and {pages.number(report.output_tokens)} output "
        f"tokens in month {report.usage[-1].month}. Models above: {report.model or 'rules, no model'} and "
        f"{report.embedding or 'the built-in embedding model'}."
    )
    rows = [[one.model, one.of, one.confidence, _money(one.usd), _money(one.batched)] for one in report.by_model]
    return said + pages.table(["model", "for", "price is", "USD", "in batches"], rows, left=3)


def _workload(report: Comparison) -> str:
    rows = [
        [name.replace("_", " "), f"{taken.value.normalize():f}", taken.origin, taken.said]
        for name, taken in report.workload.numbers().items()
    ]
    return pages.table(["number", "value", "is", "from"], rows)

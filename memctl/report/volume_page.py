"""The volume report as charts and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memctl.core.fact import KINDS
from memctl.report import html as pages
from memctl.report.charts import MUTED, NARROW, SERIES, WIDE, Chart, Picture, altair, colours_of
from memctl.report.json_csv import dimensions

if TYPE_CHECKING:
    from memctl.report.volume import Row, Volume

MOST_BARS = 15
"""Bars of a chart; the table has all rows."""
MOST_LABELS = 12


def charts(report: Volume) -> Picture:
    """Facts by period and kind, the total with its projection, and facts by category."""
    drawn = [_by_kind(report)]
    if report.growth.projection:
        drawn.append(_projection(report))
    drawn.append(_by_category(report))
    return Picture(tuple(drawn))


def _by_kind(report: Volume) -> Chart:
    alt = altair()

    kinds = [kind for kind in KINDS if any(row.name == kind for row in report.by_kind)]
    rows = [
        {"period": period, "records": number, "kind": row.name, "place": kinds.index(str(row.name))}
        for row in report.by_kind
        for period, number in zip(report.periods, row.series, strict=True)
        if number
    ]

    def draw(width: int, height: int) -> dict[str, Any]:
        axis = alt.Axis(labelAngle=0, labelOverlap="greedy", values=_some(report.periods, width))
        chart = (
            alt.Chart(alt.Data(values=rows))
            .mark_bar()
            .encode(
                x=alt.X("period:O", title=report.by).scale(domain=list(report.periods)).axis(axis),
                y=alt.Y("records:Q", title="records", stack="zero").axis(format="~s", tickMinStep=1, tickCount=7),
                color=alt.Color("kind:N").scale(**_kind_colours(kinds)).legend(columns=0 if width == WIDE else 3),
                order=alt.Order("place:Q"),
            )
        )
        return pages.spec(chart.properties(width=width, height=height))

    undated = f" {report.undated:,} records without a time are omitted." if report.undated else ""
    return Chart(
        title=f"Records by {report.by} and kind",
        says=f"Records added in each {report.by}. An episode is a turn of a conversation.{undated}",
        wide=draw(WIDE, 320),
        narrow=draw(NARROW, 260),
    )


def _kind_colours(kinds: Sequence[str]) -> dict[str, Any]:
    """A fixed colour for each kind."""
    return {"domain": list(kinds), "range": [SERIES[KINDS.index(kind)] for kind in kinds]}


def _projection(report: Volume) -> Chart:
    alt = altair()

    past, ahead = report.growth.past, report.growth.projection
    # The projection starts where the past ends, so that there is no gap between the two lines.
    rows = [{"month": month.month, "records": month.total, "what": "held"} for month in past]
    rows += [{"month": month.month, "records": month.total, "what": "projected"} for month in (past[-1], *ahead)]
    months = [month.month for month in (*past, *ahead)]
    drawn, legend = ["held", "projected"], {"symbolType": "stroke", "symbolSize": 500}

    def draw(width: int, height: int) -> dict[str, Any]:
        base = alt.Chart(alt.Data(values=rows)).encode(
            x=alt.X("month:O", title="month").scale(domain=months).axis(labelAngle=0, values=_some(months, width)),
            y=alt.Y("records:Q", title="records").axis(format="~s", tickMinStep=1, tickCount=7).scale(zero=True),
            color=alt.Color("what:N").scale(**colours_of(drawn)).legend(**legend),
            strokeDash=alt.StrokeDash("what:N").scale(domain=drawn, range=[[1, 0], [6, 4]]).legend(**legend),
        )
        return pages.spec(base.mark_line().properties(width=width, height=height))

    return Chart(
        title="Total records, and the next twelve months",
        says=f"Projection: {report.growth.method}. Records without a time count from the beginning.",
        wide=draw(WIDE, 280),
        narrow=draw(NARROW, 240),
    )


def _by_category(report: Volume) -> Chart:
    alt = altair()

    shown = report.by_category[:MOST_BARS]
    rows = [{"category": _name(row), "facts": row.facts} for row in shown]

    def draw(width: int) -> dict[str, Any]:
        base = alt.Chart(alt.Data(values=rows)).encode(
            x=alt.X("facts:Q", title="facts").axis(format="~s", tickMinStep=1, tickCount=7),
            y=alt.Y("category:N", title=None, sort=None).axis(
                ticks=False, domain=False, labelLimit=110, labelPadding=6
            ),
        )
        bars = base.mark_bar(color=SERIES[0], height={"band": 0.7})
        numbers = base.mark_text(align="left", dx=5, color=MUTED).encode(text=alt.Text("facts:Q", format=","))
        drawn = alt.layer(bars, numbers).properties(width=width, height=max(1, len(rows)) * 24)
        return pages.spec(drawn)

    more = f" The {MOST_BARS} largest of {len(report.by_category)}." if len(report.by_category) > MOST_BARS else ""
    return Chart(
        title="Facts by category",
        says=f"Facts with several categories count in each; turns have none.{more}",
        wide=draw(WIDE - 120),
        narrow=draw(NARROW - 120),
    )


def _some(periods: Sequence[str], width: int) -> list[str]:
    """The labelled periods of an axis: all if there is room."""
    step = -(-len(periods) // _room(width)) if periods else 1
    return list(periods[::step])


def _room(width: int) -> int:
    """The number of labels that fit below a chart."""
    return MOST_LABELS if width == WIDE else MOST_LABELS // 3


def _name(row: Row) -> str:
    return "(none)" if row.name is None else row.name


def page(report: Volume, picture: Picture | None = None) -> str:
    """The whole report as one self-contained HTML document, with `picture` if its charts are already made."""
    span = f", from {report.first.date()} to {report.last.date()}" if report.first and report.last else ""
    whose = f"the user {report.user}" if report.user is not None else f"{report.users:,} users"
    sections = [
        pages.Section(f"By {dimension}", [_rows(dimension, rows, report)])
        for dimension, rows in dimensions(report)
        if rows
    ]
    return pages.document(
        title="Memory volume",
        lead=f"{report.records:,} records of {whose} in {report.backend}: {report.facts:,} facts and "
        f"{report.episodes:,} turns{span}. As of {report.now.date()}.",
        charts=(picture or charts(report)).charts,
        sections=[
            *sections,
            pages.Section("Fact status", [_waste(report)]),
            pages.Section("Size", [_size(report)]),
            pages.Section("The next twelve months", [_growth(report)]),
        ],
    )


def _rows(dimension: str, rows: Sequence[Row], report: Volume) -> str:
    whole = report.facts if dimension == "category" else report.records
    cells = [
        [
            _name(row),
            f"{row.facts:,}",
            f"{row.episodes:,}",
            _share(row.facts + row.episodes, whole),
            f"{row.bytes:,}",
            f"{row.undated:,}",
        ]
        for row in rows
    ]
    said = ""
    if dimension == "user" and report.users > len(rows):
        said = pages.text(f"The {len(rows)} users with the most records, of {report.users:,}.")
    return said + pages.table([dimension, "facts", "turns", "share", "bytes of text", "without a time"], cells)


def _waste(report: Volume) -> str:
    shares = report.shares
    rows = [
        [name, f"{number:,}", _share(number, report.facts)]
        for name, number in (
            ("superseded", shares.superseded),
            ("ended without successor", shares.expired),
            ("exact duplicates", shares.duplicates),
            ("near-duplicates", shares.near_duplicates),
            ("without a source", shares.without_source),
        )
    ]
    return pages.table(["status", "number", "share"], rows) + pages.text(
        f"Near-duplicates are {report.near_duplicate}."
    )


def _size(report: Volume) -> str:
    held, counted = report.bytes, report.tokens
    about = "about " if counted.estimated else ""
    rows = [
        [name, "not known" if size is None else f"{size:,} bytes"]
        for name, size in (("text", held.text), ("vectors", held.vectors), ("file", held.file))
    ]
    rows += [["tokens of facts", f"{about}{counted.facts:,}"], ["tokens of turns", f"{about}{counted.turns:,}"]]
    return pages.table(["of", "size"], rows) + pages.text(f"Tokens: {counted.method}.")


def _growth(report: Volume) -> str:
    growth = report.growth
    rows = [[month.month, f"{month.added:,}", f"{month.total:,}"] for month in growth.projection]
    so_far = "" if growth.rate is None else f" The total grew by {growth.rate:.1%} a month over {growth.months} months."
    if growth.stopped:
        so_far = f" No records were added after {growth.stopped}."
    said = pages.text(f"Method: {growth.method}.{so_far}")
    return said + (pages.table(["month", "added", "records"], rows) if rows else "")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"

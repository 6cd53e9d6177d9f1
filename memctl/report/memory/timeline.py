"""The timeline: a lane for each subject and predicate, and on it a bar for each value and the time when it was true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from memctl.core.fact import KINDS
from memctl.report.memory.records import Record, Remembered

MOST_LANES = 150
"""The largest number of lanes, those with the most facts. The list below the timeline has all facts."""
NARROWEST = 2.5
"""The smallest width of a bar in per cent."""
_TICKS = 5


def timeline(memory: Remembered) -> str:
    """The lanes as HTML; a sentence if no fact has a time."""
    lanes = _lanes(memory.records)
    dated = [record for records in lanes.values() for record in records]
    if not dated:
        return "<p>No fact has a time.</p>"
    begin = min(record.start for record in dated if record.start)
    last = max(record.start for record in dated if record.start)
    finish = max(memory.now, last)
    shown = sorted(lanes.items(), key=lambda lane: -len(lane[1]))[:MOST_LANES]
    shown.sort(key=lambda lane: (lane[0][0] != memory.user, lane[1][0].start or begin))
    rows = [_axis(begin, finish), *(_lane(name, records, begin, finish) for name, records in shown)]
    if len(lanes) > len(shown):
        rows.append(f"<p>{len(lanes) - len(shown)} more lanes are only in the list below.</p>")
    undated = len(memory.records) - len(dated)
    if undated:
        facts = "1 fact has no time and is" if undated == 1 else f"{undated} facts have no time and are"
        rows.append(f"<p>{facts} only in the list below.</p>")
    return f'<div class="lanes">{"".join(rows)}</div>'


def _lanes(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    lanes: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.start is not None:
            fact = record.fact
            lanes.setdefault((fact.subject or fact.user_id, fact.predicate or fact.kind), []).append(record)
    return lanes


def _lane(name: tuple[str, str], records: Sequence[Record], begin: datetime, finish: datetime) -> str:
    """A lane. Facts that were true at the same time are in rows below each other."""
    subject, predicate = name
    ends: list[float] = []
    bars = []
    for record in records:
        left = _share(record.start or begin, begin, finish)
        right = max(_share(min(record.end or finish, finish), begin, finish), left + NARROWEST)
        row = next((row for row, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [right]
        bars.append(_bar(record, left, right - left, row))
    label = f"<b>{escape(subject)}</b> {escape(predicate.replace('_', ' '))}"
    return (
        f'<div class="lane"><div class="label">{label}</div>'
        f'<div class="track" style="height:{2 * len(ends)}rem">{"".join(bars)}</div></div>'
    )


def _bar(record: Record, left: float, width: float, row: int) -> str:
    fact = record.fact
    says = described(record)
    quote = f" “{record.quotes[0].text}”" if record.quotes else ""
    classes = f"bar s{KINDS.index(fact.kind)}" + ("" if record.current else " past")
    place = f"left:{left:.2f}%;width:{width:.2f}%;top:{2 * row + 0.25}rem"
    return (
        f'<a class="{classes}" href="#f-{fact.id}" data-id="{fact.id}" style="{place}" '
        f'aria-label="{escape(says)}" title="{escape(says + quote)}">{escape(fact.object or fact.text)}</a>'
    )


def described(record: Record) -> str:
    """A description of a fact: its text, when it was true, and what replaced it."""
    when = f", from {record.start:%Y-%m-%d}" if record.start else ""
    when += f" to {record.end:%Y-%m-%d}" if record.end else ""
    by = f", replaced by: {record.by}" if record.by else ""
    return f"{record.fact.text.rstrip('.')}{when}{by}"


def _axis(begin: datetime, finish: datetime) -> str:
    span = finish - begin
    ticks = "".join(
        f'<span style="left:{100 * place / _TICKS:.0f}%">{begin + span * place / _TICKS:%Y-%m}</span>'
        for place in range(_TICKS)
    )
    return f'<div class="lane axis" aria-hidden="true"><div class="label"></div><div class="track">{ticks}</div></div>'


def _share(at: datetime, begin: datetime, finish: datetime) -> float:
    """The position of a time between two others, in per cent."""
    span = (finish - begin).total_seconds() or 1.0
    return 100 * min(max((at.astimezone(UTC) - begin).total_seconds() / span, 0.0), 1.0)

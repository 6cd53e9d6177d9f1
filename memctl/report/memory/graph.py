"""The graph: the user in the middle, and around the user the objects of current facts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from memctl.core.fact import KINDS
from memctl.report.memory.records import Record, Remembered
from memctl.report.memory.timeline import described

MOST_NODES = 40
WIDTH, HEIGHT = 900, 620
_RINGS = (0.62, 0.92)
"""The radius of the two rings, as shares of half the drawing."""
_LONGEST = 22


def graph(memory: Remembered) -> str:
    """A drawing for wide screens and a list for narrow ones; a sentence if no fact has an object."""
    related = [record for record in memory.records if record.current and record.fact.predicate and record.fact.object]
    if not related:
        return "<p>No current fact has a subject, a predicate and an object.</p>"
    related.sort(key=lambda record: (record.fact.subject != memory.user, record.fact.predicate or ""))
    drawn = related[:MOST_NODES]
    more = f"<p>{len(related) - len(drawn)} more are only in the list below.</p>" if len(related) > len(drawn) else ""
    return f'<div class="wide">{_drawing(memory.user, drawn)}</div><div class="narrow">{_listing(drawn)}</div>{more}'


def _drawing(user: str, records: Sequence[Record]) -> str:
    middle = (WIDTH / 2, HEIGHT / 2)
    lines, nodes = [], []
    for number, record in enumerate(records):
        angle = 2 * math.pi * number / len(records) - math.pi / 2
        ring = _RINGS[number % 2] if len(records) > 10 else _RINGS[0]
        x = middle[0] + ring * (WIDTH / 2 - 90) * math.cos(angle)
        y = middle[1] + ring * (HEIGHT / 2 - 30) * math.sin(angle)
        colour = f"s{KINDS.index(record.fact.kind)}"
        lines.append(f'<line class="{colour}" x1="{middle[0]:.0f}" y1="{middle[1]:.0f}" x2="{x:.0f}" y2="{y:.0f}"/>')
        nodes.append(_node(record, user, x, y, colour))
    centre = f'<circle cx="{middle[0]:.0f}" cy="{middle[1]:.0f}" r="7"/>'
    name = f'<text class="me" x="{middle[0]:.0f}" y="{middle[1] - 14:.0f}">{escape(_short(user))}</text>'
    says = f"{len(records)} things connected with {escape(user)}"
    return (
        f'<svg class="graph" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{says}">'
        f"{''.join((*lines, centre, *nodes, name))}</svg>"
    )


def _node(record: Record, user: str, x: float, y: float, colour: str) -> str:
    fact = record.fact
    subject = "" if fact.subject in (None, user) else f"{fact.subject} "
    relation = f"{subject}{(fact.predicate or '').replace('_', ' ')}"
    return (
        f'<a href="#f-{fact.id}" data-id="{fact.id}" aria-label="{escape(described(record))}">'
        f"<title>{escape(described(record))}</title>"
        f'<circle class="{colour}" cx="{x:.0f}" cy="{y:.0f}" r="5"/>'
        f'<text x="{x:.0f}" y="{y - 9:.0f}">{escape(_short(fact.object or ""))}</text>'
        f'<text class="relation" x="{x:.0f}" y="{y + 18:.0f}">{escape(_short(relation))}</text></a>'
    )


def _listing(records: Sequence[Record]) -> str:
    items = "".join(
        f'<li><a href="#f-{record.fact.id}" data-id="{record.fact.id}">'
        f"{escape((record.fact.predicate or '').replace('_', ' '))}: {escape(record.fact.object or '')}</a></li>"
        for record in records
    )
    return f"<ul>{items}</ul>"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

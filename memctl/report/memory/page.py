"""The page of a user's memory: filters, timeline, graph, and the list of facts with their evidence."""

from __future__ import annotations

from collections import Counter
from html import escape
from importlib.resources import files

from memctl.core.clean_text import line
from memctl.core.fact import KINDS
from memctl.report.html import Section, document
from memctl.report.memory.graph import graph
from memctl.report.memory.records import Quote, Record, Remembered
from memctl.report.memory.timeline import timeline


def page(memory: Remembered) -> str:
    """The page as one self-contained HTML document."""
    current = sum(record.current for record in memory.records)
    lead = (
        f"{len(memory.records)} facts in {memory.backend}, {current} of them current, and {memory.turns} turns; "
        f"as of {memory.now:%Y-%m-%d %H:%M} UTC"
    )
    pieces = {
        "Find": _controls(memory),
        "Timeline": timeline(memory),
        "Connections": graph(memory),
        "Facts": f'<ol class="facts">{"".join(map(_article, reversed(memory.records)))}</ol>',
    }
    resources = files("memctl.report.memory")
    style, script = (resources.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return document(
        line(f"Memory of {memory.user}"),
        line(lead),
        [],
        [Section(title, [line(piece)]) for title, piece in pieces.items()],
        style=style,
        script=script,
    )


def _controls(memory: Remembered) -> str:
    kinds = Counter[str](record.fact.kind for record in memory.records)
    boxes = "".join(
        f'<label><input type="checkbox" name="kind" value="{kind}" checked> <i class="s{KINDS.index(kind)}"></i> '
        f"{kind} ({kinds[kind]})</label>"
        for kind in KINDS
        if kinds[kind]
    )
    return (
        '<form role="search" class="controls">'
        '<label class="query">Search these facts <input type="search" name="query" autocomplete="off"></label>'
        f'<fieldset><legend>Kinds</legend>{boxes}<label><input type="checkbox" name="past" checked> '
        "past facts too</label></fieldset>"
        f'<output aria-live="polite">{len(memory.records)} facts</output></form>'
    )


def _article(record: Record) -> str:
    fact = record.fact
    words = " ".join(filter(None, (fact.text, fact.subject, fact.predicate, fact.object, *fact.categories)))
    details = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in _details(record))
    evidence = "".join(map(_quote, record.quotes)) or "<p>No quote is stored for this fact.</p>"
    return (
        f'<li class="fact{"" if record.current else " past"}" id="f-{fact.id}" data-id="{fact.id}" '
        f'data-kind="{fact.kind}" data-words="{escape(words.casefold())}" tabindex="-1">'
        f'<p><i class="s{KINDS.index(fact.kind)}"></i> {escape(fact.text)}</p>'
        f"<details><summary>{_summary(record)}</summary>{evidence}<dl>{details}</dl></details></li>"
    )


def _summary(record: Record) -> str:
    state = "current" if record.current else "replaced" if record.by else "past"
    times = [f"{at:%Y-%m-%d}" for at in (record.start, record.end) if at]
    return escape(" · ".join((record.fact.kind, state, " to ".join(times) or "no time")))


def _details(record: Record) -> list[tuple[str, str]]:
    fact = record.fact
    values = {
        "replaced by": record.by,
        "subject": fact.subject,
        "predicate": fact.predicate,
        "object": fact.object,
        "confidence": None if fact.confidence is None else f"{fact.confidence:.2f}",
        "categories": ", ".join(fact.categories),
        "id": str(fact.id),
    }
    return [(name, value) for name, value in values.items() if value]


def _quote(quote: Quote) -> str:
    at = f"{quote.at:%Y-%m-%d}, " if quote.at else ""
    return f"<blockquote>{escape(quote.text)}<footer>{escape(at + quote.place)}</footer></blockquote>"

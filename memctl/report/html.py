"""Reports as one self-contained HTML document: charts, scrolling tables, light and dark mode.

Knows the layout, not the content.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from html import escape
from typing import Any

import msgspec

from memctl import __version__
from memctl.report.charts import DARK, FONT, LIGHT, Chart, inline, shown, variable


class Section(msgspec.Struct, frozen=True):
    """A heading and the HTML below it."""

    title: str
    pieces: list[str]


STYLE = """
:root { color-scheme: light dark; LIGHT }
@media (prefers-color-scheme: dark) { :root { DARK } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 FONT; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
.lead, figcaption, footer { color: var(--muted); }
figure { margin: 0; }
figcaption { font-size: .9rem; margin-bottom: .75rem; }
figure svg { display: block; width: 100%; height: auto; max-width: 900px; }
.narrow { display: none !important; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .75rem .35rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--grid); }
th { color: var(--muted); font-weight: 600; }
th.left, td.left { text-align: left; }
td small { display: block; color: var(--muted); }
li { margin: .25rem 0; }
footer { margin-top: 3rem; font-size: .85rem; }
@media (max-width: 640px) {
  .wide { display: none !important; }
  .narrow { display: block !important; }
  th, td { padding-right: .5rem; }
}
"""


def document(
    title: str, lead: str, charts: Sequence[Chart], sections: Sequence[Section], *, style: str = "", script: str = ""
) -> str:
    """The page: title, lead, charts, then sections. Only `script` can run in it: what a fact contains cannot."""
    body = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']
    body += [_figure(chart, f"chart{number}") for number, chart in enumerate(charts, 1)]
    body += [f"<section><h2>{escape(one.title)}</h2>{''.join(one.pieces)}</section>" for one in sections]
    body.append(f"<footer>Made by memctl {escape(__version__)}. This page is self-contained.</footer>")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            # Without an icon the browser would request one.
            f'<title>{shown(escape(title))}</title><link rel="icon" href="data:,">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">',
            f"<style>{_style()}{style}</style></head>",
            "<body><main>",
            *map(shown, body),
            "</main>",
            *([f"<script>{script}</script>"] if script else []),
            "</body></html>",
            "",
        ]
    )


def _policy(script: str) -> str:
    """What the page may load and run, as a Content-Security-Policy."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"


def _style() -> str:
    def colours(of: dict[str, str]) -> str:
        return " ".join(f"{variable(place)}: {colour};" for place, colour in of.items())

    return STYLE.replace("LIGHT", colours(LIGHT)).replace("DARK", colours(DARK)).replace("FONT", FONT)


def _figure(chart: Chart, name: str) -> str:
    says = f"{chart.title}. {chart.says}"
    return (
        f"<section><h2>{escape(chart.title)}</h2><figure><figcaption>{escape(chart.says)}</figcaption>"
        f'<div class="wide">{inline(chart.wide, f"{name}w", says)}</div>'
        f'<div class="narrow">{inline(chart.narrow, f"{name}n", says)}</div></figure></section>'
    )


def spec(chart: Any) -> dict[str, Any]:
    """An altair chart as a Vega-Lite spec, without altair's own configuration."""
    made: dict[str, Any] = chart.to_dict(validate=False)  # the JSON Schema takes as long as the drawing
    return {name: value for name, value in made.items() if name not in ("$schema", "config", "usermeta")}


def text(said: str) -> str:
    """A paragraph."""
    return f"<p>{escape(said)}</p>"


def items(lines: Sequence[str]) -> str:
    """A list, or a dash if it is empty."""
    if not lines:
        return "<p>–</p>"
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A table; the first `left` columns and those without numbers are left-aligned, second lines of cells are small."""

    def side(place: int) -> str:
        numbers = all(_numeric(row[place]) for row in rows)
        return "" if place >= left and numbers else ' class="left"'

    sides = [side(place) for place in range(len(columns))]
    head = "".join(f"<th{sides[place]}>{escape(column)}</th>" for place, column in enumerate(columns))
    lines = "".join(
        f"<tr>{''.join(f'<td{sides[place]}>{_cell(cell)}</td>' for place, cell in enumerate(row))}</tr>" for row in rows
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(cell: str) -> str:
    first, _, rest = cell.partition("\n")
    return escape(first) + (f"<small>{escape(rest)}</small>" if rest else "")


def _numeric(cell: str) -> bool:
    return not any(letter.isalpha() for letter in cell.partition("\n")[0])


def number(quantity: Decimal) -> str:
    """A quantity: whole, or with the significant digits of its fraction."""
    if quantity == quantity.to_integral_value():
        return f"{int(quantity):,}"
    return f"{quantity:,.1f}" if quantity >= 100 else f"{quantity:.3g}"

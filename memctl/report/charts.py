"""Vega-Lite charts as SVG and PNG without a browser or a network, and their colours.

A chart is drawn in placeholder colours, which are replaced by the light colours in a file and by CSS variables in a
page, so that one drawing serves light and dark mode. altair and vl-convert are imported on demand. The charts
themselves are in `volume_page` and `pricing_page`.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.errors import UsageError, unwritable
from memctl.runtime import private_files

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
DRAWN_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The font of charts and pages; text widths are computed with it when a chart is drawn."""

INK, MUTED, GRID, PAPER = "#b00001", "#b00002", "#b00003", "#b00004"
SERIES = tuple(f"#a0000{place}" for place in range(8))
"""Placeholders for the colours of up to eight series."""

LIGHT = {
    INK: "#1b1f24",
    MUTED: "#57606a",
    GRID: "#dde1e6",
    PAPER: "#ffffff",
    **dict(
        zip(
            SERIES,
            ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#7a6a00", "#3d8fc4", "#4d4d4d", "#882255"),
            strict=True,
        )
    ),
}
"""After Okabe and Ito (2008), distinguishable with any colour vision, darkened for a white background."""

DARK = {
    INK: "#e6edf3",
    MUTED: "#9aa5b1",
    GRID: "#30363d",
    PAPER: "#0d1117",
    **dict(
        zip(
            SERIES,
            ("#4fa8e0", "#ff8a3d", "#2fc99b", "#e08fd0", "#d9c64a", "#9bd8ff", "#b8c0c8", "#ff7fa8"),
            strict=True,
        )
    ),
}

WIDE, NARROW = 820, 330
"""Widths of a chart in pixels, for a desktop and for a telephone of 400."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart with its title, in both widths. `says` describes it in words; the specs are Vega-Lite's."""

    title: str
    says: str
    wide: dict[str, Any]
    narrow: dict[str, Any]


class Picture(msgspec.Struct, frozen=True):
    """Charts in one file, one below the other."""

    charts: tuple[Chart, ...]

    def drawn(self, form: str) -> bytes:
        """The charts as "svg" or "png", in the light colours."""
        spec = {
            "vconcat": [
                chart.wide | {"title": {"text": chart.title, "subtitle": _lines(chart.says)}} for chart in self.charts
            ],
            "spacing": 40,
            "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
            "config": config() | {"background": PAPER, "padding": 20},
        }
        svg = coloured(svg_of(spec), LIGHT)
        if form == "svg":
            return svg.encode()
        import vl_convert

        png: bytes = vl_convert.svg_to_png(svg, scale=2)
        return png


def require() -> None:
    """Raise UsageError with the package to install if charts cannot be drawn."""
    try:
        import altair
        import vl_convert
    except ModuleNotFoundError as error:
        raise UsageError(
            f"charts need the package {error.name!r}", hint="pip install 'memctl-toolkit[report]'"
        ) from error
    del altair, vl_convert


def altair() -> Any:
    """The library that writes Vega-Lite, untyped: its types are long unions for editors."""
    import altair

    return altair


def config() -> dict[str, Any]:
    """The configuration of all charts."""
    label = {
        "labelColor": MUTED,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "font": DRAWN_FONT,
        "background": "transparent",
        "aria": False,
        "view": {"stroke": None},
        "axis": label | {"domainColor": MUTED, "tickColor": MUTED, "gridColor": GRID, "titlePadding": 10},
        "legend": label
        | {
            "orient": "top",
            "title": None,
            "symbolStrokeWidth": 3,
            "symbolType": "square",
            "labelLimit": 240,
            "columnPadding": 24,
        },
        "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 13, "labelFontWeight": "bold"},
        "title": {"color": INK, "anchor": "start", "fontSize": 16, "subtitleColor": MUTED, "subtitleFontSize": 12}
        | {"offset": 16, "subtitlePadding": 6},
        "range": {"category": list(SERIES)},
        "bar": {"stroke": PAPER, "strokeWidth": 0.5},
        "line": {"strokeWidth": 2.5},
        "text": {"color": INK, "fontSize": 12},
    }


def svg_of(spec: dict[str, Any]) -> str:
    """A Vega-Lite spec as SVG, in placeholder colours. Nothing is downloaded: the spec contains its data."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(_drawable(spec), vl_version="6.4", allowed_base_urls=[])
    return drawn


_NOT_SHOWN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) excludes, C1 controls, and bidirectional controls (UAX #9, 2)."""


def shown(text: str) -> str:
    """Text for a page or a drawing, with U+FFFD for excluded characters."""
    return _NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def _drawable(spec: Any) -> Any:
    """The spec with such text only: a control character in a name crashes vl-convert 1.9, whose SVG parser panics."""
    if isinstance(spec, dict):
        return {_drawable(key): _drawable(value) for key, value in spec.items()}
    if isinstance(spec, list | tuple):
        return [_drawable(value) for value in spec]
    return shown(spec) if isinstance(spec, str) else spec


def inline(spec: dict[str, Any], name: str, says: str) -> str:
    """A chart as an element of a page: coloured by CSS variables, scaled to its column, described for screen readers.

    `name` keeps its inner ids unique in the page.
    """
    svg = svg_of({"config": config(), **spec})
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    for place in (INK, MUTED, GRID, PAPER, *SERIES):
        svg = svg.replace(place, f"var({variable(place)})")
    return re.sub(r"^<svg\b", f'<svg role="img" aria-label="{_attribute(says)}"', svg, count=1)


def coloured(svg: str, colours: dict[str, str]) -> str:
    """A drawing with its placeholders replaced."""
    for place, colour in colours.items():
        svg = svg.replace(place, colour)
    return svg


def variable(placeholder: str) -> str:
    """The CSS variable for a placeholder."""
    names = {INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"}
    return names.get(placeholder) or f"--series-{SERIES.index(placeholder)}"


def colours_of(names: Sequence[str]) -> dict[str, Any]:
    """A Vega-Lite scale that gives every name its own colour, in order."""
    return {"domain": list(names), "range": [SERIES[place % len(SERIES)] for place in range(len(names))]}


def require_place(path: Path) -> None:
    """Raise MemctlError if no file can be written to `path`: its folder is missing, or it is itself a folder.

    Called before charts are drawn, which takes seconds.
    """
    folder = path.resolve().parent
    problem = None
    if path.is_dir():
        problem = errno.EISDIR
    elif not folder.is_dir():
        problem = errno.ENOTDIR if folder.exists() else errno.ENOENT
    if problem:
        raise unwritable("the report", OSError(problem, os.strerror(problem)), path)


def write(path: Path, content: bytes) -> None:
    """Write a file atomically. Raises MemctlError if it cannot be written."""
    try:
        private_files.replace(path, content)
    except OSError as error:
        raise unwritable("the report", error, path) from None


def _lines(text: str, width: int = 120) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


def _attribute(text: str) -> str:
    import html

    return html.escape(text, quote=True)

"""The pages and pictures of reports can be opened without a network and read on any screen."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from campaigns import campaign, campaign_cases

from memctl.report import charts, pricing_page, requests, volume_page
from memctl.report.volume import Volume
from memctl.workspace import Workspace

NOW = datetime(2026, 11, 15, tzinfo=UTC)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """The volume of a few facts, with names that would break a page if they were not escaped."""
    from memctl.core.fact import KINDS, Fact, Source, derive_id

    store = Workspace(tmp_path_factory.mktemp("pages") / "store.duckdb")
    store.write(
        [
            Fact(
                id=derive_id(str(number)),
                user_id=("alice", "<script>alert(1)</script>", "用户")[number % 3],
                kind=KINDS[number % len(KINDS)],
                text=f"Fact number {number}.",
                categories=("work", "a & b", "x" * 60)[: number % 4],
                created_at=datetime(2026, 1 + number % 9, 1 + number % 28, tzinfo=UTC) if number % 7 else None,
                source=Source(system="test"),
            )
            for number in range(120)
        ]
    )
    return requests.volume("local", {"local": {"path": store.database.path}}, now=NOW)


@pytest.fixture(scope="module")
def pages(measured: Volume, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("html")
    report = requests.pricing(None, {"growth": requests.growth("8%")})
    written = {"volume": volume_page.page(measured), "pricing": pricing_page.page(report)}
    for name, page in written.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


OVERFLOWING = """
[...document.querySelectorAll('main *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !e.closest('.scroll') && !e.closest('svg');
}).map(e => e.tagName + '.' + e.className)
"""
CONTRAST = """
(() => {
  const light = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(
      v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.createElement('i');
  document.body.append(probe);
  const of = name => { probe.style.color = `var(${name})`; return light(getComputedStyle(probe).color); };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const names = ['--ink', '--muted', ...Array.from({length: 8}, (_, n) => `--series-${n}`)];
  return Object.fromEntries(names.map(name => {
    const colour = of(name);
    return [name, (Math.max(colour, paper) + 0.05) / (Math.min(colour, paper) + 0.05)];
  }));
})()
"""
SHOWN_TEXT = """
[...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width).flatMap(s => {
  const scale = s.getBoundingClientRect().width / s.viewBox.baseVal.width;
  return [...s.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * scale);
})
"""


SHOWN_CHARTS = "[...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().width).length"
PAINTED = "[...document.querySelectorAll('svg path')].map(p => getComputedStyle(p)).map(s => s.fill + s.stroke)"


@pytest.mark.parametrize(
    ("width", "scheme"), [(400, "light"), (1400, "dark"), *campaign_cases((400, "dark"), (1400, "light"))]
)
@pytest.mark.parametrize("name", ["volume", "pricing"])
def test_a_page_renders_without_errors_requests_or_overflow(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
):
    browser.open(pages[name], width, scheme)
    assert browser.complaints == []
    assert browser.requests == [pages[name].as_uri()], "the page requested other resources"
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask(OVERFLOWING) == []
    sizes = browser.ask(SHOWN_TEXT)
    assert len(sizes) > 30
    assert min(sizes) >= 10, "letters of a chart smaller than 10 pixels"
    visible = browser.ask(
        "[...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().width).length"
    )
    assert visible == 3, "each chart shows one drawing, the one for this width"
    contrasts = browser.ask(CONTRAST)
    assert min(contrasts["--ink"], contrasts["--muted"]) >= 4.5, contrasts
    assert min(ratio for series, ratio in contrasts.items() if "series" in series) >= 3, contrasts


@pytest.mark.parametrize("name", ["volume", "pricing"])
def test_light_and_dark_differ_in_more_than_the_background(browser: Any, pages: dict[str, Path], name: str):
    seen = []
    for scheme in SCHEMES:
        browser.open(pages[name], 1400, scheme)
        mark = (
            "[...document.querySelectorAll('svg path')].map(p => getComputedStyle(p).fill + getComputedStyle(p).stroke)"
        )
        seen.append((browser.ask("getComputedStyle(document.body).backgroundColor"), browser.ask(mark)))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]


@pytest.mark.parametrize("name", ["volume", "pricing"])
def test_a_page_is_self_contained_and_has_no_placeholder(pages: dict[str, Path], name: str):
    page = pages[name].read_text(encoding="utf-8")
    fetched = re.findall(r"(?:src|href|url|@import)\s*[=(]\s*[\"']?(?!#|data:|var)([^\s\"')>]+)", page)
    assert [address for address in fetched if not address.startswith("chart")] == []
    assert "<script" not in page
    for placeholder in (*charts.LIGHT, charts.DRAWN_FONT + "X"):
        assert placeholder not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for reference in re.findall(r"url\(#([^)]+)\)", page):
        assert reference in ids


def test_user_names_are_shown_and_not_run_as_html(pages: dict[str, Path]):
    page = pages["volume"].read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "用户" in page
    assert "a &amp; b" in page


def test_a_page_describes_its_charts_in_text(pages: dict[str, Path]):
    for page in pages.values():
        labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page.read_text(encoding="utf-8"))
        assert len(labels) == 6
        assert all(len(label) > 40 for label in labels)


def test_the_pricing_page_marks_assumptions_and_checks_the_claim(pages: dict[str, Path]):
    page = pages["pricing"].read_text(encoding="utf-8")
    assert "does not hold" in page
    assert "Origin of this claim" in page
    assert "129.85*" in page
    assert "250.00<" in page, "Zep's price rests on no assumption and has no mark"


@pytest.mark.parametrize("make", [volume_page.charts, *campaign(pricing_page.charts)], ids=["volume", "pricing"])
def test_pictures_use_the_light_colours(make: Callable[..., charts.Picture], measured: Volume):
    picture = make(measured if make is volume_page.charts else requests.pricing(None, {}))
    svg = picture.drawn("svg").decode()
    ElementTree.fromstring(svg)
    assert charts.INK not in svg
    assert charts.LIGHT[charts.SERIES[0]] in svg
    png = picture.drawn("png")
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000


def test_the_same_report_is_drawn_the_same_way_twice(measured: Volume, pages: dict[str, Path]):
    assert volume_page.page(measured) == pages["volume"].read_text(encoding="utf-8")


def test_an_empty_memory_has_a_page(tmp_path: Path):
    (tmp_path / "none.jsonl").touch()
    nothing = requests.volume(str(tmp_path / "none.jsonl"), {}, now=NOW)
    assert nothing.records == 0
    assert "0 records of 0 users" in volume_page.page(nothing)

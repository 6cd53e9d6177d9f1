"""The reports in docs/ are the ones that the commands would create today."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def comparable(page: str) -> str:
    """A page without the parts that depend on library versions: drawings, file size, version."""
    page = re.sub(r"<svg\b.*?</svg>", "<svg/>", page, flags=re.DOTALL)
    page = re.sub(r'(<td class="left">file</td><td[^>]*>)[^<]*', r"\1", page)
    return re.sub(r"Made by memctl [^.]+(?:\.\d+)*", "Made by memctl", page)


def test_the_report_pages_in_docs_are_up_to_date(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("memctl.report.charts.svg_of", lambda spec: "<svg></svg>")  # not compared
    spec = importlib.util.spec_from_file_location("docs_reports", DOCS / "reports.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    current_pages = module.pages()
    assert sorted(current_pages) == sorted(path.name for path in DOCS.glob("*.html"))
    for name, page in current_pages.items():
        in_docs = (DOCS / name).read_text(encoding="utf-8")
        assert comparable(page) == comparable(in_docs), "python docs/reports.py"
        assert page.count("<svg") == in_docs.count("<svg") == 6


def test_the_cost_table_in_docs_matches_the_report():
    from memctl.report import requests

    report = requests.pricing(None, {})
    text = (DOCS / "reports.md").read_text(encoding="utf-8")
    table = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if re.match(r"\| [\d,]+ \| ", line)}
    assert list(table) == [f"{users:,}" for users in report.curves.marks]
    for users, costs in report.curves.marks.items():
        cells = table[f"{users:,}"].strip("| ").split(" | ")[1:]
        for cell, cost in zip(cells, costs, strict=True):
            if cost.total is None:
                assert "$" not in cell
            else:
                price, _, plan = cell.partition(" ")
                assert price == f"${cost.total:,.2f}{'*' if cost.assumed else ''}"
                assert cost.system == "local" or plan == cost.quote.plan
    for one in report.curves.verdicts:
        assert one.exponent is None or f"{one.exponent:.2f} (" in text

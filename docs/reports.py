"""Generates docs/report-volume.html, from the fixture transcripts, and docs/report-pricing.html, from the price book.

python docs/reports.py [FOLDER]; a test compares both pages with what the commands print.
"""

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from memctl.ingest.pipeline import Options
from memctl.ingest.session_extraction import Recipe
from memctl.report import pricing_page, requests, volume_page
from memctl.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 7, 1, tzinfo=UTC)
"""The date of the pages: soon after the last fixture."""


def pages() -> dict[str, str]:
    """The pages by their file names."""
    with tempfile.TemporaryDirectory() as folder:
        fixtures = Path(shutil.copytree(ROOT / "fixtures" / "transcripts", Path(folder) / "transcripts"))
        store = Workspace(Path(folder) / "store.duckdb")
        store.ingest([str(fixtures)], Options(recipe=Recipe(extractor="rules")))
        volume = requests.volume("local", {"local": {"path": store.database.path}}, now=NOW)
    priced = requests.pricing(None, {"growth": requests.growth("8%")})
    return {"report-volume.html": volume_page.page(volume), "report-pricing.html": pricing_page.page(priced)}


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    os.environ.setdefault("MEMCTL_CONFIG", os.devnull)
    for name, page in pages().items():
        (target / name).write_text(page, encoding="utf-8")

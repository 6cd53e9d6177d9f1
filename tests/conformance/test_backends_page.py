"""docs/backends.md matches the adapters and the suite."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def backends() -> Any:
    spec = importlib.util.spec_from_file_location("docs_backends", DOCS / "backends.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_matches_the_output_of_its_script() -> None:
    """Run as CONTRIBUTING.md says: whoever adds a backend needs the script to work outside of pytest."""
    command = [sys.executable, str(DOCS / "backends.py")]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert (DOCS / "backends.md").read_text(encoding="utf-8") == printed, "python docs/backends.py > docs/backends.md"


def test_every_backend_runs_at_least_sixty_cases(backends: Any) -> None:
    numbers = {backend.title: len(backends.cases(backend)) for backend in backends.backends()}
    assert {"local", "JSONL", "Parquet", "CSV", "Postgres"} <= set(numbers)
    assert min(numbers.values()) >= 60


def test_every_declared_exception_names_an_existing_case(backends: Any) -> None:
    for backend in backends.backends():
        names = {name for case in backends.cases(backend) for name in (case, case.split("[")[0])}
        assert set(backend.never) <= names, backend.title
        assert all(backend.never.values())


def test_the_number_of_cases_is_what_pytest_collects(backends: Any) -> None:
    suite = str(Path(__file__).with_name("test_conformance_csv.py"))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-q", "-p", "no:cacheprovider", suite]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (csv,) = [backend for backend in backends.backends() if backend.title == "CSV"]
    assert listed.strip().endswith(f"test_conformance_csv.py: {len(backends.cases(csv))}")

"""The page of a user's memory: its facts can be searched, read and traced to their source, and nothing in it can
run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memctl.core.errors import NotFound
from memctl.core.fact import Fact, Source, derive_id, encode
from memctl.report.memory import graph, timeline
from memctl.report.memory.page import page
from memctl.report.memory.records import remembered

NOW = datetime(2026, 11, 15, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=alert(1)> \u202e"


def make_fact(text: str, *, days: int | None = 100, user: str = "rosa", **fields: Any) -> Fact:
    return Fact(
        id=derive_id(user, text),
        user_id=user,
        **{
            "kind": "fact",
            "text": text,
            "subject": user,
            "created_at": None if days is None else NOW - timedelta(days=days),
            "source": Source(system="test", id=text, quote=f"I said: {text}"),
        }
        | fields,
    )


PARIS = make_fact("rosa lives in Paris", days=50, predicate="lives_in", object="Paris")
FACTS = [
    PARIS,
    make_fact(
        "rosa lives in Lyon", days=400, predicate="lives_in", object="Lyon", superseded_by=PARIS.id,
        invalid_at=NOW - timedelta(days=50),
    ),
    make_fact("rosa likes figs", kind="preference", predicate="likes", object="figs"),
    make_fact("rosa likes rye bread", kind="preference", predicate="likes", object="rye bread", days=90),
    make_fact("Use metric units", kind="procedure", days=None, predicate=None),
    make_fact(f"rosa owns a {HOSTILE}", predicate="owns", object=HOSTILE),
    make_fact("Émile is rosa's brother", subject="Émile", predicate="relation", object="brother", days=10),
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("memory") / "facts.jsonl"
    path.write_bytes(b"".join(encode(fact) + b"\n" for fact in FACTS))
    return path


@pytest.fixture(scope="module")
def page_path(file: Path) -> Path:
    path = file.with_suffix(".html")
    path.write_text(page(remembered(str(file), "rosa", {}, now=NOW)), encoding="utf-8")
    return path


def test_the_page_shows_validity_and_successors(page_path: Path):
    text = page_path.read_text(encoding="utf-8")
    assert "rosa lives in Lyon, from 2025-10-11 to 2026-09-26, replaced by: rosa lives in Paris" in text
    assert "I said: rosa likes figs" in text
    assert "7 facts" in text
    assert "1 fact has no time" in text


def test_facts_valid_at_the_same_time_are_drawn_in_two_rows(file: Path):
    drawn = timeline.timeline(remembered(str(file), "rosa", {}, now=NOW))
    lane = drawn[drawn.index("</b> likes") :]
    assert "height:4rem" in lane[: lane.index("bar")]
    assert "height:2rem" in drawn[drawn.index("</b> lives in") :]


def test_a_large_memory_is_drawn_in_part_and_the_rest_is_counted(file: Path, monkeypatch: pytest.MonkeyPatch):
    memory = remembered(str(file), "rosa", {}, now=NOW)
    related = sum(record.current and bool(record.fact.object) for record in memory.records)
    assert graph.graph(memory).count("<circle") == 1 + related
    monkeypatch.setattr(graph, "MOST_NODES", 2)
    drawn = graph.graph(memory)
    assert drawn.count("<circle") == 1 + 2
    assert f"{related - 2} more are only in the list below" in drawn


def test_an_unknown_user_has_no_page(file: Path):
    with pytest.raises(NotFound):
        remembered(str(file), "nobody", {}, now=NOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_fits_the_screen_and_makes_no_requests(browser: Any, page_path: Path, width: int, scheme: str):
    browser.open(page_path, width, scheme)
    assert browser.complaints == []
    assert browser.requests == [page_path.as_uri()]
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("document.querySelectorAll('img').length") == 0
    assert browser.ask("[...document.querySelectorAll('a, input')].filter(e => e.tabIndex < 0).length") == 0
    unnamed = "[...document.querySelectorAll('.bar')].filter(e => !e.getAttribute('aria-label')).length"
    assert browser.ask(unnamed) == 0


def test_search_and_filters_show_and_count_matches(browser: Any, page_path: Path):
    browser.open(page_path, 1400, "light")
    visible = "[...document.querySelectorAll('.fact:not([hidden]) > p')].map(p => p.textContent.trim())"
    enter = "(t => { const q = document.querySelector('[name=query]'); q.value = t; q.dispatchEvent(new Event('input', {bubbles: true})); })"  # noqa: E501
    browser.ask(f"{enter}('EMILE')")
    assert browser.ask(visible) == ["Émile is rosa's brother"]
    assert browser.ask("document.querySelector('output').textContent") == "1 of 7 facts"
    assert browser.ask("[...document.querySelectorAll('.lane:not(.axis)')].filter(l => !l.hidden).length") == 1
    browser.ask(f"{enter}('')")
    browser.ask("document.querySelector('[name=past]').click()")
    assert "rosa lives in Lyon" not in browser.ask(visible)
    browser.ask("document.querySelector('[value=preference]').click()")
    assert not any("likes" in text for text in browser.ask(visible))


def test_a_bar_links_to_the_quote_of_the_fact(browser: Any, page_path: Path):
    browser.open(page_path, 400, "dark")
    browser.ask("document.querySelector('.bar.past').click()")
    browser.ask("new Promise(done => setTimeout(done, 50))")
    assert browser.ask("document.activeElement.querySelector('details').open") is True
    assert "I said: rosa lives in Lyon" in browser.ask("document.activeElement.textContent")


# On the command line.


def test_the_command_writes_the_page_for_its_owner_only(memctl: Any, tmp_path: Path):
    memctl("add", "ada", "I live in Ghent.")
    ran = memctl("report", "memory", "ada", "--html", tmp_path / "ada.html")
    assert ran.code == 0, ran.err
    assert (tmp_path / "ada.html").stat().st_mode & 0o077 == 0
    assert "I live in Ghent" in (tmp_path / "ada.html").read_text(encoding="utf-8")
    assert memctl("report", "memory", "ada", "--html", "-").out.startswith("<!doctype html>")
    assert memctl("report", "memory", "bob", "--html", tmp_path / "b.html").code == 4
    assert memctl("report", "memory", "ada").code == 2

"""`memctl report`: the output for people and for scripts."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from campaigns import campaign

from memctl.core.errors import Exit
from memctl.report import requests
from memctl.store.model import ModelsUsed

pytestmark = pytest.mark.engines(campaign="postgres")

Memctl = Callable[..., Any]
TYPICAL = ("--users", 1000, "--turns-per-user-month", 100, "--facts-per-turn", 0.3, "--searches-per-turn", 0.5)


@pytest.mark.usefixtures("ingested")
def test_volume_shows_every_breakdown_with_a_sparkline_per_row(memctl: Memctl):
    ran = memctl("report", "volume")
    assert ran.code == Exit.OK
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert re.match(r"\d+ records of 5 users in local, 2025-08-16 to 2026-06-09$", lines[0])
    (alice,) = [line for line in lines if line.startswith("alice")]
    assert re.search(r"[▁▂▃▄▅▆▇█]{2,}", alice)
    for heading in ("by user", "by kind", "by category", "by source", "fact status", "size", "the next twelve months"):
        assert heading in lines
    assert "WordPiece" in ran.out
    assert "near-duplicates are current facts" in ran.out


@pytest.mark.usefixtures("ingested")
def test_volume_as_json_and_csv_has_the_same_counts(memctl: Memctl):
    document = memctl("report", "volume", "--json").document
    assert document["schema"] == "memctl.report.volume/1"
    assert sum(row["facts"] for row in document["by_user"]) == document["facts"]
    assert sum(row["episodes"] for row in document["by_kind"]) == document["episodes"]
    assert len(document["growth"]["projection"]) == 12
    rows = list(csv.DictReader(io.StringIO(memctl("report", "volume", "--csv").out)))
    users = {row["name"]: int(row["facts"]) for row in rows if row["dimension"] == "user"}
    assert users == {row["name"]: row["facts"] for row in document["by_user"]}
    assert "2026-03" in rows[0]


@pytest.mark.usefixtures("ingested")
def test_volume_works_on_a_file_and_on_one_user_by_week(memctl: Memctl, home: Path):
    assert memctl("export", "--from", "local", "--all-users", "-o", home / "all.jsonl").code == Exit.OK
    of_file = memctl("report", "volume", "--from", home / "all.jsonl", "--json").document
    of_store = memctl("report", "volume", "--json").document
    for document in (of_file, of_store):
        for name in ("backend", "now", "bytes"):
            del document[name]
    assert of_file == of_store
    alone = memctl("report", "volume", "--user", "mei", "--by", "week", "--json").document
    assert [row["name"] for row in alone["by_user"]] == ["mei"]
    assert re.fullmatch(r"2026-W\d\d", alone["periods"][0])


def test_volume_of_an_empty_store_says_what_to_do(memctl: Memctl):
    ran = memctl("report", "volume")
    assert ran.code == Exit.NOT_FOUND
    assert "there is no store yet" in ran.err
    memctl("add", "alice", "I live in Oslo.")
    ran = memctl("report", "volume", "--user", "bob", "--json")
    assert ran.code == Exit.NOT_FOUND
    assert ran.document["error"]["message"] == "no user is called 'bob'"


def test_pricing_without_a_store_uses_the_price_books_defaults(memctl: Memctl):
    ran = memctl("report", "pricing")
    assert ran.code == Exit.OK
    assert "price book 2026-11 as of 2026-11-21" in ran.out
    assert "assumed, assumption: a round number" in ran.out
    assert re.search(r"^1 +1,000 +249\.00\* +250\.00 +129\.85\* +14\.12\* +2\.41\*", ran.out, re.MULTILINE)
    assert "Zep Cloud" in ran.out
    assert "does not hold" in ran.out
    assert "from 901 users on mem0 Platform (249.00*) is cheaper than Zep Cloud" in ran.out
    assert "mem0 Platform has no price beyond 1,000 users" in ran.out


@pytest.mark.usefixtures("ingested")
def test_pricing_measures_the_store_for_missing_values(memctl: Memctl):
    measured = memctl("report", "pricing", "--json").document
    assert measured["schema"] == "memctl.report.pricing/1"
    origins = {name: taken["origin"] for name, taken in measured["workload"].items()}
    assert origins["users"] == origins["turns_per_user_month"] == origins["tokens_per_turn"] == "measured"
    assert origins["searches_per_turn"] == "assumed"
    assert measured["workload"]["users"]["value"] == 5
    stated = memctl("report", "pricing", *TYPICAL, "--growth", "8%/month", "--months", 3, "--json").document
    assert [month["users"] for month in stated["months"]] == [1000, 1080, 1166]
    assert stated["workload"]["growth"] == {"value": 0.08, "origin": "given", "said": "--growth"}
    unmeasured = memctl("report", "pricing", "--unmeasured", "--json").document
    assert {taken["origin"] for taken in unmeasured["workload"].values()} == {"assumed"}


def test_pricing_as_csv_has_a_row_for_every_month_and_system(memctl: Memctl):
    ran = memctl("report", "pricing", "--unmeasured", "--months", 2, "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(row["month"], row["system"]) for row in rows][:6] == [
        *(("1", system) for system in ("mem0", "zep", "letta", "postgres", "local")),
        ("2", "mem0"),
    ]
    zep = rows[1]
    assert (zep["plan"], zep["usd"], zep["usd_plan"], zep["usd_usage"], zep["assumption"]) == (
        "Flex",
        "250",
        "125",
        "125",
        "0",
    )


def test_pricing_by_another_edition_model_and_book(memctl: Memctl, home: Path):
    april = memctl("report", "pricing", "--unmeasured", "--edition", "2026-04", "--model", "rules", "--json").document
    bounds = {cost["system"]: (cost["total"], cost["at_most"]) for cost in april["months"][0]["costs"]}
    assert bounds["zep"] == (200, True)
    book = memctl("report", "prices").out
    (home / "my.yaml").write_text(book.replace("value: 249", "value: 99"))
    mine = memctl("report", "pricing", "--unmeasured", "--prices", home / "my.yaml", "--json").document
    assert mine["months"][0]["costs"][0]["total"] == 99
    dear = memctl(
        "report", "pricing", "--unmeasured", "--model", "gpt-6-astra", "--embedding", "static", "--json"
    ).document
    (local,) = [cost for cost in dear["months"][0]["costs"] if cost["system"] == "local"]
    assert local["parts"] == {"plan": 0, "usage": 0, "LLM tokens": 235.2, "embedding tokens": 0}
    assert memctl("report", "prices", "--list").out.splitlines()[0] == "2026-04  as of 2026-04-15"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--edition", "2019-01"), "editions: 2026-04, 2026-11"),
        (("--model", "gpt-9"), "unknown model 'gpt-9'"),
        (("--growth", "fast"), "invalid growth 'fast'"),
        (("--months", "0"), "--months: invalid number 0\n  use 1 to 120"),
        (("--users", "many"), "'many' is not a number"),
        (("--migrate", "mem0:redis", "--facts", 1), "unknown system 'redis'"),
        (("--migrate", "mem0:zep"), "nothing to move"),
        (("--facts", 1), "add --migrate"),
        (("--unmeasured", "--from", "local"), "cannot be combined"),
        (("--json", "--csv"), "cannot be combined"),
    ],
)
def test_a_wrong_option_is_a_one_line_error(memctl: Memctl, options: tuple[object, ...], message: str):
    ran = memctl("report", "pricing", *options)
    assert ran.code == Exit.USAGE
    assert message in ran.err + ran.out
    assert "Traceback" not in ran.err


@pytest.mark.usefixtures("ingested")
def test_a_shortened_list_of_users_says_so_below_the_list(memctl: Memctl):
    lines = memctl("report", "volume", "--top", 1).out.splitlines()
    start = lines.index("by user")
    assert lines[start + 3].startswith("the 1 user with the most records, of ")
    assert "with the most records" not in memctl("report", "volume", "--top", 1000).out


@pytest.mark.usefixtures("ingested")
def test_a_migration_is_priced_from_measured_or_given_values(memctl: Memctl):
    volume = memctl("report", "volume", "--json").document
    priced = memctl("report", "pricing", "--migrate", "mem0:zep", "--json").document
    assert priced["schema"] == "memctl.report.migration/1"
    assert priced["records"] == volume["records"]
    assert priced["tokens"] == volume["tokens"]["facts"] + volume["tokens"]["turns"]
    assert priced["drivers"]["episode_credits"] >= volume["records"]
    stated = memctl("report", "pricing", "--migrate", "zep:mem0", "--facts", 60_000, "--json").document
    assert stated["calls"]["write"] == stated["drivers"]["add_requests"] == 60_000
    assert (stated["plan"], stated["usd"], stated["minutes"]) == ("Pro", 249, 60)
    table = memctl("report", "pricing", "--migrate", "mem0:postgres", "--facts", 1000)
    assert "USD of new vectors" in table.out
    rows = list(csv.DictReader(io.StringIO(memctl("report", "pricing", "--migrate", "mem0:zep", "--csv").out)))
    assert rows[0]["records"] == str(volume["records"])


@pytest.mark.usefixtures("ingested")
@pytest.mark.parametrize("kind", [("volume",), *campaign(("pricing", "--unmeasured"))], ids=["volume", "pricing"])
def test_pages_and_pictures_are_written_and_named_on_stderr(memctl: Memctl, home: Path, kind: tuple[str, ...]):
    files = {name: home / f"report.{name}" for name in ("html", "png", "svg")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    ran = memctl("report", *kind, *options, "--json")
    assert ran.code == Exit.OK
    assert ran.document["schema"] == f"memctl.report.{kind[0]}/1"
    assert ran.err.splitlines() == [f"wrote {path}" for path in files.values()]
    assert files["html"].read_text().startswith("<!doctype html>")
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["svg"].read_text().startswith("<svg")
    assert [path.name for path in home.iterdir() if path.name.endswith(".part")] == []


def test_a_page_can_be_written_to_stdout_instead_of_the_table(process: Callable[..., Any], memctl: Memctl):
    started = process("report", "pricing", "--unmeasured", "--svg", "-")
    out, err = started.communicate(timeout=120)
    assert (started.returncode, err) == (Exit.OK, "")
    assert out.startswith("<svg")
    assert out.endswith("</svg>")
    ran = memctl("report", "pricing", "--unmeasured", "--svg", "-", "--html", "-")
    assert ran.code == Exit.USAGE
    assert "only one report can be written to stdout" in ran.err


def test_an_unwritable_report_file_is_an_error_at_the_start(
    memctl: Memctl, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("memctl.report.pricing_page.charts", None)
    ran = memctl("report", "pricing", "--unmeasured", "--svg", home / "none" / "report.svg")
    assert ran.code == Exit.ERROR
    assert "report.svg: cannot write the report: No such file or directory" in ran.err


def test_without_the_extra_tables_work_and_charts_name_the_extra(
    memctl: Memctl, home: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("altair", "vl_convert"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert memctl("report", "pricing", "--unmeasured").code == Exit.OK
    ran = memctl("report", "pricing", "--unmeasured", "--html", home / "x.html")
    assert ran.code == Exit.USAGE
    assert "pip install 'memctl-toolkit[report]'" in ran.err
    assert not (home / "x.html").exists()


def test_control_characters_in_user_names_are_not_printed(memctl: Memctl):
    memctl("add", "mal\x1b[2Jory", "I live in Oslo.")
    ran = memctl("report", "volume")
    assert "\x1b[2J" not in ran.out
    assert "mal\\x1b[2Jory" in ran.out


def test_a_store_filled_by_rules_is_priced_without_a_model(memctl: Memctl):
    """No model was used, so tokens cost nothing. The report can still show the price of another model."""
    memctl("add", "alice", "I live in Oslo.")
    tokens = memctl("report", "pricing", "--json").document["tokens"]
    assert (tokens["model"], tokens["embedding"]) == (None, None)
    out = memctl("report", "pricing").out
    assert "models above: rules, no model and the built-in embedding model" in out
    named = memctl("report", "pricing", "--model", "gpt-6-astra", "--json").document["tokens"]
    assert named["model"] == "gpt-6-astra"
    unmeasured = memctl("report", "pricing", "--unmeasured", "--json").document["tokens"]
    assert unmeasured["model"] == "gpt-6-luna"


def test_the_models_that_a_store_used_are_priced():
    used = ModelsUsed(extractors=("llm:gpt-5.4-nano@3", "rules@1"), embedder="openai:text-embedding-3-large")
    report = requests.pricing(None, {}, used=used)
    assert (report.model, report.embedding) == ("gpt-5.4-nano", "text-embedding-3-large")
    unknown = ModelsUsed(extractors=("llm:my-own@3",), embedder="sentence-transformers:mine")
    report = requests.pricing(None, {}, used=unknown)
    assert (report.model, report.embedding) == ("gpt-6-luna", None), "the default of the price book"


def test_a_claim_is_shown_with_its_source(memctl: Memctl):
    ran = memctl("report", "pricing", "--unmeasured")
    assert "origin of this claim: assumption: memctl's planning note" in ran.out
    assert "planning note" in memctl("report", "pricing", "--unmeasured", "--json").document["claim"]["source"]

"""The commands of docs/extraction.md, run by hand with a local server, and by cron."""

import re
from pathlib import Path

import shells

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extraction.md").read_text(encoding="utf-8")
TYPED = [line for block in re.findall(r"^```text\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()]


def shell(line, home, **more):
    """Run a line as cron does: by sh, in the home folder, with a minimal environment."""
    return shells.run(line, {"HOME": str(home), "MEMCTL_NEURAL_MODEL": ""} | more, home)


def test_the_lines_for_a_model_work_against_a_server(chat, model, chat_emulator, home):
    chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.", folder="transcripts")
    (home / ".openai").write_text(chat_emulator.KEY)
    model.needs_key = True
    lines = [line for line in TYPED if "memctl ingest" in line and not line.startswith("0")]
    assert len(lines) == 4
    own, openai, batch, collect = lines
    own = own.replace("http://localhost:11434/v1", model.url)
    settings = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY_FILE": str(home / ".openai")}
    for store, steps in (("a", [own]), ("b", [openai]), ("c", [batch, collect])):
        for step in steps:
            step = step if "--max-cost" not in step else f"{step} --price-per-million 1,1"
            ran = shell(step, home, MEMCTL_STORE=f"{home}/{store}.duckdb", **settings)
            assert ran.returncode == 0, f"{step}\n{ran.stderr}"
        ran = shell("memctl facts alice", home, MEMCTL_STORE=f"{home}/{store}.duckdb")
        assert "alice lives in Oslo." in ran.stdout


def test_the_crontab_lines_run_from_a_crontab(chat, home):
    path = chat("alice/a.jsonl", ("2020-01-01T10:00:00Z", "I live in Oslo."))
    assert shell(f"memctl ingest {path.parent.parent}", home).returncode == 0
    jobs = [match[1] for line in TYPED if (match := re.match(r"(?:[\d*]+ +){5}(.+)", line))]
    assert len(jobs) == 2
    (home / ".openai").write_text("unused")
    for job in jobs:
        ran = shell(job, home)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), job
    assert "alice lives in Oslo." in shell("memctl facts alice --kind summary", home).stdout
    assert "I live in Oslo" not in shell("memctl facts alice --kind episode", home).stdout

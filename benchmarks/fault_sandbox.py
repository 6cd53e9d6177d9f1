"""An empty home in which `memctl` runs as for a new user, with checks of its store afterwards."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

MEMCTL = str(Path(sys.executable).with_name("memctl"))


@dataclass
class Sandbox:
    """An empty home with one store, and the output of the last command."""

    case: Path
    home: Path
    code: int = 0
    output: str = ""
    problems: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> None:
        """Run `memctl ARGUMENTS` in the folder of the case."""
        finished = subprocess.run(
            [MEMCTL, *arguments],
            cwd=self.case,
            env=self.environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        self.code, self.output = finished.returncode, finished.stdout + finished.stderr

    def environment(self) -> dict[str, str]:
        """The environment of a new user: of the caller's variables only PATH."""
        return {
            "PATH": f"{Path(MEMCTL).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "MEMCTL_STORE": str(self.home / "store.duckdb"),
            "MEMCTL_LEDGER": str(self.home / "ledger.duckdb"),
            "M": MEMCTL,
        }

    def records(self) -> list[dict[str, object]]:
        """Every record of the store, episodes and superseded facts included."""
        code, output = self.code, self.output
        self.run("export", "--all-users", "-q", "-o", "-", "--rejects", str(self.home / "export-rejects.jsonl"))
        rows = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]
        self.code, self.output = code, output
        return [row for row in rows if "text" in row]

    def facts(self, user: str | None = None) -> list[str]:
        """The texts of the current facts of a user, or of everybody."""
        return [
            str(row["text"])
            for row in self.records()
            if row["kind"] != "episode"
            and (user is None or row["user_id"] == user)
            and not (row["superseded_by"] or row["expired_at"] or row["invalid_at"])
        ]

    def episodes(self, user: str | None = None) -> list[dict[str, object]]:
        """The turns that the store keeps for a user, or for everybody."""
        return [row for row in self.records() if row["kind"] == "episode" and (user is None or row["user_id"] == user)]

    def expect(self, holds: object, problem: str) -> None:
        """Record a problem if the condition is false."""
        if not holds:
            self.problems.append(problem)

    def has(self, user: str, *words: str) -> None:
        """Expect a current fact of the user with each of these words."""
        texts = self.facts(user)
        for word in words:
            self.expect(any(word in text for text in texts), f"{user} has no fact with {word!r}: {texts}")

    def lacks(self, user: str | None, *words: str) -> None:
        """Expect no current fact of the user (None: of anybody) with any of these words."""
        for text in self.facts(user):
            for word in words:
                self.expect(word not in text, f"{user or 'somebody'} has {text!r}")

    def rests_on(self, user: str, *words: str) -> None:
        """Expect that no turn in which the user speaks contains any of these words, because other people said them.

        A turn that names a speaker who is not the user is that person's, although it is in the user's memory.
        """
        first = user.casefold().split()[0]
        for row in self.episodes(user):
            native = row.get("native")
            speaker = str(native.get("speaker") or "") if isinstance(native, dict) else ""
            if speaker and speaker.casefold().split()[0] != first:
                continue
            for word in words:
                self.expect(word not in str(row["text"]), f"a turn of {user} is {row['text']!r}")

"""The commands of the README and of docs/: what they tell a newcomer to type works, in a new home folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#\s*exit (\d+)\s*$")


PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def commands(page: str = "README.md") -> list[str]:
    """The lines of the page's shell blocks that are commands, continued lines joined."""
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip().removeprefix("$ ") for line in lines if line.strip()]


def test_the_readme_says_how_to_start():
    assert any(line.startswith("memctl ingest") for line in commands())
    assert any(line.split("#")[0].strip() == "make demo" for line in commands())


def test_every_make_target_of_the_readme_is_one():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in commands() if line.startswith("make ") for word in line.split("#")[0].split()[1:]}
    assert named <= targets


@pytest.mark.parametrize("page", [page for page in PAGES if any(line.startswith("memctl ") for line in commands(page))])
def test_the_commands_of_a_page_run_in_order_as_written(page: str, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    work = tmp_path / "memctl"
    work.mkdir()
    (work / "fixtures").symlink_to(ROOT / "fixtures")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MEMCTL_", "XDG_"))}
    environment |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("DATABASE_URL", None)
    run = [line for line in commands(page) if line.startswith("memctl ")]
    # The README starts with this itself; the other pages speak to those who have.
    for line in run if page == "README.md" else ["memctl ingest -q fixtures/transcripts", *run]:
        expected = EXIT.search(line)
        ran = subprocess.run(
            ["sh", "-c", line], cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if ran.returncode != (int(expected[1]) if expected else 0):
            pytest.fail(f"{line}\nexit code {ran.returncode}\n{ran.stdout}{ran.stderr}")

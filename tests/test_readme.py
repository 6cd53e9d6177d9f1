"""The commands in README.md and docs/ run as written, in a new home folder, and print what the pages show."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import in_process
import pytest
import shells

from memctl.runtime.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OF_A_SHELL = set("$`*?~!")
EXIT = re.compile(r"#\s*exit (\d+)\s*$")


PAGES = [
    "README.md",
    *sorted(path.name for path in ROOT.glob("*.md") if path.name not in ("README.md", "CHANGELOG.md")),
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]


def commands(page: str = "README.md") -> list[tuple[str, str | None]]:
    """The commands of the page's shell blocks, continued lines joined, each with the output that the page shows.

    Only `console` blocks show output; there a command begins with `$`. Elsewhere the output is None.
    """
    return list(_commands((ROOT / page).read_text(encoding="utf-8")))


def _commands(text: str) -> Iterator[tuple[str, str | None]]:
    for language, block in BLOCK.findall(text):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output
        else:
            yield from ((line.strip(), None) for line in block.replace("\\\n", " ").splitlines() if line.strip())


def command_lines(page: str = "README.md") -> list[str]:
    return [command for command, _ in commands(page)]


def test_the_readme_shows_how_to_start():
    assert any(command.startswith("memctl ingest") for command in command_lines())
    assert any(command.split("#")[0].strip() == "make demo" for command in command_lines())


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_on_a_page_exists(page: str):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_an_existing_page_and_heading(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("http"):
            path, _, heading = target.partition("#")
            linked = ((ROOT / page).parent / path).resolve() if path else ROOT / page
            assert linked.exists(), target
            assert not heading or heading in _anchors(linked.read_text(encoding="utf-8")), target


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_docs_page_is_linked_from_the_start_page():
    linked = set(re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} <= linked


def test_the_page_of_settings_lists_every_setting_and_every_extra():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [
        name for name in (*Settings.__struct_fields__, *extras) if not re.search(rf"^\|.*`{name}`", page, re.MULTILINE)
    ] == []
    (rest,) = re.findall(r"^\| `all` \| all of these except (.*) \|$", page, re.MULTILINE)
    assert {*re.findall(r"`([\w-]+)`", rest)} == {*extras} - {"all", *re.split(r"[\[\],]", extras["all"][0])}


@pytest.mark.parametrize("page", PAGES)
def test_every_extra_on_a_page_exists(page: str):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r"memctl-toolkit\[([\w,-]+)\]", (ROOT / page).read_text(encoding="utf-8"))
    assert {extra for names in named for extra in names.split(",")} <= {*extras}


def set_up_reader(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Set up this folder for a reader: a new home folder, and a working folder with the fixtures."""
    work, home = folder / "memctl", folder / "home"
    for made in (work, home):
        made.mkdir()
    (work / "fixtures").symlink_to(ROOT / "fixtures")
    for name in list(os.environ):
        if name.startswith(("MEMCTL_", "XDG_")) or name in ("DATABASE_URL", "COLUMNS"):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("MEMCTL_NEURAL_MODEL", "")
    patch.chdir(work)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_reader(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def home_after_ingest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a reader of the README or the start page after ingesting the fixtures."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        set_up_reader(folder, patch)
        assert in_process.run(["ingest", "-q", "fixtures/transcripts"]).returncode == 0
    return folder / "home"


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(line.startswith("memctl ") for line in command_lines(page))]
)
def test_the_commands_of_a_page_print_the_shown_output(page: str, home_after_ingest: Path):
    run = [(line, output) for line, output in commands(page) if line.startswith("memctl ")]
    # The README and the start page begin with an ingest; the other pages assume that it was done.
    if page not in ("README.md", "docs/index.md"):
        shutil.copytree(home_after_ingest, Path.home(), dirs_exist_ok=True)
    for line, output in run:
        expected = EXIT.search(line)
        ran = run_line(line)
        if ran.returncode != (int(expected[1]) if expected else 0):
            pytest.fail(f"{line}\nexit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
        if output is not None and not matches_output(output, ran.stdout):
            pytest.fail(f"{line}\nprints\n{ran.stdout}\nthe page shows\n{output}")


@pytest.mark.parametrize("page", ["README.md", "docs/python-api.md"])
@pytest.mark.usefixtures("work")
def test_the_python_code_of_a_page_runs(page: str):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    command = [sys.executable, "-c", "\n".join(blocks)]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def run_line(line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line with a shell, or directly if it is a single command without redirection or expansion."""
    words = shlex.shlex(line.partition("  #")[0], posix=True, punctuation_chars=True)
    words.whitespace_split, words.commenters = True, ""
    command = list(words)
    if not OF_A_SHELL.intersection(line) and not any(set(word) <= set(words.punctuation_chars) for word in command):
        return in_process.run(command[1:])
    return shells.run(line, os.environ)


def matches_output(page: str, printed: str) -> bool:
    """True if the page's text matches the output: `…` stands for any text, and spaces at line ends are ignored."""
    page, printed = (re.sub(r" +$", "", text.strip(), flags=re.MULTILINE) for text in (page, printed))
    pattern = ".*".join(re.escape(part) for part in page.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None

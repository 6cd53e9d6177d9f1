"""Agents' memories in the format of Letta Code 0.34.12, with an emulation of its pre-commit hook.

The rules were derived from the observed behaviour of the hook: front matter, indexes, depth and sizes in layout v2,
front matter and protected files in v1. Run as a program in a repository, this module is the hook.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

AGENT = "agent-local-6f1d"
HUMAN = """I haven't gotten to know this person yet.

I'm curious about them - not just their preferences, but who they are.
"""
PERSONA = "I'm a coding assistant, ready to be shaped by how we work together."


_SOMEBODY = ("-c", "user.name=Letta", "-c", "user.email=agent@letta.invalid")


def git(folder: Path, *arguments: str) -> str:
    """Run git in the folder, as Letta or its user does."""
    # Sets an author, because the account that runs the tests may have none configured.
    done = subprocess.run(["git", *_SOMEBODY, *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


def agent_memory(folder: Path, layout: str = "v2", files: Mapping[str, str] | None = None) -> Path:
    """The memory of a new agent, including the hook, with further files."""
    folder.mkdir(parents=True)
    if layout == "v2":
        contents = {"MEMORY.md": "# Memory\n", "human.md": v2("Human", HUMAN), "persona.md": v2("Persona", PERSONA)}
    else:
        contents = {"system/human.md": v1(HUMAN), "system/persona.md": v1(PERSONA)}
    for path, text in (contents | dict(files or {})).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, value in {
        "letta.agentId": AGENT,
        "user.name": "Probe",
        "user.email": f"{AGENT}@letta.com",
        "commit.gpgsign": "false",
    }.items():
        git(folder, "config", name, value)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "chore: initialize local memory")
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}"\n')
    hook.chmod(0o755)
    return folder


def v2(name: str, body: str) -> str:
    """A memory file of layout v2."""
    return f"---\nname: {name}\ndescription: What {name} is for.\n---\n{body}"


def v1(body: str, **fields: object) -> str:
    """A memory file of layout v1."""
    more = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\ndescription: A block.\n{more}---\n{body}"


def commit(folder: Path, path: str, text: str) -> None:
    """Write a file and commit it without running the hook, as the agent can."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(text.encode())
    git(folder, "add", "--", path)
    git(folder, "commit", "--quiet", "--no-verify", "-m", "edit")


def problems() -> list[str]:
    """The hook's objections to the staged commit in the current folder."""
    staged = {}
    for entry in filter(None, git(Path(), "ls-files", "--stage", "-z").split("\0")):
        about, _, path = entry.partition("\t")
        staged[path] = about.split()[0]
    if "MEMORY.md" in staged:
        return _problems_v2(staged)
    changed = git(Path(), "diff", "--cached", "--name-only", "-z", "--diff-filter=ACM").split("\0")
    checked = [path for path in changed if path.endswith(".md") and path.startswith(("system/", "reference/"))]
    return [problem for path in checked for problem in _problems_v1(path)]


def _problems_v2(staged: Mapping[str, str]) -> list[str]:
    problems = []
    core = 0
    for path, mode in staged.items():
        if not path.endswith(".md") or path.startswith("skills/"):
            continue
        folders = path.split("/")[:-1]
        if any("/".join([*folders[:depth], "MEMORY.md"]) not in staged for depth in range(1, len(folders) + 1)):
            problems.append(f"{path}: missing required index")
        if not mode.startswith("100"):
            problems.append(f"{path}: memory Markdown must be a regular file")
        text = git(Path(), "show", f":{path}")
        core += 0 if folders else len(text)
        if len(folders) > 2:
            problems.append(f"{path}: depth {len(folders)} exceeds maxDepth 2")
        if len(text) > 20_000:
            problems.append(f"{path}: {len(text)} characters exceeds 20000")
        if path.rpartition("/")[2] == "MEMORY.md":
            problems += [f"{path}: MEMORY.md must not have frontmatter"] if text.startswith("---\n") else []
        else:
            problems += _frontmatter(path, text, {"name", "description"}, {"name", "description"})
    return problems + ([f"core memory: {core} characters exceeds 65536"] if core > 65_536 else [])


def _problems_v1(path: str) -> list[str]:
    before = subprocess.run(["git", "show", f"HEAD:{path}"], capture_output=True, check=False)
    if before.returncode == 0 and "\nread_only: true\n" in before.stdout.decode():
        return [f"{path}: file is read_only and cannot be modified"]
    text = git(Path(), "show", f":{path}")
    if before.returncode != 0 and "\nread_only:" in text.split("\n---", 1)[0]:
        return [f"{path}: 'read_only' is a protected field and cannot be set by the agent"]
    return _frontmatter(path, text, {"description", "limit", "read_only"}, {"description"})


def _frontmatter(path: str, text: str, allowed: set[str], needed: set[str]) -> list[str]:
    lines = text.split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        return [f"{path}: missing frontmatter"]
    fields = [line.partition(":")[::2] for line in lines[1 : lines.index("---", 1)] if line]
    keys = [key for key, _ in fields]
    problems = [f"{path}: unknown frontmatter key {key!r}" for key in keys if key not in allowed]
    problems += [f"{path}: missing required field {key!r}" for key in needed - set(keys)]
    problems += [f"{path}: duplicate frontmatter key" for _ in range(len(keys) - len(set(keys)))]
    return problems + [f"{path}: {key!r} must not be empty" for key, value in fields if not value.strip(" \"'")]


if __name__ == "__main__":
    said = problems()
    sys.stdout.write("".join(f"Memory validation failed: {line}\n" for line in said))
    sys.exit(1 if said else 0)

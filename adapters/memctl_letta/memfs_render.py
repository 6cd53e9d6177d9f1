"""Render facts for the agent as bullets in Markdown files that Letta's hook accepts. No input or output.

The bullets are a view of `facts.jsonl`. Comparing the two finds the agent's changes (`memctl_folders.lines.alignment`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from memctl.core.fact import Fact
from memctl_letta.markdown import INDEX, LONGEST_FILE, SHOWN_IN, Layout, head

LONGEST_BULLET = 2_000
"""Characters of a fact that are shown; a longer one is cut only in the view."""
BULLET = "- "
_LISTED = 200
_PART = re.compile(r"facts-\d+\.md")
_PLAIN = str.maketrans({"\n": "<br>", "\r": "", "\0": "\N{SYMBOL FOR NULL}"})


def bullet(fact: Fact) -> str:
    """The line that shows a fact."""
    text = fact.text.translate(_PLAIN)
    if len(text) > LONGEST_BULLET:
        text = f"{text[:LONGEST_BULLET]}… ({len(fact.text):,} characters, whole in memctl/facts.jsonl)"
    return BULLET + text


def is_cut(fact: Fact) -> bool:
    """Whether the text is cut in the view; a change of such a line is not a change of the fact."""
    return len(fact.text.translate(_PLAIN)) > LONGEST_BULLET


def text_of(line: str) -> str:
    """The text that a bullet shows."""
    return line.strip().removeprefix(BULLET.strip()).strip().replace("<br>", "\n")


def parts(facts: Sequence[Fact], layout: Layout, longest: int = LONGEST_FILE) -> Iterator[tuple[str, list[Fact]]]:
    """The files, by path, that show the facts, each at most `longest` characters long."""
    room = longest - len(_head(layout, 999_999))
    group: list[Fact] = []
    size = number = 0
    for fact in facts:
        length = len(bullet(fact)) + 1
        if group and size + length > room:
            number += 1
            yield part_path(layout, number), group
            group, size = [], 0
        group.append(fact)
        size += length
    if group:
        yield part_path(layout, number + 1), group


def part_path(layout: Layout, number: int) -> str:
    """The file of the n-th part, from 1."""
    return f"{SHOWN_IN[layout]}/facts-{number:03}.md"


def is_part(path: str, layout: Layout) -> bool:
    """Whether the path is one of those files."""
    return bool(_PART.fullmatch(path.removeprefix(SHOWN_IN[layout] + "/"))) and path.startswith(SHOWN_IN[layout])


def part(facts: Sequence[Fact], layout: Layout, number: int) -> str:
    """A file of bullets."""
    return _head(layout, number) + "".join(f"{bullet(fact)}\n" for fact in facts)


def _head(layout: Layout, number: int) -> str:
    return head(layout, f"Facts {number}", f"Facts about the user, part {number}, one a line. Kept by memctl.")


def index(numbers: int) -> str:
    """The MEMORY.md of the folder, which v2 requires."""
    lines = [
        "# Facts kept by memctl",
        "",
        "What is known about the user, one fact a line. A line that is corrected or struck out here is corrected or",
        "struck out for memctl, too. `facts.jsonl` holds the same facts with times and sources; leave it as it is.",
        "",
        *(f"- [Facts {number}](facts-{number:03}.md)" for number in range(1, min(numbers, _LISTED) + 1)),
    ]
    if numbers > _LISTED:
        lines.append(f"- and so on to facts-{numbers:03}.md")
    return "\n".join(lines) + "\n"


def root_index() -> str:
    """The MEMORY.md at the root of a new folder."""
    return f"# Memory\n\n- [Facts kept by memctl](memctl/{INDEX})\n"

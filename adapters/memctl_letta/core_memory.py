"""Facts of the archive shown in core memory, under a heading at the end of the `human` block. No input or output.

The lines are a view of the archive, and are not read as facts. Text above and below the section belongs to the agent
and the user, and is never changed.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from memctl.core.fact import Fact
from memctl_letta.blocks import HEADING, MORE, Block, frames, normal

LABEL = "human"
LIMIT = 20_000
"""The limit in characters of a block that memctl creates. Letta's default is five times that, sent in every turn."""
DESCRIPTION = "What is known of the person you talk to."
KINDS = ("preference", "fact")
"""The kinds that are shown in core memory, in this order."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Parted(NamedTuple):
    """The lines of a block above memctl's heading, those from it to the next blank line, and the rest."""

    above: list[str]
    shown: list[str]
    below: list[str]
    there: bool


def shows(block: Block) -> bool:
    """Whether facts of the archive are shown in the block."""
    return _parted(block.value).there


def shown(block: Block, facts: Iterable[Fact]) -> Block:
    """The block with missing facts added under its heading, preferences and newest first, as many as fit; the last line
    says how many are left out."""
    parted = _parted(block.value)
    seen = {normal(line) for line in block.value.split("\n")}
    wanted = []
    for fact in sorted(filter(_belongs, facts), key=_order):
        normalized = normal(fact.text)
        if normalized and normalized not in seen:
            seen.add(normalized)
            wanted.append("- " + " ".join(fact.text.replace("\0", "").split()))
    lines = list(parted.shown)
    spare = (block.limit or LIMIT) - len(_joined(parted, lines, len(wanted)))
    left = 0
    for line in wanted:
        if len(line) < spare:
            lines.append(line)
            spare -= len(line) + 1
        else:
            left += 1
    value = _joined(parted, lines, left)
    # A heading without lines would be useless, and may not fit.
    return msgspec.structs.replace(block, value=value) if lines and (wanted or parted.there) else block


def struck(block: Block, texts: Collection[str]) -> Block:
    """The block without the lines under its heading that show one of these texts, given in their `normal` form."""
    parted = _parted(block.value)
    lines = [line for line in parted.shown if normal(line) not in texts]
    if lines == parted.shown:
        return block
    if not lines:
        # The blank line above the heading was added with it.
        above = parted.above[:-1] if parted.above and not parted.above[-1] else parted.above
        return msgspec.structs.replace(block, value="\n".join(above + parted.below))
    return msgspec.structs.replace(block, value=_joined(parted, lines, 0))


def _parted(value: str) -> Parted:
    lines = value.split("\n") if value else []
    start = next((number for number, line in enumerate(lines) if line.strip() == HEADING), None)
    if start is None:
        return Parted([*lines, ""] if lines else [], [], [], there=False)
    end = next((number for number in range(start, len(lines)) if not lines[number].strip()), len(lines))
    region = [line for line in lines[start:end] if not frames(line)]
    return Parted(lines[:start], region, lines[end:], there=True)


def _joined(parted: Parted, lines: Sequence[str], left: int) -> str:
    more = [MORE.format(count=left)] if left else []
    return "\n".join([*parted.above, HEADING, *lines, *more, *parted.below])


def _belongs(fact: Fact) -> bool:
    return fact.kind in KINDS and not fact.retired and fact.expires_at is None


def _order(fact: Fact) -> tuple[int, float]:
    at = fact.updated_at or fact.created_at or fact.valid_at or _NEVER
    return KINDS.index(fact.kind), -(at - _NEVER).total_seconds()

"""Core-memory blocks as facts of kind `block`, one per line, and back byte for byte. No SDK, input or output.

The `native` field of such a fact records the line's position and form, so that a block whose lines are all written back
unchanged has the same bytes. Fields that a line cannot express (ids, times, metadata) are stored under the key `memctl`
of the block's metadata by the line's hash; a line that the agent changed counts as the agent's own.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from memctl_folders.lines import text_of

from memctl.backends.contract import Outcome
from memctl.core.fact import Fact, Source, derive_id, pack, unpack
from memctl_letta.mapping import KEY, SYSTEM, digest, seal, unseal

PERSONA = "persona"
"""The label of the block in which an agent describes itself, not its user."""
PACKED = tuple(name for name in Fact.__struct_fields__ if name not in ("id", "user_id", "kind", "text", "native"))

HEADING = "## Known facts (from archival memory)"
"""The heading above the facts of the archive in core memory."""
MORE = "(+{count} more in archival memory)"
"""The line that says how many of them did not fit."""

_MORE = re.compile(re.escape(MORE).replace(r"\{count\}", r"\d+"))


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block of core memory. `id` is None for a block that does not exist yet."""

    label: str
    value: str
    id: str | None = None
    limit: int | None = None
    description: str | None = None
    read_only: bool | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None


class Line(NamedTuple):
    """A line that is not blank: its number from 1, its text, and the blank lines before it."""

    number: int
    raw: str
    gap: str


class Item(NamedTuple):
    """One or more lines of a block with their fact. `own`: memctl wrote them."""

    raw: str
    gap: str
    fact: Fact
    own: bool


class Merged(NamedTuple):
    """A block with facts written into it, and the outcome of each fact."""

    block: Block
    outcomes: dict[UUID, Outcome]


def lines_of(value: str) -> tuple[list[Line], str]:
    """The lines that are not blank, and the text after the last. Joined, they are the value."""
    lines: list[Line] = []
    gap = ""
    for number, raw in enumerate(value.split("\n"), 1):
        gap += "\n" if number > 1 else ""
        if raw.strip():
            lines.append(Line(number, raw, gap))
            gap = ""
        else:
            gap += raw
    return lines, gap


def normal(text: str) -> str:
    """A normal form that is the same for texts that look alike."""
    return " ".join(text_of(text).casefold().split())


def in_block(fact: Fact) -> bool:
    """Whether the fact is a line of a block: it is current, and names the label of a block that is not the persona."""
    label = fact.native.get("label")
    has_label = fact.kind == "block" and isinstance(label, str) and bool(label) and label != PERSONA
    return has_label and bool(_raw_of(fact).strip()) and not fact.retired


def facts_of(block: Block, user: str, agent_id: str, mirrored: Collection[str] = ()) -> list[Fact]:
    """The facts of a block's lines, in order; none for a persona.

    A line that memctl did not write is left out if `mirrored` has its `normal` form: it shows a fact that is stored
    elsewhere.
    """
    if block.label == PERSONA:
        return []
    items, _ = items_of(block, user, agent_id)
    return [item.fact for item in items if item.own or not (frames(item.raw) or normal(item.fact.text) in mirrored)]


def frames(raw: str) -> bool:
    """Whether a line is memctl's heading, or its note about facts left out."""
    return raw.strip() == HEADING or _MORE.fullmatch(raw.strip()) is not None


def items_of(block: Block, user: str, agent_id: str) -> tuple[list[Item], str]:
    """All lines of a block with their facts, and the text after the last."""
    lines, tail = lines_of(block.value)
    pieces = list(_pieces(block, lines))
    natives = _natives(block, [line for line, _ in pieces], tail)
    seen: Counter[str] = Counter()
    items = []
    for (line, entry), native in zip(pieces, natives, strict=True):
        if entry is None:
            text = text_of(line.raw)
            seen[text] += 1
            fact = _line_fact(text, seen[text], block, user, agent_id, native)
        else:
            fields: dict[str, Any] = {"text": text_of(line.raw), "native": native}
            fields["source"] = Source(system=SYSTEM, id=block.id)
            whose = {"id": UUID(entry["id"]), "user_id": user, "kind": "block"}
            fact = Fact(**fields | unpack(entry["fact"]) | whose)
        gap = line.gap if entry is None or "line" not in fact.native else _gap(fact)
        items.append(Item(line.raw, gap, fact, entry is not None))
    return items, tail


def merged(block: Block, facts: Sequence[Fact], user: str, agent_id: str) -> Merged:
    """Write facts into a block: a fact it already has is changed in place, others are inserted by line number.

    A fact that would exceed the block's limit is rejected; the API would accept it, but the agent would not see all of
    it.
    """
    items, tail = items_of(block, user, agent_id)
    outcomes: dict[UUID, Outcome] = {}
    size = len(_joined(items, tail))
    for fact in sorted(facts, key=_number):
        place = next((n for n, item in enumerate(items) if item.fact.id == fact.id), None)
        if place is not None and _alike(items[place].fact, fact):
            outcomes[fact.id] = Outcome(state="unchanged", target_id=block.id)
            continue
        new = _item(fact)
        if place is None:
            tried = _ordered([*items, new])
        else:
            new = new if "line" in fact.native else new._replace(gap=items[place].gap)
            tried = _ordered([*items[:place], new, *items[place + 1 :]])
        end = _tail(tried, tail)
        grown = len(_joined(tried, end))
        if block.limit is not None and grown > block.limit and grown > size:
            reason = f"the block {block.label!r} is limited to {block.limit} characters, and would have {grown}"
            outcomes[fact.id] = Outcome(state="rejected", reason=reason)
            continue
        items, tail, size = tried, end, grown
        outcomes[fact.id] = Outcome(state="written" if place is None else "updated", target_id=block.id)
    changed = any(outcome.state in ("written", "updated") for outcome in outcomes.values())
    return Merged(_rendered(block, items, tail) if changed else block, outcomes)


def without(block: Block, ids: Collection[UUID], user: str, agent_id: str) -> tuple[Block, set[UUID]]:
    """The block without the lines of these facts, and the subset of ids that it had."""
    items, tail = items_of(block, user, agent_id)
    removed = {item.fact.id for item in items if item.fact.id in ids}
    remaining = [item for item in items if item.fact.id not in removed]
    return (_rendered(block, remaining, tail if remaining else "") if removed else block), removed


def _alike(first: object, second: object) -> bool:
    return msgspec.json.encode(first, order="sorted") == msgspec.json.encode(second, order="sorted")


def _item(fact: Fact) -> Item:
    return Item(_raw_of(fact), _gap(fact), fact, own=True)


def _gap(fact: Fact) -> str:
    gap = fact.native.get("before")
    return gap if isinstance(gap, str) and not gap.strip() else ""


def _number(fact: Fact) -> int:
    number = fact.native.get("line")
    # Facts without a line number come last.
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 2**31


def _ordered(items: Sequence[Item]) -> list[Item]:
    """The items by line number, grouped by the agent that learned them; a line that memctl did not write stays after
    the same line as before."""
    agents: dict[str | None, int] = {}
    keys: list[tuple[int, int]] = []
    for item in items:
        if item.own:
            keys.append((agents.setdefault(item.fact.agent_id, len(agents)), _number(item.fact)))
        else:
            keys.append(keys[-1] if keys else (-1, 0))
    return [item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: pair[0])]


def _raw_of(fact: Fact) -> str:
    """The lines that show a fact: in the format of its source, with the current text."""
    raw = fact.native.get("raw")
    if not isinstance(raw, str) or "\n" in raw or "\0" in raw:
        return fact.text.replace("\0", "").strip()
    text = text_of(raw)
    if text == fact.text:
        return raw
    head, _, tail = raw.partition(text)
    return head + fact.text.replace("\0", "").strip() + tail


def _tail(items: Sequence[Item], tail: str) -> str:
    if not items or not items[-1].own:
        return tail
    after = items[-1].fact.native.get("after")
    return after if isinstance(after, str) and not after.strip() else ""


def _joined(items: Sequence[Item], tail: str) -> str:
    value = ""
    for place, item in enumerate(items):
        gap = item.gap
        if place == 0:
            # Blank lines at the top belong to the first line.
            gap = gap if not item.own or gap.count("\n") == _number(item.fact) - 1 else ""
        elif "\n" not in gap:
            gap = "\n" + gap
        value += gap + item.raw
    return value + tail


def _rendered(block: Block, items: Sequence[Item], tail: str) -> Block:
    """The block with these items, and the metadata of those that memctl wrote."""
    value = _joined(items, tail)
    whole = msgspec.structs.replace(block, value=value)
    lines, end = lines_of(value)
    at = {line.number: line for line in lines}
    spans, number = [], 0
    for item in items:
        start = next(n for n in sorted(at) if n > number)
        number = start + item.raw.count("\n")
        spans.append(Line(start, item.raw, at[start].gap))
    entries = []
    for item, line, native in zip(items, spans, _natives(whole, spans, end), strict=True):
        if item.own:
            fact = item.fact
            packed = pack(fact, PACKED)
            packed |= {} if text_of(item.raw) == fact.text else {"text": fact.text}
            packed |= {} if _alike(native, fact.native) else {"native": fact.native}
            entry = {"id": str(fact.id), "sha256": digest(item.raw), "fact": packed}
            entries.append(entry | ({"lines": line.raw.count("\n") + 1} if "\n" in line.raw else {}))
    metadata = {key: packed for key, packed in (block.metadata or {}).items() if key != KEY}
    if entries:
        metadata[KEY] = seal({"v": 1, "lines": entries})
    return msgspec.structs.replace(whole, metadata=metadata)


def _pieces(block: Block, lines: Sequence[Line]) -> Iterator[tuple[Line, dict[str, Any] | None]]:
    """The lines with their metadata; several lines of one fact come as one."""
    entries_by_hash = _entries(block)
    raws = block.value.split("\n")
    longest = sorted({count for count, _ in entries_by_hash}, reverse=True)
    past = 0
    for line in lines:
        if line.number <= past:
            continue
        for count in longest:
            raw = "\n".join(raws[line.number - 1 : line.number - 1 + count])
            if (entries := entries_by_hash.get((count, digest(raw)))) is not None and entries:
                yield line._replace(raw=raw), entries.pop(0)
                past = line.number + count - 1
                break
        else:
            yield line, None


def _entries(block: Block) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """The metadata that memctl stored for the block's lines, by number and hash. Metadata of other programs is
    ignored."""
    stored = unseal((block.metadata or {}).get(KEY)) or {}
    entries: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    listed = stored.get("lines")
    for entry in listed if isinstance(listed, list) else ():
        try:
            UUID(entry["id"])
            unpack(entry["fact"])
            entries[int(entry.get("lines", 1)), str(entry["sha256"])].append(entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return entries


def _natives(block: Block, lines: Sequence[Line], tail: str) -> list[dict[str, Any]]:
    """The `native` fields of each line, from which the block can be rebuilt."""
    sha = digest(block.value)
    tags = sorted(tag for tag in block.tags or () if not tag.startswith(KEY))
    frame = {"limit": block.limit, "description": block.description, "read_only": block.read_only, "tags": tags}
    fields = {key: value for key, value in frame.items() if value not in (None, [])}
    natives = []
    for place, line in enumerate(lines):
        native = {"label": block.label, "line": line.number, "lines": len(lines), "raw": line.raw, "sha256": sha}
        if line.gap != ("\n" if place else ""):
            native["before"] = line.gap
        if tail and place == len(lines) - 1:
            native["after"] = tail
        natives.append(native | fields)
    return natives


def _line_fact(text: str, occurrence: int, block: Block, user: str, agent_id: str, native: dict[str, Any]) -> Fact:
    """The fact of a line that memctl did not write. Its id is derived from its text, so that the line can move, and
    from the user, so that a line in a block that several agents of the user share is one fact."""
    place = (user, block.id) if block.id is not None else (agent_id, block.label)
    return Fact(
        id=derive_id(SYSTEM, *place, digest(text), str(occurrence)),
        user_id=user,
        agent_id=agent_id,
        kind="block",
        text=text,
        native=native,
        source=Source(system=SYSTEM, id=block.id),
    )

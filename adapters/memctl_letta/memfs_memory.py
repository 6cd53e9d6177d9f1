"""One agent's memory in a MemFS folder: the facts in its files, and the files for changed facts. No input or output.

Each Markdown file of the agent is a block, and each line of it a fact (see `blocks`). All other facts are stored in
`memctl/facts.jsonl` and shown to the agent as bullets (see `memfs_render`); if the agent changed or removed a bullet,
that change wins. `memctl/blocks.json` has the fields that lines of blocks cannot express.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from memctl_folders.lines import alignment

from memctl.backends.contract import Outcome
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source, decode, derive_id, encode
from memctl_letta import blocks, core_memory, markdown, memfs_render
from memctl_letta.blocks import Block
from memctl_letta.mapping import KEY, SYSTEM, unseal
from memctl_letta.markdown import FOLDER, INDEX, Document, Layout

FACTS = f"{FOLDER}/facts.jsonl"
BLOCKS = f"{FOLDER}/blocks.json"
OWNER = f"{FOLDER}/owner.json"
CONFIG = ".memfs.config.json"


class Owner(msgspec.Struct, frozen=True):
    """The content of `owner.json`: the owner, and a name of the memory for ids, which is the same in a copy."""

    user_id: str
    memory: str


class Limits(msgspec.Struct, frozen=True, rename="camel"):
    """The maximum number of characters of a file, and of all files at the root, in v2; from `.memfs.config.json`."""

    max_file_characters: int = markdown.LONGEST_FILE
    max_core_memory_characters: int = markdown.LARGEST_CORE


class Memory:
    """The facts in the files of one folder, and the changes to those files.

    `files` has the texts by path: the folder's Markdown, and the JSON files of memctl and Letta. `rejects` has the
    invalid records; a memory with any can be read but must not be changed, because they would be lost. `edited` has the
    facts that the agent changed at an unknown time.
    """

    def __init__(self, files: Mapping[str, str], owner: Owner, agent_id: str | None, layout: Layout) -> None:
        self.rejects: list[Rejected] = []
        self.edited: set[UUID] = set()
        self._given = files
        self._owner = owner
        self._agent_id = agent_id
        self._layout = layout
        self._limits = _limits(files.get(CONFIG, ""))
        self._records = {fact.id: fact for fact in self._decoded(files.get(FACTS, ""))}
        self._align()
        self._documents: dict[str, Document] = {}
        self._blocks: dict[str, Block] = {}
        self._changed: set[str] = set()
        self._disowned = False
        stored = _object(files.get(BLOCKS, ""))
        for path in sorted(files):
            if markdown.is_memory(path, files, layout) and not self._is_part(path):
                self._documents[path] = document = markdown.parse(files[path])
                self._blocks[path] = _block(path, document, stored.get(path))
        self._lines = self._read_lines()

    def facts(self) -> list[Fact]:
        """Every fact: first those shown as bullets, in the order of writing, then lines of blocks."""
        return [*self._records.values(), *(fact for _, fact in self._lines.values())]

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Add or change facts; returns one outcome per fact, in order. Facts with the same id are adjacent.

        Rejects a line that does not fit in its block, or whose file is read-only in Letta.
        """
        outcomes: list[Outcome | None] = [None] * len(facts)
        lines: dict[str, list[int]] = defaultdict(list)
        for at, fact in enumerate(facts):
            path = self._path(fact)
            if fact.id in self._lines and self._lines[fact.id] == (path, fact):
                outcomes[at] = Outcome(state="unchanged", target_id=str(fact.id))
            elif path is not None:
                lines[path].append(at)
            else:
                outcomes[at] = self._record(fact)
        for path, places in lines.items():
            outcomes_by_id = self._merge(path, [facts[at] for at in places])
            for at in places:
                outcomes[at] = outcomes_by_id[facts[at].id]
        if lines:
            self._lines = self._read_lines()
        return [outcome for outcome in outcomes if outcome is not None]

    def drop(self, ids: Collection[UUID]) -> int:
        """Remove facts; returns how many existed. Raises Rejected if one is a line of a file that is read-only in
        Letta."""
        dropped = [id_ for id_ in ids if id_ in self._records]
        self._strike(self._records.pop(id_) for id_ in dropped)
        for path in {self._lines[id_][0] for id_ in ids if id_ in self._lines}:
            if reason := self._unchangeable(path):
                raise Rejected(reason, where=path)
            self._blocks[path], dropped_lines = blocks.without(
                self._blocks[path], ids, self._owner.user_id, self._account
            )
            dropped += dropped_lines
            self._changed.add(path)
        self._lines = self._read_lines()
        return len(dropped)

    def show(self) -> None:
        """Also show facts in the agent's context: in the block `human`, under a heading, as many as fit."""
        path = self._human()
        if path is None or self._unchangeable(path):
            return
        if path not in self._blocks:
            self._make(path, core_memory.DESCRIPTION, core_memory.LIMIT)
        block = self._blocks[path]
        more = core_memory.shown(self._within(path), self._records.values())
        if more.value != block.value:
            self._blocks[path] = msgspec.structs.replace(block, value=more.value)
            self._changed.add(path)

    def disown(self) -> None:
        """Remove every fact and the owner. Raises Rejected as `drop` does."""
        self.drop([fact.id for fact in self.facts()])
        self._disowned = True

    def changes(self) -> dict[str, bytes | None]:
        """The new content of every file that memctl writes; None for one to be removed."""
        contents: dict[str, bytes | None] = dict.fromkeys(filter(self._is_part, self._given))
        visible_parts = list(
            memfs_render.parts(
                [fact for fact in self._records.values() if not fact.retired],
                self._layout,
                self._limits.max_file_characters,
            )
        )
        for number, (path, facts) in enumerate(visible_parts, 1):
            contents[path] = memfs_render.part(facts, self._layout, number).encode()
        contents[FACTS] = b"".join(encode(fact) + b"\n" for fact in self._records.values()) or None
        marks = {path: (block.metadata or {}).get(KEY) for path, block in self._blocks.items()}
        stored_marks = {path: mark for path, mark in marks.items() if mark}
        contents[BLOCKS] = msgspec.json.encode(stored_marks, order="sorted") + b"\n" if stored_marks else None
        contents[OWNER] = None if self._disowned else msgspec.json.encode(self._owner) + b"\n"
        for path in self._changed:
            contents[path] = (self._documents[path].head + self._blocks[path].value).encode()
        if self._layout == "v2":
            contents |= self._indexes(len(visible_parts))
        return contents

    @property
    def _account(self) -> str:
        return self._owner.memory

    def _is_part(self, path: str) -> bool:
        return memfs_render.is_part(path, self._layout)

    def _decoded(self, text: str) -> Iterable[Fact]:
        seen = set()
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                fact = decode(line)
            except ValueError as error:
                self.rejects.append(Rejected(f"not a fact: {error}", where=f"{FACTS}:{number}"))
                continue
            if fact.user_id != self._owner.user_id:
                reason = f"it belongs to {fact.user_id!r}, but is in the memory of {self._owner.user_id!r}"
                self.rejects.append(Rejected(reason, where=f"{FACTS}:{number}"))
            elif fact.id in seen:
                self.rejects.append(Rejected(f"an earlier fact has the same id {fact.id}", where=f"{FACTS}:{number}"))
            else:
                seen.add(fact.id)
                yield fact

    def _align(self) -> None:
        """Apply the agent's changes to the bullets. If no bullet is left, only the view was deleted, not the facts."""
        texts = [self._given[path] for path in sorted(self._given) if self._is_part(path)]
        visible = [fact for fact in self._records.values() if not fact.retired]
        bullets = [line for text in texts for line in markdown.parse(text).body.split("\n") if line.strip()]
        if not texts:
            return
        for old, new in alignment([memfs_render.bullet(fact) for fact in visible], bullets):
            fact = visible[old] if old is not None else None
            if fact is not None and new is not None and memfs_render.bullet(fact) == bullets[new]:
                continue
            text = memfs_render.text_of(bullets[new]) if new is not None else ""
            if fact is None or memfs_render.is_cut(fact):
                self._add(text)
            elif text:
                self._records[fact.id] = msgspec.structs.replace(fact, text=text, updated_at=None)
                self.edited.add(fact.id)
            else:
                del self._records[fact.id]

    def _add(self, text: str) -> None:
        """Add a bullet that the agent wrote; equal bullets are one fact."""
        id_ = derive_id(SYSTEM, self._account, FOLDER, text)
        if text and id_ not in self._records:
            self._records[id_] = Fact(
                id=id_,
                user_id=self._owner.user_id,
                kind="fact",
                text=text,
                agent_id=self._agent_id,
                source=Source(system=SYSTEM, id=FOLDER),
            )

    def _read_lines(self) -> dict[UUID, tuple[str, Fact]]:
        """The facts in blocks, each with its file."""
        mirrored = {blocks.normal(fact.text) for fact in self._records.values()}
        lines = {}
        for path, block in self._blocks.items():
            for fact in blocks.facts_of(block, self._owner.user_id, self._account, mirrored):
                line_fact = (
                    fact if fact.agent_id != self._account else msgspec.structs.replace(fact, agent_id=self._agent_id)
                )
                lines[fact.id] = (path, line_fact)
        return lines

    def _path(self, fact: Fact) -> str | None:
        """The file of the block that the fact is a line of; None for a fact shown as a bullet."""
        if not blocks.in_block(fact):
            return None
        label = str(fact.native["label"])
        return f"{label}.md" if f"{label}.md" in self._blocks else markdown.path_of(label, self._layout)

    def _record(self, fact: Fact) -> Outcome:
        target = str(fact.id)
        stored = self._records.get(fact.id)
        if stored == fact:
            return Outcome(state="unchanged", target_id=target)
        if fact.id in self._lines:
            try:
                self.drop([fact.id])
            except Rejected as error:
                return Outcome(state="rejected", target_id=target, reason=str(error))
            stored = fact
        elif stored is not None:
            self._strike([stored])
        self._records[fact.id] = fact
        return Outcome(state="written" if stored is None else "updated", target_id=target)

    def _human(self) -> str | None:
        """The path of the block `human`, whether the file exists or not; None if there can be no such block."""
        return next((path for path in ("human.md", "system/human.md") if path in self._blocks), None) or (
            markdown.path_of(core_memory.LABEL, self._layout)
        )

    def _strike(self, facts: Iterable[Fact]) -> None:
        """Remove the lines that `show` wrote for these facts."""
        path = self._human()
        texts = {blocks.normal(fact.text) for fact in facts}
        if texts and path in self._blocks and core_memory.shows(self._blocks[path]) and not self._unchangeable(path):
            self._blocks[path] = core_memory.struck(self._blocks[path], texts)
            self._changed.add(path)

    def _merge(self, path: str, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        """Write lines into a block."""
        refused = {fact.id: reason for fact in facts if (reason := self._refusal(fact.id, path))}
        facts = [fact for fact in facts if fact.id not in refused]
        outcomes = {
            id_: Outcome(state="rejected", target_id=str(id_), reason=reason) for id_, reason in refused.items()
        }
        if not facts:
            return outcomes
        moved = [fact.id for fact in facts if fact.id in self._records or self._lines.get(fact.id, (path,))[0] != path]
        if moved:
            self.drop(moved)
        if path not in self._blocks:
            self._make(path, facts[0].native.get("description"), facts[0].native.get("limit"))
        block = self._blocks[path]
        result = blocks.merged(self._within(path), facts, self._owner.user_id, self._account)
        self._blocks[path] = msgspec.structs.replace(result.block, limit=block.limit)
        self._changed.add(path)
        return outcomes | {
            id_: Outcome(
                state="updated" if id_ in moved and outcome.state == "written" else outcome.state,
                target_id=str(id_),
                reason=outcome.reason,
            )
            for id_, outcome in result.outcomes.items()
        }

    def _within(self, path: str) -> Block:
        """The block with its own limit or that of Letta's rules, whichever is lower."""
        block = self._blocks[path]
        limits = [limit for limit in (block.limit, self._room(path)) if limit is not None]
        return msgspec.structs.replace(block, limit=min(limits, default=None))

    def _make(self, path: str, description: object, limit: object) -> None:
        text = markdown.head(
            self._layout,
            markdown.name_of(path),
            description if isinstance(description, str) else f"Memory block {markdown.label_of(path)}",
            limit if isinstance(limit, int) and limit > 0 else None,
        )
        self._documents[path] = markdown.parse(text)
        self._blocks[path] = _block(path, self._documents[path], None)

    def _room(self, path: str) -> int | None:
        """The maximum number of characters that Letta's rules allow in the body of a file."""
        if self._layout == "v1":
            return None
        room = self._limits.max_file_characters - len(self._documents[path].head)
        if markdown.in_context(path, self._layout):
            core_memory = sum(
                len(self._documents[other].head) + len(block.value)
                for other, block in self._blocks.items()
                if other != path and markdown.in_context(other, self._layout)
            )
            others = sum(
                len(text)
                for other, text in self._given.items()
                if other.endswith(".md") and "/" not in other and other not in self._blocks
            )
            free = self._limits.max_core_memory_characters - core_memory - others - len(self._documents[path].head)
            room = min(room, free)
        return max(room, 0)

    def _refusal(self, id_: UUID, path: str) -> str | None:
        """Why a fact cannot be moved from its present file to this one, if so."""
        at = self._lines[id_][0] if id_ in self._lines else path
        return self._unchangeable(path) or self._unchangeable(at)

    def _unchangeable(self, path: str) -> str | None:
        document = self._documents.get(path)
        return f"{path} is read_only: Letta refuses changes to it" if document and document.read_only else None

    def _indexes(self, parts: int) -> dict[str, bytes | None]:
        """The MEMORY.md files that v2 requires: at the root, in memctl's folder, and in the folders of new files."""
        index_path = f"{FOLDER}/{INDEX}"
        contents: dict[str, bytes | None] = {index_path: memfs_render.index(parts).encode() if parts else None}
        if INDEX not in self._given:
            contents[INDEX] = memfs_render.root_index().encode()
        for path in self._changed - set(self._given):
            folder, _, name = path.rpartition("/")
            while folder:
                at = f"{folder}/{INDEX}"
                text = (contents.get(at) or self._given.get(at, f"# {markdown.name_of(folder)}\n").encode()).decode()
                if f"]({name})" not in text:
                    text = f"{text.rstrip()}\n\n- [{markdown.name_of(name.removesuffix(f'/{INDEX}'))}]({name})\n"
                    contents[at] = text.encode()
                folder, name = folder.rpartition("/")[0], f"{folder.rpartition('/')[2]}/{INDEX}"
        return contents


def ids_in_blocks(text: str) -> set[UUID]:
    """The ids of the facts that memctl wrote into blocks, from the text of `blocks.json`."""
    ids = set()
    for block in _object(text).values():
        listed = (unseal(block) or {}).get("lines")
        for entry in listed if isinstance(listed, list) else ():
            with suppress(KeyError, TypeError, ValueError, AttributeError):
                ids.add(UUID(entry["id"]))
    return ids


def _block(path: str, document: Document, kept: object) -> Block:
    return Block(
        label=path.removesuffix(".md"),
        value=document.body,
        limit=document.limit,
        description=document.fields.get("description"),
        read_only=document.read_only or None,
        metadata={KEY: kept} if kept else None,
    )


def _object(text: str) -> dict[str, Any]:
    """The JSON object in the text; empty if it is not one, in which case all lines count as the agent's own."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _limits(text: str) -> Limits:
    try:
        return msgspec.json.decode(text, type=Limits)
    except (msgspec.DecodeError, RecursionError):
        return Limits()

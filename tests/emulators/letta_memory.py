"""The routes of the emulated Letta server for memory: blocks, archives and passages."""

import operator
import re
from typing import Any
from uuid import uuid4

from emulators.letta_state import Answer, LettaState, Row, check_passage, instant, nearest, now, place, shuffled


class LettaMemory(LettaState):
    """The endpoints for blocks, archives and passages."""

    # Blocks

    def make_block(self, *, query: dict[str, list[str]], body: Row) -> Row:
        block = {
            "id": f"block-{uuid4()}",
            "label": body["label"],
            "value": body["value"].replace("\0", ""),
            # The server reports the limit, but does not enforce it.
            "limit": body.get("limit") or 100_000,
            "description": body.get("description"),
            "metadata": body.get("metadata") or {},
            "tags": shuffled(body.get("tags") or []) or [],
            "read_only": bool(body.get("read_only")),
            "is_template": False,
            "hidden": None,
        }
        self.blocks[block["id"]] = block
        return block

    def list_blocks(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        label = query.get("label")
        if label and not re.fullmatch(r"[a-zA-Z0-9_/-]+", label[0]):
            raise Answer(422, "[{'type': 'string_pattern_mismatch', 'loc': ('query', 'label')}]")
        blocks = [one for one in self.blocks.values() if not label or one["label"] == label[0]]
        if tags := query.get("tags"):
            blocks = [one for one in blocks if set(tags) & set(one["tags"])]
        return self._paged(blocks, query, 50)

    def change_block(self, block_id: str, *, query: dict[str, list[str]], body: Row) -> Row:
        block = self._block_row(block_id)
        block.update({key: body[key] for key in ("limit", "description", "metadata", "label") if key in body})
        if "value" in body:
            block["value"] = body["value"].replace("\0", "")
        return block

    def drop_block(self, block_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        block = self._block_row(block_id)
        del self.blocks[block_id]
        for agent in self.agents.values():
            agent["block_ids"] = [one for one in agent["block_ids"] if one != block_id]
        return block

    def holders(self, block_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        self._block_row(block_id)
        agents = [one for one in self.agents.values() if block_id in one["block_ids"]]
        return [self._agent(one, query) for one in self._paged(agents, query, 50)]

    def attach_block(self, agent_id: str, block_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        agent = self._agent_row(agent_id)
        label = self._block_row(block_id)["label"]
        if label in {self.blocks[one]["label"] for one in agent["block_ids"]}:
            raise Answer(409, f"duplicate key value violates unique constraint: label {label}")
        agent["block_ids"].append(block_id)
        return self._agent(agent, query)

    def blocks_of(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return self._paged([self.blocks[one] for one in self._agent_row(agent_id)["block_ids"]], query, 50)

    def block_by_label(self, agent_id: str, label: str, *, query: dict[str, list[str]], body: Any) -> Row:
        attached = [self.blocks[one] for one in self._agent_row(agent_id)["block_ids"]]
        labelled = next((block for block in attached if block["label"] == label), None)
        if labelled is None or "/" in label:
            raise Answer(404, f"Block with label {label} not found")
        return labelled

    # Archives

    def make_archive(self, *, query: dict[str, list[str]], body: Row) -> Row:
        handle = body.get("embedding")
        config = {"embedding_model": handle, "embedding_dim": 1536} if handle else None
        archive = {"id": f"archive-{uuid4()}", "name": body["name"], "created_at": now(), "embedding_config": config}
        self.archives[archive["id"]] = archive
        return archive

    def list_archives(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        archives = list(self.archives.values())
        if name := query.get("name"):
            archives = [one for one in archives if one["name"] == name[0]]
        if agent := query.get("agent_id"):
            archives = [one for one in archives if one["id"] == self._agent_row(agent[0])["archive_id"]]
        return self._paged(archives, query, 50)

    def archive_holders(self, archive_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        if not self.lists_archive_agents or archive_id not in self.archives:
            raise Answer(404, "Not Found")
        agents = [one for one in self.agents.values() if one["archive_id"] == archive_id]
        return [self._agent(one, query) for one in self._paged(agents, query, 50)]

    def drop_archive(self, archive_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        if self.archives.pop(archive_id, None) is None:
            raise Answer(404, f"Archive not found with id='{archive_id}'")
        self.passages = {id_: one for id_, one in self.passages.items() if one["archive_id"] != archive_id}
        for agent in self.agents.values():
            if agent["archive_id"] == archive_id:
                agent["archive_id"] = None

    def attach_archive(self, agent_id: str, archive_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        agent = self._agent_row(agent_id)
        if agent["archive_id"] is not None:
            raise Answer(409, "duplicate key value violates unique constraint: unique_agent_archive")
        agent["archive_id"] = archive_id

    # Passages

    def add_one(self, agent_id: str, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        """The route that programs of an agent use; it has no metadata."""
        agent = self._agent_row(agent_id)
        if agent["archive_id"] is None:
            archive = self.make_archive(query={}, body={"name": agent["name"], "embedding": agent["embedding"]})
            agent["archive_id"] = archive["id"]
        return [self._add(agent["archive_id"], {key: value for key, value in body.items() if key != "metadata"})]

    def add_many(self, archive_id: str, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        if archive_id not in self.archives:
            raise Answer(404, f"Archive not found with id='{archive_id}'")
        if self.archives[archive_id]["embedding_config"] is None:
            raise Answer(500, "An unknown error occurred")
        for passage in body["passages"]:
            check_passage(passage)
        rows = [self._add(archive_id, passage) for passage in body["passages"]]
        tags = [row["filed"] for row in rows]
        rows = sorted(rows, key=lambda row: (instant(row["created_at"]), row["id"]))
        # The server assigns the tags for searches by the position in the sorted response.
        for row, filed in zip(rows, tags, strict=True):
            row["filed"] = filed
        return [self._passage(row) for row in rows]

    def _add(self, archive_id: str, passage: Row) -> Row:
        check_passage(passage)
        tags = list(dict.fromkeys(passage.get("tags") or []))
        row = {
            "id": f"passage-{uuid4()}",
            "text": passage["text"].replace("\0", ""),
            "created_at": instant(passage["created_at"]).isoformat() if passage.get("created_at") else now(),
            "updated_at": now(),
            "tags": shuffled(tags),
            "filed": tags,
            "metadata": passage.get("metadata") or {},
            "archive_id": archive_id,
            "organization_id": "org-00000000-0000-4000-8000-000000000000",
            "is_deleted": False,
        }
        self.passages[row["id"]] = row
        return row

    def list_passages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        archive = self._agent_row(agent_id)["archive_id"]
        rows = [row for row in self.passages.values() if archive is not None and row["archive_id"] == archive]
        rows.sort(key=place)
        # Bounds do not depend on the requested order; an unknown bound gives an empty list.
        for name in ("after", "before"):
            if name in query:
                bound = self.passages.get(query[name][0])
                if bound is None or bound not in rows or self.forgets_cursors:
                    return []
                beyond = operator.gt if name == "after" else operator.lt
                rows = [row for row in rows if beyond(place(row), place(bound))]
        if query.get("ascending", ["true"])[0] == "false":
            rows.reverse()
        limit = int(query.get("limit", ["100"])[0])
        return [self._passage(row) for row in (rows[:limit] if limit else rows)]

    def drop_passage(self, agent_id: str, passage_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        archive = self._agent_row(agent_id)["archive_id"]
        if self.passages.get(passage_id, {}).get("archive_id") not in ([archive] if archive else []):
            raise Answer(404, f"Passage not found with id='{passage_id}'")
        del self.passages[passage_id]

    def search_passages(self, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        limit = body.get("limit", 10)
        if not 1 <= limit <= 100:
            raise Answer(422, "[{'type': 'less_than_equal', 'loc': ('body', 'limit')}]")
        rows = sorted(self.passages.values(), key=place)
        if body.get("agent_id"):
            archive = self._agent_row(body["agent_id"])["archive_id"]
            rows = [row for row in rows if row["archive_id"] == archive]
        if body.get("archive_id"):
            rows = [row for row in rows if row["archive_id"] == body["archive_id"]]
        if body.get("query"):
            rows = nearest(body["query"], rows)
        if body.get("query") and not body.get("agent_id") and self.agents:
            # The query is embedded with the first agent's model, so vectors of other models are not comparable.
            model = next(iter(self.agents.values()))["embedding"]
            rows.sort(key=lambda row: self.archives[row["archive_id"]]["embedding_config"]["embedding_model"] != model)
        rows = rows[:limit]
        # Tags are filtered after the limit is applied.
        if wanted := body.get("tags"):
            rows = [row for row in rows if set(wanted) & set(row["filed"])]
        return [{"passage": self._passage(row), "score": 0.0, "metadata": {}} for row in rows]

"""Finds the pieces that show the facts that memctl wrote, after the agent edited, moved or removed pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

import msgspec
from memctl_folders.lines import alignment, digest

from memctl_agentfiles.documents import Document, Piece
from memctl_agentfiles.records import Record

_ALIKE = 0.5
"""A text with at least this similarity (0 to 1) counts as an edited form of another text."""
_UNSURE = {"subject": None, "predicate": None, "object": None, "confidence": None}
"""The fields of a fact that are unknown after its text was changed."""


def match(documents: Mapping[str, Document], records: dict[UUID, Record]) -> tuple[dict[UUID, Piece], set[UUID]]:
    """The piece of each fact, and the ids of facts whose piece the agent edited.

    In `records`, edited facts get the agent's text, and facts whose piece the agent removed are deleted."""
    matcher = _Matcher(documents, records)
    matcher.run()
    return matcher.pieces, matcher.edited


class _Matcher:
    def __init__(self, documents: Mapping[str, Document], records: dict[UUID, Record]) -> None:
        self.pieces: dict[UUID, Piece] = {}
        self.edited: set[UUID] = set()
        self._documents = documents
        self._records = records

    def run(self) -> None:
        by_path: dict[str, list[Record]] = defaultdict(list)
        for record in self._records.values():
            if record.path is not None:
                by_path[record.path].append(record)
        lost: list[Record] = []
        for path, listed in by_path.items():
            document = self._documents.get(path)
            lost += self._match_file(document, listed) if document else listed
        for record in lost:
            moved = self._elsewhere(record)
            if moved is None:
                del self._records[record.fact.id]
            else:
                self._adopt(record, *moved)

    def _match_file(self, document: Document, listed: Sequence[Record]) -> list[Record]:
        """Match the records of one file; returns those that it does not show."""
        hashes = [digest(piece.raw) for piece in document.pieces]
        first = dict(reversed(list(zip(hashes, document.pieces, strict=True))))
        missing = []
        for record in listed:
            if record.sha256 in first:
                self._show(record.fact.id, first[record.sha256])
            else:
                missing.append(record)
        if not missing:
            return []
        unmatched = {record.sha256: record for record in missing}
        for old, new in alignment([record.sha256 for record in listed], hashes):
            if old is None or new is None or listed[old].sha256 not in unmatched or document.pieces[new].shows:
                continue
            piece = document.pieces[new]
            if len(document.pieces) == 1 or _alike(listed[old].fact.text, piece.text):
                for record in missing:
                    if record.sha256 == listed[old].sha256:
                        self._adopt(record, document.path, piece)
                del unmatched[listed[old].sha256]
        return [record for record in missing if record.sha256 in unmatched]

    def _elsewhere(self, record: Record) -> tuple[str, Piece] | None:
        """The piece in another file to which the agent moved a record: it has the same id or exactly the same text."""
        for path, document in self._documents.items():
            for piece in document.pieces:
                same_id = piece.fields.get("id") == record.fact.id
                if not piece.shows and (same_id or digest(piece.raw) == record.sha256):
                    return path, piece
        return None

    def _adopt(self, record: Record, path: str, piece: Piece) -> None:
        """Assign the piece to the record, with the changes of the agent."""
        self._show(record.fact.id, piece)
        fact, sha = record.fact, digest(piece.raw)
        if sha != record.sha256:
            changed: dict[str, Any] = {"text": piece.text, "updated_at": piece.fields.get("updated_at")}
            fact = msgspec.structs.replace(fact, **(_UNSURE | changed))
            self.edited.add(fact.id)
        self._records[fact.id] = Record(path, sha, fact)

    def _show(self, id_: UUID, piece: Piece) -> None:
        piece.shows.append(id_)
        self.pieces[id_] = piece


def _alike(old: str, new: str) -> bool:
    return SequenceMatcher(None, old, new, autojunk=False).ratio() >= _ALIKE

"""One user's memory in a folder: the facts in its files, and the changed files. No input or output.

A piece of a file that memctl did not write is the agent's own fact. A fact that memctl wrote is stored in full in
`.memctl/facts.jsonl`, and a piece of a file shows it; if the agent changed or removed the piece, that change wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from memctl_folders.lines import digest

from memctl.backends.contract import Outcome
from memctl.core.errors import Rejected, not_utf8
from memctl.core.fact import Fact, Source, derive_id
from memctl_agentfiles import records
from memctl_agentfiles.documents import Document, Piece
from memctl_agentfiles.matching import match
from memctl_agentfiles.records import Record
from memctl_agentfiles.system import SECTION, System


class Memory:
    """The facts of `user` in the files of a folder; `files` has their bytes by path.

    `rejects` has what could not be read, `edited` the facts that the agent changed at an unknown time.
    """

    def __init__(self, system: System, user: str, files: Mapping[str, bytes], where: str, app: str | None) -> None:
        self.rejects: list[Rejected] = []
        self.documents: dict[str, Document] = {}
        self._system = system
        self._user = user
        self._app = app
        self._files = files
        self._touched: set[str] = set()
        self._own_end: dict[str, Piece] = {}
        self._by_hash: dict[str, dict[str, Piece]] = {}
        for path in sorted(set(files) - {records.FACTS}):
            try:
                self.documents[path] = system.parse(path, files[path].decode(), files.keys())
            except UnicodeDecodeError as error:
                self.rejects.append(Rejected(not_utf8(error), where=f"{where}/{path}"))
        stored = records.decode(files.get(records.FACTS), f"{where}/{records.FACTS}")
        self.broken = [Rejected(reason, where=f"{where}/{records.FACTS}:{line}") for line, reason in stored.broken]
        self._records: dict[UUID, Record] = {record.fact.id: record for record in stored.records}
        self._pieces, self.edited = match(self.documents, self._records)
        self._own = self._own_facts()

    # Reading.

    def facts(self) -> list[Fact]:
        """All facts: first those in the files, in order, then those that no file shows."""
        own_facts = {id(piece): fact for fact, piece, _ in self._own.values()}
        all_facts: list[Fact] = []
        for path in sorted(self.documents):
            for piece in self.documents[path].pieces:
                all_facts += [self._records[id_].fact for id_ in piece.shows]
                all_facts += [own_facts[id(piece)]] if id(piece) in own_facts else []
        return all_facts + [record.fact for id_, record in self._records.items() if id_ not in self._pieces]

    def _own_facts(self) -> dict[UUID, tuple[Fact, Piece, Document]]:
        """The facts of pieces that memctl did not write."""
        own_facts: dict[UUID, tuple[Fact, Piece, Document]] = {}
        times: Counter[str] = Counter()
        for path in sorted(self.documents):
            document = self.documents[path]
            for number, piece in enumerate(document.pieces):
                if piece.shows:
                    continue
                # A file that is one fact keeps its id when its text changes; a line keeps it when it moves.
                place = path if piece.fields.get("whole") else digest(piece.text)
                times[place] += 1
                id_ = piece.fields.get("id")
                if id_ is None or id_ in self._records or id_ in own_facts:
                    id_ = derive_id(self._system.name, self._user, self._app or "", place, str(times[place]))
                own_facts[id_] = (self._fact(id_, document, number), piece, document)
        return own_facts

    def _fact(self, id_: UUID, document: Document, number: int) -> Fact:
        piece = document.pieces[number]
        native: dict[str, Any] = {"path": document.path, "raw": piece.raw}
        before, after = (self._system.foreign(document.path, text) for text in (piece.gap, document.tail))
        if before != (document.separator if number else ""):
            native["before"] = before
        if number == len(document.pieces) - 1 and after:
            native["after"] = after
        if not number and document.head:
            native["front"] = document.head
        if document.bom:
            native["bom"] = True
        values = {name: value for name, value in piece.fields.items() if name not in ("id", "whole")}
        source = Source(system=self._system.name, id=document.path, session=values.get("session_id"))
        return Fact(
            **({"kind": "fact", "app_id": self._app} | values),
            id=id_,
            user_id=self._user,
            text=piece.text,
            native=native,
            source=source,
        )

    # Writing.

    def write(self, fact: Fact) -> Outcome:
        """Add or change a fact. A fact that does not fit is rejected, with the limit that it exceeds."""
        target = str(fact.id)
        record = self._records.get(fact.id)
        own_fact = self._own.get(fact.id)
        # The native form of the agent's own piece is taken from its file, so it does not count as a change.
        like_own = own_fact is not None and msgspec.structs.replace(own_fact[0], native=fact.native) == fact
        if like_own or (record is not None and record.fact == fact):
            return Outcome(state="unchanged", target_id=target)
        longest = self._system.longest_text
        if longest is not None and len(fact.text) > longest:
            reason = f"the text has {len(fact.text):,} characters, but {self._system.title} allows {longest:,}"
            return Outcome(state="rejected", target_id=target, reason=reason)
        piece = self._pieces.get(fact.id) or (own_fact[1] if own_fact else None)
        path = (record.path if record else None) or (own_fact[2].path if own_fact else None)
        if refused := self._place(fact, self.documents.get(path or ""), piece):
            return Outcome(state="rejected", target_id=target, reason=refused)
        self._own.pop(fact.id, None)
        return Outcome(state="updated" if record or own_fact else "written", target_id=target)

    def drop(self, ids: Collection[UUID]) -> int:
        """Remove facts; returns how many existed. Raises Rejected if a file that shows one cannot be changed."""
        count = 0
        for id_ in dict.fromkeys(ids):
            record, own_fact = self._records.get(id_), self._own.get(id_)
            path = own_fact[2].path if own_fact else record.path if record else None
            if path is not None and (reason := self._system.writable(path)):
                raise Rejected(reason, where=path)
            if record is not None:
                self._hide(id_)
                del self._records[id_]
                count += 1
            elif own_fact is not None:
                self._take_out(own_fact[2], own_fact[1])
                del self._own[id_]
                count += 1
        return count

    def changes(self) -> Iterator[dict[str, bytes | None]]:
        """The new content of the files, in the order of writing: records first, then the agent's files, so that a crash
        in between leaves no duplicate facts."""
        texts: dict[str, bytes | None] = {}
        for path in sorted(self._touched):
            document = self.documents.get(path)
            texts[path] = document.text.encode() if document else None
        index = self._system.index
        if index is not None and self._touched:
            before = self.documents[index].text if index in self.documents else None
            text = self._system.indexed(before, self.documents, self._touched)
            texts[index] = text.encode() if text is not None else None
        now = records.encode(self._system.name, self._user, self._records.values())
        before_ = records.decode(self._files.get(records.FACTS), records.FACTS).records
        removed = [record for record in before_ if record.fact.id not in self._records]
        if removed and texts:
            both = [*self._records.values(), *removed]
            yield {records.FACTS: records.encode(self._system.name, self._user, both)}
        elif texts or now != self._files.get(records.FACTS):
            yield {records.FACTS: now}
        yield texts
        if removed and texts:
            yield {records.FACTS: now}

    def _place(self, fact: Fact, document: Document | None, piece: Piece | None) -> str | None:
        """Show the current state of the fact, or hide it; returns the reason if that is not possible."""
        raw = ""
        if not _over(fact) or self._says_its_end(fact):
            where = document or self._home(fact)
            if reason := self._system.writable(where.path):
                return reason
            raw = self._raw(fact, where)
        elif document is not None and (reason := self._system.writable(document.path)):
            return reason
        if not raw:
            self._hide(fact.id)
            if fact.id in self._own:
                self._take_out(self._own[fact.id][2], self._own[fact.id][1])
            self._records[fact.id] = Record(None, "", fact)
            return None
        if piece is None or document is None or len(piece.shows) > 1:
            return self._add(fact, where, raw)
        before = (piece.raw, piece.text, document.head)
        piece.raw, piece.text = raw, fact.text
        self._system.changed(document, fact)
        if reason := self._refusal(document):
            piece.raw, piece.text, document.head = before
            return reason
        if (piece.raw, document.head) != (before[0], before[2]):
            self._touched.add(document.path)
            self._by_hash.pop(document.path, None)
        self._record(fact, document, piece)
        return None

    def _add(self, fact: Fact, document: Document, raw: str) -> str | None:
        """Show the fact in an existing piece with the same text, or else in a new piece."""
        sha = digest(raw)
        twin = self._twins(document).get(sha)
        if twin is None:
            piece = Piece(raw, fact.text)
            state = (list(document.pieces), document.tail) if self._system.limited(document.path) else None
            new = document.path not in self.documents
            self._insert(document, piece, fact)
            self.documents[document.path] = document
            if reason := self._refusal(document):
                if state:
                    document.pieces, document.tail = state
                if new:
                    del self.documents[document.path]
                self._own_end.pop(document.path, None)
                return reason
            self._touched.add(document.path)
            self._twins(document)[sha] = piece
        else:
            piece = twin
            for id_ in [id_ for id_, (_, other, _) in self._own.items() if other is piece]:
                del self._own[id_]
        self._hide(fact.id)
        self._record(fact, document, piece)
        return None

    def _insert(self, document: Document, piece: Piece, fact: Fact) -> None:
        """Insert the piece. If its file is being rebuilt, at the same place as before; otherwise after memctl's last
        piece."""
        native = fact.native if fact.source.system == self._system.name else {}
        if native.get("path") == document.path and all(other.shows for other in document.pieces):
            gap, after = native.get("before"), native.get("after")
            piece.gap = gap if isinstance(gap, str) and self._is_gap(document.path, gap) else ""
            document.append(piece)
            if isinstance(after, str) and self._is_gap(document.path, after):
                document.tail = after
            elif isinstance(native.get("raw"), str):
                document.tail = ""
            return
        own = self._own_end.get(document.path)
        if own is None:
            own = next((other for other in reversed(document.pieces) if other.shows), None)
        if own is None and document.pieces and document.separator == "\n":
            eol = document.eol
            piece.gap = document.tail.rstrip() + f"{eol}{eol}{SECTION}{eol}{eol}"
            document.tail = eol
        document.append(piece, own)
        self._own_end[document.path] = piece

    def _is_gap(self, path: str, text: str) -> bool:
        """Whether a text is only a separator between pieces."""
        pieces = self._system.parse(path, text, self._files.keys()).pieces if text.strip() else []
        return all(piece.fields.get("whole") for piece in pieces)

    def _home(self, fact: Fact) -> Document:
        """The file for a fact: the one from which the same system read it, or else the file for new facts."""
        native = fact.native if fact.source.system == self._system.name else {}
        path = native.get("path")
        if not (isinstance(path, str) and _is_path(path) and self._system.wanted(path)):
            path = None
        if path is None or self._system.writable(path) or (path in self.documents and self._is_whole(path)):
            path = self._system.home(fact, self.documents)
            return self.documents.get(path) or self._system.new(path, fact)
        if path in self.documents:
            return self.documents[path]
        document = self._system.new(path, fact)
        front = native.get("front")
        if isinstance(native.get("raw"), str):
            text = f"{front if isinstance(front, str) else ''}{native['raw']}"
            parsed = self._system.parse(path, text, {path})
            document.head, document.bom = parsed.head, native.get("bom") is True
            document.tail = ""
            document.crlf = "\r\n" in text + str(native.get("before", "")) + str(native.get("after", ""))
        return document

    def _is_whole(self, path: str) -> bool:
        return any(piece.fields.get("whole") for piece in self.documents[path].pieces)

    def _raw(self, fact: Fact, document: Document) -> str:
        """The text that shows the fact: the original text of its file if the fact has not changed since."""
        raw = fact.native.get("raw") if fact.source.system == self._system.name else None
        if isinstance(raw, str) and fact.native.get("path") == document.path:
            pieces = self._system.parse(document.path, document.head + raw, self._files.keys()).pieces
            if len(pieces) == 1 and (pieces[0].raw, pieces[0].text) == (raw, fact.text):
                return raw
        return self._system.raw(fact, document)

    def _says_its_end(self, fact: Fact) -> bool:
        """Whether the agent's own text for the fact states when it ended, so that it can be shown."""
        raw, path = fact.native.get("raw"), fact.native.get("path")
        if fact.source.system != self._system.name or not (isinstance(raw, str) and isinstance(path, str)):
            return False
        if fact.retired or fact.expires_at is not None:
            return False
        pieces = self._system.parse(path, raw, self._files.keys()).pieces
        return len(pieces) == 1 and pieces[0].fields.get("invalid_at") == fact.invalid_at

    def _refusal(self, document: Document) -> str | None:
        return self._system.refusal(document, self.documents) if self._system.limited(document.path) else None

    def _record(self, fact: Fact, document: Document, piece: Piece) -> None:
        if fact.id not in piece.shows:
            piece.shows.append(fact.id)
            self._pieces[fact.id] = piece
        self._records[fact.id] = Record(document.path, digest(piece.raw), fact)

    def _twins(self, document: Document) -> dict[str, Piece]:
        """The pieces of a file by their hash."""
        if document.path not in self._by_hash:
            self._by_hash[document.path] = {digest(piece.raw): piece for piece in reversed(document.pieces)}
        return self._by_hash[document.path]

    def _hide(self, id_: UUID) -> None:
        """Remove a recorded fact from the file that shows it, unless the piece also shows another fact."""
        piece = self._pieces.pop(id_, None)
        if piece is None:
            return
        piece.shows.remove(id_)
        path = self._records[id_].path
        if not piece.shows and path in self.documents:
            self._take_out(self.documents[path], piece)

    def _take_out(self, document: Document, piece: Piece) -> None:
        document.remove(piece)
        self._touched.add(document.path)
        self._own_end.pop(document.path, None)
        self._by_hash.pop(document.path, None)
        if not document.pieces and self._is_empty(document):
            del self.documents[document.path]

    def _is_empty(self, document: Document) -> bool:
        rest = (document.tail or "").replace(SECTION, "").strip()
        return not rest


def _over(fact: Fact) -> bool:
    """Whether the fact is no longer true, so that no agent should read it."""
    now = datetime.now(UTC)
    return fact.retired or any(at is not None and at <= now for at in (fact.invalid_at, fact.expires_at))


def _is_path(path: str) -> bool:
    parts = path.split("/")
    return all(part and part not in (".", "..") and "\0" not in part and "\\" not in part for part in parts)

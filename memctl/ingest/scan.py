"""The documents of an ingest: which are new or changed, who owns their sessions, and which users were forgotten.

What cannot be read is reported with its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import BadTranscript, NotFound
from memctl.extract.extractor import EXTRACTOR
from memctl.ingest.attribution import Attribution, Owned, of_one_user, owned, with_namesakes
from memctl.ingest.refusals import Refusals
from memctl.ingest.result import Report
from memctl.ingest.session_extraction import Recipe
from memctl.ingest.sources import sha256_of, unreadable
from memctl.store.base import Store
from memctl.store.model import SUPPRESSED, FileEntry
from memctl.store.refold import suppressed_users
from memctl.store.suppressed_users import SuppressedUsers
from memctl.transcripts.detect import detect, read
from memctl.transcripts.files.discovery import VANISHED, Document
from memctl.transcripts.model import ReadOptions, Session

if TYPE_CHECKING:
    from memctl.ingest.llm_options import ModelOptions
else:
    ModelOptions = object


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options. `format` None detects the format of each file; `jobs` is the maximum number of processes, `workers`
    an executor or the address of a cluster instead.

    `model` has the options of the recipe's model, if it uses one. `exclude` are patterns of files to skip, as in a
    .gitignore. With `again`, files that an earlier run refused are read again.
    """

    attribution: Attribution = Attribution()
    recipe: Recipe = Recipe()
    reading: ReadOptions = ReadOptions()
    format: str | None = None
    jobs: int = 1
    workers: Executor | str | None = None
    model: ModelOptions | None = None
    exclude: tuple[str, ...] = ()
    again: bool = False


class Conversation(NamedTuple):
    """A session with its owners. `forgotten` is True if an owner was forgotten, whose turns are left out."""

    session: Session
    owners: list[Owned]
    forgotten: bool


class Reader:
    """Reads documents for one ingest. What it skips and what it cannot read is added to the report."""

    def __init__(self, store: Store, options: Options, report: Report, refusals: Refusals) -> None:
        self.store = store
        self.options = options
        self.report = report
        self.refusals = refusals
        self._suppressed: SuppressedUsers | None = None
        self.ledger: dict[tuple[str, str], FileEntry] = {}
        with suppress(NotFound), store.reading() as session:
            self.ledger = session.ingested_files()

    def new(self, document: Document) -> tuple[FileEntry, FileEntry | None] | None:
        """The new record of a document and the stored one, if any; None if the document has not changed, was refused
        before, or cannot be read."""
        self.report.files += 1
        uri = os.path.abspath(document.uri) if document.uri != "-" else "-"  # noqa: PTH100 - resolve() follows links
        attribution = self.options.attribution.label
        recipe, since = self._recipe(document), self.options.recipe.since
        known = self.ledger.get((uri, attribution))
        if known and known.covers(recipe, since) and (known.size, known.mtime_ns) == (document.size, document.mtime_ns):
            self.report.unchanged += 1
            return None
        try:
            sha256 = sha256_of(document)
            if uri == "-":
                uri = f"-#{sha256[:16]}"
                known = self.ledger.get((uri, attribution))
            if known and known.covers(recipe, since) and known.sha256 == sha256:
                self.report.unchanged += 1
                return None
        except FileNotFoundError:
            self.report.skip(VANISHED)
            return None
        except (BadTranscript, OSError) as error:
            self.refusals.refuse_path(unreadable(error, document))
            return None
        same = known is not None and known.sha256 == sha256 and known.covers(recipe, since, complete=False)
        contents = f"{recipe} {sha256}"
        if uri == f"-#{sha256[:16]}":
            self.refusals.begin_stdin(uri)
        elif not self.refusals.begin(uri, document, attribution, contents, partly_read=same):
            return None
        try:
            format_ = self.options.format or detect(document)
        except (BadTranscript, OSError) as error:
            self.refusals.add(uri, unreadable(error, document))
            return None
        file = FileEntry(
            uri=uri,
            attribution=attribution,
            recipe=recipe,
            format=format_,
            size=document.size,
            mtime_ns=document.mtime_ns,
            sha256=sha256,
            sessions=0,
            turns=0,
            since=since,
        )
        return file, known

    def sessions(self, document: Document, format_: str) -> Iterator[Conversation | BadTranscript]:
        """The sessions of a document with their owners, and its errors; sessions without an owner are reported once."""
        reported = False
        speakers: list[str | None] = []

        def everyone() -> list[str | None]:
            if not speakers:
                speakers.extend(_speakers(document, self.options.reading, format_))
            return speakers

        try:
            attribution = self.options.attribution
            for item in of_one_user(lambda: read(document, self.options.reading, format_), document, attribution):
                if isinstance(item, BadTranscript):
                    yield item
                    continue
                try:
                    owners = [
                        with_namesakes(mine, everyone, attribution) for mine in owned(item, document, attribution)
                    ]
                except BadTranscript as error:
                    if not reported:
                        yield error
                    reported = True
                    continue
                admitted = self.admitted(owners)
                yield Conversation(item, admitted, forgotten=len(admitted) < len(owners))
        except Exception as error:
            # A reader that fails on one file must not keep the rest of the folder from being read.
            yield unreadable(error, document)

    def admitted(self, owners: Sequence[Owned]) -> list[Owned]:
        """The owners of a session without forgotten users, and the session without their turns."""
        if self._suppressed is None:
            self._suppressed = suppressed_users(self.store)
        if not (gone := self._suppressed.among(mine.user_id for mine in owners)):
            return list(owners)
        dropped: set[str] = set()
        for mine in owners:
            if mine.user_id in gone:
                self.report.skip(SUPPRESSED)
                dropped.update(turn.turn_id for turn in mine.session.turns if turn.turn_id not in mine.others)
        return [_without(mine, dropped) for mine in owners if mine.user_id not in gone]

    def committed(self) -> None:
        """Look up the forgotten users again before the next session: one may be erased during a long ingest."""
        self._suppressed = None

    def before(self, known: FileEntry | None) -> frozenset[UUID]:
        """The episodes that a file contained when it was last read."""
        if known is None:
            return frozenset()
        with self.store.reading() as session:
            return frozenset(session.episodes_in(known))

    def _recipe(self, document: Document) -> str:
        """Everything but --since that influences the result of reading a file, as one text to compare."""
        options = self.options
        recipe = {
            "extractor": options.recipe.extractor,
            "roles": options.recipe.roles,
            "since": None,
        }
        extractor = EXTRACTOR
        if options.recipe.by_model:
            from memctl.extract.llm import prompt

            extractor = prompt.extractor(str(options.recipe.model))
        elif options.recipe.by_neural:
            from memctl.extract.neural.drafts import NAME

            extractor = f"{EXTRACTOR}+{NAME}"
        folder = document.folder_user if options.attribution.by_folder else None
        return msgspec.json.encode([extractor, recipe, options.format, _reading(options.reading), folder]).decode()


def _without(mine: Owned, dropped: set[str]) -> Owned:
    turns = tuple(turn for turn in mine.session.turns if turn.turn_id not in dropped)
    return msgspec.structs.replace(mine, session=msgspec.structs.replace(mine.session, turns=turns))


def _reading(options: ReadOptions) -> dict[str, str]:
    return {name: str(getattr(options, name)) for name in options.__struct_fields__ if getattr(options, name)}


def _speakers(document: Document, options: ReadOptions, format_: str) -> set[str | None]:
    """All speakers of a document, None for turns without one."""
    return {
        turn.speaker
        for session in read(document, options, format_)
        if isinstance(session, Session)
        for turn in session.turns
        if turn.role == "user"
    }

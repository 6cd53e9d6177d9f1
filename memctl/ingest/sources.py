"""The documents that an ingest reads, their hashes, and the errors of those that cannot be read."""

import hashlib
from collections.abc import Iterator, Sequence

from memctl.core.errors import BadTranscript
from memctl.ingest.refusals import Refusals
from memctl.ingest.result import Report
from memctl.transcripts.files.discovery import Document, Skipped, discover


def documents_of(
    paths: Sequence[str], report: Report, refusals: Refusals, exclude: Sequence[str] = ()
) -> Iterator[Document]:
    """The documents under `paths`, without those that `exclude` matches; other files are counted or refused."""
    for document in discover(paths, exclude):
        if isinstance(document, Document):
            refusals.found(document)
            yield document
        elif isinstance(document, Skipped):
            report.skip(document.reason)
        else:
            refusals.refuse_path(document, named=document.where in paths)


def sha256_of(document: Document) -> str:
    """SHA-256 (hex) of the document's bytes."""
    digest = hashlib.sha256()
    with document.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def unreadable(error: Exception, document: Document) -> BadTranscript:
    """Any failure of a document as an error to report."""
    if isinstance(error, BadTranscript):
        return error
    if isinstance(error, OSError):
        reason = f"cannot be read: {error.strerror or error}"
        return BadTranscript(reason, where=document.uri, hint="check the file and its permissions")
    return BadTranscript(
        f"internal error while reading: {type(error).__name__}: {error}",
        where=document.uri,
        hint="please report it; --format may help",
    )

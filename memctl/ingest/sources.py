"""The documents an ingest reads: found, fingerprinted, and what is wrong with one put into words."""

import hashlib
from collections.abc import Iterator, Sequence

from memctl.core.errors import BadTranscript
from memctl.ingest.result import Report, reject_of
from memctl.transcripts.discovery import Document, Skipped, discover


def documents_of(paths: Sequence[str], report: Report) -> Iterator[Document]:
    """The documents under `paths`; what is none goes into the report."""
    for found in discover(paths):
        if isinstance(found, Document):
            yield found
        elif isinstance(found, Skipped):
            report.skipped[found.reason] = report.skipped.get(found.reason, 0) + 1
        else:
            report.rejects.append(reject_of(found))


def sha256_of(document: Document) -> str:
    """SHA-256 (hex) of the document's bytes."""
    digest = hashlib.sha256()
    with document.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def unreadable(error: Exception, document: Document) -> BadTranscript:
    """Whatever went wrong with a document, as something that can be told."""
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

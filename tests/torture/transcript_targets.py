"""Targets that read conversations: every format, format detection, archives; seeds are fixtures/transcripts."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import zstandard
from torture.mutation import worse
from torture.promises import FIXTURES, File, Target, check_session

from memctl.core.errors import BadTranscript
from memctl.transcripts import FORMATS, Document, ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect

OPTIONS = (
    ReadOptions(),
    ReadOptions(branches=True, sidechains=True, direct_messages=True, date_order="dmy", started_at=datetime.now(UTC)),
)


def transcript_targets() -> Iterator[Target]:
    """The readers of transcripts, each with the files of all formats as seeds."""
    folders = (FIXTURES / "transcripts", FIXTURES / "formats")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    seeds = tuple(path.read_bytes() for path in (*files, FIXTURES / "exports/letta/two-agents.af"))
    for form in (*FORMATS, None):
        yield Target(
            f"transcripts/{form or 'detect'}", seeds, partial(_transcript, form=form), partial(worse, others=seeds)
        )
    packed = _archives()
    yield Target("archives", packed, _discovered, partial(worse, others=packed))


def _transcript(data: bytes, form: str | None) -> str:
    with File(data, "2026-03-13 any.txt") as path:
        document = Document(path.name, path.name, len(data), 0, path=path)
        return " ".join(_read(document, options, form) for options in OPTIONS)


def _read(document: Document, options: ReadOptions, form: str | None) -> str:
    messages = []
    try:
        name = form or detect(document)
        for item in read(document, options, name):
            assert isinstance(item, Session | BadTranscript)
            if isinstance(item, Session):
                check_session(item)
            messages.append("session" if isinstance(item, Session) else item.message)
    except BadTranscript as error:
        messages.append(error.message)
    return " ".join(messages[:3])


def _archives() -> tuple[bytes, ...]:
    chat = (FIXTURES / "transcripts/alice/openai-chat.jsonl").read_bytes()
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("alice/chat.jsonl", chat)
    with zipfile.ZipFile(outer, "w") as zipped:
        zipped.writestr("more.zip", inner.getvalue())
        zipped.writestr("chat.json.gz", gzip.compress(chat))
    return inner.getvalue(), outer.getvalue(), gzip.compress(chat), zstandard.compress(chat)


def _discovered(data: bytes) -> str:
    ending = ".json.gz" if data.startswith(b"\x1f\x8b") else ".json.zst" if data.startswith(b"\x28\xb5") else ".zip"
    with File(data, "chat" + ending) as path:
        return " ".join(
            _read(document, OPTIONS[0], None) if isinstance(document, Document) else type(document).__name__
            for document in discover([str(path)])
        )

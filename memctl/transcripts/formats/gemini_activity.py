"""Google Takeout of Gemini: `My Activity/Gemini Apps/MyActivity.json`, a list of activities, the newest first.

`{"header": "Gemini Apps", "title": "Prompted …", "time", "products", "safeHtmlItem": [{"html"}]}`. The user's words
follow a verb in the title, in the language of the account; English ones are known. Activities name no conversation, so
each is a session of its own. Those of other products are counted.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "gemini-activity"
_PRODUCT = re.compile(r"\b(?:gemini|bard)\b", re.IGNORECASE)
_SAID = re.compile(r"(?:Prompted with:|Asked (?:Gemini|Bard):|Prompted|Asked|Said|Branched|Answered)\s+", re.IGNORECASE)
_DONE = re.compile(
    r"(?:Created|Used|Added|Gave|Selected|Shared|Deleted|Viewed|Visited|Searched|Edited|Pinned|Renamed|Exported"
    r"|Updated|Listened|Changed|Turned)\b"
)
_ATTACHED = re.compile(r"\s*Attached \d+ files?\.?\s*\Z", re.IGNORECASE)
_BREAKS = frozenset({"p", "br", "li", "div", "tr", "h1", "h2", "h3", "h4", "pre"})


def sniff(head: Head) -> bool:
    return any({"header", "title", "time"} <= record.keys() and _is_gemini(record) for record in head.records)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per activity in which the user said something; the last one has the counts of all others."""
    aside = SessionBuilder(NAME)
    last: Session | None = None
    for where, record in records(document):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record) or not isinstance(record, Mapping):
            yield bad_record(where, "not an activity")
        elif not _is_gemini(record):
            aside.skip("activity of another product")
        elif session := _session(record, aside, options):
            if last:
                yield last
            last = session
    if last:
        yield msgspec.structs.replace(last, notes=dict(Counter(last.notes) + Counter(aside.notes)))
    elif aside.notes:
        yield aside.build(f"{document.stem}-others")


def _is_gemini(record: Mapping[str, Any]) -> bool:
    products = record.get("products")
    labels = [record.get("header"), *(products if isinstance(products, list) else ())]
    return any(isinstance(label, str) and _PRODUCT.search(label) for label in labels)


def _session(record: Mapping[str, Any], aside: SessionBuilder, options: ReadOptions) -> Session | None:
    title = text_of(record.get("title")).strip()
    verb = _SAID.match(title)
    if not verb:
        aside.skip("other activity" if _DONE.match(title) else "unknown role")
        return None
    builder = SessionBuilder(NAME)
    at, unclear = Fields({"time": record.get("time")}).time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    prompt = _ATTACHED.sub("", title[verb.end() :]).strip()
    key = sha256(f"{record.get('time')}\0{prompt}".encode()).hexdigest()[:16]
    builder.add("user", prompt, turn_id=f"{key}:prompt", at=at, raw_kind=verb[0].strip().lower())
    items = record.get("safeHtmlItem")
    items = items if isinstance(items, list) else [items]
    answer = "\n".join(text for item in items if isinstance(item, Mapping) and (text := _plain(item)))
    if answer:
        builder.add("assistant", answer, turn_id=f"{key}:answer", at=at, parent_id=f"{key}:prompt", raw_kind="html")
    return builder.build(f"gemini-{key}")


def _plain(item: Mapping[str, Any]) -> str:
    """The text of an answer in HTML."""
    parser = _Words()
    parser.feed(text_of(item.get("html") or item.get("htmlValue")))
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.words).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    """Collects the words of a page, with line breaks between its blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.words.append("\n")

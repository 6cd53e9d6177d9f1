"""The beginning of a file, for format detection.

Reads at most 64 KB, unless the keys of a longer first record are needed: then it is streamed.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from memctl.transcripts.files import jsonstream
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import HEAD_BYTES, decode, is_binary

Shape = Literal["array", "object", "lines", "text"]


class Head:
    """The beginning of a document.

    `raw` is its first 64 KB, `text` the same decoded. `sample` is a list of its top-level JSON values, the last one
    possibly truncated; empty if it is not JSON.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        with document.open() as stream:
            self.raw = stream.read(HEAD_BYTES)

    @cached_property
    def text(self) -> str:
        return decode(self.raw).lstrip("\ufeff")

    @property
    def binary(self) -> bool:
        return is_binary(self.raw)

    @cached_property
    def sample(self) -> list[Any]:
        if self.text.lstrip()[:1] not in ("{", "["):
            return []
        return jsonstream.partial(self.text)

    @property
    def shape(self) -> Shape:
        """`array` and `object` for one JSON value, `lines` for several (JSONL; a single line is an `object`)."""
        if not self.sample:
            return "text"
        if len(self.sample) > 1:
            return "lines"
        return "array" if isinstance(self.sample[0], list) else "object"

    @cached_property
    def records(self) -> list[Mapping[str, Any]]:
        """The top-level JSON objects: an array's elements, the lines of JSONL, or the one object."""
        found = self.sample[0] if self.shape == "array" else self.sample
        return [record for record in found if isinstance(record, dict)]

    @property
    def first(self) -> Mapping[str, Any]:
        """The first of `records`, possibly truncated, or an empty one."""
        return self.records[0] if self.records else {}

    @cached_property
    def keys(self) -> frozenset[str]:
        """All keys of `first`, even if it continues after the head."""
        if len(self.records) > 1 or len(self.raw) < HEAD_BYTES or not self.records:
            return frozenset(self.first)
        return frozenset(self.first) | jsonstream.first_keys(self.document)

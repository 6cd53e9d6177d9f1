"""The text of a message's content, in the forms that chat formats give it.

A string, a list of parts, one part, an object around any of them, or either as a JSON string. What a part says is
decided by its kind: text, the result of a tool, or something without words of the speaker.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from memctl.core.late_pattern import late
from memctl.transcripts.files.jsonstream import text_of
from memctl.transcripts.messages.fields import IS_INJECTED, IS_THOUGHT, TEXT, Fields, Names, plain

MARKER = "marker"
"""What a part is that has nothing of a message, such as the beginning of a step."""
FILE = "file or image"
_KIND: Names = ("type", "blocktype", "contenttype", "kind", "parttype")
_TEXT_KINDS = frozenset(
    {"text", "inputtext", "outputtext", "refusal", "summarytext", "markdown", "plaintext", "string"}
    | {"request", "response"}
)
_RESULT_KINDS = late(r".*toolresult|functionresponse|functioncalloutput|codeexecutionresult|toolresponse|tooloutput")
_OTHER_KINDS = (
    (late(r".*(thinking|reasoning|thought).*|think"), "thinking"),
    (late(r".*(tooluse|toolcall|toolinvocation|functioncall)s?|tool.*|dynamictool|executablecode"), "tool call"),
    (
        late(
            r"(input|output|local|inline)?(image|audio|video|file|document|media|attachment|picture|photo|sticker|voice)"
            r"(url|uri|data|part|content|message|note|mention|assetpointer)?s?|.*assetpointer"
            r"|source.*|inlinedata|blob|citation.*|annotation.*|annotations|reference|link|location|contact"
        ),
        FILE,
    ),
    (late(r"step(start|finish|end)?|snapshot|patch|retry|compaction|data.*|agent|subtask|status|info"), MARKER),
)
_FLAGS = ((IS_INJECTED, "injected context"), (IS_THOUGHT, "thinking"))
_AUDIO_KINDS = ("inputaudio", "audio", "outputaudio", "audiotranscription", "realtimeaudiovideoassetpointer")
_UNTYPED = (
    *("thought", "functioncall", "functionresponse", "inlinedata", "filedata", "executablecode"),
    "codeexecutionresult",
)
_PART_TEXT: Names = (*TEXT[:3], "refusal", "summary", "output", "result", *TEXT[3:])
_NO_STRINGS = frozenset({"blocks", "contentblocks", "fragments", "segments", "chunks"})
"""Lists whose strings are ids of text kept elsewhere."""
_DEEPEST = 8


class Content(NamedTuple):
    """What a content says: its `text`, the `results` of tools in it, what it has besides by reason (`others`), and
    whether some of it was not understood."""

    text: str = ""
    results: str = ""
    others: tuple[str, ...] = ()
    unclear: bool = False


def content_of(value: object, *, strings: bool = True, depth: int = 0) -> Content:
    """The content in a value of any form; `strings` says that strings in a list are text."""
    if isinstance(value, str):
        parts = _parts_in(value)
        return Content(text_of(value).strip()) if parts is None else content_of(parts, depth=depth + 1)
    if depth > _DEEPEST:
        return Content(unclear=True)
    if isinstance(value, Mapping):
        return _part(value, depth)
    if isinstance(value, list):
        return _joined(
            [
                content_of(part, depth=depth + 1) if strings or not isinstance(part, str) else Content(unclear=True)
                for part in value
            ]
        )
    return Content(unclear=value is not None)


def content_text(value: object) -> str:
    """The text of a message's content, with the results of tools. Images and calls have none."""
    content = content_of(value)
    return "\n".join(text for text in (content.text, content.results) if text)


def content_in(fields: Fields, names: Names = TEXT) -> Content:
    """The content of a record: the first field that has words, else everything that its fields have besides."""
    seen = [content_of(value, strings=name not in _NO_STRINGS) for name, value in fields.values(names)]
    return next((content for content in seen if content.text), None) or _joined(seen)


def _joined(contents: list[Content]) -> Content:
    if len(contents) == 1:
        return contents[0]
    return Content(
        "\n".join(content.text for content in contents if content.text),
        "\n".join(content.results for content in contents if content.results),
        tuple(reason for content in contents for reason in content.others),
        any(content.unclear for content in contents),
    )


def _part(part: Mapping[str, Any], depth: int) -> Content:
    """The content of one part, or of an object around parts."""
    fields = Fields(part)
    aside = [reason for flags, reason in _FLAGS if fields.value(flags) is True]
    if aside:
        return Content(others=(aside[0],))
    kind = plain(text_of(fields.value(_KIND)))
    if not kind:
        kind = next((name for name in _UNTYPED if fields.value((name,))), "")
    if not kind or kind in _TEXT_KINDS:
        inner = [
            content_of(value, strings=name not in _NO_STRINGS, depth=depth + 1)
            for name, value in fields.values(_PART_TEXT)
        ]
        if not inner and not kind:
            return Content(unclear=bool(part))
        return next((content for content in inner if content.text), None) or _joined(inner)
    if _RESULT_KINDS.fullmatch(kind):
        return Content(results=_result(fields, depth))
    if kind in _AUDIO_KINDS and (words := _transcript(fields, kind)):
        return Content(words)
    for pattern, reason in _OTHER_KINDS:
        if pattern.fullmatch(kind):
            return Content(others=(reason,))
    return Content(unclear=fields.has(TEXT))


def _result(fields: Fields, depth: int) -> str:
    content = content_of(fields.value(("content", "output", "result", "text", "response")), depth=depth + 1)
    return content.text or content.results


def _transcript(fields: Fields, kind: str) -> str:
    """The words of an audio part."""
    inner = fields.value((kind,))
    spoken = Fields(inner) if isinstance(inner, Mapping) else fields
    return text_of(spoken.value(("transcript", "text"))).strip()


def _parts_in(text: str) -> list[Any] | None:
    """The parts in a JSON string that is a list of typed parts, else None: other JSON is the speaker's own text."""
    if not text.startswith(("[{", "[ {", "[\n")) or not text.rstrip().endswith("]"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(part, dict) and _is_typed(part) for part in value):
        return None
    return value if any(content_of(part, depth=1).text for part in value) else None


def _is_typed(part: Mapping[str, Any]) -> bool:
    kind = plain(text_of(part.get("type")))
    known = kind in _TEXT_KINDS or _RESULT_KINDS.fullmatch(kind) or any(p.fullmatch(kind) for p, _ in _OTHER_KINDS)
    return bool(kind and known)

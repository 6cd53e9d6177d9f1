"""A record as a line of the block: dates, speaker and text, made harmless.

Each text is on one line after a dash, so that it cannot begin a line, or close a tag that a program puts around the
block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from memctl.context.model import Count, Format, Item, State
from memctl.core.clean_text import line
from memctl.core.fact import Fact
from memctl.core.tokenization import sentences, stems
from memctl.extract.secrets import redact

LONGEST_NAME = 60
"""Characters of a speaker's name."""
_INVISIBLE = re.compile(
    "[\u00ad\u115f\u1160\u180b-\u180f\u200b\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Characters that nobody sees and a model reads, such as Unicode's tags; joiners, which scripts need, stay."""
_TAG = re.compile(r"<(?=[A-Za-z/!?|])")
_MARKUP = re.compile(r"([\\`*\[\]<]|~~|(?<!\w)_|_(?!\w))|^(?:[-+=:>#]|\d+(?=[.)]))")
"""What Markdown would read as more than text, anywhere or at the start of an item."""
_PRECISION = {"year": 4, "month": 7}
"""Characters of an ISO date that are known."""


def item_of(fact: Fact, text: str, state: State | None, score: float | None = None) -> Item:
    """The item of a record, with its own `text` or an excerpt of it."""
    turn = fact.kind == "episode"
    return Item(
        id=fact.id,
        kind=fact.kind,
        text=harmless(text),
        at=_date(fact.valid_at or fact.created_at, fact),
        until=None if turn else _date(fact.invalid_at, fact),
        speaker=harmless(_speaker(fact))[:LONGEST_NAME] if turn else None,
        state=state,
        score=score,
    )


def harmless(text: str) -> str:
    """`text` on one line, without secrets, control characters, invisible characters and tags."""
    return _TAG.sub("< ", line(_INVISIBLE.sub("", redact(text).text)))


def shown(item: Item, format_: Format, *, dated: bool = True) -> str:
    """The line of an item, without the dash in front of it."""
    head = [word for word in (_when(item) if dated else "", item.speaker or "") if word]
    text = item.text
    if format_ == "markdown":
        head, text = [escaped(word) for word in head], escaped(text)
    return f"{' '.join(head)}: {text}" if head else text


def _when(item: Item) -> str:
    """The dates of an item, with a mark on a fact that has ended."""
    if item.state in (None, "current"):
        return f"{item.at or ''} to {item.until}".strip() if item.until else item.at or ""
    span = " to ".join(date for date in (item.at, item.until) if date) if item.at else f"until {item.until}"
    return f"{span} (no longer true)" if item.at or item.until else "(no longer true)"


def escaped(text: str) -> str:
    """`text` as Markdown that shows it as it is."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}" if not match[0][0].isdecimal() else match[0] + "\\", text)


def excerpt(text: str, room: int, count: Count, query: str | None) -> str:
    """The sentences of a long text that share most words with the query, or its first ones, in `room` tokens.

    An ellipsis marks what is left out. A single sentence that is too long is cut.
    """
    parts = sentences(text) or [text]
    asked = set(stems(query or ""))
    costs = [count(part) + 1 for part in parts]
    ranked = sorted(range(len(parts)), key=lambda at: (-len(asked.intersection(stems(parts[at]))), at))
    chosen: set[int] = set()
    left = room
    for at in ranked:
        if costs[at] <= left:
            chosen.add(at)
            left -= costs[at]
    if not chosen:
        return _cut(parts[ranked[0]], room, count)
    return " ".join(_with_gaps(parts, sorted(chosen)))


def _with_gaps(parts: list[str], chosen: list[int]) -> Iterable[str]:
    before = -1
    for at in chosen:
        if at != before + 1:
            yield "…"
        yield parts[at]
        before = at
    if before != len(parts) - 1:
        yield "…"


def _cut(text: str, room: int, count: Count) -> str:
    """The longest beginning of `text` that fits, with an ellipsis; "" if there is none."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle] + "…") <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""


def _speaker(fact: Fact) -> str:
    role = fact.native.get("role")
    return str(fact.native.get("speaker") or (fact.user_id if role in (None, "user") else role))


def _date(at: datetime | None, fact: Fact) -> str | None:
    """A date, as far as it is known."""
    if at is None:
        return None
    precision = fact.native.get("precision") if at in (fact.valid_at, fact.invalid_at) else None
    return at.isoformat()[: _PRECISION.get(str(precision), 10)]

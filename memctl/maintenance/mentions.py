"""Finding a person in the records of other users: as speaker, in turns, and in subjects, objects and texts of facts."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from memctl.core.errors import NotFound, UsageError
from memctl.core.tokenization import fold
from memctl.store.base import Store

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Letters of scripts that do not put spaces between words, or attach particles to a name."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A record of another user that names the person: `fields` are those with the name."""

    user: str
    id: str
    kind: str
    fields: tuple[str, ...]
    text: str


class Mentions(msgspec.Struct, frozen=True, kw_only=True):
    """The records of other users that name a person, and their number by user."""

    name: str
    users: dict[str, int]
    mentions: list[Mention]

    @property
    def records(self) -> int:
        """The number of records."""
        return len(self.mentions)


def pattern(name: str) -> re.Pattern[str]:
    """A pattern for the folded name as whole words; any run of spaces, `_`, `.` or `-` may separate them."""
    words = [re.escape(word) for word in re.split(r"[\s_.-]+", fold(name)) if word]
    if not words:
        raise UsageError("the name is empty", hint="pass the name of a person")
    joined = r"[\s_.-]+".join(words)
    before = "" if re.match(f"[{_UNSPACED}]", words[0]) else r"(?<![^\W_])"
    after = "" if re.search(f"[{_UNSPACED}]$", words[-1]) else r"(?![^\W_])"
    return re.compile(before + joined + after)


def mentions(store: Store, name: str) -> Mentions:
    """The records of other users that name the person, in the order they were stored.

    Only whole words count; case and accents do not. Users whose name differs from the person's only in these are not
    other users. A store that does not exist has no such records.
    """
    if not fold(name).strip(" _.-"):
        return Mentions(name=name, users={}, mentions=[])
    sought, own = pattern(name), fold(name)
    result: list[Mention] = []
    try:
        with store.reading() as session:
            for fact in session.texts_of_others(name):
                texts = {
                    "speaker": fact.speaker,
                    "subject": fact.subject,
                    "object": fact.object,
                    "text": fact.text,
                }
                fields = tuple(field for field, text in texts.items() if text and sought.search(fold(text)))
                if fields and fold(fact.user_id) != own:
                    result.append(
                        Mention(user=fact.user_id, id=str(fact.id), kind=fact.kind, fields=fields, text=fact.text)
                    )
    except NotFound:
        pass
    users = dict(sorted(Counter(mention.user for mention in result).items()))
    return Mentions(name=name, users=users, mentions=result)

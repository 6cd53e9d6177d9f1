"""The spellings of a message's fields, one table for all readers of JSON.

`userId`, `user_id`, `user-id` and `UserID` are one field: names are compared by their letters and digits alone. What
stands first in the table wins.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from memctl.core.late_pattern import late
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.model import ReadOptions
from memctl.transcripts.timestamps import instant

Names = tuple[str, ...]

ID: Names = ("id", "uuid", "messageid", "messageuuid", "msgid", "turnid", "guid")
PARENT: Names = ("parentid", "parentuuid", "parentmessageid", "parentmessageuuid", "parentmessage", "parent")
THREAD: Names = (
    *("threadid", "threaduuid", "sessionid", "sessionuuid", "conversationid", "conversationuuid", "chatid", "dialogid"),
    *("callid", "runid", "roomid"),
)
OWNER: Names = ("userid", "useruuid", "user", "ownerid", "enduserid", "endusers", "customerid")
SENDER: Names = ("senderid", "authorid", "participantid", "speakerid", "fromid", "memberid")
_SENDERS: Names = ("sender", "author", "from", "participant", "member")
SPEAKER: Names = (
    *("name", "speaker", "speakername", "sendername", "authorname", "displayname", "username", "participantname"),
    *("nickname", "fromname"),
)
AGENT: Names = ("agentid", "assistantid", "botid", "characterid")
TITLE: Names = ("title", "name", "subject", "topic", "summary")
ROLE: Names = ("role", "messagerole", "senderrole", "authorrole", "speakerrole", "roletype", "sendertype", "authortype")
SAID_BY: Names = ("sender", "author", "from", "speaker", "type", "participant", "source")
"""Fields that have a role, or else the name of who speaks."""
TEXT: Names = (
    *("content", "text", "parts", "contentparts", "contentblocks", "contents", "blocks", "message", "value", "body"),
    *("messagetext", "messagecontent", "textcontent", "messagebody", "msg", "mes", "utterance", "transcript", "said"),
    *("markdown", "plaintext", "rawtext", "fragments", "segments", "chunks", "prompt", "query", "question"),
    *("completion", "answer", "reply", "input", "output", "response", "comment", "words", "payload"),
)
LISTS: Names = (
    *("messages", "chatmessages", "messagelist", "msgs", "chathistory", "messagehistory", "conversationhistory"),
    *("history", "dialogue", "dialog", "turns", "conversation", "conversations", "transcript", "chat", "chats"),
    *("threads", "sessions", "thread", "session", "contents", "exchanges", "entries", "items", "log", "data"),
    *("responses", "store", "chatstore", "chunkedprompt", "chunks", "results", "artifact", "call", "state"),
    *("values", "payload", "export"),
)
"""Where a wrapper keeps its messages, or the conversations that keep them."""
TIME: Names = (
    *("referencetime", "createdat", "createtime", "createdtime", "creationtime", "created", "createdon"),
    *("insertedat", "sentat", "senttime", "sentdate", "senton", "senddate", "sendtime", "timestamp", "timestampms"),
    *("messagetime", "messagedate", "messagetimestamp", "datetime", "ts", "time", "date", "at", "when", "postedat"),
    *("publishedat", "receivedat", "occurredat", "eventtime", "saidat", "startedat", "starttime", "startat"),
)
_TIME_LIKE = late(r"(?:(?i:time|timestamp|date|datetime)|[a-z]At|[_-](?i:at|on|ts)|[a-z]On)\Z")
_SURELY_TIME = late(r"(?:timestamp|datetime)\Z", re.IGNORECASE)
_OTHER_TIME = late(
    r"updat|edit|modif|delet|remov|read|seen|deliver|end|expir|finish|complet|last|durat|elapsed|latenc|respon|format"
    r"|zone|lifetime|runtime|process|schedul|due|birth|stat|parts|comments|events|attachments",
    re.IGNORECASE,
)
"""Times of other events than the message, and words that only end like a time."""
DELETED: Names = (
    *("deleted", "isdeleted", "deletedat", "removed", "isremoved", "unsent", "isunsent", "retracted", "withdrawn"),
    *("revoked", "isrevoked"),
)
IS_THOUGHT: Names = ("isthought", "thought", "isreasoning", "isthinking")
IS_INJECTED: Names = ("synthetic", "ignored", "issynthetic", "ismeta", "isinjected")
IS_USER: Names = ("isuser", "iscreatedbyuser", "fromuser", "isfromuser", "ishuman", "isusermessage")
IS_ASSISTANT: Names = ("isbot", "isai", "isassistant", "frombot", "isbotmessage", "isaimessage")
CALLS: Names = ("toolcalls", "toolcall", "functioncall", "toolinvocations", "tooluse", "functioncalls", "actions")
FILES: Names = ("attachments", "files", "images", "experimentalattachments", "audio", "image", "file", "media")
_DETAILS = ("metadata", "meta", "info", "additionalkwargs", "responsemetadata", "extra", "properties", "attributes")
"""Where a message keeps fields that its format has no place for."""
_PERSON: Names = (*ID, *OWNER, *SPEAKER)
_PERSON_ID: Names = (*ID, *OWNER)
_DATE_AND_CLOCK: Names = ("date", "time")
_EPOCH = 10**8


@lru_cache(4096)
def plain(name: str) -> str:
    """`name` as the table writes it: letters and digits only, in lower case."""
    return re.sub(r"[\W_]+", "", name).lower()


@lru_cache(4096)
def _keys(shape: Names, names: Names) -> tuple[tuple[str, str], ...]:
    """(name, key) for each of `names` that a record with the keys `shape` has, in the order of `names`.

    The records of a file have few shapes, so that the table is searched once for each.
    """
    by_name: dict[str, str] = {}
    for key in shape:
        by_name.setdefault(plain(key), key)
    return tuple((name, by_name[name]) for name in names if name in by_name)


@lru_cache(4096)
def _other_time_keys(shape: Names) -> tuple[str, ...]:
    """The keys of a record that are named like a time, but are not in the table."""
    return tuple(
        key for key in shape if plain(key) not in TIME and _TIME_LIKE.search(key) and not _OTHER_TIME.search(key)
    )


class Fields:
    """A JSON object whose fields are found in any spelling."""

    __slots__ = ("_shape", "record")

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self._shape = tuple(record)

    def has(self, names: Names) -> bool:
        """Whether one of the fields is there, even if empty."""
        return bool(_keys(self._shape, names))

    def value(self, names: Names) -> Any:
        """The first of the fields that is not null or blank, else None."""
        for _, key in _keys(self._shape, names):
            if (value := self.record[key]) not in (None, "", [], {}):
                return value
        return None

    def values(self, names: Names) -> list[tuple[str, Any]]:
        """(name, value) of all these fields that are not null, in the table's order."""
        pairs = _keys(self._shape, names)
        return [(name, value) for name, key in pairs if (value := self.record[key]) is not None] if pairs else []

    def name(self, names: Names) -> str | None:
        """The first of the fields that is a name or an id, else None."""
        return next((text for _, key in _keys(self._shape, names) if (text := name_of(self.record[key]))), None)

    def details(self) -> "list[Fields]":
        """The objects inside this one that keep further fields of it, such as `metadata`."""
        return [Fields(value) for _, value in self.values(_DETAILS) if isinstance(value, Mapping)]

    def time(self, options: ReadOptions) -> tuple[datetime | None, bool]:
        """The time of the record, and whether a time is there that was not understood."""
        unclear = False
        for fields in (self, *self.details()):
            for value, sure in fields._times():
                if (at := instant(value, options.timezone, options.date_order)) is not None:
                    return at, False
                unclear = unclear or (sure and _present(value))
        return None, unclear

    def _times(self) -> list[tuple[Any, bool]]:
        """The values that may be the time of the record, and whether their names say that they are times."""
        known = [value for _, value in self.values(TIME)]
        parts = dict(self.values(_DATE_AND_CLOCK))
        date, clock = parts.get("date"), parts.get("time")
        if isinstance(date, str) and isinstance(clock, str) and ":" in clock and ":" not in date:
            known.insert(0, f"{date} {clock}")
        others = [(self.record[key], bool(_SURELY_TIME.search(key))) for key in _other_time_keys(self._shape)]
        return [*((value, True) for value in known), *(pair for pair in others if _dated(pair[0]))]

    def owner(self) -> str | None:
        """The user whose record this is, if it names one."""
        return self._person(OWNER, _PERSON)

    def sender(self) -> str | None:
        """The id of who sent the message, if it has one."""
        return self._person(SENDER, ()) or self._person(_SENDERS, _PERSON_ID)

    def _person(self, where: Names, inside: Names) -> str | None:
        for fields in (self, *self.details()):
            for _, value in fields.values(where):
                if isinstance(value, Mapping):
                    value = Fields(value).value(inside)
                elif where is _SENDERS:
                    continue
                if person := name_of(value):
                    return person
        return None


def _present(value: object) -> bool:
    """Whether a value says anything: services write 0 for an unknown time."""
    return value not in (None, "", 0, "0", 0.0, False, [], {}) and not isinstance(value, bool)


def _dated(value: object) -> bool:
    """Whether a field that is only named like a time has one: durations and counters have small numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value >= _EPOCH
    return isinstance(value, str | Mapping) and bool(value)

"""Zep's users: converts user ids, finds and creates users, and keeps Zep's own fields of them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from memctl.core.fact import Fact, derive_id
from memctl_zep.client import Api, Record
from memctl_zep.mapping import SYSTEM, Owner

LONGEST_USER_ID = 500
WHOLE_ID = "memctl_user_id"
"""The key in a user's metadata for an id that is not valid as Zep's `user_id`."""

_FIELDS = ("email", "first_name", "last_name", "time_zone")


class Person(NamedTuple):
    """A user in Zep: memctl's id, Zep's UUIDs of user and graph, and the fields for `Fact.native`."""

    user_id: str
    uuid: str
    graph: str
    fields: Record

    @property
    def owner(self) -> Owner:
        return Owner(self.user_id, self.fields)

    @property
    def names(self) -> frozenset[str]:
        """The user's names as the subject of a fact, case-folded."""
        first, last = self.fields.get("first_name"), self.fields.get("last_name")
        full_name = " ".join(part for part in (first, last) if part)
        return frozenset(name.casefold() for name in (self.user_id, "user", first, full_name) if name)


class People:
    """The users of one account, cached."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[str, Person] = {}

    def all(self) -> Iterator[Person]:
        """Every user of the account, with or without facts."""
        for record in self._api.users():
            yield self._remembered(record)

    def get(self, user_id: str) -> Person | None:
        """The user; None if Zep has none with that id."""
        if user_id not in self._found:
            record = self._api.user(zep_id(user_id))
            if record is None:
                return None
            person = self._remembered(record)
            if person.user_id != user_id:
                return None
        return self._found[user_id]

    def forget(self, user_id: str) -> None:
        """Remove the user from the cache."""
        self._found.pop(user_id, None)

    def get_or_make(self, user_id: str, first: Fact | None = None) -> tuple[Person, bool]:
        """The user, and whether they are new; a new one gets the user's fields in `first`, a fact from Zep."""
        person = self.get(user_id)
        if person is not None:
            return person, False
        fields = _fields_of(first)
        id_in_zep = zep_id(user_id)
        if id_in_zep != user_id:
            fields["metadata"] = {**fields.get("metadata", {}), WHOLE_ID: user_id}
        record, new = self._api.create_user({**fields, "user_id": id_in_zep})
        return self._remembered(record), new

    def _remembered(self, record: Record) -> Person:
        metadata = dict(record.get("metadata") or {})
        user_id = str(metadata.pop(WHOLE_ID, None) or record.get("user_id") or record["uuid"])
        fields = {name: record[name] for name in _FIELDS if record.get(name)}
        if metadata:
            fields["metadata"] = metadata
        person = Person(user_id, record["uuid"], record.get("graph_uuid") or record["uuid"], fields)
        self._found[user_id] = person
        return person


def zep_id(user_id: str) -> str:
    """Zep's `user_id` for a user of memctl: the same, unless it is too long or might be trimmed."""
    plain = user_id.isprintable() and user_id == user_id.strip()
    if plain and 0 < len(user_id) <= LONGEST_USER_ID:
        return user_id
    return f"memctl-{derive_id(SYSTEM, 'user', user_id)}"


def _fields_of(fact: Fact | None) -> dict[str, Any]:
    """The fields of the user in a fact from Zep, as far as a new user can have them."""
    user_fields = fact.native.get("user") if fact is not None and fact.source.system == SYSTEM else None
    if not isinstance(user_fields, Mapping):
        return {}
    fields: dict[str, Any] = {name: user_fields[name] for name in _FIELDS if isinstance(user_fields.get(name), str)}
    metadata = user_fields.get("metadata")
    if isinstance(metadata, Mapping) and metadata:
        fields["metadata"] = dict(metadata)
    return fields

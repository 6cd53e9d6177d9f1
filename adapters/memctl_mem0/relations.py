"""Relations of mem0's graph as facts. No input or output; needs neither mem0 nor a network.

mem0 before version 2 listed them next to the memories of a user, as `{"source", "relationship", "target"}`, or with
`destination` in the response to a search. They have no text and no times.
"""

from typing import Any

from memctl.core.fact import Fact, Source, derive_id
from memctl_mem0.mapping import SYSTEM, time_of

_OBJECT = ("target", "destination", "target_name", "targetName")
_PREDICATE = ("relationship", "relation", "relation_type", "relationType")
_SUBJECT = ("source", "source_name", "sourceName")
_OWNER = ("user_id", "userId")


def relation_fact(relation: Any, user: str | None, default_user: str | None) -> Fact:
    """The fact in a relation: a triple, and a sentence made from it.

    `user` owns a relation that names no user itself, `default_user` one of a page without users. Raises ValueError for
    a record that is not a relation, or whose user is unknown.
    """
    if not isinstance(relation, dict):
        raise ValueError("not a relation")
    subject, predicate, object_ = (_word(relation, keys) for keys in (_SUBJECT, _PREDICATE, _OBJECT))
    if not (subject and predicate and object_):
        raise ValueError("the relation has no source, no relationship or no target")
    owner = _word(relation, _OWNER) or user or default_user
    if owner is None:
        raise ValueError("the user of the relation is unknown")
    key = _word(relation, ("relation_id", "relationId"))
    known_keys = {*_SUBJECT, *_PREDICATE, *_OBJECT, *_OWNER, "created_at", "updated_at"}
    return Fact(
        id=derive_id(SYSTEM, owner, "relation", subject, predicate, object_),
        user_id=owner,
        kind="fact",
        text=f"{subject} {predicate.replace('_', ' ')} {object_}",
        subject=owner if subject.casefold() == owner.casefold() else subject,
        predicate=predicate,
        object=object_,
        created_at=time_of(relation.get("created_at")),
        updated_at=time_of(relation.get("updated_at")),
        source=Source(system=SYSTEM, id=key),
        native={name: value for name, value in relation.items() if name not in known_keys},
    )


def _word(relation: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    value = next((relation[key] for key in keys if relation.get(key) not in (None, "")), None)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None

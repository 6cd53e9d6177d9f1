"""Helpers for tests of Zep Cloud: facts, and the records and requests of the account."""

from datetime import UTC, datetime, timedelta
from typing import Any

from memctl_zep.adapter import ZepAdapter

from memctl.core.fact import Fact, Source, derive_id

AT = datetime(2026, 1, 1, tzinfo=UTC)


def fact(text: str, user: str = "alice", **fields: Any) -> Fact:
    return Fact(
        **({"id": derive_id(user, text), "kind": "fact", "source": Source(system="t")} | fields),
        user_id=user,
        text=text,
    )


def read(adapter: ZepAdapter, user: str = "alice") -> dict[str, Fact]:
    facts = [one for page in adapter.read(user) for one in page.facts]
    assert len({one.id for one in facts}) == len(facts)
    return {one.text: one for one in facts}


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=20)


def graph(cloud: Any, user: str = "alice") -> Any:
    (person,) = [one for one in cloud.users.values() if one["user_id"] == user]
    return cloud.graphs[person["graph_uuid"]]


def sent(cloud: Any, ending: str) -> list[Any]:
    return [body for method, path, body in cloud.requests if f"{method} {path}".endswith(ending)]

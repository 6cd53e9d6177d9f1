"""Facts and ids that a migration keeps aside are the same whether they fit into memory or not."""

import random
from uuid import UUID

import numpy as np
import pytest

from memctl.core.fact import Fact, Source
from memctl.runtime import seen_ids, spool


def fact(number: int) -> Fact:
    text = f"Ada owns bicycle {number}."
    return Fact(id=UUID(int=number), user_id="ada", kind="fact", text=text, source=Source(system="test"))


@pytest.mark.parametrize("room", [0, 3_000, 2**20])
def test_no_fact_is_lost_or_duplicated_beyond_the_memory_limit(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(spool, "ROOM", room)
    facts = [fact(number) for number in (7, 3, 9, 1, 5)]
    facts_kept = spool.FactSpool()
    assert facts_kept.put(facts) == []
    assert facts_kept.put([fact(9), fact(5), fact(2)]) == [fact(9), fact(5)]
    assert facts_kept.get([UUID(int=number) for number in (7, 5, 4)]) == {UUID(int=7): fact(7), UUID(int=5): fact(5)}
    facts_kept.drop([UUID(int=3), UUID(int=5), UUID(int=6)])
    assert facts_kept.put([fact(2), fact(5)]) == [fact(2)]
    assert list(facts_kept.rest()) == [fact(number) for number in (1, 2, 5, 7, 9)]
    facts_kept.clear()
    assert facts_kept.put([fact(9)]) == []
    assert list(facts_kept.rest()) == [fact(9)]
    facts_kept.close()


@pytest.mark.parametrize("alike", [False, True], ids=["different hashes", "equal hashes"])
@pytest.mark.parametrize("recent", [1, 7, 1 << 14])
def test_every_id_that_came_before_is_known_with_its_owner(
    monkeypatch: pytest.MonkeyPatch, recent: int, alike: bool
) -> None:
    monkeypatch.setattr(seen_ids, "RECENT", recent)
    if alike:
        monkeypatch.setattr(seen_ids, "_hashes", lambda packed: np.zeros(len(packed) // 16, dtype=np.uint64))
    chance = random.Random(5)
    seen, expected = seen_ids.SeenIds(), dict[UUID, str]()
    for user in range(40):
        ids = [UUID(int=chance.getrandbits(6) << chance.choice((0, 64, 100))) for _ in range(chance.randrange(9))]
        before = []
        for id_ in ids:
            before.append(expected.get(id_))
            expected.setdefault(id_, f"user {user}")
        assert seen.add(ids, [f"user {user}"] * len(ids)) == before
    others = [UUID(int=number) for number in range(64)]
    assert seen.missing([*expected, *others]) == [id_ for id_ in others if id_ not in expected]
    seen.close()

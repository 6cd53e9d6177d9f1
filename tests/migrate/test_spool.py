"""Facts that a migration keeps aside are the same whether they fit into memory or not."""

from uuid import UUID

import pytest

from memctl.core.fact import Fact, Source
from memctl.runtime import spool


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

"""Owners and ids: the facts of two owners are kept apart, whatever their names are."""

import itertools
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends.testing.base import fact, numbered, scenarios
from memctl.backends.testing.trips import Kept, Trips, trips
from memctl.core.fact import Fact


def _neighbours(user: str, row: dict[str, Any]) -> list[Fact]:
    owners = [name.replace("*", user) for name in row["owners"]]
    return [fact(owner, f"{owner!r} is number {number}.") for number, owner in enumerate(owners)]


class Identity(Trips):
    """No fact changes its owner, and no two facts become one."""

    @trips("owner", scenarios("owners"), lambda user, row: numbered(row["owner"].replace("*", user), 2))
    def test_owner(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    def test_every_owner_is_listed_and_counted(self, bulk: Any, kept: dict[str, Kept]) -> None:
        owners = [trip.written[0].user_id for case, trip in kept.items() if case.startswith("owner[")]
        adapter = self.open(bulk)
        try:
            assert set(owners) <= set(adapter.users())
            assert {adapter.count(owner) for owner in owners} <= {2, None}
        finally:
            adapter.close()

    @trips("owners of like names", scenarios("neighbours"), _neighbours)
    def test_owners_with_similar_names_are_distinguished(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    def test_the_same_text_of_two_owners_is_two_facts(self, place: Any, user: str) -> None:
        mine, theirs = fact(user, "Likes tea."), fact(user + "-b", "Likes tea.")
        self.keeps(place, [mine, theirs])

    def test_the_same_text_with_two_ids_is_two_facts(self, place: Any, user: str) -> None:
        twice = [fact(user, "Likes tea.", id=UUID(int=number + hash(user) % 2**60)) for number in (1, 2)]
        self.keeps(place, twice)

    def test_an_id_that_another_owner_uses_is_rejected(self, place: Any, user: str) -> None:
        mine = fact(user)
        self.write(place, [mine])
        taken = msgspec.structs.replace(mine, user_id=user + "-thief", text="Mine now.")
        beside = fact(user + "-thief", "Something of their own.")
        outcomes = self.write(place, [taken, beside])
        assert [o.state for o in outcomes] == ["rejected", "written"]
        assert outcomes[0].reason
        self.same(place, self.read(place, user), [mine])
        self.same(place, self.read(place, user + "-thief"), [beside])

    def test_ids_are_kept(self, place: Any, user: str) -> None:
        ids = {
            UUID(int=2**128 - 1 - hash(user) % 2**60),
            UUID(int=hash(user) % 2**60),
            UUID(int=(hash(user) % 2**60) << 64),
        }
        self.write(place, [fact(user, f"Fact {id_}.", id=id_) for id_ in ids])
        assert {each.id for each in self.read(place, user)} == ids

    def test_a_chain_of_successors_keeps_its_links(self, place: Any, user: str) -> None:
        facts = numbered(user, 4)
        chain = [msgspec.structs.replace(old, superseded_by=new.id) for old, new in itertools.pairwise(facts)] + facts[
            -1:
        ]
        self.keeps(place, chain)

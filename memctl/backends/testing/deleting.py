"""Deleting: the right facts are removed, and no others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from memctl.backends.testing.base import ALL_FIELDS, Harness, fact, numbered


class Delete(Harness):
    """The returned number is the number of facts that existed."""

    def delete(self, place: Any, user: str, ids: Sequence[UUID]) -> int:
        adapter = self.open(place)
        try:
            return adapter.delete(user, ids)
        finally:
            adapter.close()

    def test_delete_removes_one_fact(self, place: Any, user: str) -> None:
        facts = numbered(user, 3)
        self.write(place, facts)
        assert self.delete(place, user, [facts[1].id]) == 1
        self.same(place, self.read(place, user), [facts[0], facts[2]])

    def test_delete_removes_a_whole_user(self, place: Any, user: str) -> None:
        facts, others = numbered(user, 3), numbered(user + "-b", 2)
        self.write(place, [*facts, *others])
        assert self.delete(place, user, [one.id for one in facts]) == 3
        assert self.read(place, user) == []
        adapter = self.open(place)
        try:
            assert user not in list(adapter.users())
            assert adapter.count(user) in (0, None)
        finally:
            adapter.close()
        self.same(place, self.read(place, user + "-b"), others)

    def test_a_second_delete_removes_nothing(self, place: Any, user: str) -> None:
        facts = numbered(user, 2)
        self.write(place, facts)
        assert self.delete(place, user, [facts[0].id]) == 1
        assert self.delete(place, user, [facts[0].id]) == 0
        self.same(place, self.read(place, user), facts[1:])

    def test_an_id_given_twice_counts_once(self, place: Any, user: str) -> None:
        facts = numbered(user, 2)
        self.write(place, facts)
        assert self.delete(place, user, [facts[0].id, facts[0].id]) == 1

    def test_deleting_unknown_ids_removes_nothing(self, place: Any, user: str) -> None:
        facts = numbered(user, 1)
        self.write(place, facts)
        assert self.delete(place, user, [uuid4()]) == 0
        assert self.delete(place, user, []) == 0
        self.same(place, self.read(place, user), facts)

    def test_facts_of_another_user_are_not_deleted(self, place: Any, user: str) -> None:
        facts = numbered(user, 1)
        self.write(place, facts)
        assert self.delete(place, user + "-b", [facts[0].id]) == 0
        self.same(place, self.read(place, user), facts)

    def test_a_deleted_fact_can_be_written_again(self, place: Any, user: str) -> None:
        whole = fact(user, **ALL_FIELDS)
        self.write(place, [whole])
        self.delete(place, user, [whole.id])
        assert [o.state for o in self.write(place, [whole])] == ["written"]
        self.same(place, self.read(place, user), [whole])

    def test_a_write_does_not_restore_deleted_facts(self, place: Any, user: str) -> None:
        facts = numbered(user, 4)
        self.write(place, facts[:3])
        self.delete(place, user, [facts[0].id])
        self.write(place, facts[3:])
        self.same(place, self.read(place, user), facts[1:])

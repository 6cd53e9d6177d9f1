"""Writing, and writing again: what a second run over the same facts may change."""

import inspect
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from memctl.backends.contract import Backend, Outcome
from memctl.backends.testing.base import ALL_FIELDS, Harness, fact, from_scenario, numbered, scenarios
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact

_REWRITES = scenarios("rewrites")


class Write(Harness):
    """One outcome per fact, in order, and no duplicates."""

    def test_an_empty_backend_has_no_users_and_no_facts(self, bare: Any) -> None:
        adapter = self.open(bare)
        try:
            assert list(adapter.users()) == []
            assert adapter.count("nobody") in (0, None)
            assert [fact for page in adapter.read("nobody") for fact in page.facts] == []
        finally:
            adapter.close()

    def test_check_succeeds(self, place: Any) -> None:
        adapter = self.open(place)
        try:
            health = adapter.check()
        finally:
            adapter.close()
        assert health.ok
        assert health.detail

    def test_the_declared_features_match_the_class(self) -> None:
        features = self.adapter.features
        methods = {
            "conversations": "conversations",
            "owners": "owners",
            "forget": "forget",
            "inventory": "inventory",
            "vectors": "read_vectors",
            "undo": "changed",
            "clock": "now",
        }
        for feature, method in methods.items():
            implemented = getattr(self.adapter, method) is not getattr(Backend, method)
            assert getattr(features, feature) is implemented, feature
        if features.options:
            assert set(features.options) == set(inspect.signature(self.adapter).parameters)
        assert {features.address_option, *features.env_vars} - {None} <= set(features.options)

    def test_writing_no_facts_is_not_an_error(self, place: Any) -> None:
        assert self.write(place, []) == []

    def test_there_is_one_outcome_per_fact_in_order(self, place: Any, user: str) -> None:
        facts = numbered(user, 5)
        self.write(place, facts[1:3])
        changed = msgspec.structs.replace(facts[2], object="a book")
        states = [o.state for o in self.write(place, [facts[0], facts[1], changed, facts[3]])]
        assert states == ["written", "unchanged", "updated", "written"]

    def test_the_target_id_identifies_the_fact(self, place: Any, user: str) -> None:
        (outcome,) = self.write(place, [fact(user)])
        assert outcome.target_id
        (again,) = self.write(place, [fact(user)])
        assert again.target_id == outcome.target_id

    def test_written_facts_are_read_by_the_same_connection(self, place: Any, user: str) -> None:
        adapter = self.open(place)
        try:
            adapter.write(numbered(user, 3))
            adapter.settle([], datetime.now(UTC))
            assert adapter.count(user) in (3, None)
            assert sum(len(page.facts) for page in adapter.read(user)) == 3
        finally:
            adapter.close()

    def test_a_second_run_over_the_same_facts_changes_nothing(self, place: Any, user: str) -> None:
        facts = [fact(user, **ALL_FIELDS), *numbered(user, 20)]
        self.write(place, facts)
        assert {o.state for o in self.write(place, facts)} == {"unchanged"}
        self.same(place, self.read(place, user), facts)

    @pytest.fixture(scope="class")
    @classmethod
    def rewritten(cls, place: Any) -> dict[str, tuple[Fact, Outcome, list[Fact] | MemctlError]]:
        """By the name of the scenario: the facts of the second write, their outcomes, and the facts read. All are
        written in one call, because opening and closing take most of the time."""
        backend = cls()
        firsts, thens = [], []
        for parameter in _REWRITES:
            (scenario,) = parameter.values
            first = from_scenario(f"user-{uuid4().hex[:12]}", scenario["first"])
            firsts.append(first)
            thens.append(from_scenario(first.user_id, {**scenario["first"], "id": str(first.id), **scenario["then"]}))
        backend.write(place, firsts)
        outcomes = backend.write(place, thens)
        read: list[list[Fact] | MemctlError] = []
        adapter = backend.open(place)
        try:
            for then in thens:
                try:
                    read.append([fact for page in adapter.read(then.user_id) for fact in page.facts])
                except MemctlError as error:
                    read.append(error)
        finally:
            adapter.close()
        rows = zip(_REWRITES, thens, outcomes, read, strict=True)
        return {parameter.values[0]["name"]: (then, outcome, facts) for parameter, then, outcome, facts in rows}

    @pytest.mark.parametrize("scenario", _REWRITES)
    def test_writing_again(
        self,
        place: Any,
        rewritten: dict[str, tuple[Fact, Outcome, list[Fact] | MemctlError]],
        scenario: dict[str, Any],
    ) -> None:
        then, outcome, facts = rewritten[scenario["name"]]
        assert outcome.state in scenario["states"]
        assert not isinstance(facts, MemctlError), facts
        if outcome.state == "updated":
            self.same(place, facts, [then])
        else:
            assert len(facts) == 1

    def test_the_later_of_two_facts_with_one_id_in_a_call_is_kept(self, place: Any, user: str) -> None:
        first = fact(user)
        later = msgspec.structs.replace(first, text="Alice lives in Lisbon.", object="Lisbon")
        outcomes = self.write(place, [first, later])
        assert len(outcomes) == 2
        assert "rejected" not in {o.state for o in outcomes}
        self.same(place, self.read(place, user), [later])

    def test_a_change_can_be_reverted(self, place: Any, user: str) -> None:
        first = fact(user, **ALL_FIELDS)
        second = msgspec.structs.replace(first, text="Alice prefers pick-up.", metadata={}, categories=())
        for version in (first, second, first):
            self.write(place, [version])
            self.same(place, self.read(place, user), [version])

    def test_a_large_batch_is_written_completely(self, bulk: Any, user: str) -> None:
        facts = numbered(user, self.many)
        assert {o.state for o in self.write(bulk, facts)} == {"written"}
        stored = self.read(bulk, user)
        assert len(stored) == len({f.id for f in stored}) == self.many

    def test_users_lists_every_user_once(self, place: Any, user: str) -> None:
        self.write(place, [*numbered(user, 3), *numbered(user + "-b", 2)])
        adapter = self.open(place)
        try:
            users = list(adapter.users())
        finally:
            adapter.close()
        assert users.count(user) == users.count(user + "-b") == 1
        assert len(users) == len(set(users))

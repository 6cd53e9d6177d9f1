"""Search finds the facts of its user, and no others."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from memctl.backends.contract import Hit, Query
from memctl.backends.testing.base import Harness, fact, from_scenario, numbered, scenarios
from memctl.core.errors import NotFound

HOSTILE = ("", "   ", "?!", "the of and", "'; DROP TABLE facts; --", "% _ \\", "\x00", '"', ":* & | !", "a" * 5_000)

_SEARCHES = scenarios("searches")


class Search(Harness):
    """The best hit is first."""

    def find(self, place: Any, user: str | None, query: str, k: int = 10) -> list[Hit]:
        adapter = self.open(place)
        try:
            return adapter.search(Query(user, query, k))
        finally:
            adapter.close()

    @pytest.fixture(scope="class")
    @classmethod
    def searched(cls, place: Any) -> dict[str, str]:
        """A user with its texts by the name of each scenario, and by "" a user with a single fact. All are written
        in one call, because opening and closing take most of the time."""
        texts = {parameter.values[0]["name"]: parameter.values[0]["texts"] for parameter in _SEARCHES}
        texts[""] = ["Alice lives in Paris."]
        users = {name: f"user-{uuid4().hex[:12]}" for name in texts}
        cls().write(place, [from_scenario(users[name], {"text": text}) for name in texts for text in texts[name]])
        return users

    @pytest.mark.parametrize("scenario", _SEARCHES)
    def test_search(self, place: Any, searched: dict[str, str], scenario: dict[str, Any]) -> None:
        hits = self.find(place, searched[scenario["name"]], scenario["query"])
        assert hits[0].fact.text == scenario["best"]

    def test_hits_are_complete_facts_sorted_by_score(self, place: Any, user: str) -> None:
        facts = [fact(user, text, subject="alice") for text in ("Green tea.", "Green tea with milk.", "Black coffee.")]
        self.write(place, facts)
        hits = self.find(place, user, "green tea")
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(hit.parts for hit in hits)
        self.same(place, [hits[0].fact], [next(f for f in facts if f.id == hits[0].fact.id)])

    def test_at_most_k_hits_are_returned(self, place: Any, user: str) -> None:
        self.write(place, numbered(user, 8))
        assert len(self.find(place, user, "book", 3)) == 3

    def test_a_search_by_another_user_finds_nothing(self, place: Any, user: str) -> None:
        self.write(place, [fact(user, "Owns a zebra."), fact(user + "-b", "Owns a zebra crossing.")])
        assert {hit.fact.user_id for hit in self.find(place, user, "zebra")} == {user}

    def test_a_search_of_all_users_finds_facts_of_each(self, bare: Any, user: str) -> None:
        self.write(bare, [fact(user, "Owns a quagga."), fact(user + "-b", "Rides a quagga.")])
        assert {hit.fact.user_id for hit in self.find(bare, None, "quagga")} == {user, user + "-b"}

    def test_an_unknown_user_has_no_hits(self, place: Any, user: str) -> None:
        self.write(place, [fact(user)])
        try:
            hits = self.find(place, user + "-unknown", "Paris")
        except NotFound:
            return
        assert hits == []

    def test_a_changed_fact_is_found_by_its_new_text(self, place: Any, user: str) -> None:
        first = fact(user, "Keeps an aardvark.")
        self.write(place, [first, fact(user, "Keeps a diary.")])
        self.write(place, [msgspec.structs.replace(first, text="Keeps a wombat.")])
        assert self.find(place, user, "wombat")[0].fact.text == "Keeps a wombat."
        assert "Keeps an aardvark." not in {hit.fact.text for hit in self.find(place, user, "aardvark")}

    def test_a_deleted_fact_is_not_found(self, place: Any, user: str) -> None:
        gone, stays = fact(user, "Keeps an axolotl."), fact(user, "Keeps a diary.")
        self.write(place, [gone, stays])
        adapter = self.open(place)
        adapter.delete(user, [gone.id])
        adapter.close()
        assert gone.id not in {hit.fact.id for hit in self.find(place, user, "axolotl")}

    def test_an_expired_fact_is_not_found(self, place: Any, user: str) -> None:
        over = fact(user, "Keeps an okapi.", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
        self.write(place, [over, fact(user, "Keeps a diary.")])
        assert over.id not in {hit.fact.id for hit in self.find(place, user, "okapi")}

    @pytest.mark.parametrize(
        "query", ["", "   ", "?!", "the of and", "'; DROP TABLE facts; --", "% _ \\", "\x00", '"', "a" * 5_000]
    )
    def test_odd_queries_do_not_fail(self, place: Any, searched: dict[str, str], query: str) -> None:
        assert len(self.find(place, searched[""], query)) <= 1

    def test_repeated_searches_in_one_connection_give_the_same_hits(self, place: Any, user: str) -> None:
        self.write(place, [*numbered(user, 30), *numbered(user + "-b", 30), fact(user, "Owns an ocelot.")])
        adapter = self.open(place)
        try:
            found = [[hit.fact.id for hit in adapter.search(Query(user, "ocelot", 5))] for _ in range(20)]
        finally:
            adapter.close()
        assert found[0]
        assert all(ids == found[0] for ids in found)

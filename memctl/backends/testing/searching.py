"""Search finds the facts of its user, and no others."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from memctl.backends.contract import Hit, Query
from memctl.backends.testing.base import Harness, fact, from_scenario, numbered, scenarios
from memctl.core.errors import NotFound

ODD = ("", "   ", "?!", "the of and", "'; DROP TABLE facts; --", "% _ \\", "\x00", '"', ":* & | !", "a" * 5_000)

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
    def searched(cls, place: Any) -> dict[str, list[Hit] | Exception]:
        """The hits by the name of each scenario, and by each odd query of a user with a single fact. All facts are
        written in one call and all searches are made in one connection, because opening takes most of the time."""
        rows = [parameter.values[0] for parameter in _SEARCHES]
        rows += [{"name": query, "texts": ["Alice lives in Paris."], "query": query} for query in ODD]
        users = [f"user-{uuid4().hex[:12]}" for _ in rows]
        backend = cls()
        facts = [
            from_scenario(user, {"text": text}) for user, row in zip(users, rows, strict=True) for text in row["texts"]
        ]
        backend.write(place, facts)
        hits: dict[str, list[Hit] | Exception] = {}
        adapter = backend.open(place)
        try:
            for user, row in zip(users, rows, strict=True):
                try:
                    hits[row["name"]] = adapter.search(Query(user, row["query"], 10))
                except Exception as error:
                    hits[row["name"]] = error
        finally:
            adapter.close()
        return hits

    @pytest.mark.parametrize("scenario", _SEARCHES)
    def test_search(self, searched: dict[str, list[Hit] | Exception], scenario: dict[str, Any]) -> None:
        hits = searched[scenario["name"]]
        assert not isinstance(hits, Exception), hits
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

    @pytest.mark.parametrize("query", ODD)
    def test_odd_queries_do_not_fail(self, searched: dict[str, list[Hit] | Exception], query: str) -> None:
        hits = searched[query]
        assert not isinstance(hits, Exception), hits
        assert len(hits) <= 1

    def test_repeated_searches_in_one_connection_give_the_same_hits(self, place: Any, user: str) -> None:
        self.write(place, [*numbered(user, 10), *numbered(user + "-b", 10), fact(user, "Owns an ocelot.")])
        adapter = self.open(place)
        try:
            rankings = [[hit.fact.id for hit in adapter.search(Query(user, "ocelot", 5))] for _ in range(8)]
        finally:
            adapter.close()
        assert rankings[0]
        assert all(ids == rankings[0] for ids in rankings)

"""Reading in pages: complete, without repetitions, and resumable from any cursor."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from memctl.backends.testing.base import Harness, fact, numbered, scenarios
from memctl.core.fact import Fact

_PAGES = scenarios("pages")


class Paging(Harness):
    """A list is read to its end, whatever the size of its pages."""

    @pytest.fixture(scope="class")
    @classmethod
    def paged(cls, place: Any) -> dict[str, tuple[str, list[Fact]]]:
        """A user and their facts by the name of each scenario. All are written in one call, because opening and
        closing take most of the time."""
        users: dict[str, tuple[str, list[Fact]]] = {}
        for parameter in _PAGES:
            (scenario,) = parameter.values
            user = f"user-{uuid4().hex[:12]}"
            users[scenario["name"]] = user, numbered(user, scenario["facts"])
        cls().write(place, [each for _, facts in users.values() for each in facts])
        return users

    @pytest.mark.parametrize("scenario", _PAGES)
    def test_pages(
        self,
        place: Any,
        paged: dict[str, tuple[str, list[Fact]]],
        scenario: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        user, facts = paged[scenario["name"]]
        self.in_pages_of(scenario["page"], monkeypatch)
        adapter = self.open(place)
        try:
            pages = list(adapter.read(user))
            total = adapter.count(user)
        finally:
            adapter.close()
        self.same(place, [each for page in pages for each in page.facts], facts)
        assert total in (len(facts), None)
        assert max(len(page.facts) for page in pages) <= scenario["page"]
        assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]

    def test_reading_resumes_from_any_cursor(self, place: Any, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
        facts = numbered(user, 7)
        self.write(place, facts)
        self.in_pages_of(2, monkeypatch)
        first = self.open(place)
        pages = list(first.read(user))
        first.close()
        for number, page in enumerate(pages[:-1]):
            again = self.open(place)
            rest = [each for after in again.read(user, cursor=page.cursor) for each in after.facts]
            again.close()
            assert rest == [each for after in pages[number + 1 :] for each in after.facts]

    def test_writes_during_reading_do_not_disturb_it(
        self, place: Any, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = numbered(user, 6)
        self.write(place, facts)
        self.in_pages_of(2, monkeypatch)
        adapter = self.open(place)
        try:
            pages = adapter.read(user)
            listed = list(next(pages).facts)
            adapter.write([fact(user + "-b", "Somebody else comes in.")])
            listed += [one for page in pages for one in page.facts]
        finally:
            adapter.close()
        self.same(place, listed, facts)

    def test_two_users_can_be_read_simultaneously(self, place: Any, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
        mine, theirs = numbered(user, 3), numbered(user + "-b", 3)
        self.write(place, [*mine, *theirs])
        self.in_pages_of(1, monkeypatch)
        adapter = self.open(place)
        try:
            read = [list(pair) for pair in zip(adapter.read(user), adapter.read(user + "-b"), strict=False)]
        finally:
            adapter.close()
        self.same(place, [each for page, _ in read for each in page.facts], mine)
        self.same(place, [each for _, page in read for each in page.facts], theirs)

    def test_since_leaves_out_only_older_facts(self, place: Any, user: str) -> None:
        start = datetime(2025, 6, 1, tzinfo=UTC)
        day = timedelta(days=1)
        old = fact(user, "Old.", created_at=start - day)
        old_but_changed = fact(user, "Old but changed.", created_at=start - day, updated_at=start + day)
        exact = fact(user, "At that instant.", created_at=start)
        new = fact(user, "New.", created_at=start + day)
        self.write(place, [old, old_but_changed, exact, new])
        self.same(place, self.read(place, user, start), [old_but_changed, exact, new])

    def test_since_includes_facts_without_a_time(self, place: Any, user: str) -> None:
        undated = fact(user, "Undated.")
        self.write(place, [undated])
        self.same(place, self.read(place, user, datetime(2025, 6, 1, tzinfo=UTC)), [undated])

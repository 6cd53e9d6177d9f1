"""Round trips in bulk: what hundreds of cases write goes in by one call and is read back user by user.

Every case still has a user and an assertion of its own; only the opening and closing is shared, which is what takes
time with a real backend.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from memctl.backends.contract import Outcome
from memctl.backends.testing.base import Harness
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact

Build = Callable[[str], list[Fact]]
"""Makes the facts of a case for the user it is given."""

_ALL: dict[str, Build] = {}


def trips(case: str, parameters: Iterable[Any], build: Callable[[str, Any], list[Fact]]) -> pytest.MarkDecorator:
    """Enter the facts of one case per parameter, and parametrize the case by the name of each as `trip`."""
    names = []
    for parameter in parameters:
        value, name = (
            (parameter.values[0], parameter.id) if hasattr(parameter, "values") else (parameter, str(parameter))
        )
        _ALL[f"{case}[{name}]"] = partial(_built, build, value)
        names.append(pytest.param(f"{case}[{name}]", id=name))
    return pytest.mark.parametrize("trip", names)


def _built(build: Callable[[str, Any], list[Fact]], value: Any, user: str) -> list[Fact]:
    return build(user, value)


class Kept(NamedTuple):
    """What became of the facts of one case."""

    written: list[Fact]
    outcomes: list[Outcome]
    found: dict[str, list[Fact] | MemctlError]


class Trips(Harness):
    """Backends whose cases share their round trips."""

    @pytest.fixture(scope="class")
    @classmethod
    def kept(cls, place: Any) -> dict[str, Kept]:
        """Every case's facts, written in one call and read by a newly opened backend."""
        backend = cls()
        facts = {case: build(f"user-{uuid4().hex[:12]}") for case, build in _ALL.items()}
        outcomes = iter(backend.write(place, [fact for built in facts.values() for fact in built]))
        adapter = backend.open(place)
        found: dict[str, list[Fact] | MemctlError] = {}
        try:
            for user in {fact.user_id for built in facts.values() for fact in built}:
                try:
                    found[user] = [fact for page in adapter.read(user) for fact in page.facts]
                except MemctlError as error:
                    found[user] = error
        finally:
            adapter.close()
        return {case: Kept(built, [next(outcomes) for _ in built], found) for case, built in facts.items()}

    def came_back(self, place: Any, kept: Kept) -> None:
        """Assert that the facts of a case were written and are the same but for what the capabilities declare."""
        assert {o.state for o in kept.outcomes} == {"written"}, kept.outcomes
        for user in {fact.user_id for fact in kept.written}:
            found = kept.found[user]
            assert not isinstance(found, MemctlError), found
            self.same(place, found, [fact for fact in kept.written if fact.user_id == user])

"""Round trips in bulk: the facts of hundreds of cases are written in one call and read user by user.

Each case has its own assertion, and its own user unless the backend declares that users are expensive. Opening and
closing, which take most of the time, are shared.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, NamedTuple
from uuid import UUID, uuid4

import msgspec
import pytest

from memctl.backends.contract import Outcome
from memctl.backends.testing.base import Harness
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact

Build = Callable[[str], list[Fact]]
"""Returns the facts of a case for a user."""

_ALL: dict[str, Build] = {}


def trips(case: str, parameters: Iterable[Any], build: Callable[[str, Any], list[Fact]]) -> pytest.MarkDecorator:
    """Register the facts of one case per parameter, and parametrize the case by the name of each as `trip`."""
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
    """The outcome of one case: the facts written and read, and the facts of other cases that its users also have."""

    written: list[Fact]
    outcomes: list[Outcome]
    found: dict[str, list[Fact] | MemctlError]
    others: set[UUID]


class Trips(Harness):
    """Backends whose cases share their round trips."""

    one_owner: ClassVar[bool] = False
    """Whether the cases that are not about owners share a user. Useful if a user is a repository or an agent, which
    would take most of the suite's time. The backend must keep ids."""

    @pytest.fixture(scope="class")
    @classmethod
    def kept(cls, bulk: Any, request: pytest.FixtureRequest) -> dict[str, Kept]:
        """The facts of every selected case, written in one call and read by a newly opened backend."""
        backend = cls()
        items = (item for item in request.session.items if getattr(item, "cls", None) is cls)
        selected = {item.callspec.params.get("trip") for item in items if hasattr(item, "callspec")}
        facts = {case: build(f"user-{uuid4().hex[:12]}") for case, build in _ALL.items() if case in selected}
        others: set[UUID] = set()
        if cls.one_owner:
            owner = f"user-{uuid4().hex[:12]}"
            for case in (case for case in facts if not case.startswith("owner")):
                facts[case] = [msgspec.structs.replace(fact, user_id=owner) for fact in facts[case]]
                others.update(fact.id for fact in facts[case])
        outcomes = iter(backend.write(bulk, [fact for built in facts.values() for fact in built]))
        adapter = backend.open(bulk)
        found: dict[str, list[Fact] | MemctlError] = {}
        try:
            for user in {fact.user_id for built in facts.values() for fact in built}:
                try:
                    found[user] = [fact for page in adapter.read(user) for fact in page.facts]
                except MemctlError as error:
                    found[user] = error
        finally:
            adapter.close()
        return {
            case: Kept(built, [next(outcomes) for _ in built], found, others - {fact.id for fact in built})
            for case, built in facts.items()
        }

    def came_back(self, place: Any, kept: Kept) -> None:
        """Assert that the facts of a case were written, and differ only as the capabilities declare."""
        assert {o.state for o in kept.outcomes} == {"written"}, kept.outcomes
        for user in {fact.user_id for fact in kept.written}:
            found = kept.found[user]
            assert not isinstance(found, MemctlError), found
            own = [fact for fact in found if fact.id not in kept.others]
            self.same(place, own, [fact for fact in kept.written if fact.user_id == user])

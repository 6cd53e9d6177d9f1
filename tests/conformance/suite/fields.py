"""Every field of a Fact, set and not set; times and metadata to their last bit."""

from datetime import datetime
from typing import Any

import pytest

from memctl.fact import KINDS, TIME_FIELDS
from suite.base import ALL_FIELDS, Backend, fact, from_scenario, scenarios


class Fields(Backend):
    """What is written in a field is read in that field."""

    def test_every_field_set(self, place: Any, user: str) -> None:
        self.keeps(place, [fact(user, **ALL_FIELDS)])

    def test_every_field_null(self, place: Any, user: str) -> None:
        self.keeps(place, [fact(user)])

    @pytest.mark.parametrize("field", ALL_FIELDS)
    def test_one_field_set(self, place: Any, user: str, field: str) -> None:
        self.keeps(place, [fact(user, **{field: ALL_FIELDS[field]})])

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, place: Any, user: str, kind: str) -> None:
        self.keeps(place, [fact(user, kind=kind)])

    @pytest.mark.parametrize("scenario", scenarios("fields"))
    def test_fields(self, place: Any, user: str, scenario: dict[str, Any]) -> None:
        self.keeps(place, [from_scenario(user, scenario["fact"])])


class Times(Backend):
    """An instant is the same instant afterwards, to the precision that is declared."""

    @pytest.mark.parametrize("scenario", scenarios("times"))
    def test_times(self, place: Any, user: str, scenario: dict[str, Any]) -> None:
        written = from_scenario(user, dict.fromkeys(TIME_FIELDS, scenario["at"]))
        assert written.valid_at == datetime.fromisoformat(scenario["utc"])
        self.keeps(place, [written])


class Metadata(Backend):
    """The user's own JSON comes back untouched, and so do the fields of the source system."""

    @pytest.mark.parametrize("scenario", scenarios("metadata"))
    def test_metadata(self, place: Any, user: str, scenario: dict[str, Any]) -> None:
        self.keeps(place, [fact(user, metadata=scenario["value"], native=scenario["value"])])

    def test_whole_numbers_stay_whole_and_others_do_not_become_so(self, place: Any, user: str) -> None:
        self.keeps(place, [fact(user, metadata={"whole": 1, "real": 1.0})])
        (found,) = self.read(place, user)
        assert [type(found.metadata[name]) for name in ("whole", "real")] == [int, float]

    def test_deep_nesting(self, place: Any, user: str) -> None:
        deep: dict[str, Any] = {}
        for level in range(120):
            deep = {"level": level, "inner": deep} if level % 2 else {"list": [deep]}
        self.keeps(place, [fact(user, metadata=deep)])

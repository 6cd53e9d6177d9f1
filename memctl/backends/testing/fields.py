"""Every field of a Fact, set and not set; times and metadata are compared exactly."""

from datetime import datetime
from typing import Any

from memctl.backends.testing.base import ALL_FIELDS, fact, from_scenario, scenarios
from memctl.backends.testing.trips import Kept, Trips, trips
from memctl.core.fact import KINDS, TIME_FIELDS, Fact


def _deep(levels: int) -> dict[str, Any]:
    deep: dict[str, Any] = {}
    for level in range(levels):
        deep = {"level": level, "inner": deep} if level % 2 else {"list": [deep]}
    return deep


def _dated(user: str, row: dict[str, Any]) -> list[Fact]:
    dated = from_scenario(user, dict.fromkeys(TIME_FIELDS, row["at"]))
    assert dated.valid_at == datetime.fromisoformat(row["utc"])
    return [dated]


def _described(user: str, row: dict[str, Any]) -> list[Fact]:
    return [fact(user, metadata=row["value"], native=row["value"])]


class Fields(Trips):
    """A field that was written is read unchanged."""

    @trips("every field", ["set", "null"], lambda user, all_: [fact(user, **(ALL_FIELDS if all_ == "set" else {}))])
    def test_every_field_is_kept(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    @trips("one field", ALL_FIELDS, lambda user, name: [fact(user, **{name: ALL_FIELDS[name]})])
    def test_a_fact_with_one_optional_field_is_kept(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    @trips("kind", KINDS, lambda user, kind: [fact(user, kind=kind)])
    def test_every_kind_of_fact_is_kept(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    @trips("fields", scenarios("fields"), lambda user, scenario: [from_scenario(user, scenario["fact"])])
    def test_fields(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])


class Times(Trips):
    """A time is read as the same instant, to the declared precision."""

    @trips("times", scenarios("times"), _dated)
    def test_times(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])


class Metadata(Trips):
    """The user's own JSON is read unchanged, and so are the fields of the source system."""

    @trips(
        "metadata", scenarios("metadata"), lambda user, row: [fact(user, metadata=row["value"], native=row["value"])]
    )
    def test_metadata(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    def test_integers_and_floats_are_distinguished(self, place: Any, user: str) -> None:
        self.keeps(place, [fact(user, metadata={"whole": 1, "real": 1.0})])
        (stored,) = self.read(place, user)
        assert [type(stored.metadata[name]) for name in ("whole", "real")] == [int, float]

    @trips("nesting", [20, 120], lambda user, levels: [fact(user, metadata=_deep(levels))])
    def test_deeply_nested_metadata_is_kept(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

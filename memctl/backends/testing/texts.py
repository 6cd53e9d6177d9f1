"""Texts in any script and with any characters are read unchanged, or are refused with a reason; they are never cut."""

from typing import Any

import msgspec

from memctl.backends.testing.base import fact, scenarios
from memctl.backends.testing.trips import Kept, Trips, trips
from memctl.core.fact import Embedding, Fact, Source


def text_of(scenario: dict[str, Any]) -> str:
    if "repeat" in scenario:
        piece, times = scenario["repeat"]
        return str(piece) * int(times)
    return str(scenario["text"])


def _everywhere(user: str, scenario: dict[str, Any]) -> list[Fact]:
    text = text_of(scenario)[:500]
    source = Source(system="suite", id=text, uri=text, session=text, turns=(text, ""), quote=text)
    names = ("agent_id", "session_id", "app_id", "subject", "predicate", "object")
    objects = {"metadata": {text: text}, "native": {text: [text]}}
    return [fact(user, "A fact.", source=source, categories=(text, ""), **dict.fromkeys(names, text), **objects)]


class Text(Trips):
    """Texts as people and programs write them."""

    @trips("text", scenarios("texts"), lambda user, scenario: [fact(user, text_of(scenario))])
    def test_text(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    @trips("text everywhere", scenarios("texts"), _everywhere)
    def test_text_in_every_other_field(self, place: Any, kept: dict[str, Kept], trip: str) -> None:
        self.came_back(place, kept[trip])

    def test_a_vector_with_nan_is_rejected_or_kept_unchanged(self, place: Any, user: str) -> None:
        good = fact(user, "Good.")
        broken = fact(user, "Broken.", embedding=Embedding(model="m", vector=(0.5, float("nan"))))
        outcomes = self.write(place, [broken, good])
        assert outcomes[1].state == "written"
        by_id = {one.id: one for one in self.read(place, user)}
        assert (broken.id in by_id) == (outcomes[0].state == "written")
        vector = by_id[broken.id].embedding if broken.id in by_id else None
        assert vector is None or repr(vector.vector) == "(0.5, nan)"

    def test_a_long_text_is_kept_or_refused_but_never_truncated(self, place: Any, user: str) -> None:
        adapter = self.open(place)
        adapter.close()
        longest = adapter.capabilities.longest_text
        whole = fact(user, "x" * (longest or 100_000))
        assert [o.state for o in self.write(place, [whole])] == ["written"]
        self.same(place, self.read(place, user), [whole])
        if longest is not None:
            longer = msgspec.structs.replace(whole, text="x" * (longest + 1))
            (outcome,) = self.write(place, [longer])
            assert outcome.state == "rejected"
            assert outcome.reason

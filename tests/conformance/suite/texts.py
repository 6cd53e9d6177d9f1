"""Text in any script, with anything in it, is the same text afterwards, or is refused with a reason; never cut."""

from typing import Any

import msgspec
import pytest

from memctl.fact import Source
from suite.base import Backend, fact, numbered, scenarios


def text_of(scenario: dict[str, Any]) -> str:
    if "repeat" in scenario:
        piece, times = scenario["repeat"]
        return str(piece) * int(times)
    return str(scenario["text"])


class Text(Backend):
    """Texts as people and machines write them."""

    @pytest.mark.parametrize("scenario", scenarios("texts"))
    def test_text(self, place: Any, user: str, scenario: dict[str, Any]) -> None:
        self.keeps(place, [fact(user, text_of(scenario))])

    @pytest.mark.parametrize("scenario", scenarios("texts"))
    def test_text_in_every_other_field(self, place: Any, user: str, scenario: dict[str, Any]) -> None:
        text = text_of(scenario)[:500]
        source = Source(system="suite", id=text, uri=text, session=text, turns=(text, ""), quote=text)
        names = ("agent_id", "session_id", "app_id", "subject", "predicate", "object")
        fields = dict.fromkeys(names, text) | {
            "categories": (text, ""),
            "metadata": {text: text},
            "native": {text: [text]},
        }
        self.keeps(place, [fact(user, "A fact.", source=source, **fields)])

    def test_what_is_no_unicode_is_rejected_alone_and_with_its_reason(self, place: Any, user: str) -> None:
        before, after = numbered(user, 2)
        broken = fact(user, "Broken.", subject="half a pair \ud800")
        outcomes = self.write(place, [before, broken, after])
        assert [o.state for o in outcomes] == ["written", "rejected", "written"]
        assert "surrogate" in (outcomes[1].reason or "")
        self.same(place, self.read(place, user), [before, after])

    def test_a_vector_that_is_no_number_is_rejected_alone_or_not_kept_at_all(self, place: Any, user: str) -> None:
        from memctl.fact import Embedding

        good = fact(user, "Good.")
        broken = fact(user, "Broken.", embedding=Embedding(model="m", vector=(0.1, float("nan"))))
        outcomes = self.write(place, [broken, good])
        adapter = self.open(place)
        adapter.close()
        dropped = adapter.capabilities.keeping("embedding").keeping == "dropped"
        assert [o.state for o in outcomes] == ["written" if dropped else "rejected", "written"]

    def test_a_long_text_is_kept_whole_or_refused_but_never_cut(self, place: Any, user: str) -> None:
        adapter = self.open(place)
        adapter.close()
        longest = adapter.capabilities.longest_text
        whole = fact(user, "x" * (longest or 1_000_000))
        assert [o.state for o in self.write(place, [whole])] == ["written"]
        self.same(place, self.read(place, user), [whole])
        if longest is not None:
            longer = msgspec.structs.replace(whole, text="x" * (longest + 1))
            (outcome,) = self.write(place, [longer])
            assert outcome.state == "rejected"
            assert outcome.reason

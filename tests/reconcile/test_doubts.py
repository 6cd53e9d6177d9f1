"""A turn that mentions a change without the new value marks the fact as doubtful and hides nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from memctl.cli import _render
from memctl.core.claim import DOUBT
from memctl.core.fact import Fact
from memctl.extract.extractor import extract
from memctl.reconcile import fold, to_fact
from memctl.transcripts.model import Session, Turn

START = datetime(2025, 6, 2, 12, tzinfo=UTC)


def current(*texts: str) -> list[Fact]:
    turns = tuple(
        Turn(turn_id=str(n), role="user", text=text, at=START + timedelta(days=30 * n)) for n, text in enumerate(texts)
    )
    beliefs = fold(extract(Session(source_format="test", session_id="s", turns=turns), "alice"))
    return [to_fact(belief) for belief in beliefs if belief.live]


@pytest.mark.parametrize(
    ("before", "later"),
    [
        ("I work at Volvo.", "still getting used to my new job"),
        ("I live in Graz.", "got the keys friday"),
        ("I live in Graz.", "keys at last, all moved in"),
        ("I work at Volvo.", "I handed in my notice today"),
        ("I live in Graz.", "our new flat has no lift"),
        ("I live in Graz.", "We moved house on Saturday"),
        ("My phone number is +47 22 12 34 56.", "new number, will send it later"),
        ("My email is kim@example.org", "I changed my email btw"),
        ("My boss is Renate.", "the new boss likes meetings"),
        ("I take sertraline.", "the doctor changed my meds again, they changed my medication"),
        ("My wife is called Petra.", "my ex has kept the car"),
        ("I'm off to Malmö next month.", "the Malmö trip is up in the air"),
        ("I'm vegan.", "I fell off the wagon at Christmas"),
    ],
)
def test_an_unexplained_change_marks_the_fact_as_doubtful(before: str, later: str) -> None:
    (old, *_) = current(before)
    assert DOUBT not in old.categories
    marked = next(fact for fact in current(before, later) if fact.id == old.id)
    assert DOUBT in marked.categories
    assert marked.native is not None
    assert marked.native["doubt"] in later


@pytest.mark.parametrize(
    ("before", "later"),
    [
        ("I live in Graz.", "I moved to Linz, our new flat is tiny"),
        ("I live in Graz.", "if we moved house I'd cry"),
        ("I live in Graz.", "our new neighbours are loud, they moved in on Friday? no idea"),
        ("I work at Volvo.", "I'd love a new job one day"),
        ("I live in Graz.", "got the keys to the van"),
        ("I work at Volvo.", "my sister has a new job"),
        ("I work at Volvo.", "I read your lists between jobs"),
        ("I work at Volvo.", "do you think I should be looking for a new job?"),
        ("My phone number is +47 22 12 34 56.", "what's your new number?"),
        ("I'm off to Malmö next month.", "the new kitchen is up in the air"),
        ("I'm vegan.", "my new job is great"),
        ("I have a cat called Mog.", "new number, will send it later"),
    ],
)
def test_explained_and_unrelated_changes_cause_no_doubt(before: str, later: str) -> None:
    (old, *_) = current(before)
    assert all(DOUBT not in fact.categories for fact in current(before, later) if fact.object == old.object)


def test_a_repeated_or_new_statement_removes_the_doubt() -> None:
    again = current("I live in Graz.", "our new flat has no lift", "I live in Graz.")
    assert [(fact.object, DOUBT in fact.categories) for fact in again] == [("Graz", False)]
    moved = current("I live in Graz.", "our new flat has no lift", "I live in Linz now.")
    assert [(fact.object, DOUBT in fact.categories) for fact in moved] == [("Linz", False)]


def in_sessions(*texts: str) -> list[Fact]:
    """The current facts after one session for each text, half a year apart."""
    claims = []
    for n, text in enumerate(texts):
        turn = Turn(turn_id="0", role="user", text=text, at=START + timedelta(days=180 * n))
        claims += extract(Session(source_format="test", session_id=str(n), turns=(turn,)), "alice")
    return [to_fact(belief) for belief in fold(claims) if belief.live]


@pytest.mark.parametrize(
    ("before", "later", "doubted"),
    [
        ("I work at Volvo.", "first week in the new job, knackered", ["Volvo"]),
        ("I live in Graz.", "our new flat has no lift", ["Graz"]),
        ("My phone number is +47 22 12 34 56.", "new number, will send it later", ["+47 22 12 34 56"]),
        ("I work at Volvo and live in Graz.", "changed jobs again", ["Volvo"]),
        ("I work at Volvo.", "my old job was in a bakery", []),
        ("My wife is called Petra.", "my ex has kept the car", []),
        ("I work at Volvo.", "I nearly lost my job over it", []),
        ("I work at Volvo.", "rumour has it there's a new boss coming", []),
    ],
)
def test_a_change_in_a_later_session_makes_the_earlier_fact_doubtful(
    before: str, later: str, doubted: list[str]
) -> None:
    assert [fact.object for fact in in_sessions(before, later) if DOUBT in fact.categories] == doubted


def test_a_remark_about_a_known_change_causes_no_doubt() -> None:
    texts = ("I live in Graz.", "I moved to Linz last week.", "our new flat has no lift")
    claims = [
        claim
        for n, text in enumerate(texts)
        for claim in extract(
            Session(
                source_format="test",
                session_id=str(n),
                turns=(Turn(turn_id="0", role="user", text=text, at=START + timedelta(days=20 * n)),),
            ),
            "alice",
        )
    ]
    (linz,) = [belief for belief in fold(claims) if belief.live and belief.claim.predicate == "lives_in"]
    assert (linz.claim.object, linz.doubt) == ("Linz", None)


def test_facts_are_listed_with_their_doubt(capsys: pytest.CaptureFixture[str]) -> None:
    _render.facts(current("I live in Graz.", "our new flat has no lift"))
    assert "possibly outdated: alice lives in Graz." in capsys.readouterr().out

"""Ended facts are retracted even if the sentence does not name the former value."""

from datetime import UTC, datetime

import pytest

from memctl.core.claim import Claim
from memctl.extract.extractor import extract
from memctl.transcripts.model import Session, Turn

AT = datetime(2025, 6, 2, 12, tzinfo=UTC)


def retracted(*texts: str) -> list[tuple[str, str | None]]:
    """The claims that the last of a user's messages retracts."""
    turns = tuple(Turn(turn_id=str(n), role="user", text=text, at=AT) for n, text in enumerate(texts))
    claims = extract(Session(source_format="test", session_id="s", turns=turns), "alice")
    last = str(len(texts) - 1)
    return [(claim.predicate, claim.object) for claim in claims if claim.op == "retract" and claim.turn_id == last]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("we have a hamster called Nugget", "sad news, Nugget died.", ("has_pet", "a hamster called Nugget")),
        ("I play rugby every Saturday", "Had to quit rugby after the shoulder op.", ("hobby", "rugby")),
        ("I own a Yamaha MT-07", "I don't have the Yamaha anymore", ("owns", "Yamaha")),
        ("i work for amazon, warehouse nights", "packed in amazon. long story", ("works_at", "amazon")),
        ("Please always reply in French.", "You can stop replying in French now.", ("instruction", "reply in French")),
        ("I'm studying architecture at Bath.", "I dropped out of architecture last term", ("studies", "architecture")),
        (
            "never book calls on mondays",
            "no, scratch the mondays thing",
            ("instruction", "never book calls on mondays"),
        ),
        ("my fiancé is Tomas", "Tomas died in May", ("has_fiancé", "Tomas")),
        ("my manager is Olga", "Olga resigned yesterday", ("has_manager", "Olga")),
        ("I own a kayak", "I gave the kayak to my cousin", ("owns", "a kayak")),
        ("I own a kayak", "the kayak is my cousin's now", ("owns", "a kayak")),
        ("I own a kayak", "gave Ruben my kayak, it's his now", ("owns", "a kayak")),
        ("I bought a kayak", "oh, it's hers now", ("owns", "a kayak")),
        ("my flatmate Yusuf plays drums", "Yusuf moved out in May", ("has_roommate", "Yusuf")),
        ("I report to Olga", "so now I report to nobody", ("has_manager", "Olga")),
        ("I take rosuvastatin 10 mg", "the consultant has stopped the statin", ("takes_medication", "rosuvastatin")),
        ("I take ramipril 5 mg", "I stopped the ramipril.", ("dose", "5 mg")),
        ("my neighbour Mr Quigley grows leeks", "Mr Quigley passed away in May", ("has_neighbor", "Mr Quigley")),
        ("My husband Ken fishes", "Ken died last spring", ("has_husband", "Ken")),
        ("My husband Ken fishes", "Ken died last spring", ("relationship_status", "married")),
        ("My husband Ken fishes", "my husband died in 2020", ("relationship_status", "married")),
        ("I run 12 km every Sunday", "15 km actually", ("habit", "run 12 km every Sunday")),
        (
            "My rules:\n1. no tables\n2. cite sources",
            "rule 2 changes: one link at the end",
            ("instruction", "cite sources"),
        ),
        ("My rules:\n1. no tables\n2. cite sources", "please scrap rule 1", ("instruction", "no tables")),
        ("My rules:\n1. no tables\n2. cite sources", "rule two is off", ("instruction", "cite sources")),
        ("My rules:\n1. no tables\n2. cite sources", "Ok thanks. And scrap rule 1", ("instruction", "no tables")),
    ],
)
def test_the_end_of_a_known_fact_retracts_it(before: str, after: str, expected: tuple[str, str]) -> None:
    assert expected in retracted(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I play rugby every Saturday", "Should I quit rugby?"),
        ("My rules:\n1. no tables\n2. cite sources", "you broke rule 2 there: no sources"),
        ("My rules:\n1. no tables\n2. cite sources", "scrap rule 3"),
        ("My rules:\n1. no tables\n2. cite sources", "Do not scrap rule 2."),
        ("My rules:\n1. no tables\n2. cite sources", "My boss wants me to scrap rule 1."),
        ("My rules:\n1. no tables\n2. cite sources", "If you can't find a source, scrap rule 2."),
        ("My rules:\n1. no tables\n2. cite sources", "The king in my novel said: scrap rule 2."),
        ("My rules:\n1. no tables\n2. cite sources", "Rule 2 changes everything in my board game."),
        ("My rules:\n1. no tables\n2. cite sources", "In chess club, rule 2 changes: no talking."),
        ("I take rosuvastatin", "I haven't stopped the statin"),
        ("my manager is Olga", "Olga quit smoking"),
        ("I own a kayak", "gave the kayak a good scrub"),
        ("write commit messages in the past tense", "stop closing every message with a joke"),
        ("I own a kayak", "Ruben told me about the flat, it's his now"),
        ("my manager is Olga", "Olga left early"),
        ("my friend Ines sings", "Ines died laughing when she saw it"),
        ("my mother Joan bakes", "Joan died in 2011"),
        ("I play rugby every Saturday", "I would never have given up rugby"),
        ("I dislike coffee.", "I no longer like coffee."),
        ("we have a hamster called Nugget", "my battery died"),
        ("I love techno", "we stopped for petrol"),
    ],
)
def test_facts_that_continue_are_not_retracted(before: str, after: str) -> None:
    assert (before, [pair for pair in retracted(before, after) if pair[0] != "likes"]) == (before, [])


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("Forget that I live in Ghent.", ["Ghent"]),
        ("Ignore that I work at Nordhaus. Thanks!", ["Nordhaus"]),
        ("Could you forget about the fact that my sister is called Ana?", ["Ana"]),
        ("ok, please ignore that I live in Ghent, old news", []),
        ("You can delete the note that I work at Nordhaus. Thanks!", []),
    ],
)
def test_a_request_to_forget_gives_no_claim(text: str, over: list[str]) -> None:
    turn = Turn(turn_id="0", role="user", text=text, at=AT)
    claims = extract(Session(source_format="test", session_id="s", turns=(turn,)), "alice")
    assert [(claim.op, claim.object) for claim in claims] == [("retract", value) for value in over]


@pytest.mark.parametrize("text", ["Don't forget that I live in Ghent.", "I never forget that I live in Ghent."])
def test_a_request_to_remember_gives_a_claim(text: str) -> None:
    turn = Turn(turn_id="0", role="user", text=text, at=AT)
    claims = extract(Session(source_format="test", session_id="s", turns=(turn,)), "alice")
    assert not [claim for claim in claims if claim.op == "retract"]


def claims_of(text: str) -> list[Claim]:
    """The claims of one message."""
    turn = Turn(turn_id="0", role="user", text=text, at=AT)
    return extract(Session(source_format="test", session_id="s", turns=(turn,)), "alice")


def test_the_end_of_an_unknown_fact_is_stored_as_a_retraction() -> None:
    (claim,) = [claim for claim in claims_of("I no longer use Jenkins.") if claim.predicate == "uses"]
    assert (claim.op, claim.text) == ("retract", "alice uses Jenkins.")


def test_a_name_equal_to_the_subject_is_not_a_fact() -> None:
    assert claims_of("My name is Alice.") == []
    assert [claim.text for claim in claims_of("My name is Alice Chen.")] == ["alice is called Alice Chen."]


def test_a_changed_rule_is_stored_once_and_can_be_dropped_by_its_number() -> None:
    texts = ["My rules:\n1. no tables\n2. cite sources", "Rule 2 changes: keep answers short.", "scrap rule 2"]
    turns = tuple(Turn(turn_id=str(n), role="user", text=text, at=AT) for n, text in enumerate(texts))
    claims = extract(Session(source_format="test", session_id="s", turns=turns), "alice")
    said = [(claim.op, claim.object) for claim in claims if claim.turn_id != "0"]
    assert said == [("retract", "cite sources"), ("assert", "keep answers short"), ("retract", "keep answers short")]

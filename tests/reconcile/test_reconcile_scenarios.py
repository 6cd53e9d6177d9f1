"""Corrections, moves, job changes and repetitions give the right current and past facts. Each scenario lists the claims
of its messages and the values that must be live and closed in the end, in any order of arrival.
"""

import json
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
import pytest

from memctl.core.claim import Claim
from memctl.core.timeline import current
from memctl.extract.extractor import extract
from memctl.reconcile import Belief, fold, to_fact
from memctl.transcripts.model import Session, Turn

SCENARIOS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "fixtures/scenarios/reconcile.jsonl").read_text("utf-8").splitlines()
]
RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def claims_of(scenario: dict) -> list[list[Claim]]:
    """The claims, one list per message."""
    claims = []
    for position, message in enumerate(scenario["messages"]):
        claims.append([])
        for ordinal, said in enumerate(message["claims"]):
            claims[-1].append(
                Claim(
                    id=uuid5(UUID(int=0), f"{scenario['name']} {position} {ordinal}"),
                    user_id="alice",
                    op=said.get("op", "assert"),
                    kind="fact",
                    text=f"Alice: {said['predicate']} {said['object']}",
                    subject=said.get("subject", "alice"),
                    predicate=said["predicate"],
                    object=said["object"],
                    slot=said.get("slot"),
                    valid_at=instant(said.get("valid_at")),
                    invalid_at=instant(said.get("invalid_at")),
                    precision=said.get("precision"),
                    confidence=0.8,
                    quote=message["text"],
                    observed_at=instant(message["at"]),
                    recorded_at=RECORDED,
                    session_id="session",
                    turn_id=str(position),
                    position=position,
                    ordinal=ordinal,
                    extractor="rules@1",
                )
            )
    return claims


def outcome(beliefs: list[Belief]) -> tuple[list[tuple], list[tuple]]:
    """The live and the closed (predicate, object) pairs as the facts a user would see."""
    facts = [to_fact(belief) for belief in beliefs]
    live = current(facts, LATER)
    closed = [fact for fact in facts if fact not in live]
    return (
        sorted((fact.predicate, fact.object) for fact in live),
        sorted((fact.predicate, fact.object) for fact in closed),
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_each_scenario_has_its_live_and_closed_values(scenario):
    live, closed = outcome(fold(claim for message in claims_of(scenario) for claim in message))
    wanted = {tuple(pair) for pair in scenario["live"]}
    assert wanted <= set(live)
    assert {tuple(pair) for pair in scenario["closed"]} <= set(closed)
    assert not {tuple(pair) for pair in scenario["closed"]} & set(live)
    assert len(live) == len(set(live)), "the same value is stored twice"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_the_order_of_arrival_does_not_change_the_result(scenario):
    messages = claims_of(scenario)
    expected = fold(claim for message in messages for claim in message)
    for order in permutations(messages):
        assert fold(claim for message in order for claim in reversed(message)) == expected


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_every_claim_is_in_the_evidence(scenario):
    claims = [claim for message in claims_of(scenario) for claim in message]
    held = {number for belief in fold(claims) for number in belief.evidence}
    said = {claim.id for claim in claims if claim.object is not None}
    assert said <= held


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_extraction_from_the_messages_gives_the_same_result(scenario):
    turns = [
        Turn(turn_id=str(number), role=message["role"], text=message["text"], at=instant(message["at"]))
        for number, message in enumerate(scenario["messages"])
    ]
    session = Session(source_format="scenario", session_id="session", turns=tuple(turns))
    read = [msgspec.structs.replace(claim, recorded_at=RECORDED) for claim in extract(session, "alice")]
    live, closed = outcome(fold(read))
    wanted = {tuple(pair) for pair in scenario["live"]}
    gone = {tuple(pair) for pair in scenario["closed"]}
    assert wanted <= set(live)
    assert gone <= set(closed)
    assert not gone & set(live)
    if not wanted:
        assert live == []


def test_every_ended_belief_has_an_end_and_the_date_it_was_learned():
    for scenario in SCENARIOS:
        for belief in fold(claim for message in claims_of(scenario) for claim in message):
            if not belief.live:
                assert belief.expired_at is not None, scenario["name"]
                if belief.claim.observed_at is None:
                    continue  # its start is unknown, so it is also unknown whether it had ended by then
                assert belief.invalid_at is not None, scenario["name"]
                assert belief.valid_at is None or belief.valid_at <= belief.invalid_at, scenario["name"]


def test_sessions_without_times_still_end_replaced_values():
    scenario = next(case for case in SCENARIOS if case["name"] == "undated sessions go by order")
    timeless = [
        msgspec.structs.replace(claim, recorded_at=None) for message in claims_of(scenario) for claim in message
    ]
    tokyo, paris = fold(reversed(timeless))
    assert (tokyo.claim.object, tokyo.superseded_by) == ("Tokyo", paris.id)
    assert tokyo.invalid_at is None
    assert tokyo.expired_at is None

"""A plan made in two messages belongs to the person who accepts the invitation."""

import pytest
from spelt_claims import AT, spelt

from memctl.extract.extractor import extract
from memctl.transcripts.model import Session, Turn


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("want to join us Sunday at 10?", "yes!", ["plans=join Ben at 10"]),
        ("want to come to mine tomorrow?", "ooh yes please", ["plans=come to Ben's"]),
        ("fancy going to the cinema on Thursday?", "yep", ["plans=go to the cinema"]),
        ("fancy a swim on Saturday morning?", "im in", ["plans=a swim"]),
        ("shall we meet tomorrow?", "sounds good", ["plans=meet Ben"]),
        ("want to join us Sunday at 10?", "yes but only if it's dry", []),
        ("want to join us Sunday at 10?", "can't, sorry", []),
        ("can you send it by Friday?", "yes", []),
        ("do you want to meet on Monday or Tuesday?", "yes", []),
        ("want to join us?", "yes", []),
    ],
)
def test_an_accepted_invitation_is_a_plan(question: str, answer: str, expected: list[str]) -> None:
    turns = (
        Turn(turn_id="0", role="user", text=question, at=AT, speaker="Ben"),
        Turn(turn_id="1", role="user", text=answer, at=AT, speaker="Alice"),
    )
    session = Session(source_format="test", session_id="s", turns=turns)
    claims = extract(session, "alice", skip=frozenset({"0"}))
    assert [spelt(claim) for claim in claims] == expected
    assert all(claim.valid_at and claim.valid_at > AT for claim in claims)


def test_an_assistant_invites_nobody() -> None:
    turns = (
        Turn(turn_id="0", role="assistant", text="Would you like to go to the cinema on Thursday?", at=AT),
        Turn(turn_id="1", role="user", text="yes", at=AT),
    )
    assert not extract(Session(source_format="test", session_id="s", turns=turns), "alice")

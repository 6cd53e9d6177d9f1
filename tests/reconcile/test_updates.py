"""The current facts after a new statement: the old state has ended, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memctl.core.timeline import is_current
from memctl.extract.extractor import extract
from memctl.reconcile import fold, to_fact
from memctl.transcripts.model import Session, Turn

TABLE = Path(__file__).with_name("updates.tsv")
START = datetime(2024, 6, 3, 12, tzinfo=UTC)
ROWS = [
    (messages.split(" || "), sorted(filter(None, expected.split(" ; "))))
    for messages, _, expected in (
        line.partition("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
]


@pytest.mark.parametrize(("messages", "expected"), ROWS, ids=lambda value: str(value)[:60])
def test_a_later_message_ends_only_the_facts_it_contradicts(messages: list[str], expected: list[str]) -> None:
    turns = tuple(
        Turn(turn_id=str(n), role="user", text=text, at=START + timedelta(days=30 * n))
        for n, text in enumerate(messages)
    )
    claims = extract(Session(source_format="test", session_id="s", turns=turns), "alice")
    facts = [to_fact(belief) for belief in fold(claims)]
    spelt = []
    for fact in facts:
        if is_current(fact, datetime(2026, 1, 1, tzinfo=UTC)):
            subject = "" if fact.subject == "alice" else f"{fact.subject}:"
            slot = (fact.native or {}).get("slot")
            shown = f"/{slot}" if slot and fact.predicate in ("dose", "measure", "detail") else ""
            spelt.append(f"{subject}{fact.predicate}{shown}={fact.object}")
    assert sorted(spelt) == expected


@pytest.mark.parametrize(
    ("messages", "day"),
    [
        (("I have an eye scan on 9 July 2025.", "My eye scan has been moved to 16 July 2025."), "2025-07-16"),
        (("I have an eye scan on 9 July 2025.", "My eye scan has been moved to 2 July 2025."), "2025-07-02"),
        (("My op is on 14 July 2025.", "they've moved the op to the 21st"), "2025-07-21"),
        (("My hearing test is on 9 July 2025.", "My hearing test is on 9 July 2025."), "2025-07-09"),
    ],
    ids=("later", "earlier", "in its month", "said again"),
)
def test_a_moved_appointment_has_only_its_new_day(messages: tuple[str, ...], day: str) -> None:
    turns = tuple(
        Turn(turn_id=str(n), role="user", text=text, at=START + timedelta(days=20 * n))
        for n, text in enumerate(messages)
    )
    claims = extract(Session(source_format="test", session_id="s", turns=turns), "alice")
    facts = [to_fact(belief) for belief in fold(claims)]
    plans = [fact for fact in facts if fact.predicate == "plans" and fact.superseded_by is None]
    assert [f"{fact.valid_at:%Y-%m-%d}" for fact in plans] == [day]

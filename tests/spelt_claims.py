"""Claims of one user's messages, and a short notation for claims: "-predicate/slot=object"."""

from datetime import UTC, datetime

from memctl.core.claim import Claim
from memctl.extract.extractor import extract
from memctl.transcripts.model import Session, Turn

AT = datetime(2025, 6, 2, 12, tzinfo=UTC)


def said(*texts: str, at: datetime | None = AT) -> list[Claim]:
    """The claims of one user's messages; a text that opens with "A:" is the assistant's."""
    turns = tuple(
        Turn(turn_id=str(n), role="assistant" if text.startswith("A:") else "user", text=text.removeprefix("A:"), at=at)
        for n, text in enumerate(texts)
    )
    return extract(Session(source_format="test", session_id="s", turns=turns), "alice")


def spelt(claim: Claim) -> str:
    subject = "" if claim.subject == "alice" else f"{claim.subject}:"
    slot = f"/{claim.slot}" if claim.slot else ""
    return f"{'-' if claim.op == 'retract' else ''}{subject}{claim.predicate}{slot}={claim.object}"

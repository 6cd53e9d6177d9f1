"""The offline extractor: claims from a session by rules, the same on every run, without a model or a network.

Only what people say of themselves and their own becomes a claim; assistants, tools and pasted text give none. Every
text is redacted before anything reads it. What is believed in the end is for `memctl.reconcile` to say.
"""

from collections.abc import Iterable

from memctl.claim import Claim
from memctl.extract.dialogue import answered
from memctl.extract.draft import Draft, sentence
from memctl.extract.foreign import foreign
from memctl.extract.reader import TurnReader
from memctl.extract.redact import redact
from memctl.fact import derive_id
from memctl.transcripts.model import Session, Turn

EXTRACTOR = "rules@1"
THRESHOLD = 0.7
"""Claims below it are not kept."""
NO_CLAIMS = frozenset({"attachment"})
MEMORY = "memory_write"


def extract(
    session: Session, user_id: str, *, uri: str | None = None, skip: frozenset[str] = frozenset()
) -> list[Claim]:
    """The claims of a session's human turns, in order.

    `skip` names turns already known: they give no claims but are context for what follows. Claim ids are derived
    from user, session, turn, text and place in the turn, so that a second run gives the same ones.
    """
    claims: list[Claim] = []
    question: str | None = None
    for position, turn in enumerate(session.turns):
        if turn.role == "assistant" and turn.raw_kind != MEMORY:
            question = turn.text
            continue
        said = turn.role == "user" or turn.raw_kind == MEMORY
        if not said or turn.raw_kind in NO_CLAIMS:
            continue
        if turn.turn_id not in skip:
            claims.extend(_claims(session, turn, position, user_id, uri, question))
        question = turn.text if "?" in turn.text else None
    return claims


def speaks_for_user(speaker: str | None, user_id: str) -> bool:
    """True when the turn's speaker is the user: no name, the user's own, or their first name."""
    if speaker is None:
        return True
    name, user = speaker.casefold().strip(), user_id.casefold().strip()
    return name == user or name.split()[:1] == [user] or user.split()[:1] == [name]


def _claims(
    session: Session, turn: Turn, position: int, user_id: str, uri: str | None, question: str | None
) -> list[Claim]:
    text = redact(turn.text).text
    memory = turn.raw_kind == MEMORY
    drafts = list(TurnReader(text, turn.at, third=memory).read())
    if question is not None and not memory:
        drafts += answered(question, text, turn.at)
    drafts += foreign(text)
    own = speaks_for_user(turn.speaker, user_id)
    name = turn.speaker or user_id
    claims: list[Claim] = []
    for draft in _distinct(drafts):
        confidence = round(draft.confidence - (0.1 if memory else 0.0), 2)
        if memory:
            confidence = max(confidence, THRESHOLD)
        if confidence < THRESHOLD or (draft.object is not None and "[redacted:" in draft.object):
            continue
        subject = draft.subject or (user_id if own else name)
        words = sentence(draft, name)
        quote = text[draft.quote[0] : draft.quote[1]]
        claims.append(
            Claim(
                id=derive_id(user_id, session.session_id, turn.turn_id, words, str(len(claims))),
                user_id=user_id,
                op=draft.op,
                kind=draft.kind,
                text=words,
                subject=subject,
                predicate=draft.predicate,
                object=draft.object,
                slot=draft.slot,
                valid_at=draft.valid_at,
                invalid_at=draft.invalid_at,
                precision=draft.precision,
                confidence=confidence,
                quote=quote,
                observed_at=turn.at,
                session_id=session.session_id,
                turn_id=turn.turn_id,
                position=position,
                ordinal=len(claims),
                system=session.source_format,
                uri=uri,
                agent_id=session.agent_id,
                app_id=session.app_id,
                categories=(draft.category,),
                extractor=EXTRACTOR,
            )
        )
    return claims


def _distinct(drafts: Iterable[Draft]) -> list[Draft]:
    """Each draft once; of two that say the same the more certain."""
    kept: dict[tuple[str | None, str, str | None, str, str], Draft] = {}
    for draft in drafts:
        before = kept.get(draft.key)
        if before is None:
            kept[draft.key] = draft
        elif draft.confidence > before.confidence:
            before.confidence = draft.confidence
    return list(kept.values())

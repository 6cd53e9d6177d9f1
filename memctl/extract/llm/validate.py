"""Validate a model's proposals and turn them into claims.

A model names a subject, a predicate and an object; the rest is computed. The words of a line must support all of it
(`memctl.extract.llm.borne_out`), a person must have said it, not an assistant, and it must contain no secret. Dates are
those that the rules find in the words. An existing fact ends only if a line mentions it and says that it has ended; the
fold decides the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from memctl.core.claim import Claim, Precision, system_of
from memctl.core.fact import derive_id
from memctl.core.late_pattern import late
from memctl.core.tokenization import stems, words
from memctl.extract.events.event_dates import absolute, undated
from memctl.extract.extractor import MEMORY
from memctl.extract.grammar.clauses import Head
from memctl.extract.llm.borne_out import CHANGES, FOLLOWS, Wanted, follows, order, slot_of, unsupported
from memctl.extract.llm.known import category_of, kind_of, text_of
from memctl.extract.llm.locate import find
from memctl.extract.llm.parse import Parsed, Proposal
from memctl.extract.llm.prompt import ExistingFact
from memctl.extract.llm.statements import Statement, orders, statements
from memctl.extract.llm.windows import SHORT_REPLY, Line, Window
from memctl.extract.people.speakers import speaks_for_user
from memctl.extract.rule_tables import lexicon
from memctl.extract.secrets import redact
from memctl.extract.time.dates import certain, may_name_time
from memctl.transcripts.model import Session

CONFIDENCE = 0.8
LONGEST_VALUE = 300
"""Characters of an object."""
_SELF = frozenset({"i", "me", "user", "the user", "speaker", "the speaker", "myself", "we"})
_YES = late(
    r"^\W*(?:yes|yep|yeah|yup|correct|right|exactly|that's (?:right|correct|true|it|me)|true|indeed|sure|of course|"
    r"absolutely|definitely|precisely|s[ií]|oui|ja|genau|exactement|exacto|sim|да|はい|对|是的)\b",
    re.IGNORECASE,
)
_ENDS = late(
    r"\b(?:no longer|not|never|any ?more|stopped|quit|gave up|given up|gone off|done with|over|ended|used to|sold|lost|"
    r"left|died|passed away|split|broke up|divorced|cancel\w*|got rid of|moved|changed|switched|instead|now|"
    r"former(?:ly)?|ex|finished|dropped|returned|back from|cured|recovered)\b|n't\b",
    re.IGNORECASE,
)
_PREDICATE = late(r"[^a-z0-9]+")
UNDATED = frozenset({"goal", "instruction", "habit", "birthday", "age", "email", "phone"})
"""Predicates whose object may have a date that is not their time."""
_FILLERS = frozenset({"a", "an", "the", "my", "our", "some"})


class Verdicts(msgspec.Struct, kw_only=True):
    """The result of an answer: claims, and the number of proposals refused, by reason."""

    claims: list[Claim] = []
    refused: dict[str, int] = {}

    def refuse(self, reason: str) -> None:
        """Count one refusal for `reason`."""
        self.refused[reason] = self.refused.get(reason, 0) + 1


class _RefusedError(Exception):
    """The proposal is refused; the argument is the reason."""


class _Said(NamedTuple):
    """The words that support a fact: their line, the quote, and the object as it is written there."""

    line: Line
    quote: str
    value: str
    statement: Statement | None = None


def judge(
    answer: Parsed,
    window: Window,
    session: Session,
    existing: Sequence[ExistingFact],
    *,
    extractor: str,
    uri: str | None = None,
) -> Verdicts:
    """The claims of an answer about `window` of `session`; the module docstring lists what is refused.

    `existing` are the facts shown to the model. Claim ids are derived from user, session, turn, text and position.
    """
    verdicts = Verdicts()
    validator = _Validator(window, session, existing, extractor, uri, verdicts)
    if answer.malformed:
        verdicts.refused["not in the form of a fact"] = answer.malformed
    for proposal in answer.facts:
        try:
            validator.accept(proposal)
        except _RefusedError as refusal:
            verdicts.refuse(str(refusal))
    for ending in answer.ended:
        try:
            validator.end(ending)
        except _RefusedError as refusal:
            verdicts.refuse(str(refusal))
    return verdicts


class _Validator:
    """Validates the proposals of one answer."""

    def __init__(
        self,
        window: Window,
        session: Session,
        existing: Sequence[ExistingFact],
        extractor: str,
        uri: str | None,
        verdicts: Verdicts,
    ) -> None:
        self.window, self.session, self.extractor, self.uri, self.verdicts = window, session, extractor, uri, verdicts
        self.existing = {fact.name.casefold(): fact for fact in existing}
        self.ordinals: dict[str, int] = {}
        self.takes_orders = any(turn.role == "assistant" for turn in session.turns)

    def accept(self, proposal: Proposal) -> None:
        """Turn one proposal into a claim, of the first line that supports it. Raises _RefusedError."""
        predicate, slot = _predicate(proposal.predicate)
        value = " ".join(proposal.object.split()).strip(' .,;:!"“”')
        if not predicate or not any(map(str.isalnum, value)):
            raise _RefusedError("predicate or object is missing")
        if max(len(value), len(predicate), len(proposal.subject)) > LONGEST_VALUE:
            raise _RefusedError("too long for a fact")
        parts = (value, proposal.subject, f"{predicate} {value}")
        if any(redact(text).kinds or "[redacted:" in text for text in parts):
            raise _RefusedError("contains a secret")
        reason = "object is not in the conversation"
        for line in self._lines(predicate, value):
            try:
                self._accept(proposal, predicate, slot, value, line)
            except _RefusedError as refusal:
                reason = str(refusal)
            else:
                return
        raise _RefusedError(reason)

    def _lines(self, predicate: str, value: str) -> list[Line]:
        """The lines that may support it: those with the object, people's before an assistant's."""
        lines = [line for line in self.window.lines if find(value, line.text) and not line.withheld]
        if not lines and (predicate, value.casefold()) in FOLLOWS:
            lines = list(self.window.asked)
        return sorted(lines, key=lambda line: not _is_human(line))

    def _accept(self, proposal: Proposal, predicate: str, slot: str | None, value: str, line: Line) -> None:
        """Turn a proposal into a claim if `line` supports it. Raises _RefusedError."""
        stating = self._stating_line(line)
        subject, speaker = self._subject(proposal, stating)
        wanted = Wanted(
            subject=None if speaker else subject,
            predicate=predicate,
            slot=slot,
            value=value,
            question=self._question(stating),
        )
        said = self._borne_out(wanted, line, confirmed=stating is not line)
        if predicate == "favorite":
            slot = slot or slot_of(said.quote)
        name = subject
        relative = said.statement.relative if said.statement and not speaker else None
        if relative is not None and said.statement and said.statement.owner == relative:
            own = self._is_user(stating.turn.speaker)
            name = f"{self.window.user_id if own else stating.turn.speaker}'s {relative}"
            subject = relative if own else name
        happens = predicate in ("plans", "event")
        text = text_of(name, predicate, slot, undated(said.value, stating.turn.at) if happens else said.value)
        dates = _dates(said, stating, predicate)
        if happens and may_name_time(said.quote):
            when = certain(said.quote, stating.turn.at, future=predicate == "plans")
            text = absolute(text.removesuffix("."), when) + "."
        self._add(
            msgspec.structs.replace(
                self._base(stating, said.quote),
                kind=kind_of(predicate),
                text=text,
                subject=subject,
                predicate=predicate,
                object=said.value,
                slot=slot,
                valid_at=dates.valid_at,
                invalid_at=dates.invalid_at,
                precision=dates.precision,
                categories=(category_of(predicate),),
            )
        )

    def end(self, name: str) -> None:
        """Retract an existing fact that a line says has ended. Raises _RefusedError."""
        fact = self.existing.get(name.strip().casefold())
        if fact is None:
            raise _RefusedError("ends a fact that was not shown")
        names = set(stems(f"{fact.subject} {self.window.user_id}"))
        named = set(stems(fact.object or fact.text)) - names
        for line in self.window.asked:
            for statement in statements(line.text, line.turn.raw_kind == MEMORY):
                said = set(stems(statement.text))
                over = named & said and _ENDS.search(statement.text) and not statement.unreal
                if over and self._may_be_about(fact.subject, line, said):
                    self._retract(fact, line, line.text[statement.start : statement.end].strip(" ,;:-–—"))
                    return
        raise _RefusedError("no line says that the fact is over")

    def _may_be_about(self, subject: str, line: Line, said: set[str]) -> bool:
        """Whether a line with the stems `said` can be about a subject: "my sister" is the speaker's sister."""
        if subject.casefold() == self.window.user_id.casefold():
            return self._is_user(line.turn.speaker)
        whose, mark, relative = subject.rpartition("'s ")
        if not re.fullmatch(lexicon("RELATIONS"), relative, re.IGNORECASE):
            return set(stems(subject)) <= said
        own = whose == (line.turn.speaker or "") if mark else self._is_user(line.turn.speaker)
        return own and set(stems(relative)) <= said

    def _retract(self, fact: ExistingFact, line: Line, quote: str) -> None:
        dates = _dates(_Said(line, quote, ""), line, "event")
        self._add(
            msgspec.structs.replace(
                self._base(line, quote),
                op="retract",
                text=fact.text,
                subject=fact.subject,
                predicate=fact.predicate,
                object=fact.object,
                slot=fact.slot,
                invalid_at=dates.invalid_at or dates.valid_at,
                precision=dates.precision,
            )
        )

    def _base(self, line: Line, quote: str) -> Claim:
        return Claim(
            id=derive_id(quote),
            user_id=self.window.user_id,
            kind="fact",
            text=quote,
            subject=self.window.user_id,
            predicate="",
            object=None,
            confidence=CONFIDENCE,
            quote=quote,
            observed_at=line.turn.at,
            session_id=self.window.session_id,
            turn_id=line.turn.turn_id,
            position=line.position,
            system=system_of(self.uri, self.session.source_format),
            uri=self.uri,
            agent_id=self.session.agent_id,
            app_id=self.session.app_id,
            extractor=self.extractor,
        )

    def _add(self, claim: Claim) -> None:
        ordinal = self.ordinals.get(claim.turn_id or "", 0)
        self.ordinals[claim.turn_id or ""] = ordinal + 1
        place = (claim.user_id, claim.session_id or "", claim.turn_id or "", claim.text, str(ordinal))
        self.verdicts.claims.append(msgspec.structs.replace(claim, id=derive_id(*place), ordinal=ordinal))

    def _stating_line(self, line: Line) -> Line:
        """The line that states what `line` says: the line itself, or the user's yes to an assistant's question."""
        if _is_human(line):
            if not line.asked:
                raise _RefusedError("line is context")
            return line
        place = self.window.lines.index(line)
        reply = next((line for line in self.window.lines[place + 1 :] if line.turn.role == "user"), None)
        if reply is not None and reply.asked and _YES.match(reply.text) and len(reply.text.split()) <= SHORT_REPLY:
            return reply
        raise _RefusedError("only the assistant said it")

    def _question(self, line: Line) -> str | None:
        """The assistant's question that a short reply answers."""
        place = self.window.lines.index(line)
        before = self.window.lines[place - 1] if place else None
        if before is None or before.turn.role != "assistant" or "?" not in before.text:
            return None
        return before.text if len(line.text.split()) <= SHORT_REPLY else None

    def _is_user(self, speaker: str | None) -> bool:
        """True if the speaker is the owner and not a namesake."""
        return speaker not in self.session.namesakes and speaks_for_user(speaker, self.window.user_id)

    def _subject(self, proposal: Proposal, line: Line) -> tuple[str, bool]:
        """The subject, and whether it is the line's speaker."""
        wanted = " ".join(proposal.subject.split())
        name = wanted.casefold().removesuffix("'s")
        speaker = line.turn.speaker
        mine = self.window.user_id if self._is_user(speaker) else (speaker or self.window.user_id)
        if name in _SELF or name == mine.casefold() or (speaker and name == speaker.casefold()):
            return mine, True
        if self._is_user(speaker) and speaks_for_user(wanted, self.window.user_id):
            return mine, True
        spoken = {word.removesuffix("'s") for word in words(line.text)}
        named = {word.removesuffix("'s") for word in words(wanted)} - _FILLERS
        if not named or not named <= spoken:
            raise _RefusedError("subject is neither the speaker nor named in the line")
        if name == self.window.user_id.casefold():
            raise _RefusedError("the words are not about the subject")
        return wanted, False

    def _borne_out(self, wanted: Wanted, line: Line, *, confirmed: bool) -> _Said:
        """The words that support it. Raises _RefusedError with the reason of the last place that does not."""
        reason = "the words do not say that it is so"
        if confirmed:
            return self._confirmed(wanted, line)
        if wanted.predicate == "instruction":
            return self._order(wanted, line)
        third = line.turn.raw_kind == MEMORY
        for statement, start, end in _places(wanted, line.text, statements(line.text, third)):
            value = line.text[start:end] if end > start else wanted.value
            refusal = unsupported(msgspec.structs.replace(wanted, value=value), statement, start)
            if refusal is None:
                return _Said(line, line.text[statement.start : statement.end].strip(" ,;:-–—"), value, statement)
            reason = refusal
        raise _RefusedError(reason)

    def _order(self, wanted: Wanted, line: Line) -> _Said:
        """The sentence with a standing instruction to the assistant."""
        if not self.takes_orders or wanted.subject is not None:
            raise _RefusedError("not an instruction to an assistant")
        span = find(wanted.value, line.text)
        if span is None:
            raise _RefusedError("object is not in the conversation")
        for sentence in orders(line.text):
            if sentence.start <= span[0] < sentence.start + len(sentence.text):
                value = line.text[span[0] : span[1]]
                if order(value, sentence):
                    return _Said(line, line.text[sentence.start : sentence.start + len(sentence.text)], value)
        raise _RefusedError("not a standing instruction")

    def _confirmed(self, wanted: Wanted, line: Line) -> _Said:
        """The assistant's question that the user confirmed: "so you live in Rome?" – "yes"."""
        for match in re.finditer(r"[^.!?\n]+\?", line.text):
            question = match[0].strip()
            turned = re.sub(
                r"^.*?\byou (?=\w)", "I ", re.sub(r",[^,]*$", "", question.rstrip(" ?")), count=1, flags=re.I
            )
            span = find(wanted.value, turned)
            if span is None or not turned.startswith("I ") or " or " in turned:
                continue
            for statement in statements(turned):
                value = turned[span[0] : span[1]]
                if statement.start <= span[0] < statement.end and not unsupported(wanted, statement, span[0]):
                    return _Said(line, question, value)
        raise _RefusedError("only the assistant said it")


def _places(wanted: Wanted, text: str, found: Sequence[Statement]) -> Iterator[tuple[Statement, int, int]]:
    """The statements with the object, each with its span in the turn; the span is empty where it only follows."""
    for statement in found:
        span = find(wanted.value, text[statement.start : statement.end])
        if span is not None:
            yield statement, statement.start + span[0], statement.start + span[1]
        elif follows(wanted, statement):
            yield statement, 0, 0


def _is_human(line: Line) -> bool:
    return line.turn.role == "user" or line.turn.raw_kind == MEMORY


def _dates(said: _Said, line: Line, predicate: str) -> Dates:
    """The dates in the quote: when it happens or happened, since when it is so, and until when."""
    return dates_of(said.quote, line.turn.at, predicate, said.statement.head if said.statement else None)


def dates_of(words: str, at: datetime | None, predicate: str, verb: Head | None) -> Dates:
    """When it happens or happened, and from when and until when it is true, according to `words`. A date is the time
    of a state only if the words say since when, or that it changed then: `verb` is that of the clause."""
    if predicate in UNDATED or not may_name_time(words):
        return Dates(None, None, None)
    grounded = certain(words, at, future=True if predicate == "plans" else None)
    dated = predicate in ("event", "plans") or (verb is not None and verb.lemma in CHANGES)
    start = next((one for one in grounded if one.role == "since" or (one.role == "at" and dated)), None)
    end = next((one for one in grounded if one.role == "until"), None)
    first = start or end
    return Dates(start.start if start else None, end.end if end else None, first.precision if first else None)


class Dates(NamedTuple):
    """When something is true, and how exactly the words say it."""

    valid_at: datetime | None
    invalid_at: datetime | None
    precision: Precision | None


def _predicate(text: str) -> tuple[str, str | None]:
    """A predicate in snake_case with its slot: "Favourite Color" gives favorite, color."""
    name = _PREDICATE.sub("_", text.casefold()).strip("_")
    for spelling in ("favorite_", "favourite_"):
        if name.startswith(spelling):
            return "favorite", name.removeprefix(spelling).replace("_", " ")
    return name, None

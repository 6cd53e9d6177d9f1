"""Validate a model's proposals and turn them into claims.

A proposal must quote a turn that it cites; its subject must be a speaker or be named there; a person must have said it,
not an assistant; it must contain no secret and cite no turn with injected instructions. Dates come from the rules' date
grounding of the quote. A fact that a proposal supersedes is retracted; the fold decides the outcome.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from memctl.core.claim import Claim, Precision
from memctl.core.fact import Kind, derive_id
from memctl.core.predicates import SINGLE_VALUED
from memctl.core.tokenization import sentences, stems, words
from memctl.extract.dates import Grounded, certain, may_name_time
from memctl.extract.extractor import MEMORY, speaks_for_user
from memctl.extract.llm.borne_out import unsupported
from memctl.extract.llm.parse import Proposal
from memctl.extract.llm.prompt import CATEGORIES, ExistingFact
from memctl.extract.llm.windows import Line, Window
from memctl.extract.secrets import redact
from memctl.transcripts.model import Session

EXPLICIT, IMPLIED = 0.9, 0.75
LONGEST_TEXT = 600
"""Characters of a fact, and of each of its parts."""
KINDS: dict[str, Kind] = {"preferences": "preference", "interests": "preference", "instructions": "procedure"}
_SELF = frozenset({"i", "me", "user", "the user", "speaker", "the speaker", "myself"})
_YES = re.compile(
    r"^\W*(?:yes|yep|yeah|yup|correct|right|exactly|that's (?:right|correct|true|it|me)|true|indeed|sure|of course|"
    r"absolutely|definitely|precisely|s[ií]|oui|ja|genau|exactement|exacto|sim|да|はい|对|是的)\b",
    re.IGNORECASE,
)
_PREDICATE = re.compile(r"[^a-z0-9]+")


class Verdicts(msgspec.Struct, kw_only=True):
    """The result of an answer: claims, and the number of proposals refused or corrected, by reason."""

    claims: list[Claim] = []
    refused: dict[str, int] = {}
    corrected: dict[str, int] = {}

    def note(self, where: dict[str, int], reason: str) -> None:
        """Count `reason` once more."""
        where[reason] = where.get(reason, 0) + 1


class _RefusedError(Exception):
    """The proposal is refused; the argument is the reason."""


class _Quote(NamedTuple):
    """A quote's line, and its words as the turn spells them."""

    line: Line
    quote: str


def judge(
    proposals: Iterable[Proposal],
    window: Window,
    session: Session,
    existing: Sequence[ExistingFact],
    *,
    extractor: str,
    uri: str | None = None,
) -> Verdicts:
    """The claims of an answer about `window` of `session`; the module says what is refused.

    `existing` are the facts shown to the model. Claim ids are derived from user, session, turn, text and position.
    """
    verdicts = Verdicts()
    validator = _Validator(window, session, existing, extractor, uri, verdicts)
    for proposal in proposals:
        try:
            validator.accept(proposal)
        except _RefusedError as refusal:
            verdicts.note(verdicts.refused, str(refusal))
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

    def accept(self, proposal: Proposal) -> None:
        """Turn one proposal into claims. Raises _RefusedError."""
        evidence = self._evidence(proposal)
        quoted = _find(proposal.quote, evidence)
        if quoted is None:
            raise _RefusedError("quote is not in the turn")
        line = self._stating_line(quoted, evidence)
        subject = self._subject(proposal, quoted.line, evidence)
        texts = (proposal.text, proposal.object or "", proposal.subject)
        if any(redact(text).kinds or "[redacted:" in text for text in texts):
            raise _RefusedError("contains a secret")
        text = " ".join(proposal.text.split())
        predicate, slot = _predicate(proposal.predicate)
        if not text or not predicate:
            raise _RefusedError("text or predicate is missing")
        if max(map(len, (*texts, predicate))) > LONGEST_TEXT:
            raise _RefusedError("too long for a fact")
        if not self._is_supported(proposal, subject, evidence):
            raise _RefusedError("shares no word with the turns it cites")
        retracted = self._retractions(proposal, subject, predicate, slot)
        dates = self._dates(proposal, quoted)
        value = " ".join(proposal.object.split()) if proposal.object and proposal.object.strip() else None
        reason = unsupported(
            text=text,
            subject=subject,
            predicate=predicate,
            value=value,
            quote=quoted.quote,
            turn=" ".join(one.text for one in (*evidence, quoted.line)),
            user=self.window.user_id,
        )
        if reason is not None and proposal.polarity == "assert":
            raise _RefusedError(reason)
        category = proposal.category if proposal.category in CATEGORIES else None
        base = Claim(
            id=derive_id(text),
            user_id=self.window.user_id,
            kind=KINDS.get(category or "", "fact"),
            text=text,
            subject=subject,
            predicate=predicate,
            object=value,
            slot=slot,
            valid_at=dates.valid_at,
            invalid_at=dates.invalid_at,
            precision=dates.precision,
            confidence=EXPLICIT if proposal.confidence == "explicit" else IMPLIED,
            quote=quoted.quote,
            observed_at=line.turn.at,
            session_id=self.window.session_id,
            turn_id=line.turn.turn_id,
            position=line.position,
            uri=self.uri,
            agent_id=self.session.agent_id,
            app_id=self.session.app_id,
            categories=(category,) if category else (),
            extractor=self.extractor,
        )
        for fact in retracted:
            self._add(
                msgspec.structs.replace(
                    base,
                    op="retract",
                    predicate=fact.predicate,
                    object=fact.object,
                    slot=fact.slot,
                    valid_at=None,
                    invalid_at=dates.valid_at if proposal.polarity == "assert" else dates.invalid_at or dates.valid_at,
                )
            )
        if proposal.polarity == "assert":
            self._add(base)
        elif not retracted:
            self._add(msgspec.structs.replace(base, op="retract"))

    def _add(self, claim: Claim) -> None:
        ordinal = self.ordinals.get(claim.turn_id or "", 0)
        self.ordinals[claim.turn_id or ""] = ordinal + 1
        place = (claim.user_id, claim.session_id or "", claim.turn_id or "", claim.text, str(ordinal))
        self.verdicts.claims.append(msgspec.structs.replace(claim, id=derive_id(*place), ordinal=ordinal))

    def _evidence(self, proposal: Proposal) -> list[Line]:
        lines = self.window.lines
        named = [lines[number - 1] for number in proposal.evidence if 1 <= number <= len(lines)]
        if not named or len(named) < len(proposal.evidence):
            raise _RefusedError("cites a turn that does not exist")
        if any(line.withheld for line in named):
            raise _RefusedError("based on injected instructions")
        return named

    def _stating_line(self, quote: _Quote, evidence: Sequence[Line]) -> Line:
        """The line that states the fact: the quoted one, or the user's yes to an assistant's question."""
        line = quote.line
        if line.asked:
            return line
        if line.turn.role == "assistant":
            place = self.window.lines.index(line)
            reply = next((line for line in self.window.lines[place + 1 :] if line.turn.role == "user"), None)
            if reply is not None and reply.asked and reply in evidence and _YES.match(reply.text):
                return reply
            raise _RefusedError("only the assistant said it")
        raise _RefusedError("quote is from a context turn")

    def _is_user(self, speaker: str | None) -> bool:
        """True if the speaker is the owner and not a namesake."""
        return speaker not in self.session.namesakes and speaks_for_user(speaker, self.window.user_id)

    def _subject(self, proposal: Proposal, line: Line, evidence: Sequence[Line]) -> str:
        """The subject: the user's id, another speaker's name, or a name in the turn."""
        user = self.window.user_id
        wanted = " ".join(proposal.subject.split())
        name = wanted.casefold().removesuffix("'s")
        people = [one for one in evidence if one.turn.role == "user" or one.turn.raw_kind == MEMORY]
        speaker = people[0].turn.speaker if people else line.turn.speaker
        if name in _SELF:
            return user if self._is_user(speaker) else (speaker or user)
        if name == user.casefold():
            return user
        for speaker_name in dict.fromkeys(
            window_line.turn.speaker for window_line in self.window.lines if window_line.turn.role == "user"
        ):
            if speaker_name and (speaks_for_user(speaker_name, wanted) or name == speaker_name.casefold()):
                return user if self._is_user(speaker_name) else speaker_name
        if speaks_for_user(wanted, user) and any(self._is_user(one.turn.speaker) for one in people):
            return user
        named = set(words(wanted)) - _POSSESSIVES - set(words(user))
        spoken = {word.removesuffix("'s") for one in evidence for word in words(one.text)}
        if not named or not {word.removesuffix("'s") for word in named} <= spoken:
            raise _RefusedError("subject is neither a speaker nor named in the turn")
        return wanted

    def _is_supported(self, proposal: Proposal, subject: str, evidence: Sequence[Line]) -> bool:
        """True if the fact shares a word with the turns it cites or the facts it supersedes, not counting names."""
        ended = [fact.text for name in proposal.supersedes if (fact := self.existing.get(name.strip().casefold()))]
        cited = set(stems(" ".join([*(line.text for line in evidence), *ended])))
        proposed = set(stems(f"{proposal.text} {proposal.object or ''}"))
        names = set(stems(f"{subject} {self.window.user_id}"))
        return bool((proposed - names) & cited) or not (proposed - names)

    def _retractions(self, proposal: Proposal, subject: str, predicate: str, slot: str | None) -> list[ExistingFact]:
        """The existing facts to retract, except those that the fold supersedes anyway."""
        facts = []
        for name in proposal.supersedes:
            fact = self.existing.get(name.strip().casefold())
            if fact is None:
                self.verdicts.note(self.verdicts.corrected, "supersedes an unknown id")
            elif fact.subject.casefold() != subject.casefold():
                self.verdicts.note(self.verdicts.corrected, "supersedes a fact about someone else")
            elif (
                proposal.polarity == "assert"
                and (fact.predicate, fact.slot) == (predicate, slot)
                and (predicate in SINGLE_VALUED or fact.object == proposal.object)
            ):
                continue
            else:
                facts.append(fact)
        return facts

    def _dates(self, proposal: Proposal, quoted: _Quote) -> _Dates:
        """The dates in the quote; a date of the model that the quote does not name is dropped."""
        grounded = _grounded(quoted)
        wanted = {name: _iso(getattr(proposal, name)) for name in ("valid_at", "invalid_at")}
        if not grounded:
            if wanted["valid_at"] or wanted["invalid_at"]:
                self.verdicts.note(self.verdicts.corrected, "date not in the quote")
            return _Dates(None, None, None)
        start = next((one for one in grounded if one.role != "until" and _meant(one, wanted["valid_at"])), None)
        end = next((one for one in grounded if one.role == "until" or _meant(one, wanted["invalid_at"])), None)
        if start is None and end is None:
            start = next((one for one in grounded if one.role != "until"), None)
        if wanted["valid_at"] and start is not None and not _meant(start, wanted["valid_at"]):
            self.verdicts.note(self.verdicts.corrected, "date contradicts the quote")
        if start is end:
            end = None
        first = start or end
        return _Dates(
            start.start if start else None,
            (end.end if end.role == "until" else end.start) if end else None,
            first.precision if first else None,
        )


class _Dates(NamedTuple):
    valid_at: datetime | None
    invalid_at: datetime | None
    precision: Precision | None


_POSSESSIVES = frozenset({"my", "his", "her", "their", "our", "your", "user's", "the", "a", "an", "of", "and"})


def _grounded(quoted: _Quote) -> list[Grounded]:
    """The periods named in the quote, else in its sentence."""
    at = quoted.line.turn.at
    if not may_name_time(quoted.line.text):
        return []
    if inside := certain(quoted.quote, at):
        return inside
    around = next((sentence for sentence in sentences(quoted.line.text) if quoted.quote in sentence), "")
    return certain(around, at)


def _meant(one: Grounded, wanted: datetime | None) -> bool:
    """True if the model's date is in the period; a date without a time zone gets that of the period."""
    if wanted is None:
        return False
    at = wanted if wanted.tzinfo else wanted.replace(tzinfo=one.start.tzinfo)
    return one.start <= at < one.end


_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")


def _iso(text: str | None) -> datetime | None:
    """A model's date: ISO 8601, or only a year or month."""
    if not text or not text.strip():
        return None
    try:
        if partial := _PARTIAL.fullmatch(text.strip()):
            return datetime(int(partial[1]), int(partial[2] or 1), 1)
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _predicate(text: str) -> tuple[str, str | None]:
    """A predicate in snake_case with its slot: "Favourite Color" gives favorite, color."""
    name = _PREDICATE.sub("_", text.casefold()).strip("_")
    for spelling in ("favorite_", "favourite_"):
        if name.startswith(spelling):
            return "favorite", name.removeprefix(spelling).replace("_", " ")
    return name, None


def _find(quote: str, evidence: Sequence[Line]) -> _Quote | None:
    """The first cited line that contains the quote, ignoring case, punctuation style and white space."""
    wanted, _ = _folded(quote.strip().strip("\"'“”‘’…").removesuffix("...").strip())
    if sum(letter.isalnum() for letter in wanted) < 2:
        return None
    for line in evidence:
        folded, places = _folded(line.text)
        start = folded.find(wanted)
        if start >= 0:
            return _Quote(line, line.text[places[start] : places[start + len(wanted) - 1] + 1])
    return None


_OTHER_SPACE = re.compile(r"[^\S ]")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})


@lru_cache(maxsize=512)
def _folded(text: str) -> tuple[str, Sequence[int]]:
    """`text` in the form in which quotes are compared, and the offset in `text` of each of its characters."""
    if text.isascii() and "  " not in text and not _OTHER_SPACE.search(text):
        return text.lower(), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if letter.isspace():
            if folded and folded[-1] != " ":
                folded.append(" ")
                places.append(place)
            continue
        for one in unicodedata.normalize("NFKC", letter.translate(_SAME)).casefold():
            folded.append(one)
            places.append(place)
    return "".join(folded), places

"""Choosing the lines of a block: first each section up to its share of the tokens, then whatever still fits.

    instructions  up to 0.3 of the tokens, or SHORT tokens if that is more: they are the first thing a memory is for
    profile       up to 0.1; without a query up to 0.5
    latest        up to 0.15, if the last session is still open; without a query up to 0.2
    facts, turns  the rest, the best hits of a search first

What is left over goes to the same sections in this order: instructions, facts and turns, profile, latest. A text that
is longer than a fifth of the tokens is shown by the sentences that fit the query.

The figures are round numbers, measured with `benchmarks/context_recall.py`. Hits are taken by their score alone:
dividing it by any power of the line's tokens lost evidence. Shorter excerpts show more turns, but fewer of the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend
from memctl.context.lines import excerpt, item_of, shown
from memctl.context.model import Context, Count, Format, Item, Name, Request, Section, State
from memctl.context.render import HEADINGS, heading, intro, render
from memctl.context.sources import SHORTEST, Material, Search, gather
from memctl.core.arguments import require_count
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.core.tokenization import stems, words
from memctl.extract.filters.prompt_injection import is_suspicious
from memctl.extract.secrets import redact

SHARES: dict[Name, float] = {"instructions": 0.3, "profile": 0.1, "latest": 0.15}
"""The shares of the tokens that a section may take before others had a chance; facts and turns may take the rest."""
SHARES_WITHOUT_QUERY: dict[Name, float] = {"instructions": 0.3, "profile": 0.5, "latest": 0.2}
LONGEST = 0.2
"""The share of the tokens up to which a text is shown whole."""
SHORT = 40
"""Tokens up to which a text is shown whole however small the block is."""
FEWEST_STEMS = 3
"""Stems that two texts must have in common to be repeats: "yes" may be said twice."""
_FIRST = datetime.min.replace(tzinfo=UTC)
_NEGATIONS = frozenset({"not", "no", "never", "nor", "none", "nobody", "nothing", "without", "cannot", "longer"})


def build(backend: Backend, search: Search, request: Request, session: Backend | None = None) -> Context:
    """The block about a user; `session` has the open session, if that is in another backend. Raises NotFound for a user
    that neither has, UsageError for no tokens and for an unknown format."""
    require_count(request.tokens, "tokens")
    if request.format not in get_args(Format):
        hint = f"formats: {', '.join(get_args(Format))}"
        raise UsageError(f"unknown format {request.format!r}", where="format", hint=hint)
    count = request.count
    if count is None:
        from memctl.report.tokens import estimator

        count = estimator()
    now = datetime.now(UTC)
    return _Builder(request, count, gather(backend, search, request, now, session), now).context()


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """The line of a record: its tokens, and its content independent of the wording, None for a very short text."""

    item: Item
    cost: int
    content: object


class _Candidate(msgspec.Struct, kw_only=True):
    """A record that may be shown in the section `name`. Its line is computed when it is needed; None for a record
    that is never shown."""

    name: Name
    fact: Fact
    score: float | None = None
    line: _Line | None = None
    made: bool = False

    @property
    def turns(self) -> set[tuple[str, str]]:
        """The turns that the record is, or is based on."""
        session = self.fact.session_id
        return {(session, turn) for turn in self.fact.source.turns} if session is not None else set()


class _Builder:
    """The lines chosen so far, and the tokens left."""

    def __init__(self, request: Request, count: Count, material: Material, now: datetime) -> None:
        self._request = request
        self._count = count
        self._material = material
        self._now = now
        self._room = request.tokens - count(intro(request, instructions=True))
        self._longest = max(SHORT, int(LONGEST * request.tokens))
        self._own_words = {*stems(request.user), "user"}
        self._chosen: dict[UUID, _Candidate] = {}
        self._rested_on: set[tuple[str, str]] = set()
        """The turns that chosen facts rest on."""
        self._shown: set[tuple[str, str]] = set()
        """The turns that are chosen themselves."""
        self._said: set[object] = set()
        self._suspicious: set[UUID] = set()
        self._repeated: set[UUID] = set()

    def context(self) -> Context:
        """The block."""
        wanted = self._candidates()
        shares = SHARES if self._request.query else SHARES_WITHOUT_QUERY
        self._fill(wanted["instructions"], max(shares["instructions"], SHORT / self._request.tokens))
        self._fill(wanted["profile"], shares["profile"])
        if self._material.open or not self._request.query:
            self._fill(wanted["latest"], shares["latest"])
        hits = sorted((*wanted["facts"], *wanted["turns"]), key=lambda hit: -(hit.score or 0.0))
        for candidates in (hits, wanted["instructions"], wanted["profile"], wanted["latest"]):
            self._fill(candidates)
        self._fill(hits, again=True)
        return self._finished(wanted)

    def _candidates(self) -> dict[Name, list[_Candidate]]:
        """The records of each section, the most important ones first."""
        material = self._material
        wanted: dict[Name, list[_Candidate]] = {name: [] for name in HEADINGS}
        for fact in material.instructions:
            # Only the owner instructs; what somebody else wanted is a fact about them.
            own = fact.subject is None or fact.subject.casefold() == fact.user_id.casefold()
            name: Name = "instructions" if own else "profile"
            wanted[name].append(_Candidate(name=name, fact=fact))
        wanted["profile"] += [_Candidate(name="profile", fact=fact) for fact in material.profile]
        for hit in material.hits:
            if hit.score > 0:
                name = "turns" if hit.fact.kind == "episode" else "facts"
                wanted[name].append(_Candidate(name=name, fact=hit.fact, score=hit.score))
        wanted["latest"] += [_Candidate(name="latest", fact=fact) for fact in reversed(material.latest)]
        return wanted

    def _line(self, candidate: _Candidate) -> _Line | None:
        """The line of a record; None for a record that tries to instruct the model."""
        if not candidate.made:
            candidate.made = True
            if is_suspicious(candidate.fact.text, candidate.fact.native):
                self._suspicious.add(candidate.fact.id)
            else:
                candidate.line = self._new_line(candidate)
        return candidate.line

    def _new_line(self, candidate: _Candidate) -> _Line:
        fact, name = candidate.fact, candidate.name
        text = fact.text
        if name == "instructions" and fact.predicate == "instruction" and fact.object:
            text = fact.object
        if self._count(text) > self._longest:
            text = excerpt(redact(text).text, self._longest, self._count, self._request.query)
        item = item_of(fact, text, self._state(fact), candidate.score)
        cost = self._count(f"- {shown(item, self._request.format, dated=name != 'latest')}\n")
        return _Line(item=item, cost=cost, content=self._content(item.text))

    def _state(self, fact: Fact) -> State | None:
        if fact.kind == "episode":
            return None
        if self._request.as_of is not None or is_current(fact, self._now):
            return "current"
        return "superseded" if fact.superseded_by is not None else "ended"

    def _fill(self, candidates: Iterable[_Candidate], share: float = 1.0, *, again: bool = False) -> None:
        """Choose the candidates that fit the share and the tokens left; `again` takes turns even if their facts are
        shown."""
        allowance = int(share * self._request.tokens)
        headed = {candidate.name for candidate in self._chosen.values()}
        for candidate in candidates:
            if min(allowance, self._room) < SHORTEST:
                break
            if candidate.fact.id in self._chosen:
                continue
            line = self._line(candidate)
            if line is None or self._repeats(candidate, line, again=again):
                continue
            cost = line.cost
            if candidate.name not in headed:
                cost += self._count(heading(candidate.name, self._request.format, line.item))
            if cost <= min(allowance, self._room):
                self._choose(candidate, line)
                headed.add(candidate.name)
                allowance -= cost
                self._room -= cost
            elif candidate.name == "latest":
                break  # The last turns are shown without gaps.

    def _choose(self, candidate: _Candidate, line: _Line) -> None:
        self._chosen[candidate.fact.id] = candidate
        self._repeated.discard(candidate.fact.id)
        (self._shown if candidate.fact.kind == "episode" else self._rested_on).update(candidate.turns)
        self._said.add(line.content)

    def _repeats(self, candidate: _Candidate, line: _Line, *, again: bool) -> bool:
        """Whether the block already has the content of the candidate: in the same words, or as the fact of its turn."""
        if candidate.name == "latest":
            return False
        same = line.content is not None and line.content in self._said
        shown = self._rested_on if candidate.fact.kind == "episode" else self._shown
        repeats = same or (not again and bool(candidate.turns) and candidate.turns <= shown)
        if repeats:
            self._repeated.add(candidate.fact.id)
        return repeats

    def _content(self, text: str) -> object:
        """The content of a text, independent of its wording: its stems and whether it is negated; None for a very
        short text."""
        found = frozenset(stems(text)) - self._own_words
        said = set(words(text))
        denies = bool(said & _NEGATIONS) or any(word.endswith("n't") for word in said)
        return (found, denies) if len(found) >= FEWEST_STEMS else None

    def _finished(self, wanted: dict[Name, list[_Candidate]]) -> Context:
        request = self._request
        while True:
            sections = tuple(self._section(name, wanted[name]) for name in HEADINGS)
            text = render(request, sections)
            tokens = self._count(text)
            if tokens <= request.tokens or not self._chosen:
                break
            self._chosen.popitem()
        return Context(
            user=request.user,
            query=request.query,
            as_of=request.as_of,
            budget=request.tokens,
            tokens=tokens,
            text=text,
            sections=sections,
            repeated=len(self._repeated - self._chosen.keys()),
            suspicious=len(self._suspicious),
        )

    def _section(self, name: Name, candidates: Sequence[_Candidate]) -> Section:
        chosen = [candidate for candidate in self._chosen.values() if candidate.name == name]
        if name in ("instructions", "turns", "latest"):
            order = {candidate.fact.id: place for place, candidate in enumerate(candidates)}
            chosen.sort(key=lambda each: (each.fact.valid_at or each.fact.created_at or _FIRST, -order[each.fact.id]))
        elif name == "facts":
            chosen.sort(key=lambda each: -(each.score or 0.0))
        accounted = self._chosen.keys() | self._repeated | self._suspicious
        missing = [each for each in candidates if each.fact.id not in accounted]
        more = 0
        if name == "profile":
            more = self._material.profile_total - len(self._material.profile)
        elif name == "instructions":
            more = self._material.instructions_total - len(self._material.instructions)
        return Section(
            name=name, items=tuple(each.line.item for each in chosen if each.line), left_out=len(missing) + more
        )

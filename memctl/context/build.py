"""Choosing the lines of a block: first each section up to its share of the tokens, then whatever still fits.

    instructions  up to 0.3 of the tokens: they are the first thing a memory is for
    profile       up to 0.1; without a query up to all of them
    latest        up to 0.15, if the last session is still open or there is no query
    facts, turns  the rest, the best hits of a search first

What is left over goes to the same sections in this order: instructions, facts and turns, profile, latest. A text that
is longer than a fifth of the tokens is shown by the sentences that fit the query. The shares are round numbers, chosen
by `benchmarks/context_recall.py`.
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
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.core.tokenization import stems, words
from memctl.extract.prompt_injection import gives_orders
from memctl.extract.secrets import redact

SHARES: dict[Name, float] = {"instructions": 0.3, "profile": 0.1, "latest": 0.15}
"""The shares of the tokens that a section may take before others had a chance; facts and turns may take the rest."""
SHARES_WITHOUT_QUERY: dict[Name, float] = {"instructions": 0.3, "profile": 0.5, "latest": 0.2}
PRICE = 0.0
"""How much the tokens of a line lower its worth: its score is divided by their number to this power."""
LONGEST = 0.2
"""The share of the tokens up to which a text is shown whole."""
SHORT = 40
"""Tokens up to which a text is shown whole however small the block is."""
FEWEST_STEMS = 3
"""Stems that two texts must have in common to be repeats: "yes" may be said twice."""
_FIRST = datetime.min.replace(tzinfo=UTC)
_NEGATIONS = frozenset({"not", "no", "never", "nor", "none", "nobody", "nothing", "without", "cannot", "longer"})


def build(backend: Backend, search: Search, request: Request) -> Context:
    """The block about a user. Raises NotFound for a user that the backend does not have, UsageError for no tokens and
    for an unknown format."""
    if request.tokens < 1:
        raise UsageError(f"{request.tokens} is not a number of tokens", where="tokens", hint="give 1 or more")
    if request.format not in get_args(Format):
        hint = f"formats: {', '.join(get_args(Format))}"
        raise UsageError(f"unknown format {request.format!r}", where="format", hint=hint)
    count = request.count
    if count is None:
        from memctl.report.tokens import estimator

        count = estimator()
    now = datetime.now(UTC)
    return _Builder(request, count, gather(backend, search, request, now), now).context()


class _Candidate(msgspec.Struct, kw_only=True):
    """A record that may become a line of the section `name`, and the tokens of that line."""

    name: Name
    fact: Fact
    item: Item
    cost: int

    @property
    def turns(self) -> set[tuple[str, str]]:
        """The turns that the record is, or rests on."""
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
        for name in ("instructions", "profile"):
            self._fill(wanted[name], shares[name])
        if self._material.open or not self._request.query:
            self._fill(wanted["latest"], shares["latest"])
        hits = self._by_worth([*wanted["facts"], *wanted["turns"]])
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
            self._want(wanted, "instructions" if own else "profile", fact)
        for fact in material.profile:
            self._want(wanted, "profile", fact)
        for hit in material.hits:
            if hit.score > 0:
                self._want(wanted, "turns" if hit.fact.kind == "episode" else "facts", hit.fact, hit.score)
        for fact in reversed(material.latest):
            self._want(wanted, "latest", fact)
        return wanted

    def _want(self, wanted: dict[Name, list[_Candidate]], name: Name, fact: Fact, score: float | None = None) -> None:
        if "instruction-like" in fact.native.get("flags", ()) or gives_orders(fact.text):
            self._suspicious.add(fact.id)
            return
        text = fact.text
        if name == "instructions" and fact.predicate == "instruction" and fact.object:
            text = fact.object
        if self._count(text) > self._longest:
            text = excerpt(redact(text).text, self._longest, self._count, self._request.query)
        item = item_of(fact, text, self._state(fact), score)
        cost = self._count(f"- {shown(item, self._request.format, dated=name != 'latest')}\n")
        wanted[name].append(_Candidate(name=name, fact=fact, item=item, cost=cost))

    def _state(self, fact: Fact) -> State | None:
        if fact.kind == "episode":
            return None
        if self._request.as_of is not None or is_current(fact, self._now):
            return "current"
        return "superseded" if fact.superseded_by is not None else "ended"

    def _by_worth(self, candidates: Iterable[_Candidate]) -> list[_Candidate]:
        """Hits, those first that bring most for their tokens."""
        return sorted(candidates, key=lambda hit: -(hit.item.score or 0.0) / hit.cost**PRICE)

    def _fill(self, candidates: Iterable[_Candidate], share: float = 1.0, *, again: bool = False) -> None:
        """Choose the candidates that fit the share and the room; `again` takes turns whose facts are shown as well."""
        allowance = int(share * self._request.tokens)
        headed = {candidate.name for candidate in self._chosen.values()}
        for candidate in candidates:
            id_, name = candidate.fact.id, candidate.name
            if self._room < SHORTEST:
                break
            if id_ in self._chosen or self._repeats(candidate, again=again):
                continue
            cost = candidate.cost
            if name not in headed:
                cost += self._count(heading(name, self._request.format, candidate.item))
            if cost <= min(allowance, self._room):
                self._choose(candidate)
                headed.add(name)
                allowance -= cost
                self._room -= cost
            elif name == "latest":
                break  # The last turns are shown without gaps.

    def _choose(self, candidate: _Candidate) -> None:
        self._chosen[candidate.fact.id] = candidate
        self._repeated.discard(candidate.fact.id)
        (self._shown if candidate.fact.kind == "episode" else self._rested_on).update(candidate.turns)
        self._said.add(self._content(candidate.item.text))

    def _repeats(self, candidate: _Candidate, *, again: bool) -> bool:
        """Whether the block says already what the candidate says: in the same words, or as the fact of its turn."""
        if candidate.name == "latest":
            return False
        content = self._content(candidate.item.text)
        same = content is not None and content in self._said
        shown = self._rested_on if candidate.fact.kind == "episode" else self._shown
        repeats = same or (not again and bool(candidate.turns) and candidate.turns <= shown)
        if repeats:
            self._repeated.add(candidate.fact.id)
        return repeats

    def _content(self, text: str) -> object:
        """What a text says, apart from its wording: its stems and whether it denies; None for a very short text."""
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
            chosen.sort(key=lambda each: -(each.item.score or 0.0))
        missing = [each for each in candidates if each.fact.id not in self._chosen.keys() | self._repeated]
        more = 0
        if name == "profile":
            more = self._material.profile_total - len(self._material.profile)
        elif name == "instructions":
            more = self._material.instructions_total - len(self._material.instructions)
        return Section(name=name, items=tuple(each.item for each in chosen), left_out=len(missing) + more)

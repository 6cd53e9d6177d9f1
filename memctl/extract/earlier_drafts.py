"""The drafts of a session's earlier turns, indexed for the lookups of later turns. Sessions may have tens of thousands
of turns, so searching all earlier drafts for every turn would be too slow."""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.core.predicates import SINGLE_VALUED
from memctl.extract.draft_claim import Draft
from memctl.extract.vocabulary.date_words import in_figures

_WORD = late(r"[\w\-+#]+")
_NUMBER_BEFORE = late(r"(?:^|[\s(,;])(\d{1,2}|[a-h])[.):]\s+$", re.IGNORECASE)
_NUMBER_AT = late(
    r"\(?(\d{1,2}|[a-h])[.):]\s|(?:(?:and|my|our|the|first|next|last) )*(?:rule )?(?:number |no\.? ?|#)?"
    r"(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)(?: is)?(?:(?<= is)| ?[:=–-])\s",
    re.IGNORECASE,
)
_BEGINS = late(
    r"\b(?:new|start(?:s|ed|ing)?|begin(?:s|ning)?|began|join(?:s|ed|ing)?|offer(?:ed)?|got the job|promot\w+|hired|"
    r"moved|moving|just bought)\b",
    re.IGNORECASE,
)
_LAST_NAME = late(r"(?<![\w'])[A-ZÀ-Þ][\w-]+$")


class EarlierDrafts:
    """Earlier drafts in order.

    `standing` has the last claim of every value, `live` those that no later turn has ended or replaced by another value
    of a single-valued predicate, `doses` who takes a medicine, `ended` the subjects and predicates of retractions,
    `doubted` the predicates of the speaker in doubt, `begun` the claims of turns that say that something begins,
    `numbered` the instructions of the last numbered list, and `next_home` the place of a home that is found but not
    moved into.
    """

    def __init__(self) -> None:
        self.standing: dict[tuple[str | None, str, str | None, str | None], Draft] = {}
        self.live: dict[tuple[str | None, str], dict[tuple[str | None, str | None], Draft]] = {}
        self.doses: dict[str | None, set[str | None]] = {}
        self.predicates: set[str] = set()
        self.ended: set[tuple[str | None, str]] = set()
        self.doubted: set[str] = set()
        self.begun: set[tuple[str | None, str, str | None, str, str]] = set()
        self.numbered: dict[str, Draft] = {}
        self.next_home: str | None = None
        self.plans: list[Draft] = []
        self.instructions: list[Draft] = []
        self._claimed: list[Draft] = []
        self._turn = 0
        self._by_word: dict[str, list[int]] = {}

    def add(self, draft: Draft, text: str = "") -> None:
        """Add the next draft, with the text of its turn."""
        if draft.op == "retract":
            if not draft.doubt:
                self.ended.add((draft.subject, draft.predicate))
                self._end(draft)
            elif draft.subject is None:
                self.doubted.add(draft.predicate)
            return
        self._note_turn(draft, text)
        if not draft.doubt:
            key = draft.subject, draft.predicate, draft.slot, draft.object
            self.standing.pop(key, None)  # Told again, it is the last.
            self.standing[key] = draft
            self._begin(draft)
            self.predicates.add(draft.predicate)
        if draft.predicate == "plans":
            self.plans.append(draft)
        if draft.object:
            if draft.predicate == "instruction":
                self.instructions.append(draft)
            for word in words_of(draft.object):
                self._by_word.setdefault(word, []).append(len(self._claimed))
            self._claimed.append(draft)

    def _begin(self, draft: Draft) -> None:
        values = self.live.setdefault((draft.subject, draft.predicate), {})
        if draft.predicate in SINGLE_VALUED:
            for old in [one for one in values if one[0] == draft.slot]:
                del values[old]
        values[draft.slot, draft.object] = draft
        if draft.predicate == "dose":
            self.doses.setdefault(draft.slot, set()).add(draft.subject)

    def _end(self, draft: Draft) -> None:
        values = self.live.get((draft.subject, draft.predicate), {})
        if draft.object is None:
            values.clear()
        else:
            values.pop((draft.slot, draft.object), None)

    def is_live(self, draft: Draft) -> bool:
        """True for a claim that no later turn has ended or replaced."""
        return self.live.get((draft.subject, draft.predicate), {}).get((draft.slot, draft.object)) is draft

    def own_names(self) -> list[str | None]:
        """The names by which the speaker goes."""
        named = (self.live.get((None, predicate), {}) for predicate in ("name", "preferred_name"))
        return [draft.object for drafts in named for draft in drafts.values()]

    def live_doses(self, names: Iterable[str]) -> list[Draft]:
        """The live doses of the medicines with these names."""
        doses = (self.live.get((who, "dose"), {}).values() for name in names for who in self.doses.get(name, ()))
        wanted = set(names)
        return [dose for values in doses for dose in values if dose.slot in wanted]

    def _note_turn(self, draft: Draft, text: str) -> None:
        """Note what the rest of the turn says about a claim: that it begins, or the number of a rule."""
        if _BEGINS.search(text):
            self.begun.add(draft.key)
        else:
            self.begun.discard(draft.key)
        if draft.predicate == "instruction" and (number := _number_of(text, draft.quote[0])):
            self.numbered[number] = draft

    def next_turn(self) -> None:
        """Start the next turn, to which the drafts added from now on belong."""
        self._turn = len(self._claimed)

    def has_last_turn(self) -> bool:
        """True if the previous turn has claims."""
        return self._turn < len(self._claimed)

    def last_turn(self) -> list[Draft]:
        """The claims of the previous turn."""
        return self._claimed[self._turn :]

    def naming(self, words: Iterable[str]) -> Iterator[Draft]:
        """The claims whose object has one of the words, in lower case, in order."""
        numbers = {number for word in words for number in self._by_word.get(word, ())}
        return (self._claimed[number] for number in sorted(numbers))


def _number_of(text: str, start: int) -> str | None:
    """The number or the letter of the rule that begins at `start`, in figures and lower case."""
    before = _NUMBER_BEFORE.search(text[max(0, start - 6) : start])
    if before:
        return before[1].lower()
    at = _NUMBER_AT.match(text, start)
    return in_figures((at[1] or at[2]).lower()) if at else None


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, and the name at its end."""
    return {*_WORD.findall(text.casefold()), *(word.casefold() for word in _LAST_NAME.findall(text))}

"""The drafts of a session's earlier turns, indexed for the lookups of later turns. Sessions may have tens of thousands
of turns, so searching all earlier drafts for every turn would be too slow."""

from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft

_WORD = late(r"[\w\-+#]+")
_LAST_NAME = late(r"(?<![\w'])[A-ZÀ-Þ][\w-]+$")


class EarlierDrafts:
    """Earlier drafts in order.

    `standing` has the last claim of every value, `ended` the subjects and predicates of retractions.
    """

    def __init__(self) -> None:
        self.standing: dict[tuple[str | None, str, str | None, str | None], Draft] = {}
        self.predicates: set[str] = set()
        self.ended: set[tuple[str | None, str]] = set()
        self.plans: list[Draft] = []
        self.instructions: list[Draft] = []
        self._claimed: list[Draft] = []
        self._turn = 0
        self._by_word: dict[str, list[int]] = {}

    def add(self, draft: Draft) -> None:
        """Add the next draft."""
        if draft.op == "retract":
            if not draft.doubt:
                self.ended.add((draft.subject, draft.predicate))
            return
        if not draft.doubt:
            self.standing[draft.subject, draft.predicate, draft.slot, draft.object] = draft
            self.predicates.add(draft.predicate)
        if draft.predicate == "plans":
            self.plans.append(draft)
        if draft.object:
            if draft.predicate == "instruction":
                self.instructions.append(draft)
            for word in words_of(draft.object):
                self._by_word.setdefault(word, []).append(len(self._claimed))
            self._claimed.append(draft)

    def next_turn(self) -> None:
        """Start the next turn, to which the drafts added from now on belong."""
        self._turn = len(self._claimed)

    def last_turn(self) -> list[Draft]:
        """The claims of the previous turn."""
        return self._claimed[self._turn :]

    def naming(self, words: Iterable[str]) -> Iterator[Draft]:
        """The claims whose object has one of the words, in lower case, in order."""
        numbers = {number for word in words for number in self._by_word.get(word, ())}
        return (self._claimed[number] for number in sorted(numbers))


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, and the name at its end."""
    return {*_WORD.findall(text.casefold()), *(word.casefold() for word in _LAST_NAME.findall(text))}

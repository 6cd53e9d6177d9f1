"""Read what a sentence asserts, clause by clause: whose each clause is, and what its verb says of them."""

from collections.abc import Container, Iterator
from datetime import datetime
from functools import cached_property
from itertools import zip_longest

from memctl.extract.draft_claim import Draft
from memctl.extract.events import appointments, event_dates, events, happenings, routines, timetable
from memctl.extract.filters import assertion_filter
from memctl.extract.filters.not_meant import hedged
from memctl.extract.grammar import clause_openers
from memctl.extract.grammar.clause_cuts import clauses
from memctl.extract.grammar.clauses import Clause, Head, complement, head
from memctl.extract.grammar.name_case import is_casual
from memctl.extract.grammar.segmentation import Token, tokens
from memctl.extract.people import more_of_others, sentence_subjects
from memctl.extract.people.last_mentioned import LastMentioned
from memctl.extract.people.named_subjects import by_subject, named_subject
from memctl.extract.people.pet_names import each_pet
from memctl.extract.people.strangers import is_predicate, of_person, stranger, tells_of_a_name
from memctl.extract.statements import (
    mentions,
    possessive_rules,
    qualified_states,
    self_introductions,
)
from memctl.extract.statements.apposition import list_drafts
from memctl.extract.statements.frame_matcher import match
from memctl.extract.time.dates import certain, may_name_time
from memctl.extract.vocabulary import kinship

MAYBE_I = "i?"
"""The subject after a clause that has neither subject nor statement: "Myself Rohit, working as …"."""


def span_of(start: int, text: str) -> tuple[int, int]:
    """The span of `text`, which opens at `start` in the turn, without blanks and punctuation around it."""
    lead = len(text) - len(text.lstrip(" ,;:-–—"))
    return start + lead, start + len(text.rstrip(" ,;:-–—"))


class ClauseReader:
    """Reads the clauses of a turn. `other` is the person of the last clause, the one that "he" or "she" means next."""

    def __init__(
        self,
        text: str,
        at: datetime | None,
        people: dict[str, tuple[str, str]],
        other: tuple[str, str] | None,
        *,
        carried: bool,
        third: bool,
        typed: str,
    ) -> None:
        """`text` is what is read of the turn that was `typed` at `at`, `people` are those who are known by name. The
        other parameters are those of `TurnReader`."""
        self.text, self.at, self.people, self.other, self.third, self.typed = text, at, people, other, third, typed
        self.mentioned = LastMentioned(text, other, carried=carried)
        self.undecided: tuple[str, tuple[str, str] | None] = "", None
        self.preceding = ""
        self.dated = False

    @cached_property
    def casual(self) -> bool:
        """Whether the turn is written without capitals, so that a name may have none."""
        return is_casual(self.typed)

    def statements(self, text: str, start: int, due: Container[str], context: str) -> Iterator[Draft]:
        """The drafts of the asserting part of a sentence, clause by clause; `due` as in `sentence`."""
        person: str | None = "i" if self.third else None
        tense_prog, first = False, True
        whole, origin = text, start
        opening = clause_openers.after_lead(text)
        text, start = text[opening:], start + opening
        text = sentence_subjects.without_asides(text)
        self.dated = "dates" in due and may_name_time(text)
        mentioning = "mentions" in due and any(mentions.may_mention(text)) and not mentions.is_bare(self.text)
        restricted = "in_that_case" in due
        mentioned = self.dated or mentioning or "subjects" in due
        if not (mentioned or self.third or sentence_subjects.may_have_subject(text, self.people)):
            return
        pieces = [one for at, part in by_subject(text, self.people) for one in clauses(part, start + at)]
        for clause, after in zip_longest(pieces, pieces[1:]):
            clause, doubtful = clause_openers.without_opening(clause)
            if assertion_filter.conditional(clause.conj, clause.text) or (
                restricted and assertion_filter.in_that_case(clause.text)
            ):
                first = False
                continue
            self.preceding = whole[: clause.start - origin]
            span = span_of(clause.start, clause.text)
            drafts, person, tense_prog = self.clause(clause, span, person, tense_prog, first)
            first = False
            another = person == "other" and clause.elided  # "Zayn is 11 and starting secondary in September"
            if (
                self.dated
                and not (drafts or another)
                and (plan := timetable.planned(clause.text, span, self.at, self.people))
            ):
                drafts = event_dates.timed([plan[0]], clause.text, self.at, None, plan[1])
            other = self.other if person == "other" else None
            skipped = sentence_subjects.is_of_another(clause.text, after.text if after else "", other)
            skipped = skipped or (person != "other" and tells_of_a_name(clause.text))
            if mentioning and mentions.is_done_to_speaker(clause.text):
                drafts += mentions.mentioned(clause.text, span, None, drafts, " \x1e ")
            elif (
                mentioning
                and not skipped
                and (other is None or other[0] != other[1] or kinship.canonical(other[1]) in kinship.FAMILY)
            ):
                drafts += mentions.mentioned(clause.text, span, other, drafts, f"{context} \x1e {self.preceding}")
            for draft in qualified_states.standing(drafts, clause, after, text, start):
                draft.confidence = max(0.7, draft.confidence - 0.1 * doubtful)
                yield draft

    def clause(
        self, clause: Clause, span: tuple[int, int], person: str | None, prog: bool, first: bool
    ) -> tuple[list[Draft], str | None, bool]:
        """The drafts of one clause, its subject, and whether its verb is progressive (for the next clause)."""
        text = clause.text
        if person == MAYBE_I:
            noun = clause_openers.NOUN_OR_VERB.match(text) or self.undecided_is_another()
            person = None if noun else "i"
        if clause.elided and clause_openers.is_no_statement(text, self.preceding):
            return [], person, prog
        props = list(possessive_rules.properties(text, span))
        if props:
            return event_dates.timed(props, clause.text, self.at, None), "i", False
        planned = appointments.appointment(text, span, self.at) if self.dated else None
        if planned is not None:
            return event_dates.timed([planned[0]], clause.text, self.at, None, planned[1]), "i", False
        named = named_subject(text, self.people)
        unknown = stranger(text) if named is None else None
        if unknown is not None and (read := self.stranger(unknown, clause, span)):
            return read
        if named is not None:
            subject, relation, rest = named
            if subject == relation and self.other is not None and kinship.same_person(self.other, relation):
                subject, relation = self.other
            elif subject == relation:
                subject, relation = kinship.the_only(relation, self.people.values()) or (subject, relation)
            clause = Clause(rest, clause.start, clause.conj, clause.elided)
            self.other = (subject, relation)
            verb_head = head(rest, tokens(rest), person="other")
            return self.of_other(verb_head, clause, span), "other", bool(verb_head and verb_head.prog)
        drafts, who, prog = self.unnamed(clause, span, person, prog, first)
        self.undecided = text, unknown
        return drafts, who, prog

    def undecided_is_another(self) -> bool:
        """Whether the clause before, which has no pronoun, is about somebody else.

        "Tetteh sold the Corolla and bought a bike": the speaker did not buy it either.
        """
        text, unknown = self.undecided
        named = unknown is not None and is_predicate(unknown[1])
        return named or sentence_subjects.opens_with_another(text)

    def stranger(
        self, named: tuple[str, str], clause: Clause, span: tuple[int, int]
    ) -> tuple[list[Draft], str | None, bool] | None:
        """The drafts of a clause about a name without a relation; None if no draft shows that it names a person."""
        before, self.other = self.other, (named[0], "")
        rest = Clause(named[1], clause.start, clause.conj, clause.elided)
        verb_head = head(rest.text, tokens(rest.text), person="other")
        drafts = [] if verb_head and verb_head.form == "base" else self.of_other(verb_head, rest, span)
        if not drafts:
            self.other = before
            return None
        return drafts, "other", bool(verb_head and verb_head.prog)

    def unnamed(
        self, clause: Clause, span: tuple[int, int], person: str | None, prog: bool, first: bool
    ) -> tuple[list[Draft], str | None, bool]:
        """`clause` for a clause whose subject is not a name or a relation."""
        text = clause.text
        if spelt_out := self_introductions.spelt_out(clause):
            clause, verb_head, name = spelt_out
            named = [self_introductions.named(name, span)] if name else []
            return [*named, *self.of_self(verb_head, clause, span)], "i", False
        if clause_openers.is_of_nobody(clause, third=self.third):
            return [], "i" if person == "i" else MAYBE_I if first else person, prog and not (first or person == "i")
        words = tokens(text)
        if not words:
            return [], person, prog
        at_word = clause_openers.subject_at(words, third=self.third)
        if at_word is not None:
            verb_head = head(text, words, subject_at=at_word)
            return self.of_self(verb_head, clause, span), "i", bool(verb_head and verb_head.prog)
        if words[0].word in ("he", "she", "they"):
            self.other = self.mentioned.meant(words[0].word, self.other, self.text[: clause.start], self.preceding)
            verb_head = head(text, words)
            return self.of_other(verb_head, clause, span), "other", bool(verb_head and verb_head.prog)
        if clause.elided and (read := self.continued(clause, words, span, person, prog)) is not None:
            return read
        if first or person == "i" or self.third:
            drafts = self.subjectless(clause, words, span)
            return drafts, "i" if drafts or person == "i" else MAYBE_I, False
        return [], person, prog

    def continued(
        self, clause: Clause, words: list[Token], span: tuple[int, int], person: str | None, prog: bool
    ) -> tuple[list[Draft], str | None, bool] | None:
        """`clause` for a clause without a subject that continues the one before it; None if it does not."""
        text = clause.text
        gerund = clause.conj.endswith("ing")
        if person == "i" and gerund and clause_openers.GERUND_SUBJECT.match(text):
            return [], person, prog
        if person == "i":
            progressive = (prog or gerund) and words[0].word.endswith("ing")
            verb_head = complement(text) if progressive else head(text, words, person="i")
            if clause.conj == "after+ing":
                verb_head = complement(text, tense="past")
            return self.of_self(verb_head, clause, span), "i", prog
        if person == "other" and self.other and sentence_subjects.continues(self.other, self.preceding):
            return self.of_other(head(text, words, person="other"), clause, span), "other", prog
        return None

    def subjectless(self, clause: Clause, words: list[Token], span: tuple[int, int]) -> list[Draft]:
        """ "Been living in Leeds", "Sold the Corsa", "big fan of Terry Pratchett"."""
        text = clause.text
        if self.third and (verb_head := head(text, words, person="other")):
            return self.of_self(verb_head, clause, span)
        return self.of_self(clause_openers.elided_head(text, words), clause, span)

    def of_self(self, verb_head: Head | None, clause: Clause, span: tuple[int, int]) -> list[Draft]:
        """The drafts about the speaker from a head; a list after "I'm" is read item by item."""
        if verb_head is None:
            return routines.of_unknown_verb(clause, span)
        if verb_head.lemma == "be" and (assertion_filter.figurative(clause.text) or hedged(clause.text)):
            return []
        drafts = [pet for draft in match(verb_head, span, casual=self.casual) for pet in each_pet(draft)]
        drafts = events.already_true(drafts, verb_head, clause.text, self.at)
        if verb_head.lemma == "be" and not (verb_head.neg or verb_head.modal or verb_head.tense == "future"):
            drafts += list_drafts(verb_head, span, drafts, casual=self.casual)
        elif verb_head.lemma in ("work", "live", "move", "study", "be", "serve") and not verb_head.neg:
            drafts += list_drafts(verb_head, span, drafts, casual=self.casual, tail=True)
        dates = event_dates.within(clause.text, self.at, self.preceding, events.ahead(verb_head)) if self.dated else []
        drafts = happenings.with_happenings(drafts, clause, verb_head, dates, span, self.at)
        return event_dates.timed(drafts, clause.text, self.at, verb_head, dates)

    def of_other(self, verb_head: Head | None, clause: Clause, span: tuple[int, int]) -> list[Draft]:
        """The drafts about a third person."""
        if verb_head is None or self.other is None or (verb_head.lemma == "be" and hedged(clause.text)):
            return []
        person = sentence_subjects.newcomer(self.preceding, self.other) if clause.elided else self.other
        subject, relation = person
        if subject == relation and kinship.canonical(relation) not in kinship.FAMILY:
            return []
        drafts = [
            draft
            for draft in match(verb_head, span, casual=self.casual, other=subject)
            if draft.op == "assert" or verb_head.stopped or verb_head.neg
        ]
        drafts += more_of_others.more(person, verb_head, drafts, span)
        drafts = events.already_true(drafts, verb_head, clause.text, self.at)
        dates = certain(clause.text, self.at, future=events.ahead(verb_head)) if not drafts else None
        drafts = happenings.of_others(drafts, clause, verb_head, dates or [], span)
        drafts = of_person(drafts, person, verb_head, self.text[clause.start :])
        drafts = event_dates.timed(drafts, clause.text, self.at, verb_head, dates)
        return [draft for draft in drafts if not event_dates.long_ago(draft, self.at)]

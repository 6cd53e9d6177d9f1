"""Read one turn: sentences, guards, clauses, rules, corrections, in that order.

A `TurnReader` keeps the state between the sentences of a turn: who "she" is, and what "scratch that" retracts.
"""

from collections.abc import Container, Iterable, Iterator
from datetime import datetime

from memctl.core.subjects import is_relation
from memctl.extract.clause_reader import ClauseReader, span_of
from memctl.extract.dialogue import corrections
from memctl.extract.draft_claim import Draft
from memctl.extract.events import event_dates, turning_points
from memctl.extract.filters import assertion_filter, fiction
from memctl.extract.filters.pasted_text import hide_pasted
from memctl.extract.filters.prompt_injection import is_instruction_like, may_instruct
from memctl.extract.grammar.segmentation import Sentence, plain, sentences
from memctl.extract.people import (
    aged_names,
    ages,
    deaths,
    homes_of_relatives,
    items_alone,
    labelled_lines,
    people,
    relatives_of_others,
    sentence_subjects,
)
from memctl.extract.people.names_told import ASKED, relatives_named
from memctl.extract.people.pet_names import name_pets
from memctl.extract.people.pets_told import without_bare
from memctl.extract.sentence_rules import SENTENCE_RULES, TURN_RULES
from memctl.extract.standing_instructions import instructions, rule_lists
from memctl.extract.statements import diagnoses, phrase_rules, put_on, sentence_phrases

LONGEST = 2000
"""Characters of a sentence that are read: facts rarely come later, and matching takes quadratic time."""


class TurnReader:
    """Reads one turn of a speaker into `drafts`, in order."""

    def __init__(
        self,
        text: str,
        at: datetime | None,
        *,
        third: bool = False,
        orders: bool = True,
        people: dict[str, tuple[str, str]] | None = None,
        written: str | None = None,
        speaker: str = "",
        speakers: Iterable[str] = (),
        other: tuple[str, str] | None = None,
        carried: bool = False,
    ) -> None:
        """`written` is the original text, if capitals of names were restored in `text`. The turn's people are added to
        `people`. `speaker` is the first name of the speaker in lower case, `speakers` are those of everybody, `other`
        the person called "she", who was asked about, or is `carried` over from the messages before."""
        self.raw = rule_lists.on_lines(text) if orders else text
        self.rules, text = self.raw != text, self.raw
        self.people = {} if people is None else people
        visible = hide_pasted(plain(text))
        self.of_others = labelled_lines.lines_of_others(visible, speaker, {*self.people, *speakers})
        self.text = labelled_lines.without_their_words(visible, self.of_others)
        self.due = TURN_RULES.due(self.text)
        self.at = at
        self.third = third
        self.orders = orders
        self.drafts: list[Draft] = []
        self.clauses = ClauseReader(
            self.text, at, self.people, other, carried=carried, third=third, typed=text if written is None else written
        )
        self.flagged = self.of_no_concern = False
        self.subjects = sentence_subjects.SubjectsSoFar(third=third)
        self.before = self.context = ""
        self.kin: tuple[str, str] | None = None

    def read(self) -> list[Draft]:
        """The drafts of the turn."""
        if "fiction" in self.due and fiction.fictional(self.text):
            return []
        last: list[Draft] = []
        wary = len(self.raw) > LONGEST or may_instruct(self.raw)
        for whole in self.sentences():
            sentence = whole if len(whole.text) <= LONGEST else Sentence(whole.text[:LONGEST], whole.start, whole.mark)
            if wary and is_instruction_like(
                self.raw[sentence.start : sentence.start + len(sentence.text) + len(sentence.mark)]
            ):
                self.flagged = True
                continue
            due = SENTENCE_RULES.due(sentence.text)
            if "foreign" in due and assertion_filter.foreign(sentence.text):
                continue
            if ("jokes" in due or "/" in sentence.text) and assertion_filter.joke_follows(sentence.text):
                self.drafts = [draft for draft in self.drafts if draft not in last]
                continue
            before = self.clauses.other
            drafts = list(self.sentence(sentence, last, due))
            self.clauses.other = self.clauses.mentioned.after(sentence.text, before, self.clauses.other, self.people)
            if drafts and sentence_subjects.of_a_relative(sentence.text):
                drafts = sentence_subjects.without_speaker(sentence.text, drafts, self.people)
            own = self.third or not drafts or sentence_subjects.names_speaker(sentence.text)
            if not own and self.subjects.are_another():
                drafts = sentence_subjects.without_speaker(sentence.text, drafts, self.people)
            self.subjects.add(sentence.text, self.people)
            if drafts and any(start <= sentence.start < end for start, end in self.of_others):
                drafts = [one for one in drafts if one.subject is not None or is_relation(one.predicate)]
            self.drafts.extend(drafts)
            last = drafts or last
        if not self.drafts:
            return []
        name_pets(self.drafts, self.text)
        self.drafts = without_bare(self.drafts)
        names = {draft.object for draft in self.drafts if draft.predicate == "name" and draft.subject is None}
        return [draft for draft in self.drafts if draft.subject is None or draft.subject not in names]

    def sentences(self) -> Iterator[Sentence]:
        """The sentences of the turn, without those of a dream."""
        found = sentences(self.text)
        return fiction.awake(found) if "dream" in self.due else found

    def sentence(self, sentence: Sentence, last: list[Draft], due: Container[str]) -> Iterator[Draft]:
        """The drafts of one sentence; `last` are those of the sentence before, `due` names the rules that may find
        something in it."""
        text, begin = sentence.text, sentence.start
        span = span_of(begin, text)
        if "scratch" in due and corrections.SCRATCH.match(text):
            yield from self.scratched(sentence, last, due)
            return
        orders, alone = self.instructions(sentence, span)
        yield from orders
        if alone:
            yield from phrase_rules.phrase_drafts(text, span, ("retractions",))
            return
        doubtful = "not_asserted" in due or "not_asserted_opening" in due or "?" in sentence.mark or "/" in text
        body, cutoff = assertion_filter.declarative(text, sentence.mark) if doubtful else (text, 0)
        if about := items_alone.items_alone(body, span, self.before, self.clauses.other, self.people):
            yield from about
            self.context, self.before = self.before, text
            return
        names = self.phrases(body, span, due) if body else []
        if body != text:
            names += [
                draft
                for draft in phrase_rules.phrase_drafts(text, span, ("phrases",))
                if draft.predicate == "preferred_name"
            ]
        relatives: list[Draft] = []
        if body or "?" not in sentence.mark or not assertion_filter.reported(text):
            read = body or (sentence_subjects.reporter(text) if assertion_filter.reported(text) else text)
            relatives = relatives_named(
                read, span, due if body else ASKED, self.before, self.clauses.other, self.text[:begin], self.people
            )
            yield from self.own(names, relatives)
            yield from relatives
            yield from deaths.deaths(read, span, self.at) if "deaths" in due else ()
            yield from self.beside_names(body, span, due)
        if relatives:
            self.introduce(relatives)
        yield from self.of_doctors(sentence, body, span, due)
        self.context, self.before = self.before, text
        if not body:
            return
        repair = corrections.REPAIR.search(body) if "repairs" in due else None
        restatement = corrections.restated(body, self.context, repaired=repair is not None) if last else None
        statement = body[: repair.start()] if repair and repair.start() > 0 else body
        drafts: list[Draft] = []
        if restatement is None:
            other = self.clauses.other
            drafts = list(self.clauses.statements(statement, begin + cutoff, due, self.context))
            drafts += self.turning_points(statement, span, drafts) if "turning_points" in due else ()
            yield from drafts
            yield from self.theirs(statement, span, due, other)
        basis = drafts or last
        put_right = repair or restatement
        if basis and put_right:
            yield from corrections.repairs(put_right["o"], corrections.repaired_by(put_right["o"], basis), span)

    def of_doctors(self, sentence: Sentence, body: str, span: tuple[int, int], due: Container[str]) -> Iterator[Draft]:
        """What a doctor found, the medicines that other people were put on, and what an illness forbids."""
        if "diagnoses" in due and "?" not in sentence.mark:
            after = self.text[sentence.start + len(sentence.text) :]
            yield from diagnoses.diagnosed(sentence.text, span, self.before, after)
        if body and "mentions" in due:
            yield from put_on.put_on(body, span, self.people, self.clauses.other)
        if body and self.drafts and "cut_out" in due:
            yield from diagnoses.cut_out(body, span, self.drafts)

    def beside_names(self, body: str, span: tuple[int, int], due: Container[str]) -> Iterator[Draft]:
        """The drafts of the ages and homes that stand beside names in a sentence."""
        for aged in ages.aged(body, span, self.people) if "ages" in due else ():
            yield aged
            self.people.setdefault((aged.subject or "").casefold(), (aged.subject or "", aged.owner or ""))
        yield from ages.on_birthdays(body, span, self.people, self.at) if "ages" in due else ()
        yield from homes_of_relatives.homes_of_relatives(body, span, self.people) if "homes" in due else ()
        yield from aged_names.aged_names(body, self.before, span, self.people) if "aged_names" in due else ()

    def turning_points(self, text: str, span: tuple[int, int], drafts: list[Draft]) -> list[Draft]:
        """What else happened in a sentence of which the clauses gave `drafts`."""
        told = any(draft.predicate == "event" for draft in drafts)
        return [] if told else list(turning_points.turning_points(text, span, self.at, self.people))

    def phrases(self, body: str, span: tuple[int, int], due: Container[str]) -> list[Draft]:
        """The drafts of the phrases of a sentence."""
        drafts = sentence_phrases.sentence_drafts(body, span, self.before, self.text[: span[0]], due, self.people)
        return event_dates.starting_later(drafts, body, self.at) if "dates" in due else drafts

    def own(self, names: list[Draft], relatives: list[Draft]) -> list[Draft]:
        """The drafts `names` of phrases, or none if they introduce the speaker by the name of somebody else."""
        if not names:
            return names
        others = self.people.keys() | {(one.object or "").casefold() for one in relatives}
        introduced = {(one.object or "").casefold() for one in names if one.predicate == "name" and not one.subject}
        return names if introduced.isdisjoint(others) else []

    def theirs(
        self, statement: str, span: tuple[int, int], due: Container[str], other: tuple[str, str] | None
    ) -> Iterator[Draft]:
        """The relatives of other people, of whom `other` is the person spoken of where the sentence opens. `kin` is the
        one introduced last: "My daughter is Ann. Her husband is Bob, he is a postman. They have Elsa, nine"."""
        yield from relatives_of_others.of_names(statement, span) if "relatives_of_others" in due else ()
        if "her_relatives" in due:
            yield from relatives_of_others.of_pronouns(statement, span, (self.clauses.other, other), self.kin)

    def introduce(self, relatives: list[Draft]) -> None:
        """Remember the people that a sentence names, and that "she" is the only one of them."""
        named = [draft for draft in relatives if draft.predicate.startswith("has_") and draft.predicate != "has_pet"]
        self.people |= people.introduced(relatives)
        if (
            len(named) == 1
            and named[0].object
            and not people.owns_subject(self.text[slice(*named[0].quote)], named[0].object)
        ):
            self.clauses.other = (named[0].object, named[0].predicate.removeprefix("has_"))
            self.kin = self.clauses.other

    def instructions(self, sentence: Sentence, span: tuple[int, int]) -> tuple[list[Draft], bool]:
        """The standing instructions of a sentence to an assistant, and whether it says nothing else."""
        if not self.orders:
            return [], False
        item = self.of_no_concern and rule_lists.is_item(sentence, self.raw)
        self.of_no_concern = item or rule_lists.are_of_others(sentence)
        if self.of_no_concern:
            return [], True
        self.rules = self.rules or (not sentence.start and rule_lists.are_orders(self.raw))
        if rule_lists.opens_rules(sentence, self.raw):
            self.rules = True
            return [], True
        return instructions.standing_instructions(sentence, span, self.raw, self.rules)

    def scratched(self, sentence: Sentence, last: list[Draft], due: Container[str]) -> Iterator[Draft]:
        """ "Scratch that, my favourite colour is red": retracts the last drafts, unless the new value replaces them."""
        lead = corrections.SCRATCH.match(sentence.text)
        at = lead.end() if lead else 0
        rest = sentence.text[at:]
        drafts: list[Draft] = []
        if rest.strip(" ,.:-") and assertion_filter.declarative(rest, sentence.mark)[0]:
            drafts = list(self.clauses.statements(rest, sentence.start + at, due, self.context))
        yield from corrections.retractions(last, drafts, span_of(sentence.start, sentence.text))
        yield from drafts

"""The model's readings and those of the rules: which of them become drafts of claims.

The model proposes words, which are checked with the same code as for the rules and for an LLM. The object is in a
sentence that asserts something and is not quoted, pasted or fictional; an instruction is meant to last; and the object
can be understood alone. Dates are those that the rules find. The checks of an LLM's words are stricter: a tagger that
only marks words is more often right than patterns for plain English are.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft, instruction, third
from memctl.extract.events.event_dates import absolute, undated
from memctl.extract.events.understood import PURSUITS
from memctl.extract.filters.health import for_some_days
from memctl.extract.filters.prompt_injection import is_instruction_like
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.llm.borne_out import PAST_ALLOWED
from memctl.extract.llm.known import KNOWN, category_of, kind_of, phrase_of
from memctl.extract.llm.statements import Statement, is_unreal, orders, statements
from memctl.extract.llm.validate import Dates, dates_of
from memctl.extract.neural.decoding import Reading
from memctl.extract.neural.persons import People, is_of_its_subject, named_in
from memctl.extract.neural.spans import whole
from memctl.extract.neural.subjects import PRONOUN, about, is_name, is_the_speakers, writes_small
from memctl.extract.standing_instructions.one_off_orders import for_the_moment
from memctl.extract.standing_instructions.order_forms import LONGEST_ORDER
from memctl.extract.standing_instructions.order_topics import named_by
from memctl.extract.time.dates import certain
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.kinship import FAMILY, SEVERAL, canonical
from memctl.extract.vocabulary.verbs import FORMS, third_person

NAME = "neural@8"
"""The extractor recorded with what the model alone read. A model with other answers must raise the revision."""
THRESHOLD = 0.75
"""Readings of lower confidence are not kept."""
SURE = 0.85
"""From this confidence on the model is believed about a name in small letters, and about what comes before an "if"."""
AGREED = 0.95
"""The confidence of what a rule and the model read alike, at least."""
_PHRASES = {
    "name": ("is called {o}", "identity"),
    "pronouns": ("uses the pronouns {o}", "identity"),
    "nationality": ("is {o}", "identity"),
    "timezone": ("is in the time zone {o}", "identity"),
    "dose": ("takes {o} of {s}", "health"),
    "measure": ("has a {s} of {o}", "particulars"),
    "spouse": ("is married to {o}", "family"),
}
"""The predicates that an LLM is not asked for: the words of the fact and its category."""
_VERB_PHRASES = frozenset({"event", "plans", "habit", "goal", "instruction"})
_THINGS = frozenset({"likes", "dislikes", "avoids", "hobby", "owns", "uses", "learning"})
"""Predicates of nouns that may look like a verb: "off the smokes"."""
_RENAMED = {
    "kids": "child",
    "twins": "child",
    "boys": "son",
    "girls": "daughter",
    "grandkids": "grandchild",
    "flatmates": "roommate",
    "housemates": "roommate",
}
"""What one of several is called, where it is not the word without its s."""
_MARRIED = frozenset({"married", "wed", "wedded"})
"""The words of "married to Greg", where the word for the relation is missing."""
_STATES = frozenset({"be", "work", "live", "have", "own", "use", "study"})
"""Verbs whose past says how things were."""
_SEEN_BY_BOTH = frozenset({"likes", "dislikes", "hobby", "studies"})
"""Predicates whose patterns fit many other sentences: what only the rules find of them is mostly wrong."""
_SAID_IN_PASSING = frozenset({"relation", "email", "phone", "measure"})
"""What a clause names whatever its verb says: "my cousin Sizwe can't do dairy"."""
_SUBJECTS = frozenset({"i", "we", "he", "she", "they", "you"})
_OPEN_END = late(r"\b(?:is|are|were|the|a|and|or|of|my|our|that|but|because|if)$")
"""The last word of an object that was cut in the middle: "supper with Len is"."""
_CUT_OFF = late(r"type \w|high|low|bad|weak|atrial|chronic|acute", re.IGNORECASE)
"""A condition without its noun: "high" of "high blood pressure"."""
_TAKEN_UP = late(
    r"\b(?:back (?:to|on|in|at|with)|(?:switch|swapp|chang|mov|upgrad|migrat)(?:ed|ing) (?:over )?to) "
    r"(?:an? |the |my )?$",
    re.IGNORECASE,
)
"""What is taken up has not ended: "back to tabs", "swapped to spaces"."""
_CHANGED = late(r"\b(?:was|were|got) (?:\w+ )?(?:diagnosed|prescribed|put on|adopted|promoted|hired)\b", re.IGNORECASE)
"""A past that says how things are now."""
_ARTICLE = late(r"^(?:an?|the|my|our|some)\s+", re.IGNORECASE)
_DEICTIC = late(r"\b(?:it|that|this|these|those|there|them|him|he|she|they|you|your)\b", re.IGNORECASE)
_OF_THE_SUBJECT = late(r"\b(?:his|her|their)\b", re.IGNORECASE)


def combined(
    text: str, at: datetime | None, read: Sequence[Reading], drafts: Sequence[Draft], standing: Sequence[Draft] | None
) -> list[Draft]:
    """The drafts of the rules and of the model for one turn.

    If both have the same reading, its confidence rises. A draft of the rules for a taste, a hobby or a subject of
    study is left out if the model takes none of its words for part of a claim. `standing` are the instructions that
    the session has given so far, None if the session has no one to instruct.
    """
    kept = [
        one for one in drafts if one.predicate not in _SEEN_BY_BOTH or one.op == "retract" or _is_seen(one, text, read)
    ]
    named = named_in(text, read)
    for reading in read:
        if reading.confidence < THRESHOLD:
            continue
        draft = draft_of(text, at, reading, standing, named)
        if draft is None:
            continue
        rivals = [one for one in kept if _overlaps(one, draft, text, reading)]
        for one in rivals:
            if _agree(one, draft):
                one.confidence = max(one.confidence, AGREED)
        if not rivals:
            kept.append(draft)
    return kept


def _is_seen(one: Draft, text: str, read: Sequence[Reading]) -> bool:
    """True if a reading has words of the draft's object, or of its quote if the object is in other words."""
    start, end = one.quote
    at = text.casefold().find((one.object or "").casefold(), start) if one.object else -1
    if at >= 0:
        start, end = at, at + len(one.object or "")
    return any(reading.object[0] < end and start < reading.object[1] for reading in read)


def _overlaps(one: Draft, draft: Draft, text: str, reading: Reading) -> bool:
    """True if a draft of the rules says the same, or has another reading of the same words."""
    value, theirs = (draft.object or "").casefold(), (one.object or "").casefold()
    if not theirs:
        return False
    same_words = one.quote[0] <= reading.object[0] < one.quote[1]
    # The rules may have changed the form of a verb: "get married" is "getting married".
    if _agree(one, draft) and (theirs in value or value in theirs or (same_words and draft.predicate in _VERB_PHRASES)):
        return True
    return same_words and theirs in text[slice(*reading.object)].casefold()


def _agree(one: Draft, draft: Draft) -> bool:
    return (one.predicate, one.op, one.subject) == (draft.predicate, draft.op, draft.subject)


def draft_of(
    text: str,
    at: datetime | None,
    reading: Reading,
    standing: Sequence[Draft] | None,
    named: People,
) -> Draft | None:
    """The draft of one reading; None if a check fails."""
    reading = msgspec.structs.replace(reading, object=whole(text, reading))
    value = _trimmed(text[slice(*reading.object)], reading.predicate)
    if not any(map(str.isalnum, value)) or "\n" in value:
        return None
    if reading.predicate == "instruction":
        return (
            _instruction(text, value, reading, standing) if standing is not None and reading.subject is None else None
        )
    statement = _statement(text, reading)
    who = about(reading, text, SURE)
    if statement is None or not _is_asserted(reading, statement) or who is None or not _is_sound(reading, value, text):
        return None
    before = text[: reading.object[0]]
    predicate, slot = reading.predicate, reading.slot
    if predicate == "relation" and is_the_speakers(slot, before):
        who = None, None
    if not is_of_its_subject(reading, statement, text, named):
        return None
    if predicate == "age":
        value = in_figures(value)
    if predicate == "relation":
        predicate, slot = relation_of(slot or ""), None
    quote = (statement.start, statement.end)
    dates = _dates(statement, text, at, reading)
    phrase = phrase_of_reading(predicate, slot, value)
    if predicate in ("event", "plans") and reading.when:
        phrase = _dated(predicate, value, text[slice(*reading.when)], at)
    elif predicate == "job_title" and _is_verb(value, before):
        verb, _, rest = value.partition(" ")
        phrase = f"{third_person(FORMS.get(verb.lower(), (verb, None))[0])} {rest}"
    subject, owner = who
    return Draft(
        predicate=predicate,
        object=value,
        phrase=phrase,
        quote=quote,
        subject=subject,
        owner=owner,
        op="retract" if reading.over else "assert",
        kind=kind_of(predicate),
        slot=slot.lower() if slot else None,
        confidence=reading.confidence,
        category=_PHRASES[predicate][1] if predicate in _PHRASES else category_of(predicate),
        valid_at=dates.valid_at,
        invalid_at=dates.invalid_at,
        precision=dates.precision,
        extractor=NAME,
    )


def _trimmed(value: str, predicate: str) -> str:
    value = value.strip(" .,;:!?\"'“”()[]*-–—\n")
    return value if predicate in _VERB_PHRASES or predicate == "name" else _ARTICLE.sub("", value)


def _instruction(text: str, value: str, reading: Reading, standing: Sequence[Draft]) -> Draft | None:
    """The draft of an instruction that is meant to last or that ends, in a sentence that is not hidden, a question
    or a prompt injection."""
    for sentence in orders(text):
        end = sentence.start + len(sentence.text)
        if sentence.start <= reading.object[0] < end:
            hidden = HIDDEN in sentence.text[: reading.object[0] - sentence.start + 1]
            if "?" in sentence.mark or hidden or is_instruction_like(sentence.text) or for_the_moment(sentence.text):
                return None
            if reading.over:
                ended = named_by(value, standing)
                return retraction(ended, (sentence.start, end)) if ended else None
            if not 2 <= len(value.split()) <= LONGEST_ORDER:
                return None
            draft = instruction(value, (sentence.start, end), reading.confidence)
            draft.extractor = NAME
            return draft
    return None


def _statement(text: str, reading: Reading) -> Statement | None:
    """The clause with the object, None if no clause asserts it.

    For a name that is repeated from a question ("Mandla? He has left") it is the answer.
    """
    start, end = reading.object
    found = statements(text)
    if reading.predicate == "relation" and found and text[end:].startswith("? ") and not text[:start].strip():
        return found[0]
    return next((one for one in found if one.start <= start < one.end), None)


def _is_asserted(reading: Reading, statement: Statement) -> bool:
    """True if, judging by its verb, the clause says that the reading is true now."""
    verb, predicate = statement.head, reading.predicate
    first, last = (place - statement.start for place in reading.object)
    before, after = statement.text[:first], statement.text[last:]
    if reading.over and _TAKEN_UP.search(before):
        return False
    if predicate in ("takes_medication", "dose") and for_some_days(before, after):
        return False
    # "My wife Ida asks if your roses have black spots": what follows may be about something else.
    so_far = statement.text[:last] if reading.confidence >= SURE else statement.text
    if is_unreal(so_far) or (verb and verb.modal):
        return False
    if verb is None or reading.over or predicate in _SAID_IN_PASSING:
        return True
    known = KNOWN.get(predicate)
    denied = (verb.neg or verb.stopped) and not (known and known.negative)
    past = verb.tense == "past" and verb.lemma in _STATES and predicate not in PAST_ALLOWED
    past = past and not _CHANGED.search(statement.text)
    return not (denied or past or (verb.tense == "future" and predicate == "age"))


def _is_sound(reading: Reading, value: str, text: str) -> bool:
    """True if the object can be understood alone and its slot is there."""
    predicate, slot = reading.predicate, reading.slot
    if predicate in ("dose", "measure", "favorite", "relation") and not slot:
        return False
    if _OPEN_END.search(value) or (predicate in _VERB_PHRASES and _is_bare(value)):
        return False
    if predicate in _VERB_PHRASES:
        return not _DEICTIC.search(value) and (reading.subject is not None or not _OF_THE_SUBJECT.search(value))
    if predicate == "relation":
        sure = reading.confidence >= SURE
        return is_name(value, sure or writes_small(text), sure) and _one_of(slot or "") is not None
    if predicate == "pronouns":
        return "/" in value
    if predicate == "has_condition" and _CUT_OFF.fullmatch(value):
        return False
    if predicate == "uses" and text[reading.object[1] :].startswith(("/", "\\")):
        return False  # The name of a folder.
    if _is_verb(value, text[: reading.object[0]]):
        # "sells mortgages"; "off the smokes"
        return " " in value if predicate == "job_title" else predicate in _THINGS and " " not in value
    return not PRONOUN.match(value)


def _is_bare(value: str) -> bool:
    """True for a verb that does not say what, however often it is repeated: "due", "moving", "PASSED PASSED"."""
    words = set(value.lower().split())
    if len(words) > 1:
        return False
    word = words.pop()
    form = FORMS.get(word)
    lemma = form[0] if form else word
    return word in ("due", "moving", "movin", "opening", "closing") or (form is not None and lemma not in PURSUITS)


def _is_verb(value: str, before: str) -> bool:
    """True for "teach chemistry" after "I", and for "sells mortgages"."""
    form = FORMS.get(value.split()[0].lower())
    return (form is not None and form[1] == "s") or not _SUBJECTS.isdisjoint(before.lower().split()[-1:])


def _one_of(word: str) -> str | None:
    """The usual word for one person of a relation; None if a word for two people means several."""
    name = canonical(word)
    if name not in SEVERAL:
        return name
    return _RENAMED.get(name) or (canonical(name.removesuffix("s")) if name.removesuffix("s") in FAMILY else None)


def relation_of(word: str) -> str:
    """The predicate of a relation: "has_sister" of "sis"."""
    if word.lower() in _MARRIED:
        return "spouse"
    return f"has_{(_one_of(word) or canonical(word)).replace(' ', '_')}"


def phrase_of_reading(predicate: str, slot: str | None, value: str) -> str:
    """The words of a claim after its subject, as `phrase_of`, with the predicates that an LLM is not asked for."""
    if predicate in _PHRASES:
        return _PHRASES[predicate][0].format(o=value, s=slot)
    return phrase_of(predicate, slot, third(value))


def _dated(predicate: str, value: str, when: str, at: datetime | None) -> str:
    """The words of an event or plan with its date in full, or with the words of the time if they name no date."""
    dates = certain(when, at, future=predicate == "plans")
    if any(one.role == "at" for one in dates):
        return absolute(phrase_of_reading(predicate, None, undated(value, at)), dates)
    return phrase_of_reading(predicate, None, value if when in value else f"{value} {when}")


def _dates(statement: Statement, text: str, at: datetime | None, reading: Reading) -> Dates:
    """The dates from when and until when it is true, and their precision."""
    when = text[slice(*reading.when)] if reading.when else ""
    dates = dates_of(when, at, reading.predicate, statement.head)
    return Dates(None, dates.valid_at or dates.invalid_at, dates.precision) if reading.over else dates

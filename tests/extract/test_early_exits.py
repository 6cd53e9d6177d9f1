"""What is looked at first, to save the work of reading a text, loses nothing."""

import pytest

from memctl.extract.dialogue import doubts, follow_ups, restated_answers, rosters
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters import pasted_documents, pasted_text
from memctl.extract.grammar import clause_cuts, clause_openers, segmentation
from memctl.extract.patterns.keyed_pattern import OpeningPattern
from memctl.extract.patterns.wordlist import lowered
from memctl.extract.people import named_subjects, sentence_subjects, strangers
from memctl.extract.sentence_rules import TURN_RULES
from tests.extract.test_keyed_patterns import TEXTS, filled_index, groups

PEOPLE = {"ana": ("Ana", "sister"), "bo-lee": ("Bo-Lee", "friend"), "our ed": ("Ed", "brother")}
PASTED = (
    "Here's my friend's CV: I live in Leeds",
    "This is Ana's résumé. I live in Leeds",
    "check out the job ad from work: I live in Leeds",
    "Vacancy: see this dating profile\nI live in Leeds",
    "This is what she wrote. I live in Leeds",
    "here what my boss just said - I live in Leeds",
    "I got the following letter from him. I live in Leeds",
    "Had this from Tom! I live in Leeds",
    "My aunt emailed me this. I live in Leeds",
    "They sent the following. I live in Leeds",
    "Dear sir,\nI live in Leeds",
    "-- forwarded message --\nI live in Leeds",
    "Translate: I live in Leeds",
    "Ben: hi\nAna: I live in Leeds",
    "select my name from people",
    "me@box$ ls my pets",
)


@pytest.fixture(autouse=True)
def with_keys() -> None:
    """As after the first texts, whose keys are not computed."""
    for group in groups():
        group.add_keys()


def test_pasted_text_is_hidden_as_if_all_of_it_were_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*PASTED, *map(str.upper, PASTED), *TEXTS[::3]]
    hidden = [pasted_text.hide_pasted(text) for text in texts]
    for group in (pasted_text._WORDS, pasted_documents.DOCUMENTS):
        monkeypatch.setattr(group, "possible", lambda _: True)
    assert hidden == [pasted_text.hide_pasted(text) for text in texts]
    assert not [text for text, after in zip(PASTED, hidden, strict=False) if text == after]


@pytest.mark.parametrize("text", ["btw, I moved", "so Career-wise I moved", "Money-wise: I moved", "Ummm I moved"])
def test_words_before_a_clause_are_found_by_their_first_word(text: str) -> None:
    assert text[clause_openers.after_lead(text) :] == "I moved"


def test_no_words_before_a_clause_are_skipped() -> None:
    for text in TEXTS:
        lead = clause_openers.LEAD.match(lowered(text))
        assert clause_openers.after_lead(text) == (lead.end() if lead and lead.end() < len(text) else 0), text


def test_no_clause_is_lost_for_want_of_a_word_before_it() -> None:
    joined = [f"I gave up sugar {word} quit coffee" for word in ("and", "but", "or", "then", "and then", "and now")]
    joined += ["I left, living in Bonn", "I moved, based in Kiel", "I left and now living in Bonn"]
    for text in [*joined, "I was ill, I moved", "She left; mum died", *TEXTS]:
        spoken = lowered(text)
        if clause_cuts._elided().search(spoken) or clause_cuts._elided_ing().search(spoken):
            assert clause_cuts.may_be_joined(text), text
        if clause_cuts._boundary().search(spoken):
            assert clause_cuts.has_later_subject(text), text
    assert all(len(list(clause_cuts.clauses(text, 0))) == 2 for text in joined)


def test_the_words_that_open_a_subject_are_those_of_its_pattern() -> None:
    keys = OpeningPattern(rf"{clause_cuts._SUBJECT}\b", 0).keys
    assert {key.split(" ")[0] for key in keys or ()} == clause_cuts._SUBJECT_WORDS


NAMED = (
    "Ana lives there", "so Ana lives there", "ana lives there", "Bo-lee (my friend) works", "Little Gerry works",
    "Mr. Smith works", "My sister Joy works", "Uncle Joe is 60", "Ángel works",
)  # fmt: skip


def clauses_of(text: str) -> list[str]:
    """The text from each of its first words on."""
    spoken = text.split(" ")
    return [" ".join(spoken[at:]) for at in range(min(4, len(spoken)))]


def test_no_subject_is_skipped_because_of_its_first_word(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*NAMED, *(clause for text in TEXTS[::2] for clause in clauses_of(text))]
    found = [(strangers.stranger(text), named_subjects.named_subject(text, PEOPLE)) for text in texts]
    monkeypatch.setattr(strangers, "_no_names", dict.fromkeys((text.partition(" ")[0] for text in texts), False))
    monkeypatch.setattr(named_subjects._OF_RELATIVES, "possible", lambda _: True)
    monkeypatch.setattr(
        named_subjects, "_OPENERS", named_subjects._OPENERS | {text.partition(" ")[0].casefold() for text in texts}
    )
    assert found == [(strangers.stranger(text), named_subjects.named_subject(text, PEOPLE)) for text in texts]
    assert all(any(subjects) for subjects in found[: len(NAMED)])


def test_no_aside_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    asides = (
        "Noor (my sister) lives in Kyiv", "a mascot who is, I'm told, an accountant", "Lou, our youngest, is a vet",
        "my son Mateo, we call him Teo, is 9",
    )  # fmt: skip
    for text in [*asides, *TEXTS]:
        plain = sentence_subjects._ASIDE.compiled().sub(lambda aside: " " * len(aside[0]), text)
        plain = sentence_subjects._APPOSED.compiled().sub(sentence_subjects._without_apposed, plain)
        assert sentence_subjects.without_asides(text) == plain
    assert all(sentence_subjects.without_asides(text) != text for text in asides)


def test_no_answer_is_skipped_because_of_its_question() -> None:
    questions = [text for text in TEXTS if "?" in text] + [
        "Do you smoke?", "Are you vegan?", "window or aisle?", "Is Jonas your cousin?", "Who's Ines?",
        "how old is she?",
        "where does he live?", "what's her name?", "what do they do?", "What is the cat called?", "who is your boss?",
    ]  # fmt: skip
    answers = ("no", "yes", "Pepper", "aisle", "my cousin", "37")
    restated = 0
    for question in questions:
        for subject in (None, ("sister", "sister")):
            if any(restated_answers.statement(question, answer, subject) for answer in answers):
                restated += 1
                assert restated_answers.may_be_restated(question), question
    assert restated > len(questions) // 20
    assert not restated_answers.may_be_restated("Nice. Really? Wow.")


@pytest.mark.parametrize("before", ["", "x", "so ", "a-", "2"])
def test_a_sentence_may_end_with_any_abbreviation(before: str) -> None:
    for word in (*segmentation._ABBREVIATIONS, "i", "park", "first", "é", "7", "_"):
        for text in (before + word, before + word.upper()):
            found = segmentation._ABBREVIATION.search(text)
            assert segmentation._is_abbreviation(text, 0, len(text)) is bool(found), text


def test_a_turn_is_read_for_doubts_roles_and_lists_if_they_are_in_it() -> None:
    index = filled_index(TURN_RULES)
    doubtful = [text for text in TEXTS if any(True for _ in doubts.doubts(text, EarlierDrafts(), []))]
    assert doubtful
    assert all({"doubts", "changes", "changed_things"} <= set(index.due(text)) for text in doubtful)
    for role in ("Colleague, not boyfriend, I mean", "no, my sister, not my cousin"):
        assert follow_ups._role().match(role)
        assert "follow_ups" in index.due(role)
    for question in ("Who's in your team?", "do you live alone?", "Any pets?", "what are your kids called?"):
        assert rosters.may_ask_for_list(question)
    assert not rosters.may_ask_for_list("Any pets? Tell me.")

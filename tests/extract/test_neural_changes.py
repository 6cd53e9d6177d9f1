"""Which earlier facts a turn ends, as the second built-in model reads it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from memctl.core.claim import Claim
from memctl.core.errors import Fatal
from memctl.extract import neural
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.extractor import extract
from memctl.extract.neural.changes import ANY, DOUBTS, ENDS, GATE, MOST, REACH, ChangeReader, changes, fact_words
from memctl.extract.neural.labels import PREDICATES
from memctl.transcripts.model import Session, Turn

WRITTEN = Path(__file__).parents[2] / "fixtures" / "training" / "changes"
MODEL = Path(neural.__file__).parent / "model"
JOB = Draft(predicate="works_at", object="Aldi", phrase="works at Aldi", quote=(0, 4))
NURSE = Draft(predicate="job_title", object="nurse", phrase="works as a nurse", quote=(0, 4), subject="Ana")


class Scripted(ChangeReader):
    """A model whose answers are given: for claims in words, and for a sentence that has some words more."""

    def __init__(self, answers: dict[str, float], anything: float = 1.0, sentence: str = "") -> None:
        self.answers, self.anything, self.sentence = answers, anything, sentence
        self.asked: list[str] = []

    def ends(self, text: str, fact: str) -> float:
        self.asked.append(fact)
        if fact == ANY:
            return self.anything
        return self.answers.get(fact, 0.0) - (0.1 if self.sentence not in text else 0.0)


def _earlier(*drafts: Draft) -> EarlierDrafts:
    earlier = EarlierDrafts()
    for draft in drafts:
        earlier.add(draft)
    return earlier


def test_a_claim_is_over_or_in_doubt_by_how_sure_the_model_is() -> None:
    for probability, op in ((ENDS, ("retract", False)), (DOUBTS, ("retract", True)), (DOUBTS - 0.01, None)):
        found = list(
            changes("Gave notice at Aldi.", _earlier(JOB, NURSE), [], Scripted({"I works at Aldi": probability}))
        )
        assert [(one.op, one.doubt) for one in found] == ([op] if op else [])
        assert all((one.predicate, one.object, one.extractor) == ("works_at", "Aldi", "neural@8") for one in found)


def test_the_claims_are_not_read_with_a_turn_that_ends_nothing() -> None:
    model = Scripted({"I works at Aldi": 1.0}, anything=GATE - 0.01)
    assert list(changes("Nice weather at Aldi.", _earlier(JOB), [], model)) == []
    assert model.asked == [ANY]


def test_only_claims_of_which_the_turn_has_a_word_are_read() -> None:
    for text, asked in (
        ("My boss is late.", []),
        ("Lists no more.", []),
        ("The checklist can go.", [ANY, "rule: make checklists"]),
        ("Ana rang.", [ANY, "Ana works as a nurse"]),
        ("Ten of the ramipril now.", [ANY, "I takes 5 mg of ramipril"]),
    ):
        dose = Draft(predicate="dose", object="5 mg", slot="ramipril", phrase="takes 5 mg of ramipril", quote=(0, 1))
        earlier = _earlier(JOB, NURSE, dose, instruction("make checklists", (0, 1)))
        assert list(changes(text, earlier, [], model := Scripted({}))) == []
        assert model.asked == asked, text


def test_without_earlier_claims_nothing_is_asked() -> None:
    model = Scripted({})
    assert list(changes("Gave notice.", _earlier(), [], model)) == []
    assert model.asked == []


def test_what_the_turn_says_itself_is_left_to_its_other_claims() -> None:
    model = Scripted({"I works at Aldi": 1.0})
    assert list(changes("Back at Aldi.", _earlier(JOB), [JOB], model)) == []


def test_names_and_events_of_the_past_do_not_end() -> None:
    name = Draft(predicate="name", object="Ida", phrase="is called Ida", quote=(0, 3))
    event = Draft(predicate="event", object="married Tom", phrase="married Tom", quote=(0, 3))
    assert list(changes("Tom and I split up.", _earlier(name, event), [], model := Scripted({}))) == []
    assert model.asked == []


def test_an_end_quotes_the_sentence_that_says_it() -> None:
    text = "Rain again. Aldi let me go on Friday. What goes with leeks?"
    model = Scripted({"I works at Aldi": 1.0}, sentence="let me go")
    (found,) = changes(text, _earlier(JOB), [], model)
    assert text[slice(*found.quote)] == "Aldi let me go on Friday"


def test_in_a_long_turn_only_the_part_that_ends_something_is_read_further() -> None:
    filler = "The herring run along the quay was long and grey. " * 40
    text = f"{filler}Aldi let me go on Friday. {filler}Aldi."

    class Picky(Scripted):
        def ends(self, text: str, fact: str) -> float:
            return super().ends(text, fact) if "let me go" in text or fact != ANY else 0.0

    model = Picky({"I works at Aldi": 1.0}, sentence="let me go")
    (found,) = changes(text, _earlier(JOB), [], model)
    assert text[slice(*found.quote)] == "Aldi let me go on Friday"
    assert model.asked.count(ANY) == 1


def test_what_two_parts_of_a_long_turn_end_ends_once() -> None:
    filler = "The herring run along the quay was long and grey. " * 40
    text = f"Aldi let me go. {filler} So Aldi is over."
    assert len(list(changes(text, _earlier(JOB), [], Scripted({"I works at Aldi": 1.0})))) == 1


@pytest.mark.parametrize(
    "text",
    [
        'The letter says "your time at Aldi is over", a joke of my brother.',
        "Translate this:\n> Aldi let me go.",
        "Aldi let me go. Just kidding!",
        "My sister left Aldi on Friday.",
        "You're a cashier and I'm the boss. Aldi let me go.",
    ],
)
def test_quotations_jokes_and_the_news_of_others_end_nothing(text: str) -> None:
    assert list(changes(text, _earlier(JOB), [], Scripted({"I works at Aldi": 1.0}))) == []


def test_a_person_ends_what_is_told_of_that_person() -> None:
    found = list(
        changes("Ana left the nurse job on Friday.", _earlier(NURSE), [], Scripted({"Ana works as a nurse": 1.0}))
    )
    assert [one.subject for one in found] == ["Ana"]


def test_a_doctor_may_end_a_dose() -> None:
    dose = Draft(predicate="dose", object="5 mg", slot="ramipril", phrase="takes 5 mg of ramipril", quote=(0, 1))
    model = Scripted({"I takes 5 mg of ramipril": 1.0})
    assert len(list(changes("My doctor wants the ramipril down, 2.5.", _earlier(dose), [], model))) == 1


def test_of_very_many_claims_the_last_are_read() -> None:
    many = [
        Draft(predicate="likes", object=f"dish {number}", phrase=f"likes dish {number}", quote=(0, 1))
        for number in range(MOST + 20)
    ]
    model = Scripted({})
    assert list(changes("No dish today.", _earlier(*many), [], model)) == []
    assert model.asked == [ANY, *(f"I likes dish {number}" for number in range(MOST + 19, 19, -1))]


def test_claims_that_are_over_or_were_made_very_long_ago_are_not_read() -> None:
    over = _earlier(JOB, retraction(JOB, (0, 4)))
    assert list(changes("Gave notice at Aldi.", over, [], model := Scripted({}))) == []
    others = (
        Draft(predicate="likes", object=f"dish {number}", phrase=f"likes dish {number}", quote=(0, 1))
        for number in range(REACH)
    )
    assert list(changes("Gave notice at Aldi.", _earlier(JOB, *others), [], model)) == []
    assert model.asked == []


def test_a_claim_in_words_names_whom_it_is_about_and_an_order_is_a_rule() -> None:
    plan = Draft(predicate="plans", object="scan on 3 May", phrase="'s plan: scan on 3 May", quote=(0, 1))
    orders = instruction("never use bullet points", (0, 1))
    for draft, words in (
        (JOB, "I works at Aldi"),
        (NURSE, "Ana works as a nurse"),
        (plan, "I's plan: scan on 3 May"),
        (orders, "rule: never use bullet points"),
    ):
        assert fact_words(draft.subject, draft.predicate, draft.object or "", draft.phrase) == words


def _records() -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(WRITTEN.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_the_training_set_names_each_claim_by_a_known_predicate_and_once() -> None:
    records = _records()
    assert len(records) >= 1200
    wrong = []
    for record in records:
        claims = [*record["ended"], *record["kept"]]
        keys = {tuple(sorted(claim.items())) for claim in claims}
        fine = len(keys) == len(claims) and all(
            claim["predicate"] in PREDICATES and claim["object"] for claim in claims
        )
        fine &= all("slot" in claim for claim in claims if claim["predicate"] in ("relation", "dose", "measure"))
        if not fine:
            wrong.append(record)
    assert wrong == []


@pytest.fixture(scope="module")
def reader() -> Any:
    pytest.importorskip("onnxruntime", reason="the extra [neural] is not installed")
    from memctl.extract.neural.model import NeuralReader

    return NeuralReader(MODEL)


def _claims(reader: Any, *turns: str, speakers: tuple[str | None, ...] = (None,)) -> list[Claim]:
    said = tuple(
        Turn(turn_id=str(number), role="user", text=text, speaker=speakers[number % len(speakers)])
        for number, text in enumerate(turns)
    )
    return extract(Session(session_id="s", source_format="text", turns=said), "alice", model=reader)


@pytest.mark.parametrize(
    ("said", "later", "over"),
    [
        (
            "I have a white Vespa, my pride.",
            "No more Vespa, a dentist from Udine gave me 2,100 for it. The garage looks so empty. Any ideas for it?",
            "Vespa",
        ),
        (
            "Please always answer in French.",
            "You needn't stick to French any longer, English suits me better now. And what's a good name for a hen?",
            "French",
        ),
    ],
)
def test_an_end_in_the_middle_of_other_news_is_read(reader: Any, said: str, later: str, over: str) -> None:
    ended = [claim for claim in _claims(reader, said, later) if claim.op == "retract"]
    assert any(over in (claim.object or "") for claim in ended)


def test_news_that_end_nothing_leave_the_facts(reader: Any) -> None:
    turns = (
        "I work at Brankov Foods and live in Novi Sad with my sister Ana.",
        "The canning hall at Brankov Foods was so hot today! Ana made me soup. What can I cook for her on Sunday?",
    )
    assert [claim for claim in _claims(reader, *turns) if claim.op == "retract"] == []


def test_what_one_of_two_people_says_does_not_end_the_facts_of_the_other(reader: Any) -> None:
    turns = ("I have a white Vespa, my pride.", "No more Vespa, a dentist from Udine gave me 2,100 for it.")
    by_one = _claims(reader, *turns, speakers=("Ana",))
    assert any(claim.op == "retract" and claim.extractor == "neural@8" for claim in by_one)
    by_two = _claims(reader, *turns, speakers=("Ana", "Bo"))
    assert not any(claim.op == "retract" and claim.extractor == "neural@8" for claim in by_two)


def test_what_is_said_in_a_role_play_ends_nothing(reader: Any) -> None:
    vespa, sold = "I have a white Vespa, my pride.", "No more Vespa, a dentist from Udine gave me 2,100 for it."
    assert any(claim.op == "retract" for claim in _claims(reader, vespa, sold))
    play = "Let's role-play. You are a dentist and I am your patient."
    assert not any(claim.op == "retract" for claim in _claims(reader, vespa, play, sold))


def test_a_chat_that_grows_gives_the_facts_of_one_that_is_read_at_once(reader: Any) -> None:
    texts = (
        "New pills from the doctor since Monday, candesartan 8 mg.",
        "What soup goes with rye bread?",
        "Rain again. The ankles swelled, so the candesartan is 4 now instead of 8. And my sister rang.",
    )
    turns = tuple(Turn(turn_id=str(number), role="user", text=text) for number, text in enumerate(texts))
    session = Session(session_id="s", source_format="text", turns=turns)
    at_once = [claim for claim in extract(session, "alice", model=reader) if claim.turn_id == "2"]
    assert extract(session, "alice", skip=frozenset({"0", "1"}), model=reader) == at_once
    assert any(claim.op == "retract" and claim.object == "8 mg" for claim in at_once)


def test_a_folder_without_the_second_model_is_a_clear_error(tmp_path: Path, reader: Any) -> None:
    shutil.copytree(MODEL, tmp_path, dirs_exist_ok=True)
    (tmp_path / "changes.onnx.sha256").unlink()
    with pytest.raises(Fatal, match="cannot read the model"):
        type(reader)(tmp_path)
    shutil.copytree(MODEL, tmp_path, dirs_exist_ok=True)
    (tmp_path / "changes.onnx").unlink()
    with pytest.raises(Fatal, match="cannot read the model"):
        type(reader)(tmp_path)

"""An evaluation detects what counts alone do not: lost, swapped and truncated facts, and a different ranking."""

import json

import pytest
from msgspec import structs

from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Source, derive_id, encode
from memctl.report.evaluation import page, questions
from memctl.report.evaluation.run import EvalJob, evaluate
from memctl.report.evaluation.statistics import estimate

PLACES = ("Bergen", "Cusco", "Dakar", "Evora", "Fez", "Gdansk", "Hobart", "Izmir", "Jaipur", "Kigali", "Lagos", "Medan")
THINGS = ("kayak", "loom", "anvil", "sextant", "harmonium", "theodolite", "abacus", "zither")
VERBS = ("bought", "repaired", "sold", "lost")


def facts():
    return [
        Fact(
            id=derive_id("eval", user, verb, topic),
            user_id=user,
            kind="fact",
            text=f"{user} {verb} a {topic} in {place}",
            predicate="event",
            object=place,
            subject=user,
            source=Source(system="test", id=f"{user} {verb} {topic}"),
        )
        for number, user in enumerate(("ann", "bob", "cem"))
        for verb, place in zip(VERBS, PLACES[4 * number :], strict=False)
        for topic in THINGS
    ]


@pytest.fixture
def file(tmp_path):
    def write(name, records):
        path = tmp_path / name
        path.write_bytes(b"".join(encode(fact) + b"\n" for fact in records))
        return str(path)

    return write


def test_a_copy_loses_nothing(file):
    result = evaluate(EvalJob(source=file("a.jsonl", facts()), target=file("b.jsonl", facts())))
    assert not result.worse
    assert result.fidelity.exit == 0
    assert {value.mean for changes in result.change.values() for value in changes.values()} == {0.0}
    assert {value.mean for value in result.agreement.values()} == {1.0}
    assert result.source.scores["keywords"].recall[10].mean >= 0.95


def test_a_loss_of_a_fifth_is_significant(file):
    remaining = [fact for number, fact in enumerate(facts()) if number % 5]
    result = evaluate(EvalJob(source=file("a.jsonl", facts()), target=file("b.jsonl", remaining)))
    assert result.worse
    for kind in ("cloze", "keywords"):
        assert result.change[kind]["recall"].high < 0
        assert -0.3 < result.change[kind]["recall"].mean < -0.1
    assert result.fidelity.missing == len(facts()) - len(remaining)
    assert "finds less" in page.verdict(result)


def test_facts_of_swapped_users_are_not_found(file):
    swap = {"ann": "bob", "bob": "ann"}
    crossed = [structs.replace(fact, user_id=swap.get(fact.user_id, fact.user_id)) for fact in facts()]
    result = evaluate(EvalJob(source=file("a.jsonl", facts()), target=file("b.jsonl", crossed)))
    assert result.source.facts == result.target.facts
    assert result.worse


def test_a_reworded_fact_with_another_id_is_still_found(file):
    other = [structs.replace(fact, id=derive_id("other", fact.text), text=f"{fact.text} once") for fact in facts()]
    result = evaluate(EvalJob(source=file("a.jsonl", facts()), target=file("b.jsonl", other)))
    assert not result.worse


def test_the_same_questions_are_asked_in_every_run():
    assert questions.generate(facts(), 20) == questions.generate(facts(), 20)
    assert len(questions.generate(facts(), 20)) == 40


def test_a_cloze_does_not_contain_its_answer_and_is_not_ambiguous():
    asked = [each for each in questions.generate(facts(), 500) if each.kind == "cloze"]
    texts = {fact.id: fact for fact in facts()}
    assert asked
    assert all(texts[each.ids[0]].object not in each.text for each in asked)
    assert len({each.text for each in asked}) == len(asked)


def test_an_interval_contains_its_mean_and_narrows_with_more_questions():
    few, many = estimate([0.0, 1.0] * 5), estimate([0.0, 1.0] * 200)
    assert few.low <= few.mean <= few.high
    assert many.high - many.low < few.high - few.low
    assert estimate([0.5]).low == estimate([0.5]).high == 0.5


LOCOMO = [
    {
        "sample_id": "ann",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Bob",
            "session_1": [
                {"dia_id": "D1:1", "speaker": "Ann", "text": "ann bought a kayak in Bergen"},
                {"dia_id": "D1:2", "speaker": "Bob", "text": "Nice."},
            ],
        },
        "qa": [
            {"question": "Where did Ann buy the kayak?", "answer": "Bergen", "evidence": ["D1:1"], "category": 4},
            {"question": "Who flew?", "adversarial_answer": "Ann", "evidence": ["D1:2"], "category": 5},
        ],
    }
]
LONGMEMEVAL = [
    {
        "question_id": "ann",
        "question_type": "single-session-user",
        "question": "Where did I buy the kayak?",
        "answer": "Bergen",
        "haystack_sessions": [
            [
                {"role": "user", "content": "ann bought a kayak in Bergen", "has_answer": True},
                {"role": "assistant", "content": "Great!"},
            ]
        ],
    }
]
LINES = {"question": "Where did Ann buy the kayak?", "user": "ann", "answer": "Bergen"}


@pytest.mark.parametrize(
    "text",
    [json.dumps(LOCOMO), json.dumps(LONGMEMEVAL), json.dumps(LINES), json.dumps([LINES]), json.dumps(LINES) + "\n\n"],
    ids=["locomo", "longmemeval", "one", "array", "lines"],
)
def test_question_files_are_read(file, tmp_path, text):
    path = tmp_path / "questions.json"
    path.write_text(text)
    result = evaluate(EvalJob(source=file("a.jsonl", facts()), questions=path))
    assert result.questions == 1
    assert result.source.scores["question"].recall[10].mean == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "questions.json:1"),
        ('{"user": "ann"}', "questions.json:1"),
        ("", "no question"),
        ("[]", "no question"),
        ('{"question": "Who?", "user": "ann"}', "no question"),
        ('{"question": "Who?", "user": "zoe", "answer": "x"}', "zoe"),
    ],
)
def test_a_question_file_without_a_question_is_refused_with_the_line(file, tmp_path, text, message):
    path = tmp_path / "questions.json"
    path.write_text(text)
    with pytest.raises(UsageError) as failure:
        evaluate(EvalJob(source=file("a.jsonl", facts()), questions=path))
    assert message in str(failure.value)


# On the command line.


def test_the_command_prints_three_layers_and_fails_below_a_threshold(memctl, file, tmp_path):
    whole, part = file("a.jsonl", facts()), file("b.jsonl", facts()[20:])
    ran = memctl("eval", "--from", whole, "--to", part, "--all-users", "--html", tmp_path / "e.html")
    assert ran.code == 0, ran.err
    for said in ("episodes", "only in source", "recall@10", "agreement", "finds less"):
        assert said in ran.out
    assert "<script" not in (tmp_path / "e.html").read_text()
    failed = memctl("eval", "--from", whole, "--to", part, "--all-users", "--fail-on-loss", "--json")
    assert (failed.code, failed.document["schema"]) == (6, "memctl.eval/1")
    assert memctl("eval", "--from", whole, "--to", whole.replace("a.jsonl", "c.jsonl"), "--all-users").code == 4


def test_the_store_is_searched_like_memctl_search(memctl):
    memctl("add", "ada", "I live in Ghent.")
    memctl("add", "ada", "I am allergic to walnuts.")
    document = memctl("eval", "--user", "ada", "--json").document
    assert document["source"]["facts"] == 2
    assert document["target"] is None


def test_a_user_without_records_is_not_found(memctl, file):
    assert memctl("eval", "--from", file("a.jsonl", facts()), "--user", "nobody").code == 4


def test_questions_that_name_their_users_need_no_option_for_users(memctl, file, tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(LINES))
    ran = memctl("eval", "--from", file("a.jsonl", facts()), "--questions", path, "--json")
    assert (ran.code, ran.document["questions"]) == (0, 1)
    assert memctl("eval", "--from", file("a.jsonl", facts())).code == 2

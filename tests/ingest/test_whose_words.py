"""No fact is under another person's name, in the sample transcripts and in conversations of several people."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whose_words():
    spec = importlib.util.spec_from_file_location("whose_words", ROOT / "benchmarks" / "whose_words.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def group(home):
    """A conversation of Ada, the owner of the memory, with Ben."""
    turns = [
        ("Ben", "I live in Rome. My sister is vegetarian."),
        ("Ada", "I live in Oslo. My sister is vegan."),
        ("Ben", "My brother Ida lives in Bern."),
        ("Ben", "My wife Ada works as a nurse."),
    ]
    path = home / "in" / "ada" / "chat.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([{"role": "user", "name": who, "content": text} for who, text in turns]))
    return path.parent.parent


@pytest.mark.parametrize("folder", ["transcripts", "formats"])
def test_every_fact_of_the_samples_was_said_by_its_subject(whose_words, folder):
    outcome = whose_words.check(ROOT / "fixtures" / folder)
    assert outcome.facts > 10
    assert outcome.faults == []


def test_relatives_of_other_speakers_are_not_the_owners(whose_words, group, memctl):
    assert whose_words.check(group).faults == []
    assert memctl("ingest", group).code == 0
    facts = memctl("facts", "ada", "--json").document["facts"]
    triples = {(fact["subject"], fact["predicate"], fact["object"]) for fact in facts}
    assert {("Ben's sister", "diet", "vegetarian"), ("sister", "diet", "vegan"), ("ada", "lives_in", "Oslo")} <= triples
    assert {fact["object"] for fact in facts if fact["subject"] == "ada"} == {"Oslo"}
    assert "Ben's wife Ada works as a nurse." in {fact["text"] for fact in facts}


def test_the_check_finds_a_fact_under_another_name(whose_words, group, monkeypatch):
    monkeypatch.setattr("memctl.extract.extractor.speaks_for_user", lambda speaker, user: True)
    monkeypatch.setattr("memctl.ingest.scan.with_namesakes", lambda mine, *_: mine)
    faults = whose_words.check(group).faults
    assert any("is about the owner and was said by somebody else: Ben" in fault for fault in faults)


def test_the_check_finds_words_of_another_speaker_in_a_turn(whose_words, home):
    path = home / "in" / "ada" / "chat.json"
    path.parent.mkdir(parents=True)
    turns = [("Ada", "I live in Oslo.\nBen: I keep quaggas."), ("Ben", "Hello")]
    path.write_text(json.dumps([{"role": "user", "name": who, "content": text} for who, text in turns]))
    assert any("contains words of Ben" in fault for fault in whose_words.check(path.parent.parent).faults)

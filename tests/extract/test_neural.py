"""The neural extractor: its training set, inputs and outputs, and the shipped model."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memctl.core.errors import Fatal, UsageError
from memctl.extract import neural
from memctl.extract.extractor import extract
from memctl.extract.neural.calibration import Calibration
from memctl.extract.neural.decoding import Output, Reading, readings
from memctl.extract.neural.encoding import LONGEST, encode, parts
from memctl.extract.neural.labels import MODALITIES, PREDICATES, ROLE_TAGS, ROLES, TAGS
from memctl.extract.neural.model import NeuralReader
from memctl.ingest.session_extraction import Recipe
from memctl.transcripts.model import Session, Turn

pytest.importorskip("onnxruntime", reason="the extra [neural] is not installed")

TRAINING = Path(__file__).parents[2] / "fixtures" / "training"
MODEL = Path(neural.__file__).parent / "model"
AT = datetime(2026, 3, 14, 12, tzinfo=UTC)
TURNS = (
    "I moved to Lisbon in January with my sister Ana, who is a vet.",
    "Please never use bullet points in your answers, and keep them under a hundred words.",
    "If I lived nearer to the sea I'd buy a boat tomorrow.",
    "my knee is fine again thanks, what should I cook tonight?",
    "doctor put me on levothyroxine after the blood test, 50 micrograms",
)


@pytest.fixture(scope="module")
def reader() -> NeuralReader:
    return NeuralReader(MODEL)


def _turns() -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(TRAINING.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_every_label_of_the_training_set_quotes_its_turn() -> None:
    wrong = []
    for turn in _turns():
        near = turn["turn"] + "\n" + turn.get("before", "")
        for claim in turn["claims"]:
            fine = claim["predicate"] in PREDICATES and claim["object"] in turn["turn"]
            fine &= all(claim[role] in near for role in ROLES if role in claim)
            if not fine:
                wrong.append((turn["turn"], claim))
        if not turn["claims"] and turn["why"] not in MODALITIES:
            wrong.append((turn["turn"], turn["why"]))
    assert wrong == []


def test_the_training_set_is_large_without_repeats_and_with_empty_turns() -> None:
    turns = _turns()
    assert len(turns) >= 16000
    assert len({turn["turn"].casefold() for turn in turns}) == len(turns)
    assert sum(not turn["claims"] for turn in turns) >= 0.4 * len(turns)
    assert len({turn["voice"] for turn in turns}) >= 300


def test_token_spans_cover_the_characters_of_the_text() -> None:
    text = "Née à Bruxelles — j’ai 41 ans 🎉 and I'm ALLERGIC"
    tokens = encode(text, "Où es-tu née ?")
    spans = [span for kind, span in zip(tokens.types, tokens.spans, strict=True) if kind and span != (0, 0)]
    assert "".join(text[start:end] for start, end in spans) == text.replace(" ", "")


def test_reading_english_does_not_wait_for_the_import_of_tokenizers() -> None:
    code = (
        "import sys\nfrom memctl.extract.neural.encoding import encode\nassert encode('I moved to Ghent.').rows\n"
        "sys.exit('tokenizers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_word_of_a_long_turn_is_lost_between_parts() -> None:
    text = " ".join(f"Then I walked {number} miles to the old mill and back again." for number in range(60))
    pieces = list(parts(text))
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(len(encode(text[start:end]).rows) <= LONGEST + 4 for start, end in pieces)
    without_a_break = "word " * 700
    assert "".join(without_a_break[a:b] for a, b in parts(without_a_break)) == without_a_break


def test_an_object_never_ends_inside_a_word() -> None:
    text = "My sister Zuzana has psoriasis."
    tokens = encode(text)
    length = len(tokens.rows)
    tags = np.zeros((length, len(TAGS)), np.float32)
    tags[:, 0] = 5
    roles = np.zeros((length, len(ROLE_TAGS)), np.float32)
    links = np.zeros((len(ROLES), length, length), np.float32)
    links[:, :, 0] = 9
    place = next(n for n, span in enumerate(tokens.spans) if text[slice(*span)].startswith("ps"))
    name = next(n for n, span in enumerate(tokens.spans) if text[slice(*span)].startswith("Z"))
    tags[place, TAGS.index("B-has_condition")] = 9
    links[0, place, name] = 20
    modality = np.zeros(len(MODALITIES), np.float32)
    (reading,) = readings(tokens, Output(tags, roles, np.full(length, -9.0, np.float32), links, modality), text, "")
    assert text[slice(*reading.object)] == "psoriasis"
    assert (reading.subject, reading.over) == ("Zuzana", False)


def test_a_reading_does_not_depend_on_its_batch(reader: NeuralReader) -> None:
    many = [(text, "") for text in TURNS * 10]
    alone = [reader.read(text) for text in TURNS]
    assert reader.read_all(many) == alone * 10
    assert reader.read_all(many[::-1]) == (alone * 10)[::-1]


def test_a_damaged_or_missing_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot read the model"):
        NeuralReader(tmp_path)
    shutil.copytree(MODEL, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.onnx").write_bytes((tmp_path / "model.onnx").read_bytes()[:-1] + b"\0\0")
    with pytest.raises(Fatal, match="damaged"):
        NeuralReader(tmp_path)


def test_opening_the_model_sends_nothing_and_leaves_no_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    settings: list[str | None] = []

    def imported(name: str) -> None:
        settings.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
        raise ImportError(name=name)

    monkeypatch.setattr(importlib, "import_module", imported)
    with pytest.raises(UsageError):
        NeuralReader(MODEL)
    assert settings == ["1"]


def test_without_the_extra_the_command_says_what_to_install(
    memctl: Callable[..., Any], chat: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memctl.extract.neural.installed", lambda: False)
    ran = memctl("ingest", chat("alice/a.jsonl", "I live in Oslo."), "--extractor", "neural")
    assert (ran.code, "memctl-toolkit[neural]" in ran.err) == (2, True)
    monkeypatch.setattr(importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name=name)))
    with pytest.raises(UsageError, match="onnxruntime is not installed"):
        NeuralReader(MODEL)


def test_auto_uses_the_installed_model_if_no_other_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(neural.MODEL, "")
    assert Recipe().extracts == "rules"
    monkeypatch.delenv(neural.MODEL)
    assert Recipe().extracts == "neural"
    assert Recipe(model="small").extracts == "llm small"
    assert Recipe(extractor="rules").extracts == "rules"


@pytest.mark.parametrize(
    "text",
    ["I live in London.", "I live in Oslo", "I'm allergic to dust.", "i live in turin", "My wife is a nurse."],
)
def test_a_short_plain_statement_is_stored_although_the_model_reads_nothing_in_it(
    text: str, reader: NeuralReader
) -> None:
    turn = Turn(turn_id="1", role="user", text=text, at=AT)
    session = Session(session_id="s", source_format="jsonl", turns=(turn,))
    wanted = {claim.text for claim in extract(session, "alice")}
    assert wanted
    assert wanted <= {claim.text for claim in extract(session, "alice", model=reader)}


def test_confidence_grows_with_the_scores() -> None:
    calibration = Calibration((1.0, 0.2, 0.2, 0.1), {"": -0.5, "age": -1.0})
    low, high = (Reading(predicate="owns", object=(0, 1), scores=(share, 0.9, 0.9, 0.9)) for share in (0.4, 0.9))
    assert calibration.confidence(low) < calibration.confidence(high) < 1


def test_the_model_adds_facts_and_a_second_run_adds_none(memctl: Callable[..., Any], chat: Callable[..., Path]) -> None:
    path = chat("alice/a.jsonl", *TURNS)
    assert "(rules)" in memctl("ingest", path, "--user", "alice", "--extractor", "rules").out
    before = memctl("facts", "alice", "--json").document["facts"]
    assert "(neural)" in memctl("ingest", path, "--user", "alice", "--extractor", "neural").out
    after = memctl("facts", "alice", "--json").document["facts"]
    with_dose = {"alice takes levothyroxine."}  # The model finds its dose; both are one fact.
    assert {fact["text"] for fact in before} - with_dose < {fact["text"] for fact in after}
    assert memctl("ingest", path, "--user", "alice", "--extractor", "neural").code == 0
    assert memctl("facts", "alice", "--json").document["facts"] == after

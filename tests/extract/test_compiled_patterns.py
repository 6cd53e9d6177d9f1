"""Patterns compiled late or loaded from the cache of another process match the same, and the cache has no user text."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import msgspec
import pytest

import memctl.extract
from memctl.core import late_pattern
from memctl.core.late_pattern import late
from memctl.extract.patterns import compiled_patterns
from memctl.extract.patterns.compiled_patterns import remembered, remembered_at_first
from memctl.extract.patterns.keyed_pattern import WARM, KeyedPattern, OpeningPattern
from memctl.runtime import private_files
from memctl.workspace import Workspace

PATTERN, FLAGS = r"\b(?P<who>anna|bert) (?:likes|hates) (?P<what>[\w-]+)(?<!x)\b|ſki", re.IGNORECASE
TEXTS = ("ANNA likes tea and Bert hates co-op", "anna likes foox", "SKI", "")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The patterns that are actually compiled from now on."""
    seen: list[str] = []
    coded = compiled_patterns._coded
    monkeypatch.setattr(compiled_patterns, "_coded", lambda *key: (seen.append(key[0]), coded(*key))[1])
    return seen


def all_matches(pattern: re.Pattern[str]) -> list[object]:
    return [
        *([(match.span(), match.groupdict()) for match in pattern.finditer(text)] for text in TEXTS),
        *(pattern.sub(r"<\g<who>>", text) for text in TEXTS[:2]),
        [pattern.fullmatch(text) is not None for text in TEXTS],
    ]


def test_a_late_pattern_matches_like_a_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = all_matches(re.compile(PATTERN, FLAGS))
    assert all_matches(late(PATTERN, FLAGS)) == expected
    seen = counted(monkeypatch)
    for _ in range(2):
        with remembered():
            assert all_matches(late(PATTERN, FLAGS)) == expected
    assert seen == [PATTERN]


def test_patterns_with_different_flags_are_different() -> None:
    with remembered():
        assert late("anna", re.IGNORECASE).search("ANNA")
    with remembered():
        assert not late("anna").search("ANNA")
        assert late("anna", re.IGNORECASE).search("ANNA")


@pytest.mark.parametrize("damage", ["cut", "code", "open", "text"])
def test_a_damaged_or_publicly_writable_cache_file_is_not_used(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = all_matches(re.compile(PATTERN, FLAGS))
    with remembered():
        all_matches(late(PATTERN, FLAGS))
    file = compiled_patterns._file()
    content = compiled_patterns._read(file)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "text":
        file.write_bytes(b"no patterns")
    elif damage == "code":
        for key, code in content.codes.items():
            content.codes[key] = code and msgspec.structs.replace(code, code=b"\xff" * 40)
        file.write_bytes(msgspec.msgpack.encode(content))
    else:
        file.chmod(0o666)
    seen = counted(monkeypatch)
    for _ in range(2):
        with remembered():
            assert all_matches(late(PATTERN, FLAGS)) == expected
    assert seen == [PATTERN], "it was not replaced"
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_writable_folder_every_process_compiles(home: Path) -> None:
    (home / ".cache").write_text("a file where the folder should be")
    with remembered():
        assert all_matches(late(PATTERN, FLAGS)) == all_matches(re.compile(PATTERN, FLAGS))


def test_the_cache_file_contains_only_patterns(tmp_path: Path) -> None:
    text = "My wife Wilhelmina moved to Vladivostok with her hamster Xerxes."
    assert Workspace(tmp_path / "store.duckdb").remember("zacharias", text)
    with remembered():
        late(PATTERN, FLAGS).search("Wilhelmina")
    content = compiled_patterns._file().read_bytes()
    assert PATTERN.encode() in content
    for word in ("zacharias", "Wilhelmina", "Xerxes"):
        assert word.encode() not in content


def test_a_sentence_like_an_earlier_one_compiles_nothing(tmp_path: Path) -> None:
    # Python orders a set of words differently in every process.
    files = set()
    for seed in "12":
        command = [sys.executable, "-m", "memctl", "add", "anna", "I moved to Ghent in May.", "--store"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "MEMCTL_NEURAL_MODEL": ""}
        subprocess.run([*command, str(tmp_path / "store.duckdb")], env=environment, check=True, capture_output=True)
        files.add(compiled_patterns._file().stat().st_ino)
    assert len(files) == 1, "the file was written again"


def test_a_process_that_reads_transcripts_compiles_what_no_process_before_it_has_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chat.json").write_text('[{"role": "user", "content": "I moved to Ghent in May."}]', encoding="utf-8")
    files = set()
    for store in ("a.duckdb", "b.duckdb"):
        command = [sys.executable, "-m", "memctl", "ingest", str(tmp_path / "chat.json"), "--user", "anna"]
        environment = {**os.environ, "MEMCTL_NEURAL_MODEL": ""}
        subprocess.run([*command, "--store", str(tmp_path / store)], env=environment, check=True, capture_output=True)
        files.add(compiled_patterns._file("all-").stat().st_ino)
    assert len(files) == 1, "the file was written again"
    assert not compiled_patterns._file().exists(), "the file of short commands grew"


def test_what_is_computed_from_patterns_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, "Bert likes oats"] * WARM
    keyed = [KeyedPattern(PATTERN, FLAGS), OpeningPattern(r"(?:anna|bert) \w+", FLAGS)]
    expected = [[bool(one.search(text)) for text in texts] for one in keyed]
    assert keyed[0].in_lower_case is not None
    assert keyed[1].bit
    for process in (1, 2):
        monkeypatch.setattr(compiled_patterns, "_of_process", [])
        again = [KeyedPattern(PATTERN, FLAGS), OpeningPattern(r"(?:anna|bert) \w+", FLAGS)]
        with monkeypatch.context() as patch:
            if process == 2:
                for name in ("_coded", "_coded_in_lower_case", "_words", "_openings"):
                    patch.setattr(compiled_patterns, name, None)
            with remembered_at_first():
                assert [[bool(one.search(text)) for text in texts] for one in again] == expected
        assert [one.keys for one in again] == [one.keys for one in keyed]
        assert again[0].in_lower_case is not None


def test_keys_computed_by_another_version_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with remembered():
        assert KeyedPattern(r"\b(?:anna|bert)\b").keys == frozenset({"anna", "bert"})
    file = compiled_patterns._file()
    content = compiled_patterns._read(file)
    content.words = dict.fromkeys(content.words, "other")
    file.write_bytes(msgspec.msgpack.encode(content))
    with remembered():
        assert KeyedPattern(r"\b(?:anna|bert)\b").keys == frozenset({"other"}), "the file was not read"
    monkeypatch.setattr(compiled_patterns, "_version", lambda: 1)
    with remembered():
        assert KeyedPattern(r"\b(?:anna|bert)\b").keys == frozenset({"anna", "bert"})


def test_a_process_with_many_blocks_writes_the_file_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_patterns, "_of_process", [])
    written = []
    monkeypatch.setattr(private_files, "replace", lambda file, _: written.append(file))
    seen = counted(monkeypatch)
    for number in range(compiled_patterns.BLOCKS + 5):
        with remembered_at_first():
            late(f"{number}x").search("x")
    assert len(seen) == compiled_patterns.BLOCKS, "after these blocks, patterns are compiled as usual"
    assert len(written) == 6


def _left_by_a_killed_process() -> Path:
    """A file that a process which has ended did not finish."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    folder = compiled_patterns._file().parent
    private_files.make_folder(folder)
    left = folder / f".patterns.msgpack.{private_files._machine()}-{ended.pid}-x1.memctl-new"
    left.write_bytes(b"half")
    return left


def test_a_process_that_writes_nothing_removes_what_a_killed_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_patterns, "_of_process", [])
    with remembered_at_first():
        late(PATTERN, FLAGS).search("anna")
    left = _left_by_a_killed_process()
    monkeypatch.setattr(compiled_patterns, "_of_process", [])
    with remembered_at_first():
        assert not left.exists()


def test_an_ingest_that_has_nothing_to_read_removes_what_a_killed_one_left(
    memctl: Callable[..., Any], chat: Callable[..., Path]
) -> None:
    folder = chat("alice/a.jsonl", "I live in Oslo.").parent
    assert memctl("ingest", folder, "--user", "alice").code == 0
    left = _left_by_a_killed_process()
    assert memctl("ingest", folder, "--user", "alice").code == 0
    assert not left.exists()


def test_every_pattern_of_the_rules_is_valid() -> None:
    for module in walk_packages(memctl.extract.__path__, "memctl.extract."):
        import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("memctl.")]
    values = [value for module in modules for value in vars(module).values()]
    patterns = [value for value in values if isinstance(value, late_pattern._LatePattern)]
    assert len(patterns) > 60, len(patterns)
    for pattern in patterns:
        re.compile(pattern.pattern, pattern._flags)

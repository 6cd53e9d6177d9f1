"""The format of a file is detected from its name or content; unusable files are refused with a reason."""

import pytest

from memctl.backends.files import is_file, open_file
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.core.fact import encode


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "parquet", "csv", "CSV"])
def test_the_format_of_a_new_file_comes_from_its_name(tmp_path, fact, put, read, ending):
    path = tmp_path / f"facts.{ending}"
    put(path, fact())
    assert read(path) == [fact()]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
@pytest.mark.parametrize("name", ["facts.bak", "facts", "facts.csv", "facts.parquet"])
def test_the_format_of_an_existing_file_comes_from_its_content(tmp_path, fact, put, read, kind, name):
    put(tmp_path / f"original.{kind}", fact())
    path = (tmp_path / f"original.{kind}").rename(tmp_path / name)
    assert open_file(path).kind == kind
    assert read(path) == [fact()]
    put(path, fact("More."))
    assert open_file(path).kind == kind
    assert read(path) == [fact(), fact("More.")]


def test_a_byte_order_mark_and_blank_lines_are_ignored(tmp_path, fact, read):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"\xef\xbb\xbf\n\n" + encode(fact()) + b"\r\n\n")
    assert read(path) == [fact()]


def test_a_last_line_without_a_line_end_is_read(tmp_path, fact, put, read):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(encode(fact()))
    put(path, fact("More."))
    assert read(path) == [fact(), fact("More.")]


@pytest.mark.parametrize(
    ("content", "hint"), [(b"[{}]", "one fact per line"), (b"Dear diary,\n", "memctl ingest"), (b"\x00\x01", "memctl")]
)
def test_other_files_are_refused_with_a_hint(tmp_path, content, hint):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        open_file(path)
    assert str(path) in str(refused.value)
    assert hint in refused.value.hint


def test_an_empty_file_has_no_facts(tmp_path, fact, put, read):
    for ending in ("jsonl", "parquet", "csv"):
        path = tmp_path / f"facts.{ending}"
        path.touch()
        assert read(path) == []
        put(path, fact())
        assert read(path) == [fact()]


def test_a_new_name_without_a_known_extension_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        open_file(tmp_path / "facts.xlsx", "w")
    assert ".parquet" in refused.value.hint


def test_missing_files_and_folders_are_errors(tmp_path):
    with pytest.raises(NotFound):
        open_file(tmp_path / "facts.jsonl")
    with pytest.raises(MemctlError, match="the folder does not exist"):
        open_file(tmp_path / "nowhere" / "facts.jsonl", "w")
    with pytest.raises(UsageError, match="folder"):
        open_file(tmp_path)


def test_paths_are_distinguished_from_backend_names(tmp_path):
    (tmp_path / "notes").touch()
    assert all(map(is_file, ("-", "x.jsonl", "a/b.PARQUET", "y.csv", str(tmp_path / "notes"))))
    assert not any(map(is_file, ("local", "postgres", "work", str(tmp_path))))

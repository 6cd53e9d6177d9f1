"""Files that are broken, hostile or in the wrong encoding: a clear error or the right text, never a crash."""

import gzip
import io
import json
import zipfile

import pytest
from examples import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memctl.core.errors import BadTranscript, UsageError
from memctl.transcripts import FORMATS, Document, ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files import archives
from memctl.transcripts.files.encoding import LINE_LIMIT, clean, text_lines

OURS = ("openai", "chatgpt", "claude", "claude-code", "codex", "langchain", "sharegpt")
CHAT = [{"role": "user", "content": "Ich heiße Jürgen und wohne in Köln, über dem Café. Ça va? Mañana también."}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_common_encodings_give_the_same_text(read_back, encoding):
    data = json.dumps(CHAT, ensure_ascii=False).encode(encoding)
    assert read_back("c.json", data).texts == [("user", CHAT[0]["content"])]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Привет, я живу в Москве и люблю чай"),
        ("cp1250", "Mieszkam w Łodzi i lubię żółtą łódź"),
    ],
)
def test_other_code_pages_are_recognised(read_back, encoding, text):
    data = json.dumps([{"role": "user", "content": text}], ensure_ascii=False).encode(encoding)
    assert read_back("c.json", data).texts == [("user", text)]


def test_latin_text_after_a_long_ascii_beginning_is_decoded(read_back):
    messages = [{"role": "user", "content": "x" * 100_000}, {"role": "user", "content": "café à Paris"}]
    result = read_back("c.json", json.dumps(messages, ensure_ascii=False).encode("cp1252"))
    assert result.texts[1] == ("user", "café à Paris")


def test_one_damaged_byte_does_not_change_the_detected_utf8(read_back):
    data = json.dumps(CHAT, ensure_ascii=False).encode().replace(b"wohne", b"woh\xffne")
    assert read_back("c.json", data).texts[0][1].startswith("Ich heiße Jürgen und woh\ufffdne in Köln")


def test_nul_and_lone_surrogates_are_replaced_in_every_way_of_reading(read_back):
    text = '{"role": "user", "content": "a\\ud83d b\\u0000 \\ud83d\\ude00"}'
    for name, data in (("c.json", f"[{text}]"), ("c.jsonl", f"{text}\n{text}\n")):
        assert read_back(name, data).texts[0] == ("user", "a\ufffd b\ufffd 😀")
    assert clean("\ud83d\ude00\udc00") == "😀\ufffd"


@pytest.mark.parametrize("unit", ["[", '{"a":', '[{"mapping":', '[[{"x":'])
def test_deep_nesting_is_refused(read_back, unit):
    for form in (None, "openai", "claude-code"):
        result = read_back("deep.json", unit * 300_000, form)
        assert result.sessions == [] or result.texts == []
        assert result.problems


def test_brackets_in_strings_are_not_nesting(read_back):
    messages = [{"role": "user", "content": "[{" * 5_000 + '\\"[' * 100}, {"role": "user", "content": "ok"}]
    assert read_back("c.json", messages).texts[1] == ("user", "ok")


def test_only_the_line_of_100_megabytes_is_rejected(tmp_path):
    path = tmp_path / "big.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"role": "user", "content": "before"}\n{"role": "user", "content": "')
        for _ in range(100):
            file.write(b"0123456789abcde " * 65_536)
        file.write(b'"}\n{"role": "user", "content": "after"}\n')
    (document,) = discover([str(path)])
    assert isinstance(document, Document)
    items = list(read(document, ReadOptions(), "openai"))
    problems = [item for item in items if isinstance(item, BadTranscript)]
    turns = [turn.text for item in items if isinstance(item, Session) for turn in item.turns]
    assert turns == ["before", "after"]
    assert "64 MB" in problems[0].message
    assert str(problems[0].where).endswith("line 2")


def test_lines_at_the_size_limit_are_read_completely():
    stream = io.BytesIO(b"a" * LINE_LIMIT + b"\nb\n")
    assert [len(line) for _, line in text_lines(stream, "x") if isinstance(line, str)] == [LINE_LIMIT, 1]


def zip_of(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return str(path)


def test_zip_bombs_are_refused_with_the_exceeded_limit(tmp_path, monkeypatch):
    bomb = zip_of(tmp_path / "bomb.zip", {"c.json": b"0" * (32 * 2**20)})
    (refused,) = discover([bomb])
    assert isinstance(refused, BadTranscript)
    assert "the limit is 200" in refused.message
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    (refused,) = discover([zip_of(tmp_path / "many.zip", {f"{n}.json": "[]" for n in range(3)})])
    assert "the limit is 2" in str(refused)
    monkeypatch.setattr(archives, "MAX_TOTAL", 5)
    (refused,) = discover([zip_of(tmp_path / "large.zip", {"a.json": "[1, 2, 3]"})])
    assert "GB" in str(refused)


def test_a_gzip_bomb_is_stopped_during_decompression(tmp_path):
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"[" + b" " * (64 * 2**20)))
    (document,) = discover([str(tmp_path / "b.json.gz")])
    assert isinstance(document, Document)
    with document.open() as stream, pytest.raises(BadTranscript, match="200 times"):
        stream.read()


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "a/../../b.json", "C:/x.json"])
def test_archive_members_outside_the_folder_are_refused(tmp_path, name):
    (refused,) = discover([zip_of(tmp_path / "z.zip", {name: "[]"})])
    assert isinstance(refused, BadTranscript)
    assert "points outside" in refused.message


def test_damaged_and_truncated_archives_are_errors(tmp_path):
    path = tmp_path / "z.zip"
    zip_of(path, {"c.json": json.dumps(CHAT * 500)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (refused,) = discover([str(path)])
    assert isinstance(refused, BadTranscript)
    end = whole.rindex(b"PK\5\6")
    for far in (whole[100:], whole[: end + 16] + b"\xff" * 4 + whole[end + 20 :]):
        path.write_bytes(far)
        (refused,) = discover([str(path)])
        assert isinstance(refused, BadTranscript)
    path.write_bytes(whole[:60] + b"\0" * 40 + whole[100:])
    (document,) = discover([str(path)])
    assert isinstance(document, BadTranscript)
    assert "damaged" in document.message


def test_a_bad_archive_does_not_stop_the_folder(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "b.json").write_text(json.dumps(CHAT))
    first, second = discover([str(tmp_path)])
    assert isinstance(first, BadTranscript)
    assert isinstance(second, Document)


def test_an_unknown_format_is_an_error_that_lists_known_ones(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"colour": "red", "sizes": [1, 2]}')
    (document,) = discover([str(path)])
    with pytest.raises(BadTranscript) as caught:
        detect(document)
    assert all(name in str(caught.value.hint) for name in FORMATS)
    with pytest.raises(UsageError, match="unknown transcript format"):
        list(read(document, ReadOptions(), "nonsense"))


KEYS = (
    *("role", "content", "messages", "mapping", "message", "author", "parts", "parent", "children", "current_node"),
    *("create_time", "chat_messages", "sender", "uuid", "text", "attachments", "type", "data", "kwargs", "lc", "id"),
    *("values", "conversations", "from", "value", "sessionId", "timestamp", "payload", "parentUuid", "isSidechain"),
    *("conversations_memory", "memory_files", "project_memories", "items", "metadata", "extracted_content"),
)
JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "messages",
                    "mapping",
                    "message",
                    "author",
                    "parts",
                    "parent",
                    "children",
                    "current_node",
                    "create_time",
                    "chat_messages",
                    "sender",
                    "uuid",
                    "text",
                    "attachments",
                    "type",
                    "data",
                    "kwargs",
                    "lc",
                    "id",
                    "values",
                    "conversations",
                    "from",
                    "value",
                    "sessionId",
                    "timestamp",
                    "payload",
                    "parentUuid",
                    "isSidechain",
                    "conversations_memory",
                    "memory_files",
                    "project_memories",
                    "items",
                    "metadata",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("form", OURS)
@settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | JSONISH.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_crash_a_reader(tmp_path, form, data):
    """Whatever a file contains, the other files of the folder must still be ingested."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)
    document = Document(str(path), path.name, len(data), 0, None, path)
    try:
        for item in read(document, ReadOptions(branches=True, sidechains=True), form):
            assert isinstance(item, Session | BadTranscript)
            if isinstance(item, Session):
                item.session_id.encode()
                ids = [turn.turn_id for turn in item.turns]
                assert len(ids) == len(set(ids))
                assert all(turn.text.strip() and turn.text.encode() for turn in item.turns)
    except BadTranscript:
        pass


@settings(max_examples=some(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200) | JSONISH.map(lambda value: json.dumps(value).encode()))
def test_detection_never_crashes(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    try:
        name = detect(Document(str(path), "x", len(data), 0, None, path))
    except BadTranscript:
        return
    assert name in FORMATS


@pytest.mark.parametrize(
    "line",
    ["a" + " " * 50_000 + "x", "# a" + " " * 50_000 + "x", "gpt" + "1" * 60 + "!: hi", "[10:14]" + " " * 50_000 + "x"],
    ids=["spaces", "heading", "digits", "stamp"],
)
def test_almost_matching_lines_take_no_extra_time(read_back, line):
    """Patterns with backtracking took far too long."""
    result = read_back("notes.txt", f"User: hello\n{line}\nAssistant: yes, what is it?\nUser: bye\n", "text")
    assert [text for _, text in result.texts][-1] == "bye"
